/**
 * JSON as it arrives: bytes that have to be UTF-8, not nested too deep, and JSON; in this order,
 * because a parser that recurses must not see what nests without end. Its text is kept beside what
 * was parsed: what is stored is the source (`json-source.ts`).
 */

import { fromUtf8, isDeeperThan, JSON_DEPTH_MAX, SkeinError } from '../../base/index.ts'

/** What a JSON text came in, for the words of a refusal. */
export interface JsonCarrier {
  /** Such as `the body`. */
  readonly name: string
  /** How a value is stored that is no JSON. */
  readonly plain: string
  /** What to do about a text that is no JSON. */
  readonly advice: string
}

export interface JsonText {
  readonly text: string
  readonly parsed: unknown
}

/** @param maxDepth of nesting @throws BAD_REQUEST */
export function parseJson(bytes: Uint8Array, maxDepth: number, carrier: JsonCarrier): JsonText {
  const text = fromUtf8(bytes)
  if (text === null) throw new SkeinError('BAD_REQUEST', `${carrier.name} is not valid UTF-8, as JSON has to be`)
  if (isDeeperThan(text, maxDepth)) throw tooDeep(carrier)
  try {
    return { text, parsed: JSON.parse(text) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SkeinError('BAD_REQUEST', `${carrier.name} is not JSON (${reason}): ${carrier.advice}`)
  }
}

export function tooDeep(carrier: JsonCarrier): SkeinError {
  return new SkeinError('BAD_REQUEST', `the JSON nests deeper than ${JSON_DEPTH_MAX} levels: flatten it, or store it as ${carrier.plain}`)
}
