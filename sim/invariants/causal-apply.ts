/**
 * CausalApply (CA1, CA2, CA3): whatever a node applies, it has applied all that was known to the
 * writer: a frontier is causally closed at any moment, moves without gaps, and never back while
 * its process lives. And a writer seals only on what it has applied itself.
 *
 * For each log that a frontier moved in: a step for each writer that its last entry depends on.
 */

import { formatDot, type ReadonlyVersionVector } from '../../crdt/index.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import type { SealedTransaction } from '../sealed-transactions.ts'

export function causalApply(oracle: Oracle): Invariant {
  return {
    name: 'CausalApply',
    kinds: ['applied', 'sealed'],
    observe({ number, happening }) {
      if (happening.kind === 'sealed') {
        const first = oracle.sealed.filed[0]
        if (first === undefined || first.dependencies.coveredBy(oracle.shadow(happening.node).frontier)) return null
        return { message: `${formatDot(first.dot)} depends on what node ${happening.node} has not applied`, events: [number] }
      }
      if (happening.kind !== 'applied') return null
      const { move } = oracle.shadow(happening.node)
      if (move.retreat !== null) {
        return { message: `node ${happening.node} went back to ${formatDot(move.retreat)} without a restart`, events: [number] }
      }
      return findOpenDependency(move.applied, happening.frontier, happening.node, number)
    },
    finish: () => null,
  }
}

function findOpenDependency(
  applied: readonly SealedTransaction[],
  frontier: ReadonlyVersionVector,
  node: number,
  number: number,
): Finding | null {
  for (let place = 0; place < applied.length; place++) {
    const transaction = applied[place]
    const next = applied[place + 1]
    // Dependencies only grow along a log: its last transaction speaks for those before it.
    if (transaction === undefined || next?.dot.writer === transaction.dot.writer) continue
    if (transaction.dependencies.coveredBy(frontier)) continue
    const message = `node ${node} applies ${formatDot(transaction.dot)} before what it depends on`
    return { message, events: [transaction.sealedAt, number] }
  }
  return null
}
