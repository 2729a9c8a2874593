/**
 * Requests for which there is no route: an unknown path is NOT_FOUND, a known path under another
 * method says which methods it takes. Both point to where all routes are listed.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { SkeinError } from '../../base/index.ts'
import { sendFailure } from './errors.ts'

const WILDCARD = '*'

/** The methods of every path, gathered while the routes are registered. */
export class RouteTable {
  readonly #methods = new Map<string, Set<string>>()

  add(methods: string | readonly string[], path: string): void {
    const known = this.#methods.get(path) ?? new Set()
    this.#methods.set(path, known)
    for (const method of typeof methods === 'string' ? [methods] : methods) known.add(method)
  }

  /** The methods that a path takes; none if it is unknown. */
  methodsOf(path: string): readonly string[] {
    for (const [pattern, methods] of this.#methods) {
      const matches = pattern.endsWith(WILDCARD) ? path.startsWith(pattern.slice(0, -1)) : path === pattern
      if (matches) return [...methods]
    }
    return []
  }
}

/** Answers a request that no route takes. */
export function refuseUnrouted(routes: RouteTable, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const [path = ''] = request.url.split('?')
  const methods = routes.methodsOf(path)
  if (methods.length === 0) {
    sendFailure(
      reply,
      new SkeinError('NOT_FOUND', 'there is no such route: GET /docs shows all of them, and keys are under /v1/keys/{key}'),
      log,
    )
    return
  }
  reply.header('allow', methods.join(', '))
  sendFailure(reply, new SkeinError('BAD_REQUEST', `this path takes ${methods.join(', ')}, not ${request.method}: see GET /docs`), log)
}
