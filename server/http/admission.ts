/**
 * How much the door takes on at a time: requests, and bytes of bodies that are announced or on
 * their way. What is over a bound is refused at once with UNAVAILABLE, before its body is read,
 * so that an overloaded node stays small and says so; a queue would only make everybody late.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { SkeinError } from '../../base/index.ts'

export interface AdmissionLimits {
  readonly requestsMax: number
  readonly bodyBytesMax: number
}

export class Admission {
  readonly #limits: AdmissionLimits
  #requests = 0
  #bodyBytes = 0

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
  }

  get requests(): number {
    return this.#requests
  }

  /**
   * Counts a request in, until its connection is done with it; then withdraws what it still asks
   * of the node. @throws UNAVAILABLE
   */
  enter(request: FastifyRequest, reply: FastifyReply): void {
    const bodyBytes = announcedBytes(request)
    if (this.#requests >= this.#limits.requestsMax || this.#bodyBytes + bodyBytes > this.#limits.bodyBytesMax) {
      // The body that follows is not read, so nothing after it can be found.
      if (bodyBytes > 0) reply.header('connection', 'close')
      throw new SkeinError('UNAVAILABLE', 'the node has as many requests as it can take: try again in a second, or another node')
    }
    this.#requests += 1
    this.#bodyBytes += bodyBytes
    reply.raw.once('close', () => {
      this.#requests -= 1
      this.#bodyBytes -= bodyBytes
      request.withdraw?.()
      request.withdraw = null
    })
  }
}

/** How long the body says it is; one of unknown length counts as the longest that is taken. */
function announcedBytes(request: FastifyRequest): number {
  const { headers, routeOptions } = request
  const limit = routeOptions.bodyLimit ?? 0
  if (headers['transfer-encoding'] !== undefined) return limit
  // What is longer than the limit is refused before it is read.
  return headers['content-length'] === undefined ? 0 : Math.min(Number(headers['content-length']), limit)
}
