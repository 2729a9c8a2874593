/**
 * `POST /v1/batch`: several operations as one transaction, all or nothing (WR3).
 *
 * The body has to say that it is JSON. That is not only tidy: a page in somebody's browser can
 * send a POST to a node on loopback without asking it, but only with the types of a form, so the
 * requirement keeps foreign pages from writing.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SkeinError } from '../../base/index.ts'
import { BATCH_DEPTH_MAX, BATCH_FIELDS, BATCH_JSON_BYTES_MAX, batchOf } from '../api/batch-json.ts'
import { versionJson } from '../api/item-json.ts'
import { objectOf } from '../api/json-object.ts'
import { TIMEOUT } from '../api/parameters.ts'
import { BATCH, jsonAnswer, SESSION, VERSION } from './api-schema.ts'
import type { Door } from './gateway-call.ts'
import { WRITE_HEADERS } from './request-headers.ts'
import { Query } from './request-url.ts'
import { transact } from './transaction-call.ts'
import { BODY, bytesOfBody, parseJsonBody } from './value-body.ts'

const BATCH_PARAMETERS = [TIMEOUT]

/** Registers `POST /v1/batch`. */
export function registerBatchRoutes(app: FastifyInstance, door: Door): void {
  app.post('/v1/batch', { config: { describe: BATCH_DESCRIPTION }, bodyLimit: BATCH_JSON_BYTES_MAX }, (request, reply) =>
    postBatch(door, request, reply),
  )
}

/** @throws BAD_REQUEST unless the body is announced as JSON */
export function requireJson(request: FastifyRequest): void {
  const [essence = ''] = (request.headers['content-type'] ?? '').toLowerCase().split(';')
  if (essence.trim() === 'application/json') return
  throw new SkeinError(
    'BAD_REQUEST',
    "the body is not announced as JSON: add the header content-type: application/json (curl: -H 'content-type: application/json')",
  )
}

function postBatch(door: Door, request: FastifyRequest, reply: FastifyReply): void {
  requireJson(request)
  const query = Query.of(request.url, BATCH_PARAMETERS)
  const { text, parsed } = parseJsonBody(bytesOfBody(request.body), BATCH_DEPTH_MAX)
  const write = batchOf(objectOf(parsed, BODY.name, '', BATCH_FIELDS, text, 0), door.maxValueBytes, BODY)
  transact(
    door,
    reply,
    query,
    write,
    ({ version, deleted, session }) => `{"version":${versionJson(version)},"deleted":${deleted},"session":"${session}"}`,
  )
}

const BATCH_DESCRIPTION = {
  tag: 'Batches',
  summary: 'Write several keys at once',
  description:
    'All operations become visible together, on every node, or none does. Conditions are decided on this node (in multi-leader mode, by it alone).',
  parameters: BATCH_PARAMETERS,
  headers: WRITE_HEADERS,
  body: BATCH,
  answers: {
    200: jsonAnswer(
      'Written.',
      {
        version: { ...VERSION, type: ['string', 'null'] },
        deleted: { type: 'integer', description: 'Keys that existed and were deleted.' },
        session: SESSION,
      },
      ['Skein-Session'],
    ),
  },
  failures: ['CONFLICT', 'TOO_LARGE', 'NOT_LEADER', 'UNAVAILABLE', 'NO_QUORUM', 'STALE', 'CLOCK_SKEW', 'DISK_FULL'],
} as const
