/**
 * The database as a program sees it, over any channel: typed values, sessions, pages fetched as
 * they are needed. It is the same class for a cluster over HTTP and for a node in this process.
 *
 * A call is one promise of its own over the channel's, and its arguments are checked before
 * anything is sent. A cache of values was rejected: it would be stale without anybody knowing,
 * and the node's memory is a millisecond away.
 */

import { BATCH_BYTES_MAX, BATCH_OPERATIONS_MAX, PAGE_ITEMS_MAX, parseNodeName, present, SkeinError } from '../base/index.ts'
import type {
  Channel,
  ChannelCondition,
  ChannelOperation,
  ChannelTransaction,
  ClusterMembers,
  ClusterMode,
  Mode,
  PageQuery,
  ReadConsistency,
  ReadOptions,
} from './channel.ts'
import {
  type BatchCondition,
  type BatchOperation,
  type BatchOptions,
  type BatchResult,
  type BulkSetOptions,
  conflictOf,
  type DeleteOptions,
  type GetOptions,
  type Item,
  itemOf,
  type KeyConflicts,
  type RequestOptions,
  type ScanItem,
  type ScanOptions,
  type SetOptions,
  scanItemOf,
  type WriteOptions,
  type Written,
} from './items.ts'
import {
  checkedConcern,
  checkedConsistency,
  checkedCount,
  checkedIdempotencyKey,
  checkedTimeout,
  checkedTtl,
  checkedVersion,
} from './options.ts'
import { Session } from './session.ts'
import { decodeValue, encodeValue } from './values.ts'

/** At 100 bytes an item some 50 KB a page: large enough that round trips don't count. */
const SCAN_PAGE_ITEMS = 500
/** A key's conflicts hold up to 32 values. */
const CONFLICT_PAGE_KEYS = 50

const NO_OPTIONS = {}
const NO_CONDITIONS: readonly ChannelCondition[] = []

export interface DatabaseOptions {
  /** For a call that doesn't say, retries included. */
  readonly timeoutMs: number
  /** For a read that doesn't say. Default `session`. */
  readonly consistency?: ReadConsistency | undefined
}

export class Database {
  readonly #channel: Channel
  readonly #timeoutMs: number
  readonly #consistency: ReadConsistency
  readonly #session = new Session()

  constructor(channel: Channel, options: DatabaseOptions) {
    this.#channel = channel
    this.#timeoutMs = options.timeoutMs
    this.#consistency = checkedConsistency(options.consistency ?? 'session')
  }

  /**
   * What this database has seen, as a token that another one can go on from; null before its
   * first call. Setting it adds what the token says; setting null forgets everything.
   * @throws BAD_REQUEST if it is no token
   */
  get session(): string | null {
    return this.#session.token
  }

  set session(token: string | null) {
    this.#session.adopt(token)
  }

  /** The value as it was written (JSON, text or bytes), or undefined if there is no such key. @throws STALE, UNAVAILABLE, TIMEOUT */
  async get<T = unknown>(key: string, options: GetOptions = NO_OPTIONS): Promise<T | undefined> {
    const reading = this.#reading(options)
    const { item, session } = this.#channel.getNow?.(key, reading) ?? (await this.#channel.get(key, reading))
    this.#session.absorb(reading.session, session)
    return item === null ? undefined : (decodeValue(item.value) as T)
  }

  /** The value with its version, writer, time and number of conflicts. @throws as `get` */
  async getItem<T = unknown>(key: string, options: GetOptions = NO_OPTIONS): Promise<Item<T> | undefined> {
    const reading = this.#reading(options)
    const { item, session } = this.#channel.getNow?.(key, reading) ?? (await this.#channel.get(key, reading))
    this.#session.absorb(reading.session, session)
    return item === null ? undefined : itemOf<T>(item)
  }

