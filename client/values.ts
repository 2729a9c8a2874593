/**
 * JavaScript values as a store keeps them, and back. What comes out is what went in: bytes as
 * bytes, everything that JSON has as JSON, a string as JSON too unless `text` is asked for (then
 * it is read as plain text by other doors).
 *
 * What JSON would drop or change without a word at the top (undefined, functions, NaN, a Map, a
 * Float32Array) is refused. Inside an object `JSON.stringify` decides, as everywhere else in
 * JavaScript: checking each member costs more than the write.
 */

import {
  binaryFromBytes,
  binaryFromText,
  bytesFromBinary,
  isDeeperThan,
  JSON_DEPTH_MAX,
  SkeinError,
  textFromBinary,
  unreachable,
  utf8,
  VALUE_BYTES_MAX,
} from '../base/index.ts'
import type { EncodedValue } from './channel.ts'

/** How a string is stored. */
export type StringEncoding = 'json' | 'text'

/** @throws BAD_REQUEST, TOO_LARGE */
export function encodeValue(value: unknown, as: StringEncoding = 'json'): EncodedValue {
  const encoded = as === 'text' ? encodeText(value) : value instanceof Uint8Array ? encodeBytes(value) : encodeJson(value)
  if (encoded.data.length > VALUE_BYTES_MAX) {
    throw new SkeinError(
      'TOO_LARGE',
      `the value has ${encoded.data.length} bytes, at most ${VALUE_BYTES_MAX} are possible: split it over several keys`,
    )
  }
  return encoded
}

/** A value of its own: the caller may change what it gets. @throws INTERNAL */
export function decodeValue(value: EncodedValue): unknown {
  switch (value.type) {
    case 'bytes':
      return new Uint8Array(bytesFromBinary(value.data))
    case 'text':
      return textOf(value)
    case 'json':
      return parseJson(textOf(value))
    default:
      return unreachable(value.type)
  }
}

function encodeText(value: unknown): EncodedValue {
  if (typeof value !== 'string') throw new SkeinError('BAD_REQUEST', `only a string can be written as text, this is ${describe(value)}`)
  if (!value.isWellFormed()) {
    throw new SkeinError('BAD_REQUEST', 'the text has half of a surrogate pair, which UTF-8 has no bytes for: write it as json')
  }
  // Copied: a slice of a long text would keep all of it alive.
  const bytes = utf8(value)
  return { type: 'text', data: binaryFromBytes(bytes, 0, bytes.length) }
}

/** A copy: the caller may reuse its buffer before the write is done. */
function encodeBytes(value: Uint8Array): EncodedValue {
  return { type: 'bytes', data: binaryFromBytes(value, 0, value.length) }
}

function encodeJson(value: unknown): EncodedValue {
  if (!hasJsonForm(value))
    throw new SkeinError('BAD_REQUEST', `${describe(value)} has no JSON form: write null, text, bytes or a plain object`)
  const text = stringify(value)
  if (text === undefined)
    throw new SkeinError('BAD_REQUEST', `the toJSON of ${describe(value)} returns nothing: return a JSON value from it`)
  if (isDeeperThan(text, JSON_DEPTH_MAX)) {
    throw new SkeinError('BAD_REQUEST', `the value is nested more than ${JSON_DEPTH_MAX} levels deep: flatten it, or write it as bytes`)
  }
  return { type: 'json', data: binaryFromText(text) }
}

function hasJsonForm(value: unknown): boolean {
  switch (typeof value) {
    case 'undefined':
    case 'function':
    case 'symbol':
    case 'bigint':
      return false
    case 'number':
      return Number.isFinite(value)
    case 'object':
      return !(value instanceof Map || value instanceof Set || value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    default:
      return true
  }
}

/** JSON.stringify with the type it really has. */
function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    // A cycle, a bigint inside, a toJSON that throws, or a nesting that overflows the stack.
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new SkeinError('BAD_REQUEST', `the value has no JSON form: ${reason}`, { cause })
  }
}

function textOf(value: EncodedValue): string {
  const text = textFromBinary(value.data)
  if (text === null) throw new SkeinError('INTERNAL', `a ${value.type} value is not valid UTF-8: report it, and write the key again`)
  return text
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SkeinError('INTERNAL', 'a json value is not valid JSON: report it, and write the key again', { cause })
  }
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (typeof value === 'number') return String(value)
  if (typeof value === 'object') return `a ${value.constructor?.name ?? 'object'}`
  return `a ${typeof value}`
}
