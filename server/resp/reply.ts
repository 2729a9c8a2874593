/**
 * Answers of the Redis protocol, as values: commands make them, the encoder writes them in the
 * version that the connection speaks (RESP2 or RESP3). The frequent ones are plain JavaScript
 * values, so that an answer costs no object.
 */

/** `+text`: one line of ASCII. */
export interface SimpleReply {
  readonly kind: 'simple'
  readonly text: string
}

/** `-CODE message`: Redis's words where Redis has the same error. One line. */
export interface ErrorReply {
  readonly kind: 'error'
  readonly text: string
}

/** A RESP3 map; over RESP2 an array of keys and values in turn. */
export interface MapReply {
  readonly kind: 'map'
  readonly entries: readonly (readonly [RespReply, RespReply])[]
}

/** A RESP3 set; over RESP2 an array. */
export interface SetReply {
  readonly kind: 'set'
  readonly items: readonly RespReply[]
}

/** Text that is read as it stands (INFO): RESP3 `=txt:`, over RESP2 a bulk string. */
export interface VerbatimReply {
  readonly kind: 'verbatim'
  /** A binary string. */
  readonly data: string
}

/** The array that isn't there: `*-1` over RESP2 (EXEC of a transaction that a WATCH stopped), null over RESP3. */
export interface NilArrayReply {
  readonly kind: 'nil-array'
}

/** A string is a bulk string (binary), a number an integer, null the value that isn't there. */
export type RespReply =
  | string
  | number
  | null
  | readonly RespReply[]
  | SimpleReply
  | ErrorReply
  | MapReply
  | SetReply
  | VerbatimReply
  | NilArrayReply

export const OK: SimpleReply = { kind: 'simple', text: 'OK' }
export const QUEUED: SimpleReply = { kind: 'simple', text: 'QUEUED' }
export const NIL_ARRAY: NilArrayReply = { kind: 'nil-array' }

export function errorReply(text: string): ErrorReply {
  return { kind: 'error', text }
}
