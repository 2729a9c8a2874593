/**
 * `/v1/keys/{key}`: one value, read, written, deleted. These routes carry most of a node's load,
 * so their answers are written by hand, and the value itself passes through untouched.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { KIB, SkeinError, textFromBinary } from '../../base/index.ts'
import type { Item } from '../../core/index.ts'
import { formatDot, type Value } from '../../crdt/index.ts'
import { itemFields, versionJson } from '../api/item-json.ts'
import { CONCERN, META, READ, TIMEOUT, TTL } from '../api/parameters.ts'
import { jsonAnswer, SESSION, VALUE_ANSWER, VALUE_BODY, VERSION } from './api-schema.ts'
import { JSON_TYPE } from './errors.ts'
import { ask, type Door } from './gateway-call.ts'
import { CONDITIONAL_WRITE_HEADERS, conditionsOf, READ_HEADERS } from './request-headers.ts'
import { keyOfUrl, Query } from './request-url.ts'
import { transact } from './transaction-call.ts'
import { bytesOfBody, mediaTypeOf, valueOfBody, valueTypeOf } from './value-body.ts'
import { readWaiting } from './waiting.ts'

const KEYS_PATH = '/v1/keys/'

/** Room around a JSON value for the spaces that are not stored. */
const BODY_SLACK_BYTES = 4 * KIB
/** Some clients send a body with a DELETE; nobody reads it. */
const DELETE_BODY_BYTES_MAX = 1 * KIB

/** A text up to this is sent as part of the write that carries its headers. */
const JOINED_BYTES_MAX = 4 * KIB

const GET_PARAMETERS = [META, READ, TIMEOUT]
const PUT_PARAMETERS = [TTL, CONCERN, TIMEOUT]
const DELETE_PARAMETERS = [CONCERN, TIMEOUT]

/** Registers the routes of `/v1/keys/{key}`. */
export function registerKeyRoutes(app: FastifyInstance, door: Door): void {
  app.get(`${KEYS_PATH}*`, { config: { describe: GET_DESCRIPTION } }, (request, reply) => getKey(door, request, reply))
  app.put(`${KEYS_PATH}*`, { config: { describe: PUT_DESCRIPTION }, bodyLimit: door.maxValueBytes + BODY_SLACK_BYTES }, (request, reply) =>
    putKey(door, request, reply),
  )
  app.delete(`${KEYS_PATH}*`, { config: { describe: DELETE_DESCRIPTION }, bodyLimit: DELETE_BODY_BYTES_MAX }, (request, reply) =>
    deleteKey(door, request, reply),
  )
}

function getKey(door: Door, request: FastifyRequest, reply: FastifyReply): void {
  const key = keyOfUrl(request.url, KEYS_PATH)
  const query = Query.of(request.url, GET_PARAMETERS)
  const withMeta = query.get(META) ?? false
  ask(door, { kind: 'get', key, ...readWaiting(door, request, query) }, 'value', reply, ({ item, conflicts, session }) => {
    reply.header('skein-session', door.tokens.textOf(session))
    if (item === null) throw new SkeinError('NOT_FOUND', 'there is no such key: write it with PUT, or list the keys with GET /v1/keys')
    sendItem(reply, item, withMeta ? conflicts : null)
  })
}

/** @param conflicts their number if the item's description is wanted, null for the bare value */
function sendItem(reply: FastifyReply, item: Item, conflicts: number | null): void {
  reply.header('etag', `"${formatDot(item.version.dot)}"`).header('x-content-type-options', 'nosniff')
  if (conflicts !== null) reply.header('content-type', JSON_TYPE).send(`{${itemFields(item, true, conflicts)}}`)
  else reply.header('content-type', mediaTypeOf(item.value.type)).send(payloadOf(item.value))
}

/**
 * What is sent of a value. A short text joins the headers in one write to the socket, where bytes
 * would be a second buffer; that is worth a tenth of a small read.
 */
