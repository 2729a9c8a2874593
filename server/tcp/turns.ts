/**
 * Fairness between connections. A client may send a hundred thousand commands in one piece; it
 * gets a share of each turn of the event loop, as everybody else, and the others are served
 * between its shares.
 */

/** Something with commands waiting. */
export interface Busy {
  /** Carries out up to `most` commands. Returns how many; it asks for another turn by itself. */
  takeTurn(most: number): number
}

/** Commands of one connection without a break; below it a turn costs more than the commands of it. */
export const COMMANDS_PER_SHARE = 256
/** Commands in one turn of the event loop, some milliseconds: what everything else waits at most. */
const COMMANDS_PER_TURN = 1024

export class Turns {
  #queue: Busy[] = []
  #isScheduled = false

  /** `busy` gets its share in the next turn. Asked for once at a time. */
  add(busy: Busy): void {
    this.#queue.push(busy)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#run)
  }

  readonly #run = (): void => {
    this.#isScheduled = false
    const queue = this.#queue
    this.#queue = []
    let left = COMMANDS_PER_TURN
    let served = 0
    for (; served < queue.length && left > 0; served++) left -= queue[served]?.takeTurn(COMMANDS_PER_SHARE) ?? 0
    // Those who had no share go before those who had one and want another.
    if (served < queue.length) this.#queue = [...queue.slice(served), ...this.#queue]
    if (this.#queue.length > 0) this.#schedule()
  }
}
