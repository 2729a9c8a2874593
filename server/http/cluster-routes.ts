/**
 * What changes who takes writes: the switch between the modes (EP4, EP5), the transfer of the
 * leadership (LM10), and a change of the members (MB1). All are answered once it has happened, so
 * that a script can go on, and may be asked of any node that votes.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { KIB, parseNodeName } from '../../base/index.ts'
import { type JsonObject, objectOf } from '../api/json-object.ts'
import { type MembersChange, membersFields } from '../api/members-json.ts'
import { type ModeChange, modeField, modeFields, nodeField } from '../api/mode-json.ts'
import { FORCE, TIMEOUT, TIMEOUT_DEFAULT_MS } from '../api/parameters.ts'
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
const REMOVE_PARAMETERS = [...PARAMETERS, FORCE]

const MEMBERS_PATH = '/v1/cluster/members/'

/** Registers the routes under `/v1/cluster` that change it. */
export function registerClusterRoutes(app: FastifyInstance, door: Door): void {
  app.post('/v1/cluster/mode', { config: { describe: MODE_DESCRIPTION }, bodyLimit: BODY_BYTES_MAX }, (request, reply) => {
    const mode = modeField(fieldOf(request, 'mode'))
    change(door, request, reply, { kind: 'mode', mode })
  })
  app.post('/v1/cluster/promote', { config: { describe: PROMOTE_DESCRIPTION }, bodyLimit: BODY_BYTES_MAX }, (request, reply) => {
    const node = nodeField(fieldOf(request, 'node'))
    change(door, request, reply, { kind: 'promote', node })
  })
  app.post('/v1/cluster/join', { config: { describe: JOIN_DESCRIPTION }, bodyLimit: BODY_BYTES_MAX }, (request, reply) => {
    const node = nodeField(fieldOf(request, 'node'))
    changeMembers(door, request, reply, { kind: 'members', change: 'join', node, isForced: false })
  })
  app.delete(`${MEMBERS_PATH}*`, { config: { describe: REMOVE_DESCRIPTION } }, (request, reply) => {
    const [path = ''] = request.url.split('?')
    const node = parseNodeName(path.slice(MEMBERS_PATH.length))
    const isForced = Query.of(request.url, REMOVE_PARAMETERS).get(FORCE) ?? false
    changeMembers(door, request, reply, { kind: 'members', change: 'remove', node, isForced })
  })
}

/** The body, an object of one field. @throws BAD_REQUEST */
function fieldOf(request: FastifyRequest, field: string): JsonObject {
  requireJson(request)
  const { text, parsed } = parseJsonBody(bytesOfBody(request.body), BODY_DEPTH_MAX)
  return objectOf(parsed, BODY.name, '', [field], text, 0)
}

function change(door: Door, request: FastifyRequest, reply: FastifyReply, wanted: ModeChange): void {
  ask(door, { ...wanted, timeoutMs: timeoutOf(request) }, 'mode', reply, (reached) => {
    reply.header('content-type', JSON_TYPE).send(`{${modeFields(reached)}}`)
  })
}

function changeMembers(door: Door, request: FastifyRequest, reply: FastifyReply, wanted: MembersChange): void {
  ask(door, { ...wanted, timeoutMs: timeoutOf(request) }, 'members', reply, (changed) => {
    reply.header('content-type', JSON_TYPE).send(`{${membersFields(changed)}}`)
  })
}

function timeoutOf(request: FastifyRequest): number {
  return Query.of(request.url, request.method === 'DELETE' ? REMOVE_PARAMETERS : PARAMETERS).get(TIMEOUT) ?? TIMEOUT_DEFAULT_MS
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

const NODE_BODY = {
  type: 'object',
  required: ['node'],
  additionalProperties: false,
  properties: { node: { type: 'string', examples: ['n2'] } },
} as const

const PROMOTE_DESCRIPTION = {
  tag: 'Operation',
  summary: 'Hand the leadership over to a node',
  description: 'The leader brings the node up to date, which then takes over. Answered once it leads.',
  parameters: PARAMETERS,
  body: NODE_BODY,
  answers: { 200: REACHED },
  failures: ['NOT_FOUND', 'NOT_LEADER', 'NO_QUORUM', 'UNAVAILABLE'],
} as const

const VOTERS = jsonAnswer('It has happened.', {
  voters: { type: 'array', items: { type: 'string' }, description: 'Who votes now.', examples: [['n1', 'n2', 'n3', 'n4']] },
})

const JOIN_DESCRIPTION = {
  tag: 'Operation',
  summary: 'Give a node a vote',
  description:
    'The node runs, was started with `--join`, and is connected. It votes, and counts for write concerns, once it holds what the others hold; that is when this is answered. In multi-leader mode writes wait meanwhile, some hundreds of milliseconds. Asking again changes nothing.',
  parameters: PARAMETERS,
  body: NODE_BODY,
  answers: { 200: VOTERS },
  failures: ['NOT_FOUND', 'CONFLICT', 'NOT_LEADER', 'NO_QUORUM', 'UNAVAILABLE'],
} as const

const REMOVE_DESCRIPTION = {
  tag: 'Operation',
  summary: 'Remove a node from the cluster',
  description:
    'It votes and counts no more, and the others refuse it. What only that node had is lost. It can come back with an empty data directory. Refused if too few of the others are reached to go on without it; with `force` the last of two voters goes on alone.',
  path: '/v1/cluster/members/{node}',
  parameters: REMOVE_PARAMETERS,
  answers: { 200: VOTERS },
  failures: ['NOT_FOUND', 'CONFLICT', 'NOT_LEADER', 'NO_QUORUM', 'UNAVAILABLE'],
} as const
