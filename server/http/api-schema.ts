/**
 * The vocabulary of the OpenAPI document: the schemas that several routes share, and how a route
 * describes itself. The routes give their descriptions as data beside their handlers; Fastify
 * never sees them as schemas, so it neither validates nor serialises by them on the hot path.
 */

import type { FastifySchema } from 'fastify'
import { ERROR_STATUS, type ErrorCode, JSON_DEPTH_MAX, KEY_BYTES_MAX } from '../../base/index.ts'
import { type JsonSchema, type Parameter, parametersSchema } from '../api/parameters.ts'

export type Tag = 'Keys' | 'Batches' | 'Conflicts' | 'Operation'

/** How a route is shown in `/docs`. */
export interface RouteDescription {
  readonly tag: Tag
  readonly summary: string
  readonly description?: string
  /** The path as OpenAPI writes it, if the router's own pattern differs. */
  readonly path?: string
  readonly parameters?: readonly Parameter<unknown>[]
  readonly headers?: JsonSchema
  readonly body?: JsonSchema
  /** Answers by status. */
  readonly answers: Readonly<Record<number, JsonSchema>>
  readonly failures: readonly ErrorCode[]
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly describe?: RouteDescription
  }
}

const VERSION_EXAMPLE = 'n1.0a1b2c3d:17'
const TOKEN_EXAMPLE = 'AQELbjEuMGExYjJjM2QR'

export const VERSION: JsonSchema = {
  type: 'string',
  description: 'Names the write for ever: `writer:sequence`.',
  examples: [VERSION_EXAMPLE],
}
export const SESSION: JsonSchema = {
  type: 'string',
  description: 'Send it as `Skein-Session` with later requests, to any node, to read your own writes.',
  examples: [TOKEN_EXAMPLE],
}
export const CURSOR_FIELD: JsonSchema = { type: ['string', 'null'], description: 'Parameter `cursor` of the next page; null at the end.' }

const VALUE: JsonSchema = { description: 'Any JSON; text; or bytes, in base64 if `encoding` says so.', examples: [{ name: 'Alice' }] }
const VALUE_TYPE: JsonSchema = { type: 'string', enum: ['json', 'text', 'bytes'], description: 'What the value was written as.' }
const ENCODING: JsonSchema = { type: 'string', enum: ['base64'], description: 'There if the bytes are not UTF-8.' }
const WRITER: JsonSchema = {
  type: 'string',
  description: 'The log of the write: a node in one life of its process.',
  examples: ['n1.0a1b2c3d'],
}
const TIMESTAMP: JsonSchema = { type: 'string', format: 'date-time', description: 'By the hybrid logical clock.' }
const KEY: JsonSchema = { type: 'string', description: `1 to ${KEY_BYTES_MAX} bytes of UTF-8.`, examples: ['user:1'] }

const ITEM_FIELDS = {
  key: KEY,
  keyEncoding: { type: 'string', enum: ['base64'], description: 'There if the key is not UTF-8.' },
  value: VALUE,
  type: VALUE_TYPE,
  encoding: ENCODING,
  version: VERSION,
  writer: WRITER,
  timestamp: TIMESTAMP,
  expiresAt: { type: ['string', 'null'], format: 'date-time' },
} as const

export const ITEM: JsonSchema = { type: 'object', properties: ITEM_FIELDS }

const ITEM_WITH_CONFLICTS: JsonSchema = {
  type: 'object',
  properties: { ...ITEM_FIELDS, conflicts: { type: 'integer', description: 'Concurrent losers on record.' } },
}

const CONFLICT_SIDE: JsonSchema = {
  type: 'object',
  properties: {
    version: VERSION,
    writer: WRITER,
    timestamp: TIMESTAMP,
    epoch: { type: 'integer' },
    value: { ...VALUE, description: 'Null with the type `null`: a delete.' },
    type: { type: ['string', 'null'], enum: ['json', 'text', 'bytes', null] },
    encoding: ENCODING,
    valueOmitted: { type: 'boolean', description: 'True where the value is left out because the answer has grown too long.' },
    clock: {
      type: 'object',
      additionalProperties: { type: 'integer' },
      description: 'The vector clock: what its writer had seen, by log.',
    },
  },
}

