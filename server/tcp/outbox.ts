/**
 * Wires with something to send. It leaves when what is being done now is done: a turn that answers
 * a thousand commands costs each connection one write.
 */

export interface Flushable {
  flush(): void
}

export class Outbox {
  #waiting: Flushable[] = []

  add(wire: Flushable): void {
    if (this.#waiting.length === 0) process.nextTick(this.#flush)
    this.#waiting.push(wire)
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wire of waiting) wire.flush()
  }
}
