/**
 * Values inside JSON, both ways. JSON is stored as the text that was sent, not as what a parser
 * makes of it: large integers, repeated names and `__proto__` survive, and a read costs no
 * serialisation. Text and bytes travel as strings, bytes that are not UTF-8 as base64.
 */

import { binaryFromBytes, binaryFromText, fromBase64, fromUtf8, SkeinError, textFromBinary, utf8 } from '../../base/index.ts'
import type { Value, ValueType } from '../../crdt/index.ts'

/** The fields that stand for a value inside a JSON answer: `"value":…,"type":…` and maybe `"encoding":"base64"`. */
export function valueFields(value: Value): string {
  const text = textFromBinary(value.data)
  if (text === null) return `"value":"${btoa(value.data)}","type":"${value.type}","encoding":"base64"`
  // Stored JSON was checked at the door by which it came in, so it goes out as it is.
  return `"value":${value.type === 'json' ? text : JSON.stringify(text)},"type":"${value.type}"`
}

/** The value of a text inside JSON. @param name of the field, for the message @throws BAD_REQUEST, TOO_LARGE */
export function valueOfText(text: string, type: 'text' | 'bytes', encoding: 'base64' | 'utf8', name: string, maxBytes: number): Value {
  const bytes = encoding === 'base64' ? fromBase64(text) : wellFormedBytes(text, name)
  if (bytes === null) throw new SkeinError('BAD_REQUEST', `${name} is not base64: encode its bytes, or leave out "encoding"`)
  if (type === 'text' && fromUtf8(bytes) === null) {
    throw new SkeinError('BAD_REQUEST', `${name} is not valid UTF-8: give it "type":"bytes"`)
  }
  return valueOfBytes(type, bytes, maxBytes)
}

/** The value of a JSON text. @throws TOO_LARGE */
export function valueOfJson(text: string, maxBytes: number): Value {
  return checkedSize({ type: 'json', data: binaryFromText(text) }, maxBytes)
}

/** The value that stands in a JSON text from `start` to `end`. @throws TOO_LARGE */
export function valueOfSource(text: string, start: number, end: number, maxBytes: number): Value {
  // Copied: a part of a JavaScript string keeps the whole of it alive, here a batch of megabytes for one number.
  return valueOfBytes('json', utf8(text.slice(start, end)), maxBytes)
}

/** @throws TOO_LARGE */
export function valueOfBytes(type: ValueType, bytes: Uint8Array, maxBytes: number): Value {
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
