/**
 * How much the door takes on at a time: requests, and the bytes that they hold here, of bodies
 * announced or on their way and of long answers that a slow client has not taken yet. What is
 * over a bound is refused at once with UNAVAILABLE, before its body is read, so that an overloaded
 * node stays small and says so; a queue would only make everybody late.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import { SkeinError } from '../../base/index.ts'

export interface AdmissionLimits {
  readonly requestsMax: number
  readonly heldBytesMax: number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Withdraws the call to the node that answers this request; null if none is open. */
    withdraw: (() => void) | null
    /** Bytes that the door holds for this request. */
    heldBytes: number
  }
}

export class Admission {
  readonly #limits: AdmissionLimits
  #requests = 0
  /** Invariant: the sum of `heldBytes` of the requests that are in. */
  #heldBytes = 0

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
    if (this.#requests >= this.#limits.requestsMax || this.#heldBytes + bodyBytes > this.#limits.heldBytesMax) {
      // The body that follows is not read, so nothing after it can be found.
      if (bodyBytes > 0) reply.header('connection', 'close')
      throw new SkeinError('UNAVAILABLE', 'the node has as many requests as it can take: try again in a second, or another node')
    }
    this.#requests += 1
    this.hold(request, bodyBytes)
    reply.raw.once('close', () => {
      this.#requests -= 1
      this.#heldBytes -= request.heldBytes
      request.withdraw?.()
      request.withdraw = null
    })
  }

  /** Counts bytes that were made for an admitted request; those who come next are refused for them. */
  hold(request: FastifyRequest, bytes: number): void {
    request.heldBytes += bytes
    this.#heldBytes += bytes
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