  /**
   * Writes `value`: bytes as bytes, everything else that JSON has as JSON.
   * @throws CONFLICT if its condition does not hold; BAD_REQUEST, TOO_LARGE before anything is
   * sent; UNAVAILABLE or TIMEOUT, with `details.applied` `true` or `unknown` if the write may stand
   */
  async set(key: string, value: unknown, options: SetOptions = NO_OPTIONS): Promise<Written> {
    const { ttl, as } = options
    const ttlMs = ttl === undefined ? undefined : checkedTtl(ttl)
    const operation: ChannelOperation = { op: 'set', key, value: encodeValue(value, as), ttlMs }
    const transaction = this.#transaction([operation], setConditions(key, options), options)
    const committed = await this.#channel.transact(transaction)
    this.#session.absorb(transaction.session, committed.session)
    return { version: present(committed.version, 'a set writes a version') }
  }

  /** True if the key existed. @throws as `set` */
  async delete(key: string, options: DeleteOptions = NO_OPTIONS): Promise<boolean> {
    const { ifVersion } = options
    const conditions = ifVersion === undefined ? NO_CONDITIONS : [{ key, version: checkedVersion(ifVersion, 'ifVersion') }]
    const transaction = this.#transaction([{ op: 'del', key }], conditions, options)
    const committed = await this.#channel.transact(transaction)
    this.#session.absorb(transaction.session, committed.session)
    return committed.deleted > 0
  }

  /** Applies all operations at once, on every node, or none. @throws as `set` */
  async batch(operations: readonly BatchOperation[], options: BatchOptions = NO_OPTIONS): Promise<BatchResult> {
    const conditions = (options.if ?? []).map(checkedCondition)
    if (operations.length === 0 && conditions.length === 0) return { version: null, deleted: 0 }
    const transaction = this.#transaction(encodeBatch(operations), conditions, options)
    const { version, deleted, session } = await this.#channel.transact(transaction)
    this.#session.absorb(transaction.session, session)
    return { version, deleted }
  }

  /**
   * Writes all pairs at once, on every node, or none: pairs in a list, a Map, or the members of
   * an object.
   * @throws as `set`; TOO_LARGE past 10,000 pairs or 4 MiB, since more can't be written at once
   */
  async bulkSet(
    pairs: Iterable<readonly [string, unknown]> | Readonly<Record<string, unknown>>,
    options: BulkSetOptions = NO_OPTIONS,
  ): Promise<BatchResult> {
    const { ttl, as, ...rest } = options
    const operations: BatchOperation[] = []
    for (const [key, value] of isIterable(pairs) ? pairs : Object.entries(pairs)) {
      if (operations.length === BATCH_OPERATIONS_MAX) throw tooManyOperations()
      operations.push({ op: 'set', key, value, ttl, as })
    }
    return this.batch(operations, rest)
  }

  /**
   * The items of a range in the order of their keys' bytes. Pages are fetched as the loop needs
   * them; each is a consistent state, and later ones are not older. Time-outs are for a page.
   * @throws as `get`
   */
  scan<T = unknown>(options: ScanOptions = NO_OPTIONS): AsyncGenerator<ScanItem<T>, void, undefined> {
    const { limit, pageSize } = options
    const left = limit === undefined ? Number.POSITIVE_INFINITY : checkedCount(limit, 'limit', Number.MAX_SAFE_INTEGER)
    return this.#items(options, left, checkedCount(pageSize ?? SCAN_PAGE_ITEMS, 'pageSize', PAGE_ITEMS_MAX))
  }

  /** Conflicts on record: of one key, or of all keys in their order. @throws as `get` */
  async *conflicts(key?: string, options: RequestOptions = NO_OPTIONS): AsyncGenerator<KeyConflicts, void, undefined> {
    const { signal } = options
    const timeoutMs = this.#timeoutOf(options)
    let cursor: string | null = null
    do {
      const page = await this.#channel.conflicts({ key, limit: CONFLICT_PAGE_KEYS, cursor, signal, timeoutMs })
      for (const found of page.keys) yield { ...found, conflicts: found.conflicts.map(conflictOf) }
      cursor = page.cursor
    } while (cursor !== null)
  }

