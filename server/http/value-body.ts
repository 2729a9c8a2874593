/**
 * Values between HTTP and the store. A value comes in as a body of one of three media types and
 * goes out as the same bytes under the same type, JSON as the text that was sent.
 *
 * `curl -d` without a type says `application/x-www-form-urlencoded`, which is none of the three.
 * Taking it for text was rejected: `-d '{"a":1}'` would then be read back as a string, and the
 * mistake found a long time later. The refusal says which header to add.
 */

import { fromUtf8, JSON_DEPTH_MAX, SkeinError, unreachable } from '../../base/index.ts'
import type { Value, ValueType } from '../../crdt/index.ts'
import { type JsonCarrier, type JsonText, parseJson } from '../api/json-text.ts'
import { valueOfBytes, valueOfJson } from '../api/value-json.ts'

export const BODY: JsonCarrier = {
  name: 'the body',
  plain: 'content-type: text/plain',
  advice: 'a string needs its quotes, or send content-type: text/plain',
}

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
export function parseJsonBody(body: Uint8Array | undefined, maxDepth: number): JsonText {
  if (body === undefined || isBlank(body)) {
    throw new SkeinError('BAD_REQUEST', 'the body is empty: JSON is at least null, and an empty value is content-type: text/plain')
  }
  return parseJson(body, maxDepth, BODY)
}

function isBlank(body: Uint8Array): boolean {
  return body.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
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