export const CONFLICTS_OF_KEY: JsonSchema = {
  type: 'object',
  properties: {
    key: KEY,
    conflicts: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          winner: CONFLICT_SIDE,
          loser: CONFLICT_SIDE,
          rule: { type: 'string', enum: ['epoch', 'timestamp', 'writer'], description: 'What decided between the two.' },
          explanation: { type: 'string' },
        },
      },
    },
  },
}

export const BATCH: JsonSchema = {
  type: 'object',
  required: ['ops'],
  additionalProperties: false,
  properties: {
    ops: {
      type: 'array',
      items: {
        type: 'object',
        required: ['op', 'key'],
        properties: {
          op: { type: 'string', enum: ['set', 'del', 'restore'] },
          key: KEY,
          value: { description: `For set. JSON of at most ${JSON_DEPTH_MAX} levels; a string if \`type\` is text or bytes.` },
          type: { ...VALUE_TYPE, description: 'For set; json unless said.' },
          encoding: { ...ENCODING, description: 'For set of bytes.' },
          ttl: { type: ['string', 'integer'], description: 'For set: `30s`, or milliseconds.' },
          version: { ...VERSION, description: 'For restore: the losing version whose value is written again.' },
        },
      },
    },
    if: {
      type: 'array',
      description: 'All must hold, or nothing is written.',
      items: { type: 'object', required: ['key'], properties: { key: KEY, version: VERSION, absent: { type: 'boolean', enum: [true] } } },
    },
    w: { type: ['integer', 'string'], description: 'A number of nodes, `majority` or `all`.' },
  },
  examples: [
    {
      ops: [
        { op: 'set', key: 'user:1', value: { name: 'Alice' } },
        { op: 'del', key: 'user:2' },
      ],
      if: [{ key: 'user:1', absent: true }],
    },
  ],
}

/** An answer in JSON. */
export function jsonAnswer(description: string, properties: JsonSchema, headers: readonly ('ETag' | 'Skein-Session')[] = []): JsonSchema {
  return { description, type: 'object', properties, ...answerHeaders(headers) }
}

/** The answer that is a value itself, in one of the three media types. */
export const VALUE_ANSWER: JsonSchema = {
  description: 'The value, as it was written.',
  content: {
    'application/json': { schema: { anyOf: [VALUE, ITEM_WITH_CONFLICTS] } },
    'text/plain': { schema: { type: 'string' } },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  },
  ...answerHeaders(['ETag', 'Skein-Session']),
}

export const VALUE_BODY: JsonSchema = {
  content: {
    'application/json': { schema: VALUE },
    'text/plain': { schema: { type: 'string', examples: ['hello'] } },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  },
}

/** A route's description as the schema that the OpenAPI generator takes. */
export function fastifySchemaOf(route: RouteDescription): FastifySchema {
  const response: Record<string, unknown> = { ...route.answers }
  for (const code of ['BAD_REQUEST', ...route.failures, 'INTERNAL'] as const) {
    const status = String(ERROR_STATUS[code])
    response[status] = failureAnswer(failureCodes(route, Number(status)))
  }
  return {
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.path?.includes('{key}') ? { params: { type: 'object', properties: { key: KEY } } } : {}),
    ...(route.parameters === undefined ? {} : { querystring: parametersSchema(route.parameters) }),
    ...(route.headers === undefined ? {} : { headers: route.headers }),
    ...(route.body === undefined ? {} : { body: route.body }),
    response,
  }
}

function failureCodes(route: RouteDescription, status: number): readonly ErrorCode[] {
  return (['BAD_REQUEST', ...route.failures, 'INTERNAL'] as const).filter((code) => ERROR_STATUS[code] === status)
}

function failureAnswer(codes: readonly ErrorCode[]): JsonSchema {
  return {
    description: codes.join(', '),
    type: 'object',
    properties: {
      error: {
        type: 'object',
        required: ['code', 'message'],
        properties: {
          code: { type: 'string', enum: codes },
          message: { type: 'string', description: 'What is wrong, and what to do next.' },
          details: { type: 'object', additionalProperties: true },
        },
      },
    },
  }
}

function answerHeaders(names: readonly ('ETag' | 'Skein-Session')[]): JsonSchema {
  if (names.length === 0) return {}
  const schemas = {
    ETag: { type: 'string', description: 'The version, in quotes.' },
    'Skein-Session': { type: 'string', description: 'The session token.' },
  }
  return { headers: Object.fromEntries(names.map((name) => [name, schemas[name]])) }
}
