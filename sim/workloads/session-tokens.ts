/**
 * The session tokens of a workload's clients: each carries what the answers it got have reflected,
 * from node to node (SS1). A session that can't be reached any more, because a lost disk took a
 * part of it along, is given up after some answers STALE, as a person would start anew.
 */

import type { ReadonlyVersionVector } from '../../crdt/index.ts'
import type { Outcome } from '../workload.ts'

const STALE_ANSWERS_MAX = 3

export class SessionTokens {
  readonly #tokens: (ReadonlyVersionVector | null)[]
  readonly #staleAnswers: number[]

  constructor(clients: number) {
    this.#tokens = new Array<ReadonlyVersionVector | null>(clients).fill(null)
    this.#staleAnswers = new Array<number>(clients).fill(0)
  }

  of(client: number): ReadonlyVersionVector | null {
    return this.#tokens[client] ?? null
  }

  /** Learns from an outcome. True if the session was given up. */
  learn(client: number, outcome: Outcome): boolean {
    if (outcome.kind !== 'answered') return false
    const { reply } = outcome
    if (reply.kind === 'failed') return reply.error.code === 'STALE' && this.#giveUpAfterStale(client)
    if (reply.kind !== 'value' && reply.kind !== 'page' && reply.kind !== 'committed') return false
    this.#staleAnswers[client] = 0
    const token = this.of(client)
    // A copy: the token of a request that is still on its way must not change.
    this.#tokens[client] = token === null || reply.session.covers(token) ? reply.session : token.copy().join(reply.session)
    return false
  }

  #giveUpAfterStale(client: number): boolean {
    const count = (this.#staleAnswers[client] ?? 0) + 1
    this.#staleAnswers[client] = count
    if (count < STALE_ANSWERS_MAX) return false
    this.#staleAnswers[client] = 0
    this.#tokens[client] = null
    return true
  }
}
