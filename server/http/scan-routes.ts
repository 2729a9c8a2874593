/**
 * `GET /v1/keys`: an ordered scan, a page at a time. Prefix, start, end and cursor all narrow one
 * range of keys; the next page is asked for with the cursor, so the node remembers nothing of a
 * client that lists.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PAGE_ITEMS_DEFAULT } from '../../base/index.ts'
import { type KeyRange, keyRange } from '../../core/index.ts'
import { parseCursor } from '../api/cursor.ts'
import { pageFields } from '../api/item-json.ts'
import { CURSOR, END, LIMIT, PREFIX, READ, REVERSE, START, TIMEOUT, VALUES } from '../api/parameters.ts'
import { CURSOR_FIELD, ITEM, jsonAnswer } from './api-schema.ts'
import { JSON_TYPE } from './errors.ts'
import { ask, type Door } from './gateway-call.ts'
import { READ_HEADERS } from './request-headers.ts'
import { Query } from './request-url.ts'
import { readWaiting } from './waiting.ts'

const SCAN_PARAMETERS = [PREFIX, START, END, LIMIT, CURSOR, REVERSE, VALUES, READ, TIMEOUT]

/** Registers `GET /v1/keys`. */
export function registerScanRoutes(app: FastifyInstance, door: Door): void {
  app.get('/v1/keys', { config: { describe: SCAN_DESCRIPTION } }, (request, reply) => scan(door, request, reply))
}

function scan(door: Door, request: FastifyRequest, reply: FastifyReply): void {
  const query = Query.of(request.url, SCAN_PARAMETERS)
  const range = rangeOf(query)
  const withValues = query.get(VALUES) ?? true
  const call = { kind: 'scan', range, limit: query.get(LIMIT) ?? PAGE_ITEMS_DEFAULT, ...readWaiting(door, request, query) } as const
  ask(door, call, 'page', reply, ({ items, next, session }) => {
    reply.header('content-type', JSON_TYPE).header('x-content-type-options', 'nosniff')
    const body = `{${pageFields(items, next, range.reverse, withValues)}}`
    door.admission.hold(request, body.length)
    reply.header('skein-session', door.tokens.textOf(session)).send(body)
  })
}

/** The keys that a scan asks for. @throws BAD_REQUEST, TOO_LARGE */
function rangeOf(query: Query): KeyRange {
  const reverse = query.get(REVERSE) ?? false
  const cursor = query.get(CURSOR)
  return keyRange({
    prefix: query.get(PREFIX) ?? null,
    start: query.get(START) ?? null,
    end: query.get(END) ?? null,
    reverse,
    cursor: cursor === undefined ? null : parseCursor(reverse ? 'reverse scan' : 'scan', cursor),
  })
}

const SCAN_DESCRIPTION = {
  tag: 'Keys',
  summary: 'List keys in order',
  description:
    'Keys are ordered by their bytes. A page ends at its limit, or early when it has grown to some megabytes; go on with its cursor and the same parameters.',
  parameters: SCAN_PARAMETERS,
  headers: READ_HEADERS,
  answers: { 200: jsonAnswer('A page.', { items: { type: 'array', items: ITEM }, cursor: CURSOR_FIELD }, ['Skein-Session']) },
  failures: ['NOT_LEADER', 'UNAVAILABLE', 'NO_QUORUM', 'STALE'],
} as const
