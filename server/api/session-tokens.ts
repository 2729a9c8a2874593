/**
 * Session tokens and the vectors they stand for, each way translated once (SS1). Requests of one
 * group commit are answered with one session, and a client sends back what it was given, so the
 * tokens of the last moments come and go again and again: with thirty writers a token takes longer
 * to decode than the rest of a read.
 */

import { SkeinError } from '../../base/index.ts'
import { formatToken, parseToken, type ReadonlyVersionVector, type VersionVector } from '../../crdt/index.ts'

/** Tokens remembered as vectors; the oldest goes first. */
const RECENT_TOKENS_MAX = 256

/** Tokens in one request: what a client joins from the nodes it spoke to. */
const TOKENS_PER_REQUEST_MAX = 16

export class SessionTokens {
  readonly #texts = new WeakMap<ReadonlyVersionVector, string>()
  /** Invariant: at most `RECENT_TOKENS_MAX`, and nobody changes the vectors. */
  readonly #vectors = new Map<string, ReadonlyVersionVector>()

  /** @param session that nobody changes any more */
  textOf(session: ReadonlyVersionVector): string {
    const known = this.#texts.get(session)
    if (known !== undefined) return known
    const text = formatToken(session)
    this.#texts.set(session, text)
    this.#remember(text, session)
    return text
  }

  /**
   * The join of the tokens that a request brings, or null without any. Several, from requests that
   * ran side by side, are separated by commas.
   * @param name of the header or field, for the message
   * @throws BAD_REQUEST
   */
  sessionOf(text: string | undefined, name: string): ReadonlyVersionVector | null {
    if (text === undefined) return null
    const known = this.#vectors.get(text)
    if (known !== undefined) return known
    const tokens = text.split(',')
    if (tokens.length > TOKENS_PER_REQUEST_MAX) {
      throw new SkeinError(
        'BAD_REQUEST',
        `${name} has ${tokens.length} tokens, at most ${TOKENS_PER_REQUEST_MAX} are taken: send the latest of each node`,
      )
    }
    const [first = '', ...others] = tokens
    const session = readToken(first, name)
    for (const token of others) session.join(readToken(token, name))
    this.#remember(text, session)
    return session
  }

  #remember(text: string, session: ReadonlyVersionVector): void {
    if (this.#vectors.size >= RECENT_TOKENS_MAX) {
      const { value: oldest } = this.#vectors.keys().next()
      if (oldest !== undefined) this.#vectors.delete(oldest)
    }
    this.#vectors.set(text, session)
  }
}

function readToken(text: string, name: string): VersionVector {
  const vector = parseToken(text.trim())
  if (vector !== null) return vector
  throw new SkeinError('BAD_REQUEST', `${name} is not a session token: send what an earlier answer had under this name, unchanged`)
}
