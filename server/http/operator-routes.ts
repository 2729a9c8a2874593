/**
 * What operators and their tools ask: is the process alive, is it ready, what does it know of
 * itself and of its peers. These routes read what is at hand and wait for nothing, so they answer
 * while the node is overloaded or still reading its logs: just when they are needed.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clusterView, unreadiness } from '../api/node-view.ts'
import type { JsonSchema } from '../api/parameters.ts'
import type { Gateway } from '../gateway.ts'
import { jsonAnswer } from './api-schema.ts'
import { JSON_TYPE } from './errors.ts'
import { Query } from './request-url.ts'

/** Registers status, cluster, health and readiness. */
export function registerOperatorRoutes(app: FastifyInstance, gateway: Gateway): void {
  app.get('/v1/status', { config: { describe: STATUS_DESCRIPTION } }, (request, reply) => {
    sendJson(request, reply, gateway.status())
  })
  app.get('/v1/cluster', { config: { describe: CLUSTER_DESCRIPTION } }, (request, reply) => {
    sendJson(request, reply, clusterView(gateway.status()))
  })
  app.get('/healthz', { config: { describe: HEALTH_DESCRIPTION } }, (request, reply) => {
    sendJson(request, reply, { alive: true })
  })
  app.get('/readyz', { config: { describe: READY_DESCRIPTION } }, (request, reply) => {
    const failure = unreadiness(gateway)
    if (failure !== null) throw failure
    sendJson(request, reply, { ready: true })
  })
}

function sendJson(request: FastifyRequest, reply: FastifyReply, body: object): void {
  Query.of(request.url, [])
  reply.header('content-type', JSON_TYPE).header('cache-control', 'no-store').send(JSON.stringify(body))
}

const OPEN: { type: string; additionalProperties: boolean } = { type: 'object', additionalProperties: true }

const CHAIN_PLACE = { ...OPEN, type: ['object', 'null'] }

const VOTER: JsonSchema = {
  type: 'object',
  properties: {
    node: { type: 'string' },
    directory: { type: ['string', 'null'], description: 'Null: bound to none yet, or none any more.' },
    length: { type: ['integer', 'null'], description: "Blocks of the leader's log that it holds, as the leader knows; null elsewhere." },
  },
}

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
      role: { type: 'string', enum: ['follower', 'canvassing', 'candidate', 'leader'] },
      promised: { type: 'integer', description: 'The epoch below which this node acknowledges nothing any more.' },
      committed: { ...CHAIN_PLACE, description: "The last block of the leaders' logs that this node knows a majority to hold." },
      applied: { ...CHAIN_PLACE, description: 'The last of them that it has applied.' },
      voters: {
        type: 'array',
        items: VOTER,
        description: 'Whose majority elects a leader and commits: names, each bound to one data directory.',
      },
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
  summary: 'Does the node serve reads and writes, or know who does?',
  answers: { 200: jsonAnswer('It does.', { ready: { type: 'boolean' } }) },
  failures: ['UNAVAILABLE', 'NO_QUORUM'],
} as const
