/**
 * What a read may be answered from, and how long it may wait for that (SS1, LM7). One rule for
 * every route that reads: a session that is brought is honoured, unless the request asks for
 * another consistency by name.
 */

import type { FastifyRequest } from 'fastify'
import type { ReadConsistency } from '../../core/index.ts'
import type { ReadonlyVersionVector } from '../../crdt/index.ts'
import { READ, TIMEOUT, TIMEOUT_DEFAULT_MS } from '../api/parameters.ts'
import type { Door } from './gateway-call.ts'
import { sessionOf } from './request-headers.ts'
import type { Query } from './request-url.ts'

export interface ReadWaiting {
  readonly consistency: ReadConsistency
  readonly session: ReadonlyVersionVector | null
  readonly timeoutMs: number
}

/** @throws BAD_REQUEST */
export function readWaiting(door: Door, request: FastifyRequest, query: Query): ReadWaiting {
  const session = sessionOf(request.headers, door.tokens)
  const consistency = query.get(READ) ?? (session === null ? 'local' : 'session')
  // A local read waits for nothing, so not for its session either.
  return { consistency, session: consistency === 'local' ? null : session, timeoutMs: query.get(TIMEOUT) ?? TIMEOUT_DEFAULT_MS }
}
