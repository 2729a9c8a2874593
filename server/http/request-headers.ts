/**
 * What the headers of a request say about the state it wants to meet: its session, its conditions,
 * its idempotency key. All of them are standard HTTP where HTTP has a word for it (`If-Match`,
 * `If-None-Match`), and refused where this store can't do what HTTP would promise.
 */

import type { IncomingHttpHeaders } from 'node:http'
import { IDEMPOTENCY_KEY_BYTES_MAX, type Key, SkeinError } from '../../base/index.ts'
import type { Condition } from '../../core/index.ts'
import { type Dot, parseDot, type ReadonlyVersionVector } from '../../crdt/index.ts'
import { type JsonSchema, parseIdempotencyKey } from '../api/parameters.ts'
import type { SessionTokens } from '../api/session-tokens.ts'

const NO_CONDITIONS: readonly Condition[] = []

/** The session of the header `Skein-Session`, or null. @throws BAD_REQUEST */
export function sessionOf(headers: IncomingHttpHeaders, tokens: SessionTokens): ReadonlyVersionVector | null {
  return tokens.sessionOf(headerText(headers, 'skein-session'), 'Skein-Session')
}

/** `If-Match: "version"` and `If-None-Match: *` as conditions on `key` (RG5). @throws BAD_REQUEST */
export function conditionsOf(headers: IncomingHttpHeaders, key: Key): readonly Condition[] {
  const match = headerText(headers, 'if-match')
  const noneMatch = headerText(headers, 'if-none-match')
  if (match === undefined && noneMatch === undefined) return NO_CONDITIONS
  if (match !== undefined && noneMatch !== undefined) {
    throw new SkeinError('BAD_REQUEST', 'If-Match and If-None-Match exclude each other: send the one that you mean')
  }
  if (match !== undefined) return [{ kind: 'version', key, version: readVersion(match) }]
  if (noneMatch === '*') return [{ kind: 'absent', key }]
  throw new SkeinError('BAD_REQUEST', 'If-None-Match takes only * (write if there is no such key): for a version use If-Match')
}

/** The header `Idempotency-Key`, or null. @throws BAD_REQUEST */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | null {
  const text = headerText(headers, 'idempotency-key')
  return text === undefined ? null : parseIdempotencyKey(text, 'Idempotency-Key')
}

const SESSION_SCHEMA: JsonSchema = {
  type: 'string',
  description: 'The session tokens of earlier answers, separated by commas: the answer reflects at least what they saw.',
}

/** The headers of reads and, below, of writes, for the OpenAPI document. */
export const READ_HEADERS: JsonSchema = { type: 'object', properties: { 'Skein-Session': SESSION_SCHEMA } }

const WRITE_PROPERTIES = {
  'Skein-Session': SESSION_SCHEMA,
  'Idempotency-Key': {
    type: 'string',
    maxLength: IDEMPOTENCY_KEY_BYTES_MAX,
    description: 'Makes a retry of this write safe: it has one effect.',
  },
} as const

export const WRITE_HEADERS: JsonSchema = { type: 'object', properties: WRITE_PROPERTIES }

export const CONDITIONAL_WRITE_HEADERS: JsonSchema = {
  type: 'object',
  properties: {
    ...WRITE_PROPERTIES,
    'If-Match': {
      type: 'string',
      description: 'Write only if this is still the version (the `ETag`). In multi-leader mode this node alone decides.',
    },
    'If-None-Match': {
      type: 'string',
      enum: ['*'],
      description: 'Write only if there is no such key. In multi-leader mode this node alone decides.',
    },
  },
}

/** An ETag, with its quotes or without. */
function readVersion(text: string): Dot {
  const quoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"')
  const version = parseDot(quoted ? text.slice(1, -1) : text)
  if (version !== null) return version
  throw new SkeinError('BAD_REQUEST', 'If-Match is not one version such as "n1.0a1b2c3d:17": send the ETag of an answer, unchanged')
}

/** Node joins what a header says several times, so a text is all there is. */
function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : value
}
