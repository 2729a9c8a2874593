/**
 * A node's order of applying extends causality (CA2–CA4): when it applies a transaction, it has
 * applied all that its writer knew, and the one before it in its log. Linear in the
 * transactions times the size of their dependencies.
 */

import { type Dependencies, type Dot, formatDot, type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import type { Verdict } from './history.ts'

/** A transaction that a node applied. */
export interface AppliedTransaction {
  readonly node: number
  readonly dot: Dot
  /** What its writer knew when it wrote. */
  readonly dependencies: Dependencies
}

export interface ApplyViolation<Applied extends AppliedTransaction> {
  readonly kind: 'missing-dependency' | 'gap' | 'applied-twice'
  readonly applied: Applied
  readonly message: string
}

export interface ApplyResult<Applied extends AppliedTransaction> {
  readonly verdict: Verdict
  readonly violations: readonly ApplyViolation<Applied>[]
}

/** @param order of each node the transactions in the order in which it applied them; nodes may be mixed */
export function checkCausalApply<Applied extends AppliedTransaction>(order: Iterable<Applied>): ApplyResult<Applied> {
  const frontiers = new Map<number, VersionVector>()
  const violations: ApplyViolation<Applied>[] = []
  for (const applied of order) {
    const frontier = frontiers.get(applied.node) ?? new VersionVector()
    frontiers.set(applied.node, frontier)
    const { writer, sequence } = applied.dot
    const dot = formatDot(applied.dot)
    if (frontier.has(applied.dot)) {
      violations.push({ kind: 'applied-twice', applied, message: `node ${applied.node} applied ${dot} again` })
    } else if (frontier.get(writer) !== sequence - 1) {
      const message = `node ${applied.node} applied ${dot} after ${frontier.get(writer)} of that log`
      violations.push({ kind: 'gap', applied, message })
    } else if (!applied.dependencies.coveredBy(frontier)) {
      const missing = firstMissing(applied.dependencies, frontier)
      const message = `node ${applied.node} applied ${dot}, which depends on ${missing}, before that`
      violations.push({ kind: 'missing-dependency', applied, message })
    }
    frontier.advance(writer, sequence)
  }
  return { verdict: violations.length === 0 ? 'passed' : 'failed', violations }
}

function firstMissing(dependencies: Dependencies, frontier: ReadonlyVersionVector): string {
  for (const [writer, sequence] of dependencies.toVector().entries()) {
    if (frontier.get(writer) < sequence) return formatDot({ writer, sequence })
  }
  return 'nothing'
}
