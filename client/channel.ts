/**
 * The narrow waist between the client library and a store: what a database needs to be able to
 * ask. Two channels exist: HTTP to any node of a cluster (`http-channel.ts`), and straight into a
 * node of the same process (`server/embedded-channel.ts`). `Database` is the same over both, so an
 * embedded node and a remote one can't differ in meaning.
 */

/** What a value was written as. */
export type ValueType = 'json' | 'text' | 'bytes'

export interface EncodedValue {
  readonly type: ValueType
  /** Its bytes as a binary string (`base/bytes.ts`); of JSON and text they are UTF-8. */
  readonly data: string
}

export type ReadConsistency = 'local' | 'session' | 'linearizable'
export type WriteConcern = number | 'majority' | 'all'

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** For the whole call, retries included. */
  readonly timeoutMs: number
}

export interface RemovalOptions extends CallOptions {
  /** The other one of two voters is lost for good. */
  readonly force: boolean
}

export interface ReadOptions extends CallOptions {
  readonly consistency: ReadConsistency
  /** Session token that the answer must cover, or null. */
  readonly session: string | null
}

export interface StoredItem {
  /** The text of the key, or its base64 if `keyEncoding` says so. */
  readonly key: string
  /** Set if the key's bytes are not UTF-8. */
  readonly keyEncoding?: 'base64' | undefined
  readonly value: EncodedValue
  /** `writer:sequence`, for conditions. */
  readonly version: string
  readonly writer: string
  /** Milliseconds since 1970, of the version's hybrid clock. */
  readonly timestampMs: number
  /** Milliseconds since 1970, or null if it never expires. */
  readonly expiresAtMs: number | null
  /** How many concurrent losers are on record. */
  readonly conflicts: number
}

/** What a key has, or null, and what the answer reflects. */
export interface Found {
  readonly item: StoredItem | null
  readonly session: string
}

export type ChannelOperation =
  | { readonly op: 'set'; readonly key: string; readonly value: EncodedValue; readonly ttlMs?: number | undefined }
  | { readonly op: 'del'; readonly key: string }
  | { readonly op: 'restore'; readonly key: string; readonly version: string }

export type ChannelCondition = { readonly key: string; readonly version: string } | { readonly key: string; readonly absent: true }

export interface ChannelTransaction extends CallOptions {
  readonly operations: readonly ChannelOperation[]
  readonly conditions: readonly ChannelCondition[]
  readonly concern: WriteConcern
  /** A retry under the same key has no second effect. */
  readonly idempotencyKey: string | null
  readonly session: string | null
}

export interface Committed {
  /** Null if there was nothing to write. */
  readonly version: string | null
  /** Keys that existed and were deleted. */
  readonly deleted: number
  readonly session: string
}

export interface PageQuery extends ReadOptions {
  readonly prefix?: string | undefined
  readonly start?: string | undefined
  readonly end?: string | undefined
  readonly reverse: boolean
  readonly limit: number
  /** From the page before. */
  readonly cursor: string | null
}

export interface Page {
  readonly items: readonly StoredItem[]
  /** For the next page; null at the end. */
  readonly cursor: string | null
  readonly session: string
}

/** One side of a conflict. */
export interface ConflictSide {
  readonly version: string
  readonly writer: string
  readonly timestamp: string
  readonly epoch: number
  /** Null: a delete, unless `valueOmitted`. */
  readonly value: EncodedValue | null
  /** True where the value was left out because the answer had grown too long. */
  readonly valueOmitted?: boolean | undefined
  /** The vector clock: what the writer of this version had seen, by log. */
  readonly clock: Readonly<Record<string, number>>
}

export interface ConflictRecord {
  readonly winner: ConflictSide
  readonly loser: ConflictSide
  /** What decided between the two. */
  readonly rule: 'epoch' | 'timestamp' | 'writer'
}

export interface ConflictPage {
  readonly keys: readonly { readonly key: string; readonly conflicts: readonly ConflictRecord[] }[]
  readonly cursor: string | null
}

export type Mode = 'multi' | 'leader'

/** How the cluster takes writes. */
export interface ClusterMode {
  readonly mode: Mode
  /** Rises with every switch and every election; even ones have a leader. */
  readonly epoch: number
  /** The name of the node that takes writes; null in `multi`, where every node does, or if nobody is known. */
  readonly leader: string | null
}

/** Who votes, after a change of the members. */
export interface ClusterMembers {
  readonly voters: readonly string[]
}

export interface Channel {
  /** Null if there is no such key. */
  get(key: string, options: ReadOptions): Promise<Found>
  /** As `get` where the answer is at hand, without a promise; null where it has to be waited for. */
  getNow?(key: string, options: ReadOptions): Found | null
  transact(transaction: ChannelTransaction): Promise<Committed>
  page(query: PageQuery): Promise<Page>
  conflicts(query: { key?: string | undefined; limit: number; cursor: string | null } & CallOptions): Promise<ConflictPage>
  mode(options: CallOptions): Promise<ClusterMode>
  /** Answers once it is switched. */
  switchMode(mode: Mode, options: CallOptions): Promise<ClusterMode>
  /** Answers once `node` leads. */
  promote(node: string, options: CallOptions): Promise<ClusterMode>
  /** Answers once `node` votes. */
  join(node: string, options: CallOptions): Promise<ClusterMembers>
  /** Answers once `node` is no member any more. */
  remove(node: string, options: RemovalOptions): Promise<ClusterMembers>
  /** The body of `GET /v1/status`. */
  status(options: CallOptions): Promise<Record<string, unknown>>
  close(): Promise<void>
}
