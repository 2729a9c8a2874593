/**
 * From a route to the node and back. A call is answered once: by the route that made it, by its
 * failure, or by nobody if the client has gone, and then it is withdrawn. Callbacks all the way,
 * no promise in between: this is the path of every request.
 */

import type { FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import { assert, type SkeinError, unreachable } from '../../base/index.ts'
import type { Reply, Request } from '../../core/index.ts'
import type { SessionTokens } from '../api/session-tokens.ts'
import type { Gateway } from '../gateway.ts'
import type { Admission } from './admission.ts'
import { sendFailure } from './errors.ts'
import { type Forwarder, leaderOf, lostError, relay } from './forwarder.ts'

/** What every route needs. */
export interface Door {
  readonly gateway: Gateway
  readonly log: Logger
  /** A value, in bytes. */
  readonly maxValueBytes: number
  readonly tokens: SessionTokens
  readonly admission: Admission
  /** Sends on what only the leader can do; null: that is refused. */
  readonly forwarder: Forwarder | null
}

type ReplyOf<Kind extends Reply['kind']> = Extract<Reply, { readonly kind: Kind }>

/** Asks the node, and has `answer` send what comes back; a failure is sent as what it is. */
export function ask<Kind extends Exclude<Reply['kind'], 'failed'>>(
  door: Door,
  call: Request,
  kind: Kind,
  reply: FastifyReply,
  answer: (result: ReplyOf<Kind>) => void,
): void {
  const { request } = reply
  const startedMs = performance.now()
  let isAnswered = false
  const withdraw = door.gateway.request(call, (result) => {
    isAnswered = true
    request.withdraw = null
    // What is thrown here must not reach the node, which answers other requests in the same turn.
    try {
      if (result.kind === 'failed') {
        if (forward(door, call, reply, result.error, startedMs)) return
        throw result.error
      }
      assert(isOfKind(result, kind), `a request of kind ${call.kind} was answered by a ${result.kind}`)
      answer(result)
    } catch (error) {
      sendFailure(reply, error, door.log)
    }
  })
  if (!isAnswered) request.withdraw = withdraw
}

/** Sends a refused request on to the leader. False if that is not to be done, or nobody knows where the leader is. */
function forward({ forwarder, log }: Door, call: Request, reply: FastifyReply, refusal: SkeinError, startedMs: number): boolean {
  const { request } = reply
  const leader = leaderOf(refusal, request)
  if (forwarder === null || leader === null || !('timeoutMs' in call)) return false
  const leftMs = call.timeoutMs - (performance.now() - startedMs)
  request.withdraw = forwarder.forward(request, leader, leftMs, (outcome) => {
    switch (outcome.kind) {
      case 'answered':
        return relay(reply, outcome.answer)
      case 'unreachable':
        // Nothing has left, so the refusal is the truth: the client may get there where this node does not.
        return sendFailure(reply, refusal, log)
      case 'lost':
        return sendFailure(reply, lostError(leader, outcome.reason, 'consistency' in call), log)
      default:
        return unreachable(outcome)
    }
  })
  return true
}

function isOfKind<Kind extends Reply['kind']>(result: Reply, kind: Kind): result is ReplyOf<Kind> {
  return result.kind === kind
}
