/**
 * Linearizable reads (LM7), after Raft's ReadIndex (Ongaro, dissertation 6.4): a read waits until a
 * majority has answered a round that was sent after it arrived; then no newer leader can have
 * committed anything before it, and it is answered from the applied state. Reads that wait share
 * a round. So do answers that only say what the state is, such as a condition that failed.
 */

import type { ReplyEffect } from '../effects.ts'
import type { ReadRequest, RequestId } from '../requests.ts'

export type UnconfirmedRead =
  | { readonly kind: 'read'; readonly id: RequestId; readonly request: ReadRequest; readonly deadlineMs: number }
  /** Known already, and true if the leader still is one. */
  | { readonly kind: 'answers'; readonly replies: readonly ReplyEffect[]; readonly deadlineMs: number }

interface Waiting {
  readonly read: UnconfirmedRead
  /** The first round that confirms it. */
  readonly round: number
}

export class ReadIndex {
  #waiting: Waiting[] = []

  get size(): number {
    return this.#waiting.length
  }

  /** @param lastRound the last round that was sent: the one after it confirms the read */
  add(read: UnconfirmedRead, lastRound: number): void {
    this.#waiting.push({ read, round: lastRound + 1 })
  }

  /** True if a read waits for a round after `lastRound`. */
  wantsRoundAfter(lastRound: number): boolean {
    return (this.#waiting.at(-1)?.round ?? 0) > lastRound
  }

  /** In the order of arrival. */
  takeConfirmed(round: number): UnconfirmedRead[] {
    return this.#take((waiting) => waiting.round <= round)
  }

  takeExpired(nowMs: number): UnconfirmedRead[] {
    return this.#take(({ read }) => read.deadlineMs <= nowMs)
  }

  takeAll(): UnconfirmedRead[] {
    return this.#take(() => true)
  }

  remove(id: RequestId): void {
    this.#take(({ read }) => read.kind === 'read' && read.id === id)
  }

  #take(isTaken: (waiting: Waiting) => boolean): UnconfirmedRead[] {
    const taken = this.#waiting.filter(isTaken)
    if (taken.length > 0) this.#waiting = this.#waiting.filter((waiting) => !isTaken(waiting))
    return taken.map(({ read }) => read)
  }
}
