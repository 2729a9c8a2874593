/**
 * `/v1/conflicts`: what concurrent writes lost, against what, and why; and the way back for a
 * loser. Reading a key never asks anybody to merge; whoever cares looks here.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Key, KIB, PAGE_ITEMS_DEFAULT } from '../../base/index.ts'
import type { KeyConflicts } from '../../core/index.ts'
import { conflictPageFields } from '../api/conflict-json.ts'
import { parseCursor } from '../api/cursor.ts'
import { versionJson } from '../api/item-json.ts'
import { objectOf, versionField } from '../api/json-object.ts'
import { CONCERN, CURSOR, LIMIT, TIMEOUT } from '../api/parameters.ts'
import { CONFLICTS_OF_KEY, CURSOR_FIELD, jsonAnswer, SESSION, VERSION } from './api-schema.ts'
import { requireJson } from './batch-routes.ts'
import { JSON_TYPE } from './errors.ts'
import { ask, type Door } from './gateway-call.ts'
import { WRITE_HEADERS } from './request-headers.ts'
import { keyOfUrl, Query } from './request-url.ts'
import { transact } from './transaction-call.ts'
import { BODY, bytesOfBody, parseJsonBody } from './value-body.ts'

const CONFLICTS_PATH = '/v1/conflicts/'
const RESTORE_SUFFIX = '/restore'
/** `{"version": "…"}`, with room for spaces. */
const RESTORE_BODY_BYTES_MAX = 4 * KIB
const RESTORE_DEPTH_MAX = 1

const LIST_PARAMETERS = [LIMIT, CURSOR]
const RESTORE_PARAMETERS = [CONCERN, TIMEOUT]

/** Registers the routes under `/v1/conflicts`. */
export function registerConflictRoutes(app: FastifyInstance, door: Door): void {
  app.get('/v1/conflicts', { config: { describe: LIST_DESCRIPTION } }, (request, reply) => listConflicts(door, request, reply))
  app.get(`${CONFLICTS_PATH}*`, { config: { describe: KEY_DESCRIPTION } }, (request, reply) => getConflicts(door, request, reply))
  // The key may have slashes, so the router can't find the end of it: the handler does.
  app.post(`${CONFLICTS_PATH}*`, { config: { describe: RESTORE_DESCRIPTION }, bodyLimit: RESTORE_BODY_BYTES_MAX }, (request, reply) =>
    restore(door, request, reply),
  )
}

function listConflicts(door: Door, request: FastifyRequest, reply: FastifyReply): void {
  const query = Query.of(request.url, LIST_PARAMETERS)
  const cursor = query.get(CURSOR)
  const after = cursor === undefined ? null : parseCursor('conflicts', cursor)
  const call = { kind: 'conflicts', key: null, after, limit: query.get(LIMIT) ?? PAGE_ITEMS_DEFAULT } as const
  ask(door, call, 'conflicts', reply, ({ keys, next }) => sendPage(door, reply, keys, next))
}

function getConflicts(door: Door, request: FastifyRequest, reply: FastifyReply): void {
  const key = keyOfUrl(request.url, CONFLICTS_PATH)
  Query.of(request.url, [])
  ask(door, { kind: 'conflicts', key, after: null, limit: 1 }, 'conflicts', reply, ({ keys }) => sendPage(door, reply, keys, null))
}

function restore(door: Door, request: FastifyRequest, reply: FastifyReply): void {
  const key = keyOfUrl(request.url, CONFLICTS_PATH, RESTORE_SUFFIX)
  const query = Query.of(request.url, RESTORE_PARAMETERS)
  requireJson(request)
  const { text, parsed } = parseJsonBody(bytesOfBody(request.body), RESTORE_DEPTH_MAX)
  const version = versionField(objectOf(parsed, BODY.name, '', ['version'], text, 0), 'version')
  const write = { operations: [{ kind: 'restore', key, version }], conditions: [], concern: query.get(CONCERN) ?? 1 } as const
  transact(door, reply, query, write, (result) => `{"version":${versionJson(result.version)},"session":"${result.session}"}`)
}

function sendPage(door: Door, reply: FastifyReply, keys: readonly KeyConflicts[], next: Key | null): void {
  reply.header('content-type', JSON_TYPE).header('x-content-type-options', 'nosniff')
  const body = `{${conflictPageFields(keys, next)}}`
  door.admission.hold(reply.request, body.length)
  reply.send(body)
}

const PAGE_ANSWER = jsonAnswer('A page.', { items: { type: 'array', items: CONFLICTS_OF_KEY }, cursor: CURSOR_FIELD })

const LIST_DESCRIPTION = {
  tag: 'Conflicts',
  summary: 'List keys with conflicts',
  description:
    'The last 16 concurrent losers of each key, kept for 7 days, each with the version that won, both vector clocks and the rule that decided.',
  parameters: LIST_PARAMETERS,
  answers: { 200: PAGE_ANSWER },
  failures: ['UNAVAILABLE'],
} as const

const KEY_DESCRIPTION = {
  tag: 'Conflicts',
  summary: 'Show the conflicts of a key',
  description: 'No items if nothing was lost.',
  path: '/v1/conflicts/{key}',
  answers: { 200: PAGE_ANSWER },
  failures: ['UNAVAILABLE'],
} as const

const RESTORE_DESCRIPTION = {
  tag: 'Conflicts',
  summary: 'Write a loser again',
  description: 'Writes what the losing version held, as a new version that knows both sides.',
  path: '/v1/conflicts/{key}/restore',
  parameters: RESTORE_PARAMETERS,
  headers: WRITE_HEADERS,
  body: { type: 'object', required: ['version'], additionalProperties: false, properties: { version: VERSION } },
  answers: { 200: jsonAnswer('Written.', { version: VERSION, session: SESSION }, ['Skein-Session']) },
  failures: ['NOT_FOUND', 'NOT_LEADER', 'UNAVAILABLE', 'NO_QUORUM', 'STALE', 'CLOCK_SKEW', 'DISK_FULL'],
} as const
