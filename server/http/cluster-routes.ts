/**
 * What changes who takes writes: the switch between the modes (EP4, EP5) and the transfer of the
 * leadership (LM10). Both are answered once it has happened, so that a script can go on, and both
 * may be asked of any node.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { KIB } from '../../base/index.ts'
import { type JsonObject, objectOf } from '../api/json-object.ts'
import { type ModeChange, modeField, modeFields, nodeField } from '../api/mode-json.ts'
import { TIMEOUT, TIMEOUT_DEFAULT_MS } from '../api/parameters.ts'
import { jsonAnswer } from './api-schema.ts'
import { requireJson } from './batch-routes.ts'
import { JSON_TYPE } from './errors.ts'
import { ask, type Door } from './gateway-call.ts'
import { Query } from './request-url.ts'
import { BODY, bytesOfBody, parseJsonBody } from './value-body.ts'

/** `{"mode": "leader"}`, with room for spaces. */
const BODY_BYTES_MAX = 1 * KIB
const BODY_DEPTH_MAX = 1

const PARAMETERS = [TIMEOUT]

/** Registers `POST /v1/cluster/mode` and `POST /v1/cluster/promote`. */
export function registerClusterRoutes(app: FastifyInstance, door: Door): void {
  app.post('/v1/cluster/mode', { config: { describe: MODE_DESCRIPTION }, bodyLimit: BODY_BYTES_MAX }, (request, reply) => {
    const mode = modeField(fieldOf(request, 'mode'))
    change(door, request, reply, { kind: 'mode', mode })
  })
  app.post('/v1/cluster/promote', { config: { describe: PROMOTE_DESCRIPTION }, bodyLimit: BODY_BYTES_MAX }, (request, reply) => {
    const node = nodeField(fieldOf(request, 'node'))
    change(door, request, reply, { kind: 'promote', node })
  })
}

/** The body, an object of one field. @throws BAD_REQUEST */
function fieldOf(request: FastifyRequest, field: string): JsonObject {
  requireJson(request)
  const { text, parsed } = parseJsonBody(bytesOfBody(request.body), BODY_DEPTH_MAX)
  return objectOf(parsed, BODY.name, '', [field], text, 0)
}

function change(door: Door, request: FastifyRequest, reply: FastifyReply, wanted: ModeChange): void {
  const timeoutMs = Query.of(request.url, PARAMETERS).get(TIMEOUT) ?? TIMEOUT_DEFAULT_MS
  ask(door, { ...wanted, timeoutMs }, 'mode', reply, (reached) => {
    reply.header('content-type', JSON_TYPE).send(`{${modeFields(reached)}}`)
  })
}

const REACHED = jsonAnswer('It has happened.', {
  mode: { type: 'string', enum: ['multi', 'leader'] },
  epoch: { type: 'integer' },
  leader: { type: ['string', 'null'] },
})

const MODE_DESCRIPTION = {
  tag: 'Operation',
  summary: 'Switch the mode of the cluster',
  description:
    'In `multi` every node takes writes, in `leader` one of them does. Nothing that was acknowledged is lost by a switch. Answered once this node is in the mode.',
  parameters: PARAMETERS,
  body: {
    type: 'object',
    required: ['mode'],
    additionalProperties: false,
    properties: { mode: { type: 'string', enum: ['multi', 'leader'] } },
  },
  answers: { 200: REACHED },
  failures: ['NOT_LEADER', 'NO_QUORUM', 'UNAVAILABLE'],
} as const

const PROMOTE_DESCRIPTION = {
  tag: 'Operation',
  summary: 'Hand the leadership over to a node',
  description: 'The leader brings the node up to date, which then takes over. Answered once it leads.',
  parameters: PARAMETERS,
  body: { type: 'object', required: ['node'], additionalProperties: false, properties: { node: { type: 'string', examples: ['n2'] } } },
  answers: { 200: REACHED },
  failures: ['NOT_FOUND', 'NOT_LEADER', 'NO_QUORUM', 'UNAVAILABLE'],
} as const
