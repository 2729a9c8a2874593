/**
 * Values between HTTP and the store. A value comes in as a body of one of three media types and
 * goes out as the same bytes under the same type. JSON is stored as the text that was sent, not
 * as what a parser makes of it: large integers, repeated names and `__proto__` survive, and a
 * read costs no serialisation.
 *
 * `curl -d` without a type says `application/x-www-form-urlencoded`, which is none of the three.
 * Taking it for text was rejected: `-d '{"a":1}'` would then be read back as a string, and the
 * mistake found a long time later. The refusal says which header to add.
 */

import {
  binaryFromBytes,
  binaryFromText,
  fromBase64,
  fromUtf8,
  isDeeperThan,
  JSON_DEPTH_MAX,
  SkeinError,
  textFromBinary,
  unreachable,
  utf8,
} from '../../base/index.ts'
import type { Value, ValueType } from '../../crdt/index.ts'

export const VALUE_TYPES: readonly ValueType[] = ['json', 'text', 'bytes']

const EMPTY = new Uint8Array(0)

/** The media type under which a value is answered. */
export function mediaTypeOf(type: ValueType): string {
  switch (type) {
    case 'json':
      return 'application/json; charset=utf-8'
    case 'text':
      return 'text/plain; charset=utf-8'
    case 'bytes':
      return 'application/octet-stream'
    default:
      return unreachable(type)
  }
}

/** The type of value that a content-type header announces; without the header it is bytes. @throws BAD_REQUEST */
export function valueTypeOf(contentType: string | undefined): ValueType {
  // The forms that clients send come first: they need no parsing.
  switch (contentType) {
    case 'application/json':
    case 'application/json; charset=utf-8':
      return 'json'
    case 'text/plain':
    case 'text/plain; charset=utf-8':
    case 'text/plain;charset=UTF-8':
      return 'text'
    case 'application/octet-stream':
    case undefined:
      return 'bytes'
    default:
      return parseMediaType(contentType)
  }
}

/** The bytes that the door's parser made of a request's body; undefined without one. */
export function bytesOfBody(body: unknown): Uint8Array | undefined {
  return body instanceof Uint8Array ? body : undefined
}

/** The value of a body. @param maxBytes of the value @throws BAD_REQUEST, TOO_LARGE */
export function valueOfBody(body: Uint8Array | undefined, type: ValueType, maxBytes: number): Value {
  const bytes = body ?? EMPTY
  switch (type) {
    case 'json':
      return valueOfJson(parseJsonBody(bytes, JSON_DEPTH_MAX).text.trim(), maxBytes)
    case 'text':
      if (fromUtf8(bytes) === null) {
        throw new SkeinError('BAD_REQUEST', 'the body is not valid UTF-8: send other bytes as content-type: application/octet-stream')
      }
      return valueOfBytes(type, bytes, maxBytes)
    case 'bytes':
      return valueOfBytes(type, bytes, maxBytes)
    default:
      return unreachable(type)
  }
}

/** The JSON text of a body, parsed. @param maxDepth of nesting @throws BAD_REQUEST */
export function parseJsonBody(body: Uint8Array | undefined, maxDepth: number): { readonly text: string; readonly parsed: unknown } {
  const text = body === undefined ? '' : fromUtf8(body)
  if (text === null) throw new SkeinError('BAD_REQUEST', 'the body is not valid UTF-8, as JSON has to be')
  if (text.trim().length === 0) {
    throw new SkeinError('BAD_REQUEST', 'the body is empty: JSON is at least null, and an empty value is content-type: text/plain')
  }
  if (isDeeperThan(text, maxDepth)) {
    throw new SkeinError(
      'BAD_REQUEST',
      `the JSON nests deeper than ${JSON_DEPTH_MAX} levels: flatten it, or store it as content-type: text/plain`,
    )
  }
  try {
    return { text, parsed: JSON.parse(text) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SkeinError('BAD_REQUEST', `the body is not JSON (${reason}): a string needs its quotes, or send content-type: text/plain`)
  }
}

/** The fields that stand for a value inside a JSON answer: `"value":…,"type":…` and maybe `"encoding":"base64"`. */
export function valueFields(value: Value): string {
  const text = textFromBinary(value.data)
  if (text === null) return `"value":"${btoa(value.data)}","type":"${value.type}","encoding":"base64"`
  // Stored JSON was checked at the door by which it came in, so it goes out as it is.
  return `"value":${value.type === 'json' ? text : JSON.stringify(text)},"type":"${value.type}"`
}

/** The value of a text inside a JSON body. @param name of the field, for the message @throws BAD_REQUEST, TOO_LARGE */
export function valueOfText(text: string, type: 'text' | 'bytes', encoding: 'base64' | 'utf8', name: string, maxBytes: number): Value {
  const bytes = encoding === 'base64' ? fromBase64(text) : wellFormedBytes(text, name)
  if (bytes === null) throw new SkeinError('BAD_REQUEST', `${name} is not base64: encode its bytes, or leave out "encoding"`)
  if (type === 'text' && fromUtf8(bytes) === null) {
    throw new SkeinError('BAD_REQUEST', `${name} is not valid UTF-8: give it "type":"bytes"`)
  }
  return valueOfBytes(type, bytes, maxBytes)
}

/** The value of the source of a JSON value. @throws TOO_LARGE */
export function valueOfJson(source: string, maxBytes: number): Value {
  return checkedSize({ type: 'json', data: binaryFromText(source) }, maxBytes)
}

function valueOfBytes(type: ValueType, bytes: Uint8Array, maxBytes: number): Value {
  return checkedSize({ type, data: binaryFromBytes(bytes, 0, bytes.length) }, maxBytes)
}

function checkedSize(value: Value, maxBytes: number): Value {
  if (value.data.length <= maxBytes) return value
  throw new SkeinError('TOO_LARGE', `the value has ${value.data.length} bytes, at most ${maxBytes} are taken: split it over several keys`)
}

function wellFormedBytes(text: string, name: string): Uint8Array {
  if (text.isWellFormed()) return utf8(text)
  throw new SkeinError(
    'BAD_REQUEST',
    `${name} has half of a surrogate pair, which is not Unicode text: send bytes with "encoding":"base64"`,
  )
}

function parseMediaType(contentType: string): ValueType {
  const [essence = '', ...parameters] = contentType.toLowerCase().split(';')
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('charset='))
  if (charset !== undefined && !['charset=utf-8', 'charset="utf-8"', 'charset=us-ascii'].includes(charset)) {
    throw new SkeinError('BAD_REQUEST', `the ${charset} is not taken: send UTF-8`)
  }
  switch (essence.trim()) {
    case 'application/json':
      return 'json'
    case 'text/plain':
      return 'text'
    case 'application/octet-stream':
      return 'bytes'
    default:
      throw new SkeinError(
        'BAD_REQUEST',
        `a value of content-type ${JSON.stringify(contentType.slice(0, 80))} is not taken: send application/json, text/plain or ` +
          "application/octet-stream (with curl: -H 'content-type: application/json')",
      )
  }
}
