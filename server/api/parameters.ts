/**
 * Every parameter of the API, each declared once: its name, its description for the documentation,
 * and how its text is read. A route lists the parameters that its query takes, an operation of the
 * JSON lines those that are among its fields; the OpenAPI document, the refusal of unknown ones
 * and the parsing all come from that list, so they can't drift apart. Schema validation by Ajv was rejected for this: it can't read durations or session
 * tokens, it changes what it checks, and its messages name schema paths, not the next step.
 */

import {
  IDEMPOTENCY_KEY_BYTES_MAX,
  type Key,
  keyFromText,
  PAGE_ITEMS_DEFAULT,
  PAGE_ITEMS_MAX,
  parseDuration,
  SECOND_MS,
  SkeinError,
} from '../../base/index.ts'
import type { ReadConsistency, WriteConcern } from '../../core/index.ts'

/** A JSON schema, as it goes into the OpenAPI document. */
export type JsonSchema = Readonly<Record<string, unknown>>

export interface Parameter<T> {
  readonly name: string
  readonly schema: JsonSchema
  /** @throws BAD_REQUEST, TOO_LARGE */
  read(text: string): T
}

/** How long a request may wait for its session or its write concern, unless asked, and the most that may be asked. */
export const TIMEOUT_DEFAULT_MS = 5 * SECOND_MS
export const TIMEOUT_MAX_MS = 60 * SECOND_MS

/** Nodes that a write concern can ask for; a cluster has fewer. */
const CONCERN_NODES_MAX = 1000

export const TTL: Parameter<number> = {
  name: 'ttl',
  schema: {
    type: ['string', 'integer'],
    description: 'How long the value lives: `500ms`, `30s`, `5m`, `2h`, `7d`, or milliseconds.',
    examples: ['30s'],
  },
  read: (text) => parseTtl(text, 'ttl'),
}

export const TIMEOUT: Parameter<number> = {
  name: 'timeout',
  schema: {
    type: ['string', 'integer'],
    description: 'How long to wait for the session, the write concern or a leader, at most `60s`.',
    default: '5s',
  },
  read: parseTimeout,
}

export const CONCERN: Parameter<WriteConcern> = {
  name: 'w',
  schema: {
    type: ['integer', 'string'],
    description: 'How many nodes must hold the write durably before it is answered: a number, `majority` or `all`.',
    default: '1',
  },
  read: (text) => parseConcern(isDigits(text) ? Number(text) : text),
}

export const READ: Parameter<ReadConsistency> = {
  name: 'read',
  schema: {
    type: 'string',
    enum: ['local', 'session', 'linearizable'],
    description:
      'Which state answers: any (`local`), one that covers `Skein-Session` (`session`), or the latest (`linearizable`, in leader mode).',
  },
  read: (text) => {
    if (text === 'local' || text === 'session' || text === 'linearizable') return text
    throw new SkeinError('BAD_REQUEST', `read ${shown(text)} is not known: write local, session or linearizable`)
  },
}

export const META = flag('meta', false, 'Answer the value inside a JSON object, with its version, writer and times.')
export const REVERSE = flag('reverse', false, 'From the last key to the first.')
export const FORCE = flag('force', false, 'Of two voters the other one is lost for good: go on alone.')
export const VALUES = flag('values', true, 'Whether the items have their values.')

export const PREFIX = boundary('prefix', 'Only keys that start with this.', 'user:')
export const START = boundary('start', 'The first key that may be answered.', 'user:1')
export const END = boundary('end', 'The first key that is not answered any more.', 'user:2')

export const LIMIT: Parameter<number> = {
  name: 'limit',
  schema: { type: 'integer', minimum: 1, maximum: PAGE_ITEMS_MAX, default: PAGE_ITEMS_DEFAULT, description: 'Items of one page, at most.' },
  read: (text) => {
    const limit = Number(text)
    if (isDigits(text) && limit >= 1 && limit <= PAGE_ITEMS_MAX) return limit
    throw new SkeinError(
      'BAD_REQUEST',
      `limit ${shown(text)} is not an integer from 1 to ${PAGE_ITEMS_MAX}: ask for the rest with the cursor`,
    )
  },
}

export const CURSOR: Parameter<string> = {
  name: 'cursor',
  schema: { type: 'string', description: 'The cursor of the page before.' },
  read: (text) => text,
}

/** A time to live in milliseconds. @param name of the field, for the message @throws BAD_REQUEST */
export function parseTtl(text: string, name: string): number {
  const ttlMs = parseDuration(text, name)
  if (ttlMs >= 1) return ttlMs
  throw new SkeinError('BAD_REQUEST', `${name} is ${shown(text)}: write at least 1ms, or delete the key instead`)
}

/** @throws BAD_REQUEST */
export function parseConcern(concern: unknown): WriteConcern {
  if (concern === 'majority' || concern === 'all') return concern
  if (typeof concern === 'number' && Number.isInteger(concern) && concern >= 1 && concern <= CONCERN_NODES_MAX) return concern
  throw new SkeinError('BAD_REQUEST', `w is not a number of nodes from 1 to ${CONCERN_NODES_MAX}, "majority" or "all"`)
}

/** A key that makes a retry safe. @param name of the header or field, for the message @throws BAD_REQUEST */
export function parseIdempotencyKey(text: string, name: string): string {
  if (text.length >= 1 && text.length <= IDEMPOTENCY_KEY_BYTES_MAX && isVisibleAscii(text)) return text
  throw new SkeinError('BAD_REQUEST', `${name} is not 1 to ${IDEMPOTENCY_KEY_BYTES_MAX} visible ASCII characters: send a random UUID`)
}

/** The parameters as one schema object, for the OpenAPI document. */
export function parametersSchema(parameters: readonly Parameter<unknown>[]): JsonSchema {
  return { type: 'object', properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])) }
}

function parseTimeout(text: string): number {
  const timeoutMs = parseDuration(text, 'timeout')
  if (timeoutMs >= 1 && timeoutMs <= TIMEOUT_MAX_MS) return timeoutMs
  throw new SkeinError('BAD_REQUEST', `timeout is ${shown(text)}: write from 1ms to ${TIMEOUT_MAX_MS / SECOND_MS}s`)
}

function flag(name: string, standard: boolean, description: string): Parameter<boolean> {
  return {
    name,
    schema: { type: 'boolean', default: standard, description },
    read: (text) => {
      if (text === 'true') return true
      if (text === 'false') return false
      throw new SkeinError('BAD_REQUEST', `${name} ${shown(text)} is not a truth value: write ${name}=true or ${name}=false`)
    },
  }
}

/** An empty text means no bound. */
function boundary(name: string, description: string, example: string): Parameter<Key | null> {
  return {
    name,
    schema: { type: 'string', description, examples: [example] },
    read: (text) => (text.length === 0 ? null : keyFromText(text)),
  }
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x30 || text.charCodeAt(i) > 0x39) return false
  return text.length > 0
}

function isVisibleAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) <= 0x20 || text.charCodeAt(i) >= 0x7f) return false
  return true
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}