  /** Writes again what the loser of a conflict held, over what the key has now. @throws NOT_FOUND, and as `set` */
  async restore(key: string, version: string, options: WriteOptions = NO_OPTIONS): Promise<Written> {
    const operation: ChannelOperation = { op: 'restore', key, version: checkedVersion(version, 'version') }
    const transaction = this.#transaction([operation], NO_CONDITIONS, options)
    const committed = await this.#channel.transact(transaction)
    this.#session.absorb(transaction.session, committed.session)
    return { version: present(committed.version, 'a restore writes a version') }
  }

  /** How the cluster takes writes, as the node that answers knows. */
  async mode(options: RequestOptions = NO_OPTIONS): Promise<ClusterMode> {
    return this.#channel.mode({ signal: options.signal, timeoutMs: this.#timeoutOf(options) })
  }

  /**
   * Has every node take writes (`multi`), or one of them (`leader`). Nothing that was acknowledged is
   * lost by it, and asking for the mode that it is in changes nothing.
   * @throws NO_QUORUM if no majority is reached; UNAVAILABLE, TIMEOUT
   */
  async switchMode(mode: Mode, options: RequestOptions = NO_OPTIONS): Promise<ClusterMode> {
    if (mode !== 'multi' && mode !== 'leader') throw new SkeinError('BAD_REQUEST', `the mode ${String(mode)} is none: 'multi' or 'leader'`)
    return this.#channel.switchMode(mode, { signal: options.signal, timeoutMs: this.#timeoutOf(options) })
  }

  /** Hands the leadership over to a node. @throws NOT_FOUND if it is no voter; NO_QUORUM, UNAVAILABLE, TIMEOUT */
  async promote(node: string, options: RequestOptions = NO_OPTIONS): Promise<ClusterMode> {
    return this.#channel.promote(node, { signal: options.signal, timeoutMs: this.#timeoutOf(options) })
  }

  /**
   * Gives a node a vote, once it holds what the others hold. It runs already, started with `--join`.
   * Asking again changes nothing.
   * @throws NOT_FOUND if it is not connected; CONFLICT if the nodes were started with lists of members
   * that differ; NO_QUORUM, UNAVAILABLE, TIMEOUT
   */
  async join(node: string, options: RequestOptions = NO_OPTIONS): Promise<ClusterMembers> {
    return this.#channel.join(parseNodeName(node), { signal: options.signal, timeoutMs: this.#timeoutOf(options) })
  }

  /**
   * Takes a node out of the cluster; what only that node had is lost. `force` is for the last of two voters: it goes
   * on alone, as the other one is lost for good.
   * @throws NOT_FOUND if it is no member; CONFLICT if it leads; NO_QUORUM if too few are left to go
   * on; UNAVAILABLE, TIMEOUT
   */
  async remove(node: string, options: RequestOptions & { readonly force?: boolean } = NO_OPTIONS): Promise<ClusterMembers> {
    const { signal, force = false } = options
    return this.#channel.remove(parseNodeName(node), { signal, force, timeoutMs: this.#timeoutOf(options) })
  }

  /** What the node that answers says of itself and its peers. */
  async status(options: RequestOptions = NO_OPTIONS): Promise<Record<string, unknown>> {
    return this.#channel.status({ signal: options.signal, timeoutMs: this.#timeoutOf(options) })
  }

  /** Ends the calls that are running too. */
  async close(): Promise<void> {
    await this.#channel.close()
  }

