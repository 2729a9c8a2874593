/**
 * A request that only the leader can serve, sent on to the leader's door, and the answer handed
 * back as it streams in (LM9). It goes on once: a header says that it was sent on already, so two
 * nodes that take each other for the leader don't play ball with it.
 *
 * `node:http` and not `fetch`: a target is sent as it came (`fetch` would tidy up the path, and
 * `a/../b` is a key), and a request that was answered 421 is not sent again behind our back.
 */

import { type IncomingHttpHeaders, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { SECOND_MS, SkeinError } from '../../base/index.ts'
import { withTimeout } from './request-url.ts'
import { bytesOfBody } from './value-body.ts'

/** Set on what was sent on. */
export const FORWARDED_HEADER = 'skein-forwarded'

/** What the leader needs of the request's headers, and the client of the answer's; the rest is about a connection. */
const REQUEST_HEADERS = [
  'accept',
  'authorization',
  'content-encoding',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'skein-session',
]
const ANSWER_HEADERS = [
  'cache-control',
  'content-length',
  'content-type',
  'etag',
  'retry-after',
  'skein-session',
  'www-authenticate',
  'x-content-type-options',
]

const CONNECTIONS_MAX = 256
/** Below the time after which a door closes an idle connection, so that none is used just as it is closed. */
const IDLE_CONNECTION_MS = 10 * SECOND_MS
/** A leader that is alive answers a handshake in far less; a machine that is gone says nothing. */
const CONNECT_TIMEOUT_MS = 1 * SECOND_MS
/** The leader answers within the request's own time-out; so much later it is taken for lost. */
const ANSWER_MARGIN_MS = 1 * SECOND_MS

/** Who leads, by the refusal of a node that does not. */
export interface Leader {
  readonly node: string
  readonly url: URL
}

export type Forwarded =
  | { readonly kind: 'answered'; readonly answer: IncomingMessage }
  /** The request never left. */
  | { readonly kind: 'unreachable' }
  /** It may have arrived. */
  | { readonly kind: 'lost'; readonly reason: string }

export class Forwarder {
  readonly #plainAgent = new PlainAgent({ keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: IDLE_CONNECTION_MS })
  readonly #tlsAgent = new TlsAgent({ keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: IDLE_CONNECTION_MS })

  /**
   * Sends a request on, and calls back once.
   * @param timeoutMs what is left of its own time-out
   * @returns what ends it, for a client that has gone: then nothing is called back
   */
  forward({ raw, headers, body }: FastifyRequest, { url }: Leader, timeoutMs: number, done: (outcome: Forwarded) => void): () => void {
    const bytes = bytesOfBody(body)
    const leftMs = Math.max(1, Math.floor(timeoutMs))
    const isTls = url.protocol === 'https:'
    const sent = (isTls ? tlsRequest : plainRequest)({
      agent: isTls ? this.#tlsAgent : this.#plainAgent,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port,
      method: raw.method,
      path: `${url.pathname.replace(/\/$/, '')}${withTimeout(raw.url ?? '/', leftMs)}`,
      headers: {
        ...picked(headers, REQUEST_HEADERS),
        ...(bytes === undefined ? {} : { 'content-length': bytes.length }),
        [FORWARDED_HEADER]: '1',
      },
    })
    let isConnected = false
    let isOver = false
    const settle = (outcome: Forwarded): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      done(outcome)
    }
    const give = (reason: string): void => {
      settle(isConnected ? { kind: 'lost', reason } : { kind: 'unreachable' })
      sent.destroy()
    }
    let timer = setTimeout(() => give('no connection in time'), CONNECT_TIMEOUT_MS)
    const connected = (): void => {
      isConnected = true
      clearTimeout(timer)
      timer = setTimeout(() => give('no answer in time'), leftMs + ANSWER_MARGIN_MS)
    }
    sent.once('socket', (socket) => {
      if (socket.connecting) socket.once(isTls ? 'secureConnect' : 'connect', connected)
      // Without a route to the address it has failed already.
      else if (!socket.destroyed) connected()
    })
    sent.on('error', (error) => give(error.message))
    sent.once('response', (answer) => settle({ kind: 'answered', answer }))
    sent.end(bytes)
    return () => {
      isOver = true
      clearTimeout(timer)
      sent.destroy()
    }
  }

  /** Ends the connections. */
  close(): void {
    this.#plainAgent.destroy()
    this.#tlsAgent.destroy()
  }
}

/** Where to send a request that was refused so; null if nowhere, or if it was sent on already. */
export function leaderOf(error: SkeinError, request: FastifyRequest): Leader | null {
  if (error.code !== 'NOT_LEADER' || request.headers[FORWARDED_HEADER] !== undefined) return null
  const { leader, url } = error.details ?? {}
  if (typeof leader !== 'string' || typeof url !== 'string' || !URL.canParse(url)) return null
  const parsed = new URL(url)
  return parsed.protocol === 'http:' || parsed.protocol === 'https:' ? { node: leader, url: parsed } : null
}

/** Hands an answer back as it comes in. */
export function relay(reply: FastifyReply, answer: IncomingMessage): void {
  reply
    .code(answer.statusCode ?? 0)
    .headers(picked(answer.headers, ANSWER_HEADERS))
    .send(answer)
}

/** What a client is told of a request that may or may not have reached the leader. */
export function lostError({ node, url }: Leader, reason: string, isRead: boolean): SkeinError {
  const where = `the leader ${node} at ${url.origin} did not answer (${reason})`
  if (isRead) return new SkeinError('UNAVAILABLE', `${where}: try again`)
  return new SkeinError('UNAVAILABLE', `${where}, so this may have been done or not: read it back, or repeat it with its idempotency key`, {
    details: { applied: 'unknown' },
  })
}

function picked(headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of names) {
    const value = headers[name]
    if (value !== undefined) found[name] = Array.isArray(value) ? value.join(',') : value
  }
  return found
}
