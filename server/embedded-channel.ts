/**
 * The client library's channel straight into a node of the same process: no socket, no JSON, the
 * same meaning. Each call is one promise, made here and settled by the replica's reply.
 */

import { bytesFromBinary, type Key, keyFromText, parseNodeName, SkeinError, textFromBinary, toBase64, unreachable } from '../base/index.ts'
import type {
  CallOptions,
  Channel,
  ChannelCondition,
  ChannelOperation,
  ChannelTransaction,
  ClusterMembers,
  ClusterMode,
  Committed,
  ConflictPage,
  ConflictSide,
  Found,
  Mode,
  Page,
  PageQuery,
  ReadOptions,
  RemovalOptions,
  StoredItem,
} from '../client/index.ts'
import { type Condition, type GetRequest, type Item, keyRange, type Operation, type Reply, type Request } from '../core/index.ts'
import { formatDot, formatToken, parseDot, parseToken, type ReadonlyVersionVector, type Version, wallFromTimestamp } from '../crdt/index.ts'
import type { Gateway } from './gateway.ts'

type ReplyOf<Kind extends Reply['kind']> = Extract<Reply, { kind: Kind }>

export class EmbeddedChannel implements Channel {
  readonly #gateway: Gateway
  readonly #maxValueBytes: number
  readonly #close: () => Promise<void>
  /** The token of the last session seen: replies of one commit share theirs. */
  #session: ReadonlyVersionVector | null = null
  #token = ''

  constructor(gateway: Gateway, maxValueBytes: number, close: () => Promise<void>) {
    this.#gateway = gateway
    this.#maxValueBytes = maxValueBytes
    this.#close = close
  }

  get(key: string, options: ReadOptions): Promise<Found> {
    return this.#call(options, 'value', this.#found, () => this.#getRequest(key, options))
  }

  /** A node answers at once what waits for no commit and no session. */
  getNow(key: string, options: ReadOptions): Found | null {
    if (options.signal !== undefined) return null
    const replies: Reply[] = []
    const withdraw = this.#gateway.request(this.#getRequest(key, options), (reply) => replies.push(reply))
    const reply = replies[0]
    if (reply !== undefined && isReply(reply, 'value')) return this.#found(reply)
    withdraw()
    return null
  }

  transact(transaction: ChannelTransaction): Promise<Committed> {
    const { concern, idempotencyKey, timeoutMs } = transaction
    return this.#call(transaction, 'committed', this.#committed, () => ({
      kind: 'transaction',
      operations: transaction.operations.map(this.#operation),
      conditions: transaction.conditions.map(conditionOf),
      concern,
      idempotencyKey,
      session: this.#sessionOf(transaction.session),
      timeoutMs,
    }))
  }

  page(query: PageQuery): Promise<Page> {
    const { reverse, limit, consistency, timeoutMs } = query
    return this.#call(query, 'page', this.#page, () => ({
      kind: 'scan',
      range: keyRange({
        prefix: optionalKey(query.prefix),
        start: optionalKey(query.start),
        end: optionalKey(query.end),
        reverse,
        cursor: optionalKey(query.cursor ?? undefined),
      }),
      limit,
      consistency,
      session: this.#sessionOf(query.session),
      timeoutMs,
    }))
  }

  conflicts(query: { key?: string | undefined; limit: number; cursor: string | null } & CallOptions): Promise<ConflictPage> {
    return this.#call(query, 'conflicts', conflictPage, () => ({
      kind: 'conflicts',
      key: optionalKey(query.key),
      after: optionalKey(query.cursor ?? undefined),
      limit: query.limit,
    }))
  }

  async mode(): Promise<ClusterMode> {
    const { mode, epoch, leader } = this.#gateway.status()
    return { mode, epoch, leader }
  }

  switchMode(mode: Mode, options: CallOptions): Promise<ClusterMode> {
    return this.#call(options, 'mode', clusterMode, () => ({ kind: 'mode', mode, timeoutMs: options.timeoutMs }))
  }

  promote(node: string, options: CallOptions): Promise<ClusterMode> {
    return this.#call(options, 'mode', clusterMode, () => ({ kind: 'promote', node: parseNodeName(node), timeoutMs: options.timeoutMs }))
  }

  join(node: string, options: CallOptions): Promise<ClusterMembers> {
    return this.#changeMembers('join', node, options)
  }

  remove(node: string, options: RemovalOptions): Promise<ClusterMembers> {
    return this.#changeMembers('remove', node, options, options.force)
  }

  async status(): Promise<Record<string, unknown>> {
    return { ...this.#gateway.status() }
  }

  close(): Promise<void> {
    return this.#close()
  }

  #changeMembers(change: 'join' | 'remove', node: string, options: CallOptions, isForced = false): Promise<ClusterMembers> {
    const { timeoutMs } = options
    return this.#call(options, 'members', clusterMembers, () => ({
      kind: 'members',
      change,
      node: parseNodeName(node),
      isForced,
      timeoutMs,
    }))
  }

  #getRequest(key: string, { consistency, session, timeoutMs }: ReadOptions): GetRequest {
    return { kind: 'get', key: keyFromText(key), consistency, session: this.#sessionOf(session), timeoutMs }
  }

  /** One promise for the whole call. What `request` throws about its arguments rejects it. */
  #call<Kind extends Reply['kind'], Result>(
    { signal }: CallOptions,
    kind: Kind,
    decode: (reply: ReplyOf<Kind>) => Result,
    request: () => Request,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = (reply: Reply): void => {
        if (isReply(reply, kind)) resolve(decode(reply))
        else reject(reply.kind === 'failed' ? reply.error : new SkeinError('INTERNAL', `asked for ${kind}, answered ${reply.kind}`))
      }
      if (signal === undefined) this.#gateway.request(request(), settle)
      else this.#callAbortable(signal, request(), settle, reject)
    })
  }

  #callAbortable(signal: AbortSignal, request: Request, settle: (reply: Reply) => void, reject: (reason: unknown) => void): void {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    let withdraw = (): void => {}
    const onAbort = (): void => {
      withdraw()
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    // The answer may come before this call returns.
    withdraw = this.#gateway.request(request, (reply) => {
      signal.removeEventListener('abort', onAbort)
      settle(reply)
    })
  }

  readonly #found = ({ item, conflicts, session }: ReplyOf<'value'>): Found => ({
    item: item === null ? null : storedItem(item, conflicts),
    session: this.#tokenOf(session),
  })

  readonly #committed = ({ version, deleted, session }: ReplyOf<'committed'>): Committed => ({
    version: version === null ? null : formatDot(version),
    deleted,
    session: this.#tokenOf(session),
  })

  readonly #page = ({ items, next, session }: ReplyOf<'page'>): Page => ({
    items: items.map((item) => storedItem(item, 0)),
    cursor: next === null ? null : textOfKey(next),
    session: this.#tokenOf(session),
  })

  readonly #operation = (operation: ChannelOperation): Operation => {
    const key = keyFromText(operation.key)
    switch (operation.op) {
      case 'set':
        if (operation.value.data.length > this.#maxValueBytes) {
          throw new SkeinError(
            'TOO_LARGE',
            `the value has ${operation.value.data.length} bytes, at most ${this.#maxValueBytes} are allowed`,
          )
        }
        return { kind: 'set', key, value: operation.value, ttlMs: operation.ttlMs ?? null }
      case 'del':
        return { kind: 'delete', key }
      case 'restore':
        return { kind: 'restore', key, version: versionOf(operation.version) }
      default:
        return unreachable(operation)
    }
  }

  /** What the answer has to cover; null for what this node itself answered last, which it still covers. */
  #sessionOf(token: string | null): ReadonlyVersionVector | null {
    return token === null || token === this.#token ? null : parseSession(token)
  }

  #tokenOf(session: ReadonlyVersionVector): string {
    if (session !== this.#session) {
      this.#session = session
      this.#token = formatToken(session)
    }
    return this.#token
  }
}

