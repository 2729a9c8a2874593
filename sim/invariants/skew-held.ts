/**
 * SkewHeld (HL3): an entry that is stamped more than the allowed drift ahead of a node's reference
 * clock waits there; it is not applied.
 *
 * What a node had applied in an earlier life is not held again, whatever the clock says by now.
 * What the chain of leaders' logs holds or adopts never is. Here the first is: its own transactions, what those depend on, and all that it applies while it reads
 * its disk. One comparison a transaction and node; the status of a node is asked only of a
 * transaction that is far ahead of its wall clock.
 */

import { present, type Timestamp, type WriterId } from '../../base/index.ts'
import { MAX_CLOCK_DRIFT_DEFAULT_MS } from '../../core/index.ts'
import { formatDot, wallFromTimestamp } from '../../crdt/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { Finding, Invariant, NodeView } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import type { SealedTransaction } from '../sealed-transactions.ts'

/** The status rounds to whole milliseconds. */
const ROUNDING_MS = 1

export function skewHeld(oracle: Oracle, maxDriftMs: number = MAX_CLOCK_DRIFT_DEFAULT_MS): Invariant {
  const recovered = new Set<NodeIndex>()
  /** By node: the logs of all its lives. */
  const own = new Map<NodeIndex, Set<WriterId>>()
  return {
    name: 'SkewHeld',
    kinds: ['started', 'recovered', 'sealed', 'applied'],
    observe({ number, happening }, cluster) {
      switch (happening.kind) {
        case 'started':
          recovered.delete(happening.node)
          return null
        case 'recovered':
          recovered.add(happening.node)
          return null
        case 'sealed': {
          const logs = own.get(happening.node) ?? new Set<WriterId>()
          own.set(happening.node, logs.add(happening.entry.writer))
          return null
        }
        case 'applied': {
          if (!recovered.has(happening.node)) return null
          const node = present(cluster.nodes[happening.node], 'a node that applies is one of the cluster')
          return findSkewed(oracle, node, own.get(happening.node) ?? new Set(), maxDriftMs, number)
        }
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function findSkewed(oracle: Oracle, node: NodeView, own: ReadonlySet<WriterId>, maxDriftMs: number, number: number): Finding | null {
  let referenceMs: number | null = null
  for (const transaction of oracle.shadow(node.index).move.applied) {
    const stampedMs = wallFromTimestamp(transaction.timestamp as Timestamp)
    if (stampedMs <= node.wallMs + maxDriftMs || transaction.node === node.index || oracle.chain.isOf(transaction)) continue
    referenceMs ??= node.wallMs + node.status().clockOffsetMs
    const aheadMs = stampedMs - referenceMs
    if (aheadMs <= maxDriftMs + ROUNDING_MS || wasKnown(oracle, own, transaction)) continue
    const message = `node ${node.index} applies ${formatDot(transaction.dot)}, which is stamped ${Math.round(aheadMs)} ms ahead of its reference clock`
    return { message, events: [transaction.sealedAt, number] }
  }
  return null
}

/** True if a transaction of the node's own depends on it. */
function wasKnown(oracle: Oracle, own: ReadonlySet<WriterId>, { dot }: SealedTransaction): boolean {
  for (const writer of own) {
    if (oracle.transactions.log(writer)?.transactions.at(-1)?.dependencies.has(dot) === true) return true
  }
  return false
}
