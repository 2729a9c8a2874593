/**
 * One request to one node, and what came of it. Whatever a peer does (refuse, hang, drop the
 * connection, send rubbish or without end) is an `Outcome` and no exception; what follows from it
 * is decided elsewhere (`verdict.ts`).
 *
 * An outcome keeps apart what decides about repeating a write: whether the request can have
 * arrived. Only Node says that much (the code of the error's cause); to a browser every failure
 * of the network looks the same, so there it counts as `lost`.
 */

import { ERROR_STATUS, type ErrorCode, type ErrorDetails, isErrorCode, SkeinError } from '../base/index.ts'
import type { Cancellation } from './cancellation.ts'

/** The part of an attempt's time that is left for the answer's way back: a fifth of it, but no more than a quarter of a second. */
const ANSWER_MARGIN_MAX_MS = 250
const ANSWER_MARGIN_SHARE = 0.2
/** A node refuses to be asked to wait longer. */
const NODE_WAIT_MAX_MS = 60_000

export type Fetch = typeof fetch

export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Begins with `/`, without a query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string | null
  /** True if the node may have to wait: it is told how long. */
  readonly waits: boolean
  /** A status that is an answer, besides 2xx. */
  readonly accepts: number | null
}

export interface Answer {
  readonly status: number
  /** The header `Skein-Session`. */
  readonly session: string | null
  readonly body: unknown
}

export type Outcome =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** A node's own refusal, with its code. */
  | { readonly kind: 'refused'; readonly error: SkeinError }
  /** The request never left: no connection. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** No answer, or not all of it; the request may have arrived. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'timed-out'; readonly afterMs: number }
  /** An answer that no Skein node gives: a proxy's error page, another server. */
  | { readonly kind: 'foreign'; readonly status: number; readonly reason: string }
  | { readonly kind: 'oversized'; readonly limitBytes: number }

export interface ExchangeLimits {
  readonly timeoutMs: number
  readonly responseBytesMax: number
}

/**
 * Sends `request` to the node at `base` (no slash at its end).
 * @throws only the reason with which the call was cancelled
 */
export async function exchange(
  send: Fetch,
  base: string,
  request: HttpRequest,
  limits: ExchangeLimits,
  cancellation: Cancellation,
): Promise<Outcome> {
  const controller = new AbortController()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    controller.abort()
  }, limits.timeoutMs)
  cancellation.whileWaiting((reason) => controller.abort(reason))
  let response: Response
  let text: string | null
  try {
    response = await send(addressOf(base, request, limits.timeoutMs), initOf(request, controller.signal))
    text = await readText(response, limits.responseBytesMax)
    if (text === null) controller.abort()
  } catch (error) {
    cancellation.throwIfCancelled()
    return isLate ? { kind: 'timed-out', afterMs: limits.timeoutMs } : failureOf(error)
  } finally {
    clearTimeout(timer)
    cancellation.whileWaiting(null)
  }
  if (text === null) return { kind: 'oversized', limitBytes: limits.responseBytesMax }
  return outcomeOf(response, text, request.accepts)
}

function initOf(request: HttpRequest, signal: AbortSignal): RequestInit {
  const { method, headers, body } = request
  // A redirect would carry the token to wherever it points, so it counts as an answer, a foreign
  // one. It must not be refused by 'error': fetch sends a request again that got 421 (NOT_LEADER),
  // and undici 6 then breaks its body off. A browser's cache would answer for the node.
  const init: RequestInit & { readonly cache: 'no-store' } = { method, headers, body, redirect: 'manual', cache: 'no-store', signal }
  return init
}

/** The node waits a little less than the client, so that its answer, which says more than a time-out, still arrives. */
function addressOf(base: string, request: HttpRequest, timeoutMs: number): string {
  const query = new URLSearchParams(request.query)
  if (request.waits) {
    const waitMs = Math.max(timeoutMs - ANSWER_MARGIN_MAX_MS, timeoutMs * (1 - ANSWER_MARGIN_SHARE))
    query.set('timeout', `${Math.ceil(Math.min(waitMs, NODE_WAIT_MAX_MS))}ms`)
  }
  return query.size === 0 ? `${base}${request.path}` : `${base}${request.path}?${query}`
}

/** The body as text, or null if it is larger than `maxBytes`. */
async function readText(response: Response, maxBytes: number): Promise<string | null> {
  const announced = response.headers.get('content-length')
  if (announced !== null && Number(announced) > maxBytes) return null
  // The parser of HTTP holds a body to its announced length; a compressed one may still grow.
  if (announced !== null && !response.headers.has('content-encoding')) return response.text()
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > maxBytes) return null
    text += decoder.decode(value, { stream: true })
  }
}

function outcomeOf(response: Response, text: string, accepts: number | null): Outcome {
  const { status } = response
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return { kind: 'foreign', status, reason: `status ${status} with something that is not JSON` }
  }
  if (response.ok || status === accepts)
    return { kind: 'answered', answer: { status, session: response.headers.get('skein-session'), body } }
  const error = decodeRefusal(status, body)
  return error === null ? { kind: 'foreign', status, reason: `status ${status} without an error code` } : { kind: 'refused', error }
}

/** The error in `{error: {code, message, details?}}`, or null if the body is none. */
function decodeRefusal(status: number, body: unknown): SkeinError | null {
  if (!isRecord(body) || !isRecord(body.error)) return null
  const { code, message, details } = body.error
  if (typeof code !== 'string' || typeof message !== 'string') return null
  if (isErrorCode(code)) return new SkeinError(code, message, isRecord(details) ? { details } : {})
  // A code that a newer node knows: its status tells the family, and the code is kept.
  return new SkeinError(codeOfStatus(status), message, { details: { ...(isRecord(details) ? details : {}), code } })
}

function codeOfStatus(status: number): ErrorCode {
  for (const [code, known] of Object.entries(ERROR_STATUS)) if (known === status && isErrorCode(code)) return code
  return status >= 500 ? 'INTERNAL' : 'BAD_REQUEST'
}

function isRecord(value: unknown): value is ErrorDetails {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Failures before a connection stands, by Node's and undici's codes. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function failureOf(error: unknown): Outcome {
  const cause = error instanceof Error && isCoded(error.cause) ? error.cause : null
  if (cause !== null && NEVER_SENT.has(cause.code)) return { kind: 'unreachable', reason: cause.message || cause.code }
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return { kind: 'lost', reason: inner instanceof Error ? inner.message : String(inner) }
}

function isCoded(value: unknown): value is Error & { readonly code: string } {
  return value instanceof Error && 'code' in value && typeof value.code === 'string'
}
