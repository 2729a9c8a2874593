/**
 * What a database gives and takes, in JavaScript values. The channel below it speaks of the same
 * things in bytes.
 */

import type { ConflictRecord, ConflictSide, ReadConsistency, StoredItem, WriteConcern } from './channel.ts'
import { decodeValue, type StringEncoding } from './values.ts'

/** Of every call. */
export interface RequestOptions {
  /** Ends the call, which then throws the signal's reason. A write that is on its way may still be applied. */
  readonly signal?: AbortSignal | undefined
  /** For the whole call, retries included, in milliseconds. */
  readonly timeoutMs?: number | undefined
}

export interface GetOptions extends RequestOptions {
  /**
   * - `session` (default): on a state that has all this database wrote and read
   * - `local`: what the node has, at once
   * - `linearizable`: the latest, as the leader has it; in leader mode only
   */
  readonly consistency?: ReadConsistency | undefined
}

export interface WriteOptions extends RequestOptions {
  /** Nodes that must have the write durably before the call returns. Default 1. */
  readonly w?: WriteConcern | undefined
  /**
   * Makes a repetition by the caller safe, as the client's own retries are: 1–64 visible ASCII
   * characters, unique to this write. Drawn at random by default.
   */
  readonly idempotencyKey?: string | undefined
}

export interface SetOptions extends WriteOptions {
  /** Time to live: milliseconds, or a text such as `30s`. */
  readonly ttl?: number | string | undefined
  /**
   * Write only over this version, else CONFLICT. Decided by the node that executes it: in
   * multi-leader mode another node may accept a concurrent write, and the winner is decided later;
   * in leader mode it is the leader alone, so the condition holds.
   */
  readonly ifVersion?: string | undefined
  /** Write only if there is no such key, else CONFLICT. Decided like `ifVersion`. */
  readonly ifAbsent?: boolean | undefined
  /** How a string is stored: as a JSON string (default), or as plain text. */
  readonly as?: StringEncoding | undefined
}

export interface DeleteOptions extends WriteOptions {
  /** Delete only this version, else CONFLICT. Decided like that of a set. */
  readonly ifVersion?: string | undefined
}

export type BatchOperation =
  | {
      readonly op: 'set'
      readonly key: string
      readonly value: unknown
      readonly ttl?: number | string | undefined
      readonly as?: StringEncoding | undefined
    }
  | { readonly op: 'del'; readonly key: string }

export type BatchCondition = { readonly key: string; readonly version: string } | { readonly key: string; readonly absent: true }

export interface BatchOptions extends WriteOptions {
  /** All must hold, else CONFLICT and nothing is written. */
  readonly if?: readonly BatchCondition[] | undefined
}

export interface BulkSetOptions extends WriteOptions {
  /** Of every pair. */
  readonly ttl?: number | string | undefined
  readonly as?: StringEncoding | undefined
}

export interface ScanOptions extends GetOptions {
  readonly prefix?: string | undefined
  /** The first key that may come. */
  readonly start?: string | undefined
  /** The first key that may not come any more. */
  readonly end?: string | undefined
  readonly reverse?: boolean | undefined
  /** Items in all. Default: no limit. */
  readonly limit?: number | undefined
  /** Items fetched at a time. Larger ones take fewer round trips and more memory. Default 500. */
  readonly pageSize?: number | undefined
}

export interface Written {
  /** `writer:sequence`, for conditions. */
  readonly version: string
}

export interface BatchResult {
  /** Null if there was nothing to write: every operation deleted what did not exist. */
  readonly version: string | null
  /** Keys that existed and were deleted. */
  readonly deleted: number
}

export interface Item<T = unknown> extends Omit<StoredItem, 'value' | 'timestampMs' | 'expiresAtMs'> {
  /** ISO 8601, of the version's hybrid clock. */
  readonly timestamp: string
  /** ISO 8601, or null if it never expires. */
  readonly expiresAt: string | null
  readonly value: T
}

/** An item of a scan, which does not look up conflicts. */
export type ScanItem<T = unknown> = Omit<Item<T>, 'conflicts'>

/** One side of a conflict; `value` is undefined if it is a delete, or left out (`valueOmitted`). */
export interface ConflictingVersion extends Omit<ConflictSide, 'value'> {
  readonly value: unknown
  readonly isDelete: boolean
}

export interface KeyConflict {
  readonly winner: ConflictingVersion
  readonly loser: ConflictingVersion
  /** What decided between the two. */
  readonly rule: ConflictRecord['rule']
}

export interface KeyConflicts {
  readonly key: string
  readonly keyEncoding?: 'base64' | undefined
  /** Oldest first. */
  readonly conflicts: readonly KeyConflict[]
}

/** @throws INTERNAL */
export function itemOf<T>(stored: StoredItem): Item<T> {
  return { ...scanItemOf<T>(stored), conflicts: stored.conflicts }
}

/** @throws INTERNAL */
export function scanItemOf<T>(stored: StoredItem): ScanItem<T> {
  const { key, keyEncoding, version, writer, timestampMs, expiresAtMs } = stored
  const timestamp = isoOf(timestampMs)
  const expiresAt = expiresAtMs === null ? null : isoOf(expiresAtMs)
  const item = { key, value: decodeValue(stored.value) as T, version, writer, timestamp, expiresAt }
  return keyEncoding === undefined ? item : { ...item, keyEncoding }
}

/** @throws INTERNAL */
export function conflictOf(record: ConflictRecord): KeyConflict {
  return { winner: sideOf(record.winner), loser: sideOf(record.loser), rule: record.rule }
}

function sideOf(side: ConflictSide): ConflictingVersion {
  return {
    ...side,
    value: side.value === null ? undefined : decodeValue(side.value),
    isDelete: side.value === null && side.valueOmitted !== true,
  }
}

/** The last moment that a `Date` holds; a deadline may lie further off. */
const LAST_DATE_MS = 8.64e15

function isoOf(ms: number): string {
  return new Date(Math.min(ms, LAST_DATE_MS)).toISOString()
}
