/**
 * The last-writer-wins register of a key (RG1–RG4). Its winner is one maximum: the largest
 * (epoch, timestamp, writer). Because timestamps and epochs rise along causality (RG2), a version
 * that was written in knowledge of another always beats it; only true concurrency is decided by
 * clocks, and then the loser is kept in the conflict record, so that it can be listed, explained
 * and restored.
 *
 * Siblings (Riak, CouchDB) were rejected as the default: every reader would have to merge. The
 * record has what siblings have, without asking for it at each read.
 */

import { assert, DAY_MS, type Epoch, type Timestamp } from '../base/index.ts'
import type { Dependencies } from './dependencies.ts'
import { type Dot, sameDot } from './dot.ts'
import { wallFromTimestamp } from './hybrid-clock.ts'

/** What a value was written as; it is read as the same. */
export type ValueType = 'json' | 'text' | 'bytes'

/** A value, as its bytes. */
export interface Value {
  readonly type: ValueType
  /** A binary string (`base/bytes.ts`); of JSON and text it is their UTF-8. */
  readonly data: string
}

/** One write to one key (RG1). */
export interface Version {
  readonly dot: Dot
  readonly epoch: Epoch
  readonly timestamp: Timestamp
  /** Null: a tombstone, the trace of a delete. */
  readonly value: Value | null
  /** Milliseconds since 1970 from which it reads as a tombstone (RG6), or null. */
  readonly deadlineMs: number | null
  /** What its writer knew, its own log aside. */
  readonly dependencies: Dependencies
}

/** Which part of (epoch, timestamp, writer) decided between two concurrent versions. */
export type DecidingRule = 'epoch' | 'timestamp' | 'writer'

/** A concurrent loser, with the version that beat it. */
export interface Conflict {
  readonly winner: Version
  readonly loser: Version
  readonly rule: DecidingRule
}

export interface Register {
  readonly winner: Version
  /** Oldest first. Invariant: at most `CONFLICTS_PER_KEY_MAX`. Depends on the order of arrival, so no digest covers it. */
  readonly conflicts: readonly Conflict[]
}

/** A seventeenth concurrent loser pushes out the oldest one of its key. */
export const CONFLICTS_PER_KEY_MAX = 16
/** Counted from the later of the two timestamps, so that all nodes agree. */
export const CONFLICT_RETENTION_MS = 7 * DAY_MS

const NO_CONFLICTS: readonly Conflict[] = []

export function newRegister(version: Version): Register {
  return { winner: version, conflicts: NO_CONFLICTS }
}

/** Positive if `left` wins over `right`, negative if it loses, 0 only for one and the same dot (RG3). */
export function compareRank(left: Version, right: Version): number {
  if (left.epoch !== right.epoch) return left.epoch - right.epoch
  if (left.timestamp !== right.timestamp) return left.timestamp - right.timestamp
  if (left.dot.writer !== right.dot.writer) return left.dot.writer > right.dot.writer ? 1 : -1
  return left.dot.sequence - right.dot.sequence
}

/** True if `version` was written in knowledge of `other`: causally later. */
export function hasSeen(version: Version, other: Version): boolean {
  if (version.dot.writer === other.dot.writer) return version.dot.sequence > other.dot.sequence
  return version.dependencies.has(other.dot)
}

export function areConcurrent(left: Version, right: Version): boolean {
  return !sameDot(left.dot, right.dot) && !hasSeen(left, right) && !hasSeen(right, left)
}

/** True if `version` claims to have seen a version that outranks it: its log is CORRUPT (RG2). */
export function breaksRank(version: Version, stored: Version): boolean {
  return hasSeen(version, stored) && compareRank(version, stored) < 0
}

/** The register after `arriving` is merged into it; the same object if nothing changed. */
export function mergeVersion(register: Register, arriving: Version): Register {
  const stored = register.winner
  if (sameDot(stored.dot, arriving.dot)) return register
  assert(!breaksRank(arriving, stored), 'a version that breaks RG2 is refused before it is merged')
  const arrivingWins = compareRank(arriving, stored) > 0
  const winner = arrivingWins ? arriving : stored
  const loser = arrivingWins ? stored : arriving
  if (!areConcurrent(winner, loser)) return arrivingWins ? { winner, conflicts: register.conflicts } : register
  const conflicts = [...register.conflicts, { winner, loser, rule: decidingRule(winner, loser) }]
  return { winner, conflicts: conflicts.slice(-CONFLICTS_PER_KEY_MAX) }
}

/** The conflicts still inside their retention at `wallMs`. */
export function currentConflicts(register: Register, wallMs: number): readonly Conflict[] {
  if (register.conflicts.length === 0) return NO_CONFLICTS
  return register.conflicts.filter((conflict) => {
    const latest = Math.max(conflict.winner.timestamp, conflict.loser.timestamp) as Timestamp
    return wallMs - wallFromTimestamp(latest) < CONFLICT_RETENTION_MS
  })
}

/** Its value as read at `wallMs`: null for a tombstone and for a version past its deadline (RG6). */
export function valueAt(version: Version, wallMs: number): Value | null {
  return version.deadlineMs !== null && wallMs >= version.deadlineMs ? null : version.value
}

function decidingRule(winner: Version, loser: Version): DecidingRule {
  if (winner.epoch !== loser.epoch) return 'epoch'
  return winner.timestamp === loser.timestamp ? 'writer' : 'timestamp'
}
