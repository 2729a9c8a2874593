/**
 * What clients ask and what they are answered: the vocabulary that every door translates to and
 * from. Requests arrive here parsed and within their limits; the doors see to that.
 */

import type { Epoch, Key, NodeName, SkeinError } from '../base/index.ts'
import type { Conflict, Dot, ReadonlyVersionVector, Value, Version } from '../crdt/index.ts'
import type { Inspection, Procedure } from './procedure.ts'
import type { Status } from './status.ts'

/** Given by whoever interprets the effects; unique among the requests not yet answered. */
export type RequestId = number

export type Operation =
  | { readonly kind: 'set'; readonly key: Key; readonly value: Value; readonly ttlMs: number | null }
  | { readonly kind: 'delete'; readonly key: Key }
  /** Writes again what a conflict's loser held. */
  | { readonly kind: 'restore'; readonly key: Key; readonly version: Dot }

/** What must hold for a transaction to be executed (RG5). */
export type Condition =
  | { readonly kind: 'version'; readonly key: Key; readonly version: Dot }
  | { readonly kind: 'absent'; readonly key: Key }

/** How many nodes must hold a write durably before it is answered (WR4). */
export type WriteConcern = number | 'majority' | 'all'

/** `linearizable` is refused in a multi epoch (LM7). */
export type ReadConsistency = 'local' | 'session' | 'linearizable'

interface Waiting {
  /** What the answer has to cover (SS1), or null. */
  readonly session: ReadonlyVersionVector | null
  /** How long it may wait for its session or its write concern. */
  readonly timeoutMs: number
}

export interface GetRequest extends Waiting {
  readonly kind: 'get'
  readonly key: Key
  readonly consistency: ReadConsistency
}

export interface KeyRange {
  /** The first key that may be in it, or null for no bound. */
  readonly start: Key | null
  /** The first key after it, or null for no bound. */
  readonly end: Key | null
  readonly reverse: boolean
}

export interface ScanRequest extends Waiting {
  readonly kind: 'scan'
  readonly range: KeyRange
  readonly limit: number
  readonly consistency: ReadConsistency
}

/** Reads several keys at one moment, or computes something of them; what it found is the inspection's. */
export interface InspectRequest extends Waiting {
  readonly kind: 'inspect'
  readonly inspection: Inspection
  readonly consistency: ReadConsistency
}

interface WriteTerms extends Waiting {
  readonly conditions: readonly Condition[]
  readonly concern: WriteConcern
  /** Bytes, as a binary string, that make a retry safe: a transaction with a known one is not executed again. */
  readonly idempotencyKey: string | null
}

/** An atomic list of operations (WR3). One set or delete is a list of one. */
export interface TransactionRequest extends WriteTerms {
  readonly kind: 'transaction'
  readonly operations: readonly Operation[]
}

/**
 * A transaction that reads before it decides what to write (`procedure.ts`). With an idempotency
 * key that was executed already it is answered `committed` and not run: what the procedure learned
 * is of an earlier try, or nothing.
 */
export interface ProcedureRequest extends WriteTerms {
  readonly kind: 'procedure'
  readonly procedure: Procedure
}

/** How many nodes hold a transaction durably: answered once `wanted` do, or at the time-out. */
export interface CopiesRequest {
  readonly kind: 'copies'
  readonly version: Dot
  /** Nodes, this one included. */
  readonly wanted: number
  readonly timeoutMs: number
}

export interface ConflictsRequest {
  readonly kind: 'conflicts'
  /** One key, or null for all keys from `after` on. */
  readonly key: Key | null
  readonly after: Key | null
  readonly limit: number
}

export interface StatusRequest {
  readonly kind: 'status'
}

/** Switches the cluster between its modes (EP4, EP5); answered once this node is in the one asked for. */
export interface ModeRequest {
  readonly kind: 'mode'
  readonly mode: 'multi' | 'leader'
  readonly timeoutMs: number
}

/** Hands the leadership over to a voter (LM10). */
export interface PromoteRequest {
  readonly kind: 'promote'
  readonly node: NodeName
  readonly timeoutMs: number
}

/**
 * Changes who the members are (MB1): `join` gives a node that is connected, and was started with
 * `--join`, a vote; `remove` takes a node out, with all that it alone had.
 */
export interface MembersRequest {
  readonly kind: 'members'
  readonly change: 'join' | 'remove'
  readonly node: NodeName
  /** The last of two voters goes on alone: the other one is lost for good (MB4). */
  readonly isForced: boolean
  readonly timeoutMs: number
}

export type ReadRequest = GetRequest | ScanRequest | InspectRequest
export type WriteRequest = TransactionRequest | ProcedureRequest
export type Request =
  | ReadRequest
  | WriteRequest
  | CopiesRequest
  | ConflictsRequest
  | StatusRequest
  | ModeRequest
  | PromoteRequest
  | MembersRequest

export function isWrite(request: Request): request is WriteRequest {
  return request.kind === 'transaction' || request.kind === 'procedure'
}

/** A live version, without its conflicts. */
export interface Item {
  readonly key: Key
  readonly version: Version
  readonly value: Value
}

export interface KeyConflicts {
  readonly key: Key
  readonly conflicts: readonly Conflict[]
}

export type Reply =
  | { readonly kind: 'value'; readonly item: Item | null; readonly conflicts: number; readonly session: ReadonlyVersionVector }
  | {
      readonly kind: 'page'
      readonly items: readonly Item[]
      /** Where the next page starts (the next `end`, if reversed), or null at the end. */
      readonly next: Key | null
      readonly session: ReadonlyVersionVector
    }
  | {
      readonly kind: 'committed'
      /** Null if there was nothing to write: every operation deleted what did not exist. */
      readonly version: Dot | null
      /** How many keys existed and were deleted. */
      readonly deleted: number
      readonly session: ReadonlyVersionVector
    }
  /** The inspection has run. */
  | { readonly kind: 'inspected' }
  | { readonly kind: 'copies'; readonly nodes: number }
  | { readonly kind: 'conflicts'; readonly keys: readonly KeyConflicts[]; readonly next: Key | null }
  | { readonly kind: 'status'; readonly status: Status }
  /** The mode that this node is in. `leader`: as far as it is known. */
  | { readonly kind: 'mode'; readonly mode: 'multi' | 'leader'; readonly epoch: Epoch; readonly leader: NodeName | null }
  /** Who votes now. */
  | { readonly kind: 'members'; readonly voters: readonly NodeName[] }
  | { readonly kind: 'failed'; readonly error: SkeinError }
