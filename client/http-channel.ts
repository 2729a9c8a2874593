/**
 * The channel over HTTP to any node of a cluster. It translates between the channel's calls and
 * requests to a node; where they go, and how often, is up to `FailOver`.
 *
 * Each write carries an idempotency key of 128 random bits, the same on all its tries, so that a
 * node which has it already answers instead of executing it again (see `verdict.ts` for what
 * that does not cover).
 */

import { MIB, SkeinError, toHex } from '../base/index.ts'
import type {
  CallOptions,
  Channel,
  ChannelTransaction,
  ClusterMembers,
  ClusterMode,
  Committed,
  ConflictPage,
  Mode,
  Page,
  PageQuery,
  ReadOptions,
  RemovalOptions,
  StoredItem,
} from './channel.ts'
import type { HttpRequest } from './exchange.ts'
import { FailOver, type FailOverOptions, type Plan } from './fail-over.ts'
import { decodeCommitted, decodeConflicts, decodeGet, decodeMembers, decodeMode, decodePage, decodeStatus } from './wire-answers.ts'
import {
  CLUSTER_REQUEST,
  conflictsOfKeyRequest,
  conflictsRequest,
  getRequest,
  isPathKey,
  joinRequest,
  modeRequest,
  pageRequest,
  promoteRequest,
  removeRequest,
  STATUS_REQUEST,
  transactionRequest,
} from './wire-requests.ts'

/** For a whole call, retries included. */
export const CALL_TIMEOUT_DEFAULT_MS = 10_000
/**
 * What one node gets before the next one is tried: two tries fit into a call, and a node that
 * waits for a session that is on its way has time to get it.
 */
export const ATTEMPT_TIMEOUT_DEFAULT_MS = 4_000
/**
 * The largest page (8 MiB and one value of 4 MiB over it) with each byte as a six-character
 * escape of JSON. More is no answer to anything that was asked.
 */
export const RESPONSE_BYTES_MAX = 80 * MIB

const IDEMPOTENCY_BYTES = 16

export interface HttpChannelOptions extends FailOverOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly token: string | null
}

export class HttpChannel implements Channel {
  readonly #failOver: FailOver
  readonly #authorization: Readonly<Record<string, string>>

  constructor(options: HttpChannelOptions) {
    this.#failOver = new FailOver(options)
    this.#authorization = options.token === null ? {} : { authorization: `Bearer ${options.token}` }
  }

  async get(key: string, options: ReadOptions): Promise<{ item: StoredItem | null; session: string }> {
    if (!isPathKey(key)) return this.#getByRange(key, options)
    return this.#read(getRequest(key, options), (answer) => decodeGet(key, answer), options, options.consistency === 'linearizable')
  }

  async transact(transaction: ChannelTransaction): Promise<Committed> {
    const writes = transaction.operations.some(({ op }) => op !== 'del')
    return this.#failOver.run(
      {
        request: this.#authorized(transactionRequest(transaction, transaction.idempotencyKey ?? newIdempotencyKey())),
        safety: transaction.conditions.length > 0 ? 'once' : 'repeatable',
        isForLeader: true,
        waitsForPeers: transaction.concern !== 1,
        decode: (answer) => decodeCommitted(answer, writes),
      },
      transaction,
    )
  }

  async page(query: PageQuery): Promise<Page> {
    return this.#read(pageRequest(query), decodePage, query, query.consistency === 'linearizable')
  }

  async conflicts(query: { key?: string | undefined; limit: number; cursor: string | null } & CallOptions): Promise<ConflictPage> {
    const request = query.key === undefined ? conflictsRequest(query.limit, query.cursor) : conflictsOfKeyRequest(query.key)
    return this.#read(request, decodeConflicts, query, false)
  }

  async mode(options: CallOptions): Promise<ClusterMode> {
    return this.#read(CLUSTER_REQUEST, decodeMode, options, false)
  }

  async switchMode(mode: Mode, options: CallOptions): Promise<ClusterMode> {
    return this.#change(modeRequest(mode), decodeMode, options)
  }

  async promote(node: string, options: CallOptions): Promise<ClusterMode> {
    return this.#change(promoteRequest(node), decodeMode, options)
  }

  async join(node: string, options: CallOptions): Promise<ClusterMembers> {
    return this.#change(joinRequest(node), decodeMembers, options)
  }

  async remove(node: string, options: RemovalOptions): Promise<ClusterMembers> {
    return this.#change(removeRequest(node, options.force), decodeMembers, options)
  }

  async status(options: CallOptions): Promise<Record<string, unknown>> {
    return this.#read(STATUS_REQUEST, decodeStatus, options, false)
  }

  async close(): Promise<void> {
    this.#failOver.close()
  }

  /** As safe to repeat as a read: what the cluster was asked to become already leaves nothing to do. */
  #change<T>(request: HttpRequest, decode: Plan<T>['decode'], options: CallOptions): Promise<T> {
    return this.#failOver.run(
      { request: this.#authorized(request), safety: 'read', isForLeader: true, waitsForPeers: true, decode },
      options,
    )
  }

  #read<T>(request: HttpRequest, decode: Plan<T>['decode'], options: CallOptions, isForLeader: boolean): Promise<T> {
    return this.#failOver.run({ request: this.#authorized(request), safety: 'read', isForLeader, waitsForPeers: false, decode }, options)
  }

  /** For the keys that no path can hold. */
  async #getByRange(key: string, options: ReadOptions): Promise<{ item: StoredItem | null; session: string }> {
    const range = { start: key, end: `${key}\0`, reverse: false, limit: 1, cursor: null }
    const { items, session } = await this.page({ ...range, ...options })
    return { item: items[0] ?? null, session }
  }

  #authorized(request: HttpRequest): HttpRequest {
    return { ...request, headers: { ...request.headers, ...this.#authorization } }
  }
}

/** @throws BAD_REQUEST if a header can't carry it */
export function checkToken(token: string): string {
  for (const character of token) {
    if (character <= ' ' || character > '~')
      throw new SkeinError('BAD_REQUEST', 'the token has characters that no header can carry: check for a line break at its end')
  }
  if (token === '') throw new SkeinError('BAD_REQUEST', 'the token is empty: leave it out if the cluster has no users')
  return token
}

function newIdempotencyKey(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(IDEMPOTENCY_BYTES)))
}
