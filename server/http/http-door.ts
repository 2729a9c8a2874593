/**
 * The HTTP door: a Fastify server over a node's gateway, its limits and its life cycle. The door
 * parses, bounds and answers; it decides nothing about data.
 *
 * Fastify is kept lean: its own request logging, schema validation and body parsing are off.
 * Bodies arrive as bytes, and each route reads them as what they are. Operators' routes stand
 * outside the admission, so that a node that refuses work still says how it is.
 */

import Fastify, { type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { assert, KIB, MIB, SECOND_MS, SkeinError } from '../../base/index.ts'
import { TIMEOUT_MAX_MS } from '../api/parameters.ts'
import { SessionTokens } from '../api/session-tokens.ts'
import type { Gateway } from '../gateway.ts'
import { Admission, type AdmissionLimits } from './admission.ts'
import { registerBatchRoutes } from './batch-routes.ts'
import { registerClusterRoutes } from './cluster-routes.ts'
import { registerConflictRoutes } from './conflict-routes.ts'
import { registerApiDescription, registerDocumentationPages } from './documentation.ts'
import { refuseConnection, sendFailure } from './errors.ts'
import { Forwarder } from './forwarder.ts'
import { registerKeyRoutes } from './key-routes.ts'
import { registerOperatorRoutes } from './operator-routes.ts'
import { PipelineOrder } from './pipeline-order.ts'
import { registerScanRoutes } from './scan-routes.ts'
import { RouteTable, refuseUnrouted } from './unrouted.ts'

export interface HttpLimits extends AdmissionLimits {
  /** Connections at once; one more is closed at once. */
  readonly connectionsMax: number
  /** From the first byte of a request to the end of its headers, and of its body. */
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Between two requests of a connection. */
  readonly keepAliveTimeoutMs: number
  /** Without a byte in either direction, in the middle of a request or an answer. */
  readonly stallTimeoutMs: number
  /** How long requests in flight may take when the door closes. */
  readonly closeGraceMs: number
}

/** Memory taken by clients is about twice `heldBytesMax`: bodies as read, and the values made of them on their way. */
export const HTTP_LIMITS: HttpLimits = {
  connectionsMax: 4096,
  requestsMax: 2048,
  heldBytesMax: 128 * MIB,
  headersTimeoutMs: 5 * SECOND_MS,
  requestTimeoutMs: 30 * SECOND_MS,
  keepAliveTimeoutMs: 30 * SECOND_MS,
  // The longest that an answer may wait for its write concern passes without a byte.
  stallTimeoutMs: TIMEOUT_MAX_MS + 15 * SECOND_MS,
  closeGraceMs: 5 * SECOND_MS,
}

/** Path and headers together: three keys of 1,024 bytes percent-encoded, and long session tokens. */
const HEADER_BYTES_MAX = 32 * KIB
/** Of a body on a route that says nothing of its own. */
const BODY_BYTES_DEFAULT = 16 * KIB
/** How often Node looks for requests that are too slow; they may last this much longer. */
const TIMEOUT_CHECKS_MS = 500
/** How often a closing door looks for connections that nobody needs any more. */
const CLOSE_CHECKS_MS = 20

export interface HttpDoorOptions {
  readonly gateway: Gateway
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Of one value, in bytes. */
  readonly maxValueBytes: number
  /** Whether what only the leader can do is sent on to it (LM9). Default true. */
  readonly forwards?: boolean
  readonly limits?: Partial<HttpLimits>
  readonly logger: Logger
}

export class HttpDoor {
  /** Where the door listens. */
  readonly address: { readonly host: string; readonly port: number }
  readonly #app: FastifyInstance
  readonly #admission: Admission
  readonly #closeGraceMs: number
  #closed: Promise<void> | null = null

  private constructor(app: FastifyInstance, admission: Admission, address: HttpDoor['address'], closeGraceMs: number) {
    this.#app = app
    this.#admission = admission
    this.address = address
    this.#closeGraceMs = closeGraceMs
  }

  /** Listens, and answers by the gateway. @throws UNAVAILABLE if the address can't be taken */
  static async open(options: HttpDoorOptions): Promise<HttpDoor> {
    const { gateway, host, port } = options
    const limits = { ...HTTP_LIMITS, ...options.limits }
    const admission = new Admission(limits)
    const order = new PipelineOrder()
    const forwarder = options.forwards === false ? null : new Forwarder()
    const app = createApp(limits, options.logger)
    await registerApiDescription(app, gateway.status().version)
    await registerDocumentationPages(app)
    registerOperatorRoutes(app, gateway)
    await app.register(async (api) => {
      api.decorateRequest('withdraw', null)
      api.decorateRequest('heldBytes', 0)
      api.addHook('onRequest', (request, reply, done) => {
        try {
          admission.enter(request, reply)
          order.enter(request.raw.socket, reply.raw, done)
        } catch (error) {
          sendFailure(reply, error, options.logger)
        }
      })
      const { maxValueBytes, logger: log } = options
      const door = { gateway, log, maxValueBytes, tokens: new SessionTokens(), admission, forwarder }
      registerKeyRoutes(api, door)
      registerScanRoutes(api, door)
      registerBatchRoutes(api, door)
      registerConflictRoutes(api, door)
      registerClusterRoutes(api, door)
    })
    app.addHook('onClose', async () => forwarder?.close())
    app.server.maxConnections = limits.connectionsMax
    await listen(app, host, port)
    const address = app.server.address()
    assert(typeof address === 'object' && address !== null, 'a listening TCP server has an address')
    return new HttpDoor(app, admission, { host, port: address.port }, limits.closeGraceMs)
  }

  /** The base of every path, such as `http://127.0.0.1:8401`. */
  get url(): string {
    const { host, port } = this.address
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** Stops accepting, lets what is in flight finish for a while, then ends every connection. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { server } = this.#app
    // Node counts a connection that has not asked anything yet as busy, so it would wait for it.
    const sweep = setInterval(() => {
      server.closeIdleConnections()
      if (this.#admission.requests === 0) server.closeAllConnections()
    }, CLOSE_CHECKS_MS)
    const end = setTimeout(() => server.closeAllConnections(), this.#closeGraceMs)
    try {
      await this.#app.close()
    } finally {
      clearInterval(sweep)
      clearTimeout(end)
    }
  }
}

function createApp(limits: HttpLimits, log: Logger): FastifyInstance {
  const app: FastifyInstance = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_DEFAULT,
    connectionTimeout: limits.stallTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: TIMEOUT_CHECKS_MS, maxHeaderSize: HEADER_BYTES_MAX },
    // A request that made it here while the door closes is answered like any other.
    return503OnClosing: false,
    // The routes read their queries from the URL themselves, strictly.
    routerOptions: { querystringParser: () => ({}) },
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _request, reply) => sendFailure(reply, error, log),
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error, _request, reply) => sendFailure(reply, error, log))
  const routes = new RouteTable()
  app.addHook('onRoute', (route) => routes.add(route.method, route.url))
  app.setNotFoundHandler((request, reply) => refuseUnrouted(routes, request, reply, log))
  return app
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    const reason = error instanceof Error ? error.message : String(error)
    throw new SkeinError(
      'UNAVAILABLE',
      `the HTTP door can't listen on ${host}:${port} (${reason}): choose another --http-port, or stop what holds it`,
      {
        cause: error,
      },
    )
  }
}
