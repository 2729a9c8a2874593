/**
 * Linearizable reads (LM7), after Raft's ReadIndex (Ongaro, dissertation 6.4): a read waits until a
 * majority has answered a round that was sent after it arrived; then no newer leader can have
 * committed anything before it, and it is answered from the applied state. Reads that wait share
 * a round. So do answers that only say what the state is, such as a condition that failed.
 */

import type { SkeinError } from '../../base/index.ts'
import type { ReplyEffect } from '../effects.ts'
import type { ReadRequest, Reply, RequestId } from '../requests.ts'

export type UnconfirmedRead =
  | { readonly kind: 'read'; readonly id: RequestId; readonly request: ReadRequest; readonly deadlineMs: number }
  /** Known already, and true if the leader still is one. */
  | { readonly kind: 'answers'; readonly replies: readonly ReplyEffect[]; readonly deadlineMs: number }

export interface ReadIndexContext {
  /** Answers a read from the applied state. */
  read(request: ReadRequest): Reply
  reply(id: RequestId, reply: Reply): void
}

interface Waiting {
  readonly read: UnconfirmedRead
  /** The first round that confirms it. */
  readonly round: number
}

export class ReadIndex {
  readonly #context: ReadIndexContext
  #waiting: Waiting[] = []

  constructor(context: ReadIndexContext) {
    this.#context = context
  }

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

  /** Answers what a majority has confirmed with `round`, in the order of arrival. */
  confirm(round: number): void {
    for (const read of this.#take((waiting) => waiting.round <= round)) {
      if (read.kind === 'read') this.#context.reply(read.id, this.#context.read(read.request))
      else for (const { id, reply } of read.replies) this.#context.reply(id, reply)
    }
  }

  refuse(read: UnconfirmedRead, error: SkeinError): void {
    if (read.kind === 'read') this.#context.reply(read.id, { kind: 'failed', error })
    else for (const { id } of read.replies) this.#context.reply(id, { kind: 'failed', error })
  }

  refuseAll(error: SkeinError): void {
    for (const read of this.#take(() => true)) this.refuse(read, error)
  }

  refuseExpired(nowMs: number, errorOf: () => SkeinError): void {
    for (const read of this.#take(({ read: { deadlineMs } }) => deadlineMs <= nowMs)) this.refuse(read, errorOf())
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