function payloadOf({ type, data }: Value): string | Buffer {
  // JSON and text were checked to be UTF-8 when they came in, so they are the same bytes again.
  const text = type !== 'bytes' && data.length <= JOINED_BYTES_MAX ? textFromBinary(data) : null
  return text ?? Buffer.from(data, 'latin1')
}

function putKey(door: Door, request: FastifyRequest, reply: FastifyReply): void {
  const { headers, url } = request
  const key = keyOfUrl(url, KEYS_PATH)
  const query = Query.of(url, PUT_PARAMETERS)
  const type = valueTypeOf(headers['content-type'])
  if (headers['content-encoding'] !== undefined) {
    throw new SkeinError('BAD_REQUEST', 'content-encoding is not taken: send the value as it is, or compressed as application/octet-stream')
  }
  const value = valueOfBody(bytesOfBody(request.body), type, door.maxValueBytes)
  const write = {
    operations: [{ kind: 'set', key, value, ttlMs: query.get(TTL) ?? null }],
    conditions: conditionsOf(headers, key),
    concern: query.get(CONCERN) ?? 1,
  } as const
  transact(door, reply, query, write, ({ version, session }) => `{"version":${versionJson(version)},"session":"${session}"}`)
}

function deleteKey(door: Door, request: FastifyRequest, reply: FastifyReply): void {
  const key = keyOfUrl(request.url, KEYS_PATH)
  const query = Query.of(request.url, DELETE_PARAMETERS)
  const write = {
    operations: [{ kind: 'delete', key }],
    conditions: conditionsOf(request.headers, key),
    concern: query.get(CONCERN) ?? 1,
  } as const
  transact(
    door,
    reply,
    query,
    write,
    ({ version, deleted, session }) => `{"deleted":${deleted > 0},"version":${versionJson(version)},"session":"${session}"}`,
  )
}

const GET_DESCRIPTION = {
  tag: 'Keys',
  summary: 'Read a value',
  description:
    'Answers the value in the media type it was written as; with `meta=true`, a JSON object that holds the value and what is known of it.',
  path: '/v1/keys/{key}',
  parameters: GET_PARAMETERS,
  headers: READ_HEADERS,
  answers: { 200: VALUE_ANSWER },
  failures: ['NOT_FOUND', 'NOT_LEADER', 'UNAVAILABLE', 'NO_QUORUM', 'STALE'],
} as const

const PUT_DESCRIPTION = {
  tag: 'Keys',
  summary: 'Write a value',
  description:
    'Durable when it is answered: on this node, which then copies it to the others; in leader mode on a majority. Repeat it safely with an `Idempotency-Key`.',
  path: '/v1/keys/{key}',
  parameters: PUT_PARAMETERS,
  headers: CONDITIONAL_WRITE_HEADERS,
  body: VALUE_BODY,
  answers: { 200: jsonAnswer('Written.', { version: VERSION, session: SESSION }, ['Skein-Session']) },
  failures: ['CONFLICT', 'TOO_LARGE', 'NOT_LEADER', 'UNAVAILABLE', 'NO_QUORUM', 'STALE', 'CLOCK_SKEW', 'DISK_FULL'],
} as const

const DELETE_DESCRIPTION = {
  tag: 'Keys',
  summary: 'Delete a key',
  description: 'Answers whether the key existed; deleting what is not there is no failure.',
  path: '/v1/keys/{key}',
  parameters: DELETE_PARAMETERS,
  headers: CONDITIONAL_WRITE_HEADERS,
  answers: {
    200: jsonAnswer(
      'Deleted, or not there.',
      { deleted: { type: 'boolean' }, version: { ...VERSION, type: ['string', 'null'] }, session: SESSION },
      ['Skein-Session'],
    ),
  },
  failures: ['CONFLICT', 'NOT_LEADER', 'UNAVAILABLE', 'NO_QUORUM', 'STALE', 'CLOCK_SKEW', 'DISK_FULL'],
} as const
