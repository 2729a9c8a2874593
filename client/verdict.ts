/**
 * What follows from the outcome of an attempt: is the call over, or may it be made again?
 *
 * Repeating is safe where it can't do harm twice:
 * - a `read` always is;
 * - a `repeatable` write carries an idempotency key, by which a node that has its first try
 *   answers without executing it again. In a multi epoch the retry may reach another node before
 *   that one has heard of the first try; then the write is executed twice, which differs from
 *   once only if somebody else wrote the same key in between: their write is then overwritten;
 * - a write that is to happen `once` has conditions. Executed a second time elsewhere it may find
 *   them broken by its own first try, and so deny what it did. It is repeated only after an
 *   outcome that proves that nothing was applied.
 */

import { type ErrorCode, SkeinError, unreachable } from '../base/index.ts'
import type { Outcome } from './exchange.ts'

export type Safety = 'read' | 'repeatable' | 'once'

/** Not an answer. */
export type Failure = Exclude<Outcome, { kind: 'answered' }>

/**
 * Refusals that another node, or the same one later, may not give. INTERNAL is none: what makes
 * one node fail like that would make the next one.
 */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'NOT_LEADER',
  'UNAVAILABLE',
  'NO_QUORUM',
  'STALE',
  'CLOCK_SKEW',
  'RATE_LIMITED',
  'DISK_FULL',
  'REMOVED',
  'TIMEOUT',
])

/** Refusals that leave open whether the request was executed, unless `details.applied` says so. All others come before that. */
const UNCERTAIN: ReadonlySet<ErrorCode> = new Set(['INTERNAL', 'TIMEOUT', 'NO_QUORUM'])

export function mayRepeat(failure: Failure, safety: Safety): boolean {
  if (!isPassing(failure)) return false
  switch (safety) {
    case 'read':
    case 'repeatable':
      return true
    case 'once':
      return provesNothingApplied(failure)
    default:
      return unreachable(safety)
  }
}

/** True if no node has executed, or ever will execute, the request that failed like this. */
export function provesNothingApplied(failure: Failure): boolean {
  switch (failure.kind) {
    case 'unreachable':
      return true
    case 'refused': {
      const applied = failure.error.details?.applied
      return applied === undefined ? !UNCERTAIN.has(failure.error.code) : applied === false
    }
    case 'lost':
    case 'timed-out':
    case 'foreign':
    case 'oversized':
      return false
    default:
      return unreachable(failure)
  }
}

/** True if the node itself is in trouble, not merely this request: others go first for a while. */
export function isNodeTrouble(failure: Failure): boolean {
  return (
    failure.kind !== 'oversized' && !(failure.kind === 'refused' && (failure.error.code === 'NOT_LEADER' || failure.error.code === 'STALE'))
  )
}

/** The failure as the caller gets to see it. `reasons` tells what each node said last. */
export function errorOf(failure: Failure, reasons: ReadonlyMap<string, string>): SkeinError {
  const nodes = [...reasons].map(([url, reason]) => `${url}: ${reason}`).join('; ')
  switch (failure.kind) {
    case 'refused':
      return failure.error
    case 'unreachable':
    case 'lost':
      return new SkeinError('UNAVAILABLE', `no node answered (${nodes}): check that one runs and that its address is right`)
    case 'timed-out':
      return new SkeinError('TIMEOUT', `no answer in time (${nodes}): try again, or allow more with timeoutMs`)
    case 'foreign':
      return new SkeinError(
        failure.status >= 500 ? 'UNAVAILABLE' : 'INTERNAL',
        `the answer is not one of a Skein node (${nodes}): check the address, and any proxy before it`,
      )
    case 'oversized':
      return new SkeinError('TOO_LARGE', `the answer has more than ${failure.limitBytes} bytes: ask for less, for instance with pageSize`)
    default:
      return unreachable(failure)
  }
}

/** In a few words, for the list of what each node said. */
export function reasonOf(failure: Failure): string {
  switch (failure.kind) {
    case 'refused':
      return failure.error.code
    case 'timed-out':
      return `no answer in ${Math.round(failure.afterMs)} ms`
    case 'oversized':
      return 'too large an answer'
    case 'unreachable':
    case 'lost':
    case 'foreign':
      return failure.reason
    default:
      return unreachable(failure)
  }
}

function isPassing(failure: Failure): boolean {
  if (failure.kind === 'oversized') return false
  if (failure.kind !== 'refused') return true
  const { code, details } = failure.error
  // Applied, but not on as many nodes as were asked for (WR4): a second time would not change that.
  if (details?.applied === true) return false
  // No node has a leader to ask (LM7).
  return PASSING.has(code) && details?.mode !== 'multi'
}
