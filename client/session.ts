/**
 * What a database has seen, as the token that its next call carries (SS1): the join of all tokens
 * it was answered. Read-your-writes and monotonic reads follow from that on every node.
 *
 * A reply to a call that carried the current token covers it, so it takes its place unread. Only
 * replies that crossed each other are decoded and joined. Joining always was rejected: decoding
 * a token costs more than the rest of an embedded write.
 */

import { SkeinError, unreachable } from '../base/index.ts'
import { compareVectors, formatToken, parseToken, type VersionVector } from '../crdt/index.ts'

export class Session {
  #token: string | null = null
  /** What `#token` says, once somebody had to know. */
  #seen: VersionVector | null = null

  get token(): string | null {
    return this.#token
  }

  /** Takes in another session's token; null starts anew. @throws BAD_REQUEST */
  adopt(token: string | null): void {
    if (token === null) return this.#replace(null, null)
    const seen = parseToken(token)
    if (seen === null) throw new SkeinError('BAD_REQUEST', 'the session token is none: pass what another database had as its `session`')
    this.#join(token, seen)
  }

  /**
   * Learns the token of a reply to a call that carried `carried`. An empty token says nothing.
   * @throws INTERNAL if it has to be read and can't be
   */
  absorb(carried: string | null, reply: string): void {
    if (reply === this.#token || reply === '') return
    if (carried === this.#token) return this.#replace(reply, null)
    const seen = parseToken(reply)
    if (seen === null)
      throw new SkeinError('INTERNAL', 'a node answered a session token that this client can not read: use one version of Skein')
    this.#join(reply, seen)
  }

  #join(token: string, seen: VersionVector): void {
    const current = this.#decoded()
    if (current === null) return this.#replace(token, seen)
    const order = compareVectors(seen, current)
    switch (order) {
      case 'equal':
      case 'before':
        return
      case 'after':
        return this.#replace(token, seen)
      case 'concurrent': {
        const joined = current.join(seen)
        return this.#replace(formatToken(joined), joined)
      }
      default:
        return unreachable(order)
    }
  }

  /** What the current token says; null if there is none, or none that can be read. */
  #decoded(): VersionVector | null {
    if (this.#seen === null && this.#token !== null) this.#seen = parseToken(this.#token)
    return this.#seen
  }

  #replace(token: string | null, seen: VersionVector | null): void {
    this.#token = token
    this.#seen = seen
  }
}
