/**
 * Requests of workloads, by what they ask: keys as text, defaults for the rest. A workload may
 * also write a `Request` by hand; these are shorter.
 */

import { binaryFromText, keyFromText } from '../../base/index.ts'
import {
  type Condition,
  type ConflictsRequest,
  type GetRequest,
  keyRange,
  type Operation,
  type ReadConsistency,
  type ScanRequest,
  type TransactionRequest,
  type WriteConcern,
} from '../../core/index.ts'
import type { Dot, ReadonlyVersionVector, Value } from '../../crdt/index.ts'

/** How long a node may let a request wait for its session or its write concern, in ms. */
export const REQUEST_TIMEOUT_MS = 1500

/** What a read may carry. */
export interface ReadOptions {
  /** What the answer has to cover (SS1). Without, the node answers with what it has. */
  readonly session?: ReadonlyVersionVector | null
  /** Instead of what follows from the session. */
  readonly consistency?: ReadConsistency
}

export interface WriteOptions extends ReadOptions {
  readonly conditions?: readonly Condition[]
  readonly concern?: WriteConcern
  /** Makes a retry safe. */
  readonly idempotencyKey?: string | null
}

export function getRequest(key: string, { session = null, consistency = consistencyOf(session) }: ReadOptions = {}): GetRequest {
  return { kind: 'get', key: keyFromText(key), consistency, session, timeoutMs: REQUEST_TIMEOUT_MS }
}

/** All keys that start with `prefix`, at most `limit`. */
export function scanRequest(
  prefix: string,
  limit: number,
  { session = null, reverse = false }: ReadOptions & { readonly reverse?: boolean } = {},
): ScanRequest {
  const range = keyRange({ prefix: keyFromText(prefix), start: null, end: null, reverse, cursor: null })
  return { kind: 'scan', range, limit, consistency: consistencyOf(session), session, timeoutMs: REQUEST_TIMEOUT_MS }
}

/** All operations or none (WR3). */
export function transactionRequest(operations: readonly Operation[], options: WriteOptions = {}): TransactionRequest {
  const { session = null, conditions = [], concern = 1, idempotencyKey = null } = options
  return { kind: 'transaction', operations, conditions, concern, idempotencyKey, session, timeoutMs: REQUEST_TIMEOUT_MS }
}

export function conflictsRequest(key: string | null, limit: number): ConflictsRequest {
  return { kind: 'conflicts', key: key === null ? null : keyFromText(key), after: null, limit }
}

export function setOperation(key: string, value: Value, ttlMs: number | null = null): Operation {
  return { kind: 'set', key: keyFromText(key), value, ttlMs }
}

export function deleteOperation(key: string): Operation {
  return { kind: 'delete', key: keyFromText(key) }
}

export function restoreOperation(key: string, version: Dot): Operation {
  return { kind: 'restore', key: keyFromText(key), version }
}

export function ifVersion(key: string, version: Dot): Condition {
  return { kind: 'version', key: keyFromText(key), version }
}

export function ifAbsent(key: string): Condition {
  return { kind: 'absent', key: keyFromText(key) }
}

export function textValue(text: string): Value {
  return { type: 'text', data: binaryFromText(text) }
}

function consistencyOf(session: ReadonlyVersionVector | null): 'session' | 'local' {
  return session === null ? 'local' : 'session'
}