function isReply<Kind extends Reply['kind']>(reply: Reply, kind: Kind): reply is ReplyOf<Kind> {
  return reply.kind === kind
}

function clusterMode({ mode, epoch, leader }: ReplyOf<'mode'>): ClusterMode {
  return { mode, epoch, leader }
}

function clusterMembers({ voters }: ReplyOf<'members'>): ClusterMembers {
  return { voters }
}

function conflictPage({ keys, next }: ReplyOf<'conflicts'>): ConflictPage {
  return {
    keys: keys.map((found) => ({
      key: textOfKey(found.key),
      conflicts: found.conflicts.map(({ winner, loser, rule }) => ({ winner: conflictSide(winner), loser: conflictSide(loser), rule })),
    })),
    cursor: next === null ? null : textOfKey(next),
  }
}

function conditionOf(condition: ChannelCondition): Condition {
  const key = keyFromText(condition.key)
  return 'absent' in condition ? { kind: 'absent', key } : { kind: 'version', key, version: versionOf(condition.version) }
}

function versionOf(text: string) {
  const dot = parseDot(text)
  if (dot === null)
    throw new SkeinError('BAD_REQUEST', `${JSON.stringify(text.slice(0, 100))} is no version: use the one that a read or a write answered`)
  return dot
}

function parseSession(token: string): ReadonlyVersionVector {
  const vector = parseToken(token)
  if (vector === null) throw new SkeinError('BAD_REQUEST', 'the session token is not one that Skein gave out')
  return vector
}

function optionalKey(text: string | undefined): Key | null {
  return text === undefined || text === '' ? null : keyFromText(text)
}

function storedItem({ key, value, version }: Item, conflicts: number): StoredItem {
  return {
    key: textOfKey(key),
    value,
    version: formatDot(version.dot),
    writer: version.dot.writer,
    timestampMs: wallFromTimestamp(version.timestamp),
    expiresAtMs: version.deadlineMs,
    conflicts,
  }
}

function conflictSide(version: Version): ConflictSide {
  const clock = version.dependencies.toVector()
  clock.advance(version.dot.writer, version.dot.sequence)
  return {
    version: formatDot(version.dot),
    writer: version.dot.writer,
    timestamp: new Date(wallFromTimestamp(version.timestamp)).toISOString(),
    epoch: version.epoch,
    value: version.value,
    clock: Object.fromEntries(clock.entries()),
  }
}

/** A key that is not UTF-8 can come only through another door; it is shown in base64. */
function textOfKey(key: Key): string {
  return textFromBinary(key) ?? toBase64(bytesFromBinary(key))
}
