/**
 * What goes into a queue comes out of it: each acknowledged item exactly once, when at the end the
 * queue has been drained (Jepsen's `total-queue`). Order is not looked at. Items are counted, so
 * equal ones may be enqueued several times. Linear.
 */

import type { Scalar, Verdict } from './history.ts'

export interface Enqueue {
  readonly item: Scalar
  /** `unknown`: it may be in the queue or not. */
  readonly outcome: 'ok' | 'failed' | 'unknown'
}

export interface TotalQueueResult {
  readonly verdict: Verdict
  /** Acknowledged, and dequeued less often than that; once for each missing one. */
  readonly lost: readonly Scalar[]
  /** Dequeued, and never enqueued. */
  readonly unexpected: readonly Scalar[]
  /** Dequeued more often than enqueued. */
  readonly duplicated: readonly Scalar[]
  /** How many items came out whose enqueue had an unknown outcome. */
  readonly recovered: number
}

interface Tally {
  acknowledged: number
  attempted: number
  dequeued: number
}

/** `dequeued` has all items that came out, those of the draining included. */
export function checkTotalQueue(enqueues: Iterable<Enqueue>, dequeued: Iterable<Scalar>): TotalQueueResult {
  const tallies = new Map<Scalar, Tally>()
  const tallyOf = (item: Scalar): Tally => {
    const known = tallies.get(item)
    if (known !== undefined) return known
    const tally = { acknowledged: 0, attempted: 0, dequeued: 0 }
    tallies.set(item, tally)
    return tally
  }
  for (const { item, outcome } of enqueues) {
    if (outcome === 'failed') continue
    const tally = tallyOf(item)
    tally.attempted += 1
    if (outcome === 'ok') tally.acknowledged += 1
  }
  for (const item of dequeued) tallyOf(item).dequeued += 1
  const lost: Scalar[] = []
  const unexpected: Scalar[] = []
  const duplicated: Scalar[] = []
  let recovered = 0
  for (const [item, tally] of tallies) {
    for (let missing = tally.acknowledged - tally.dequeued; missing > 0; missing--) lost.push(item)
    if (tally.attempted === 0) unexpected.push(item)
    else if (tally.dequeued > tally.attempted) duplicated.push(item)
    recovered += Math.max(0, Math.min(tally.dequeued, tally.attempted) - tally.acknowledged)
  }
  const isWhole = lost.length + unexpected.length + duplicated.length === 0
  return { verdict: isWhole ? 'passed' : 'failed', lost, unexpected, duplicated, recovered }
}
