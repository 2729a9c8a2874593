/** Operators who asked for a mode (EP4, EP5) and wait until this node is in it. */

import type { ModeRequest, RequestId } from '../requests.ts'

interface ModeWait {
  readonly id: RequestId
  readonly mode: ModeRequest['mode']
  readonly deadlineMs: number
}

export class ModeWaits {
  #waits: ModeWait[] = []

  get size(): number {
    return this.#waits.length
  }

  add(id: RequestId, { mode, timeoutMs }: ModeRequest, nowMs: number): void {
    this.#waits.push({ id, mode, deadlineMs: nowMs + timeoutMs })
  }

  wants(mode: ModeRequest['mode']): boolean {
    return this.#waits.some((wait) => wait.mode === mode)
  }

  /** Takes out those who asked for this mode; null: nobody. */
  take(mode: ModeRequest['mode'] | null): readonly RequestId[] {
    return this.#takeWhere((wait) => wait.mode === mode)
  }

  takeExpired(nowMs: number): readonly RequestId[] {
    return this.#takeWhere(({ deadlineMs }) => deadlineMs <= nowMs)
  }

  remove(id: RequestId): void {
    this.#takeWhere((wait) => wait.id === id)
  }

  #takeWhere(isTaken: (wait: ModeWait) => boolean): readonly RequestId[] {
    const taken = this.#waits.filter(isTaken)
    if (taken.length > 0) this.#waits = this.#waits.filter((wait) => !isTaken(wait))
    return taken.map(({ id }) => id)
  }
}
