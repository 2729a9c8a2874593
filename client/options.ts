/**
 * What callers pass beside keys and values, checked at the gate: callers in JavaScript have no
 * compiler to stop them.
 */

import { DAY_MS, IDEMPOTENCY_KEY_BYTES_MAX, parseDuration, SkeinError } from '../base/index.ts'
import { parseDot } from '../crdt/index.ts'
import type { ReadConsistency, WriteConcern } from './channel.ts'

/** `setTimeout` takes no more, and would fire at once. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1
/** A century. */
const TTL_MAX_MS = 36_525 * DAY_MS

/** @throws BAD_REQUEST */
export function checkedTimeout(timeoutMs: number, name: string): number {
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= TIMEOUT_MAX_MS) return timeoutMs
  throw new SkeinError('BAD_REQUEST', `${name} is ${String(timeoutMs)}: give a number of milliseconds above 0, such as 5000`)
}

/**
 * Milliseconds, rounded up.
 * @param ttl milliseconds, or a text such as `30s`
 * @throws BAD_REQUEST
 */
export function checkedTtl(ttl: number | string): number {
  const ms = typeof ttl === 'string' ? parseDuration(ttl, 'ttl') : ttl
  if (typeof ms === 'number' && ms > 0 && ms <= TTL_MAX_MS) return Math.ceil(ms)
  throw new SkeinError('BAD_REQUEST', `ttl is ${String(ttl)}: give milliseconds above 0, or a text such as 30s, or delete the key`)
}

/** @throws BAD_REQUEST */
export function checkedConcern(w: WriteConcern): WriteConcern {
  if (w === 'majority' || w === 'all' || (typeof w === 'number' && Number.isInteger(w) && w >= 1)) return w
  throw new SkeinError('BAD_REQUEST', `w is ${String(w)}: give a number of nodes from 1 up, 'majority' or 'all'`)
}

/** @throws BAD_REQUEST */
export function checkedConsistency(consistency: ReadConsistency): ReadConsistency {
  if (consistency === 'session' || consistency === 'local' || consistency === 'linearizable') return consistency
  throw new SkeinError('BAD_REQUEST', `consistency is ${String(consistency)}: it is 'local', 'session' or 'linearizable'`)
}

/** @throws BAD_REQUEST */
export function checkedVersion(version: string, name: string): string {
  if (typeof version === 'string' && parseDot(version) !== null) return version
  throw new SkeinError(
    'BAD_REQUEST',
    `${name} is ${JSON.stringify(version)}, which is no version: pass what a read or a write gave as \`version\``,
  )
}

/** @throws BAD_REQUEST */
export function checkedCount(count: number, name: string, max: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= max) return count
  throw new SkeinError('BAD_REQUEST', `${name} is ${String(count)}: give a whole number from 1 to ${max}`)
}

/** @throws BAD_REQUEST */
export function checkedIdempotencyKey(idempotencyKey: string): string {
  const isFit = typeof idempotencyKey === 'string' && idempotencyKey.length >= 1 && idempotencyKey.length <= IDEMPOTENCY_KEY_BYTES_MAX
  if (isFit && [...idempotencyKey].every((character) => character > ' ' && character <= '~')) return idempotencyKey
  throw new SkeinError(
    'BAD_REQUEST',
    `the idempotency key is to be 1 to ${IDEMPOTENCY_KEY_BYTES_MAX} visible ASCII characters, such as a UUID`,
  )
}
