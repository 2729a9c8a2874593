/**
 * Failures as HTTP answers: every one is `{error: {code, message, details?}}` under the status of
 * its code, whoever found it — a route, the replica, Fastify, or Node's HTTP parser before there
 * was a request at all. Only what is this program's own fault is logged; what a client did wrong
 * is told to the client alone.
 */

import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { ERROR_STATUS, SkeinError } from '../../base/index.ts'

/** When to come back after a refusal that passes by itself, in seconds. */
const RETRY_AFTER_S = 1

export const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * Any thrown thing as the failure that a client is answered. Fastify's own refusals get our codes;
 * what nobody foresaw becomes INTERNAL without its inner message, which only the log is told.
 */
export function failureOf(error: unknown, request: FastifyRequest): SkeinError {
  if (error instanceof SkeinError) return error
  const known = asFastifyError(error)
  switch (known?.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new SkeinError(
        'TOO_LARGE',
        `the body is larger than the ${request.routeOptions.bodyLimit} bytes that this route takes: send less`,
      )
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new SkeinError(
        'BAD_REQUEST',
        'the header content-type is not a media type: send application/json, text/plain or application/octet-stream',
      )
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new SkeinError('BAD_REQUEST', 'the body is not as long as its content-length says: send the length of the body in bytes')
    case 'FST_ERR_BAD_URL':
      return new SkeinError('BAD_REQUEST', 'the path is not percent-encoded UTF-8: encode each byte of the key that is not a letter as %XX')
    default:
      if (known?.statusCode !== undefined && known.statusCode >= 400 && known.statusCode < 500) {
        return new SkeinError('BAD_REQUEST', `the request can't be read: ${known.message}`, { cause: error })
      }
      return new SkeinError('INTERNAL', `the node met an error of its own: its log tells more under request ${request.id}`, {
        cause: error,
      })
  }
}

/** Answers a failure, and logs it if it is the program's own. */
export function sendFailure(reply: FastifyReply, error: unknown, log: Logger): void {
  // An answer on its way, or a client that has gone: there is nobody to tell.
  if (reply.sent || reply.raw.destroyed) return
  const { request } = reply
  const failure = failureOf(error, request)
  if (failure.code === 'INTERNAL') {
    log.error(
      { err: failure.cause ?? failure, request: request.id, method: request.method, route: request.routeOptions.url },
      'a request failed',
    )
  }
  const passing = failure.status === ERROR_STATUS.UNAVAILABLE || failure.status === ERROR_STATUS.RATE_LIMITED
  const mayBeDone = failure.details?.applied === true || failure.details?.applied === 'unknown'
  if (passing && !mayBeDone) reply.header('retry-after', String(RETRY_AFTER_S))
  reply.code(failure.status).header('content-type', JSON_TYPE).header('x-content-type-options', 'nosniff').send(JSON.stringify(failure))
}

/** Answers what Node's parser refused, on the bare socket, and ends the connection. */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const failure = parserFailure(error.code)
  const body = JSON.stringify(failure)
  socket.end(
    `HTTP/1.1 ${failure.status} ${failure.code}\r\ncontent-type: ${JSON_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  )
}

function parserFailure(code: string | undefined): SkeinError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new SkeinError('TOO_LARGE', 'the path and headers are too long together: shorten them, or put long things into a body')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new SkeinError('TIMEOUT', 'the request did not arrive in time: send it without pauses')
    default:
      return new SkeinError('BAD_REQUEST', 'this is not a well-formed HTTP/1.1 request: check its first line and its headers')
  }
}

function asFastifyError(error: unknown): Partial<FastifyError> | null {
  return error instanceof Error ? error : null
}