  async *#items<T>(options: ScanOptions, limit: number, pageSize: number): AsyncGenerator<ScanItem<T>, void, undefined> {
    const { prefix, start, end, reverse } = options
    let left = limit
    let cursor: string | null = null
    do {
      const query: PageQuery = {
        ...this.#reading(options),
        prefix,
        start,
        end,
        reverse: reverse === true,
        limit: Math.min(left, pageSize),
        cursor,
      }
      const page = await this.#channel.page(query)
      this.#session.absorb(query.session, page.session)
      for (const item of page.items) yield scanItemOf<T>(item)
      left -= page.items.length
      cursor = page.cursor
    } while (cursor !== null && left > 0)
  }

  #transaction(
    operations: readonly ChannelOperation[],
    conditions: readonly ChannelCondition[],
    options: WriteOptions,
  ): ChannelTransaction {
    const { w, idempotencyKey, signal } = options
    return {
      operations,
      conditions,
      concern: w === undefined ? 1 : checkedConcern(w),
      idempotencyKey: idempotencyKey === undefined ? null : checkedIdempotencyKey(idempotencyKey),
      session: this.#session.token,
      signal,
      timeoutMs: this.#timeoutOf(options),
    }
  }

  #reading(options: GetOptions): ReadOptions {
    const consistency = options.consistency === undefined ? this.#consistency : checkedConsistency(options.consistency)
    const session = consistency === 'local' ? null : this.#session.token
    return { consistency, session, signal: options.signal, timeoutMs: this.#timeoutOf(options) }
  }

  #timeoutOf(options: RequestOptions): number {
    return options.timeoutMs === undefined ? this.#timeoutMs : checkedTimeout(options.timeoutMs, 'timeoutMs')
  }
}

function setConditions(key: string, options: SetOptions): readonly ChannelCondition[] {
  const { ifVersion, ifAbsent } = options
  if (ifVersion === undefined) return ifAbsent === true ? [{ key, absent: true }] : NO_CONDITIONS
  if (ifAbsent === true) throw new SkeinError('BAD_REQUEST', 'ifVersion and ifAbsent can not both hold: give one of them')
  return [{ key, version: checkedVersion(ifVersion, 'ifVersion') }]
}

function checkedCondition(condition: BatchCondition): ChannelCondition {
  return 'absent' in condition
    ? { key: condition.key, absent: true }
    : { key: condition.key, version: checkedVersion(condition.version, 'the version of a condition') }
}

function encodeBatch(operations: readonly BatchOperation[]): readonly ChannelOperation[] {
  if (operations.length > BATCH_OPERATIONS_MAX) throw tooManyOperations()
  let bytes = 0
  return operations.map((operation) => {
    const encoded = encodeOperation(operation)
    // A character of the key takes at least a byte; the node counts exactly.
    bytes += encoded.key.length + (encoded.op === 'set' ? encoded.value.data.length : 0)
    if (bytes > BATCH_BYTES_MAX) {
      throw new SkeinError(
        'TOO_LARGE',
        `the batch has more than ${BATCH_BYTES_MAX} bytes: it is applied at once or not at all, so split it yourself`,
      )
    }
    return encoded
  })
}

function encodeOperation(operation: BatchOperation): Exclude<ChannelOperation, { op: 'restore' }> {
  switch (operation.op) {
    case 'set': {
      const { key, value, ttl, as } = operation
      return { op: 'set', key, value: encodeValue(value, as), ttlMs: ttl === undefined ? undefined : checkedTtl(ttl) }
    }
    case 'del':
      return { op: 'del', key: operation.key }
    default:
      return refuseOperation(operation)
  }
}

/** Callers in JavaScript may pass anything. */
function refuseOperation(operation: never): never {
  throw new SkeinError('BAD_REQUEST', `${JSON.stringify(operation)} is no operation of a batch: its op is 'set' or 'del'`)
}

function tooManyOperations(): SkeinError {
  return new SkeinError(
    'TOO_LARGE',
    `more than ${BATCH_OPERATIONS_MAX} operations: they are applied at once or not at all, so split them yourself`,
  )
}

function isIterable<T>(pairs: Iterable<T> | object): pairs is Iterable<T> {
  return Symbol.iterator in pairs
}
