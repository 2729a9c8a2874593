/**
 * What operators and their tools ask: is the process alive, is it ready, what does it know of
 * itself and of its peers. These routes read what is at hand and wait for nothing, so they answer
 * while the node is overloaded or still reading its logs: just when they are needed.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SkeinError, unreachable } from '../../base/index.ts'
import type { ReplicaState } from '../../core/index.ts'
import type { Gateway, NodeStatus } from '../gateway.ts'
import { jsonAnswer } from './api-schema.ts'
import { JSON_TYPE } from './errors.ts'
import { Query } from './request-url.ts'

/** Registers status, cluster, health and readiness. */
export function registerOperatorRoutes(app: FastifyInstance, gateway: Gateway): void {
  app.get('/v1/status', { config: { describe: STATUS_DESCRIPTION } }, (request, reply) => {
    sendJson(request, reply, gateway.status())
  })
  app.get('/v1/cluster', { config: { describe: CLUSTER_DESCRIPTION } }, (request, reply) => {
    sendJson(request, reply, clusterOf(gateway.status()))
  })
  app.get('/healthz', { config: { describe: HEALTH_DESCRIPTION } }, (request, reply) => {
    sendJson(request, reply, { alive: true })
  })
  app.get('/readyz', { config: { describe: READY_DESCRIPTION } }, (request, reply) => {
    const { state } = gateway.status()
    const failure = unreadiness(state, gateway.isReady)
    if (failure !== null) throw failure
    sendJson(request, reply, { ready: true })
  })
}

/** The members as this node sees them, itself included. */
function clusterOf(status: NodeStatus): object {
  const peers = new Map(status.peers.map((peer) => [peer.node, peer]))
  const members = status.members.map((node) => {
    const peer = peers.get(node)
    if (peer === undefined) return { node, self: node === status.node, state: node === status.node ? 'alive' : 'down' }
    const { state, connected, directory, lag, behind, rttMs, clockSkewMs, digest } = peer
    return { node, self: false, state, connected, directory, lag, behind, rttMs, clockSkewMs, digest }
  })
  return { node: status.node, mode: status.mode, epoch: status.epoch, leader: status.leader, digest: status.digest, members }
}

/** Why the node is not ready, or null if it is. */
function unreadiness(state: ReplicaState, isReady: boolean): SkeinError | null {
  switch (state.kind) {
    case 'recovering':
      return new SkeinError(
        'UNAVAILABLE',
        `the node is reading its logs, ${state.done} of ${state.total} entries so far: wait, or ask another node`,
        {
          details: { state },
        },
      )
    case 'read-only':
      return new SkeinError('UNAVAILABLE', `the node serves reads alone because of ${state.reason}: see GET /v1/status`, {
        details: { state },
      })
    case 'serving':
      return isReady
        ? null
        : new SkeinError('UNAVAILABLE', 'the node is starting or stopping: wait, or ask another node', { details: { state } })
    default:
      return unreachable(state)
  }
}

function sendJson(request: FastifyRequest, reply: FastifyReply, body: object): void {
  Query.of(request.url, [])
  reply.header('content-type', JSON_TYPE).header('cache-control', 'no-store').send(JSON.stringify(body))
}

const OPEN: { type: string; additionalProperties: boolean } = { type: 'object', additionalProperties: true }

const STATUS_DESCRIPTION = {
  tag: 'Operation',
  summary: 'This node: identity, state, logs, peers, storage',
  description: 'Nodes with equal frontiers have equal digests.',
  answers: {
    200: jsonAnswer('The status.', {
      node: { type: 'string' },
      writer: { type: ['string', 'null'], description: 'The log that this life of the node writes; null before its first write.' },
      version: { type: 'string', description: 'Of the program.' },
      mode: { type: 'string', enum: ['multi', 'leader'] },
      epoch: { type: 'integer' },
      leader: { type: ['string', 'null'] },
      digest: { type: 'string' },
      frontier: { type: 'object', additionalProperties: { type: 'integer' } },
      logs: { type: 'array', items: OPEN },
      peers: { type: 'array', items: OPEN },
      storage: OPEN,
      uptime: { type: 'number', description: 'Seconds.' },
    }),
  },
  failures: [],
} as const

const CLUSTER_DESCRIPTION = {
  tag: 'Operation',
  summary: 'Members and mode, as this node sees them',
  answers: {
    200: jsonAnswer('The cluster.', {
      node: { type: 'string' },
      mode: { type: 'string', enum: ['multi', 'leader'] },
      epoch: { type: 'integer' },
      leader: { type: ['string', 'null'] },
      digest: { type: 'string' },
      members: { type: 'array', items: OPEN },
    }),
  },
  failures: [],
} as const

const HEALTH_DESCRIPTION = {
  tag: 'Operation',
  summary: 'Does the process live?',
  answers: { 200: jsonAnswer('It does.', { alive: { type: 'boolean' } }) },
  failures: [],
} as const

const READY_DESCRIPTION = {
  tag: 'Operation',
  summary: 'Does the node serve reads and writes?',
  answers: { 200: jsonAnswer('It does.', { ready: { type: 'boolean' } }) },
  failures: ['UNAVAILABLE'],
} as const
