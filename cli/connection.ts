/**
 * The way from a command to a cluster: the options that every client command has, and the client
 * library's database on the nodes they name.
 *
 * The library waits and tries again until the call's time is over; a person at a prompt would
 * rather hear at once that nothing runs there. So a command gives up as soon as every address has
 * refused the connection.
 */

import { keyFromText, SECOND_MS, SkeinError } from '../base/index.ts'
import { connect, type Database, type ReadConsistency, type RequestOptions } from '../client/index.ts'
import { JSON_OPTION } from './command.ts'
import { UNREACHABLE } from './exit-codes.ts'
import { choiceOption, durationOption, listOption, type OptionSpec } from './options.ts'

export const URL_DEFAULT = 'http://127.0.0.1:8401'

const TIMEOUT_DEFAULT_MS = 10 * SECOND_MS
/** Timers take no more. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1

export const URL_OPTION = listOption<string>(
  { summary: 'address of a node; repeat it to name fallbacks', placeholder: '<url>' },
  [URL_DEFAULT],
  URL_DEFAULT,
  parseUrl,
)

export const TIMEOUT_OPTION = durationOption(
  { summary: 'how long the command may take', placeholder: '<duration>' },
  TIMEOUT_DEFAULT_MS,
  '10s',
)

export const CLIENT_OPTIONS = { url: URL_OPTION, timeout: TIMEOUT_OPTION, json: JSON_OPTION }

/** On which state a read is answered. */
export const READ_OPTION: OptionSpec<ReadConsistency> = choiceOption(
  { summary: 'local: what the node has; linearizable: the latest, in leader mode', choices: ['session', 'local', 'linearizable'] },
  'session',
)

/** The operand that most commands have first. */
export const KEY_OPERAND = { form: '<key>', summary: 'the key, 1–1024 bytes of UTF-8' }

export interface ConnectionOptions {
  readonly url: readonly string[]
  /** Milliseconds. */
  readonly timeout: number
}

/**
 * Does `work` on a database of the cluster, which is closed in any case. `work` passes the `call`
 * that it gets to every operation.
 * @throws UNAVAILABLE with `details.reason` "unreachable" if no node answered; else what `work` throws
 */
export async function withDatabase<Result>(
  options: ConnectionOptions,
  work: (database: Database, call: RequestOptions) => Promise<Result>,
): Promise<Result> {
  const timeoutMs = options.timeout
  if (timeoutMs < 1 || timeoutMs > TIMEOUT_MAX_MS) throw new SkeinError('BAD_REQUEST', '--timeout is to be from 1ms to 24d')
  if (options.url.length === 0) throw new SkeinError('BAD_REQUEST', `--url names no node: write it as ${URL_DEFAULT}`)
  const contact = new Contact(options.url)
  const database = connect({ nodes: options.url, timeoutMs, fetch: (input, init) => contact.fetch(String(input), init) })
  try {
    return await work(database, { signal: contact.signal })
  } catch (error) {
    throw contact.explain(error)
  } finally {
    await database.close()
  }
}

/** A key as typed. @throws BAD_REQUEST, TOO_LARGE */
export function parseKeyOperand(text: string): string {
  requireIntactText(text, 'the key')
  keyFromText(text)
  return text
}

/** Refuses an operand that the shell handed over in broken UTF-8: Node replaces such bytes by U+FFFD. @throws BAD_REQUEST */
export function requireIntactText(text: string, name: string): void {
  if (!text.includes('\ufffd')) return
  throw new SkeinError(
    'BAD_REQUEST',
    `${name} is not valid UTF-8, or has U+FFFD, which can't be told from it: use the HTTP interface for it`,
  )
}

/** Whether anybody was heard on the way to the cluster. */
class Contact {
  readonly #urls: readonly string[]
  readonly #abort = new AbortController()
  /** Why each address was not reached, the last time. */
  readonly #refusals = new Map<string, string>()
  #hasHeard = false

  constructor(urls: readonly string[]) {
    this.#urls = urls
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  async fetch(input: string, init: RequestInit | undefined): Promise<Response> {
    try {
      const response = await fetch(input, init)
      this.#hasHeard = true
      return response
    } catch (error) {
      const url = this.#urls.find((candidate) => input.startsWith(candidate))
      const reason = connectFailure(error)
      if (url !== undefined && reason !== null) this.#refused(url, reason)
      throw error
    }
  }

  /** A failure for want of an answer, as such; any other one as it is. */
  explain(error: unknown): unknown {
    if (this.#hasHeard || !(error instanceof SkeinError) || (error.code !== 'UNAVAILABLE' && error.code !== 'TIMEOUT')) return error
    return new SkeinError('UNAVAILABLE', error.message, { details: { ...error.details, reason: UNREACHABLE }, cause: error })
  }

  #refused(url: string, reason: string): void {
    this.#refusals.set(url, reason)
    if (this.#hasHeard || this.#refusals.size < this.#urls.length) return
    const nodes = [...this.#refusals].map(([address, why]) => `${address} (${why})`).join(', ')
    this.#abort.abort(new SkeinError('UNAVAILABLE', `no node answers at ${nodes}`, { details: { why: reason } }))
  }
}

/** Why there is no connection, if waiting is not worth while; null for any other failure. */
export function connectFailure(error: unknown): string | null {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  // The ports of other protocols, such as 1 or 6000, which fetch never connects to.
  if (cause instanceof Error && cause.message === 'bad port') return 'a port that is never used for HTTP'
  const code = cause instanceof Error && 'code' in cause ? cause.code : null
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'no such host'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route'
    default:
      return null
  }
}

/** An address without a slash at its end. @throws BAD_REQUEST */
export function parseUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const isAddress =
    url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && `${url.search}${url.hash}${url.username}` === ''
  if (isAddress) return url.href.endsWith('/') ? url.href.slice(0, -1) : url.href
  throw new SkeinError('BAD_REQUEST', `${name} ${JSON.stringify(text.slice(0, 80))} is no address of a node: write it as ${URL_DEFAULT}`)
}
