/**
 * MergeACI (RG3, RG4): merging is associative, commutative and idempotent, which shows in that a
 * node's registers depend on its frontier alone: after each move every key that was touched has
 * the winner that the oracle's shadow has, however, and in whatever order, the versions came.
 *
 * A step for each change and node; at the end once for every key and node.
 */

import { formatDot, sameDot } from '../../crdt/index.ts'
import type { Finding, Invariant, NodeView } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

export function mergeAci(oracle: Oracle): Invariant {
  return {
    name: 'MergeACI',
    kinds: ['applied'],
    observe({ number, happening }, cluster) {
      if (happening.kind !== 'applied') return null
      const node = cluster.nodes[happening.node]
      return node === undefined ? null : findOtherWinner(oracle, node, number)
    },
    finish(cluster) {
      for (const node of cluster.nodes) {
        const finding = compareWithShadow(oracle, node, null)
        if (finding !== null) return finding
      }
      return null
    },
  }
}

function findOtherWinner(oracle: Oracle, node: NodeView, number: number): Finding | null {
  const shadow = oracle.shadow(node.index)
  for (const [key, { sealedAt, register }] of shadow.move.arrivals) {
    const expected = shadow.winners.get(key)
    const winner = register?.winner
    if (expected !== undefined && winner !== undefined && sameDot(expected.dot, winner.dot)) continue
    const found = winner === undefined ? 'nothing' : formatDot(winner.dot)
    const wanted = expected === undefined ? 'nothing' : formatDot(expected.dot)
    const message = `node ${node.index} has ${found} at ${JSON.stringify(key.slice(0, 40))}, and of all that it knows ${wanted} wins`
    return { message, events: [sealedAt, number] }
  }
  return null
}

/** The first key whose register is not what the node's frontier says, or null. */
export function compareWithShadow(oracle: Oracle, node: NodeView, number: number | null): Finding | null {
  for (const [key, expected] of oracle.shadow(node.index).winners) {
    const winner = node.register(key)?.winner
    if (winner !== undefined && sameDot(winner.dot, expected.dot)) continue
    const found = winner === undefined ? 'nothing' : formatDot(winner.dot)
    const message = `node ${node.index} has ${found} at ${JSON.stringify(key.slice(0, 40))}, and of all that it knows ${formatDot(expected.dot)} wins`
    const sealedAt = oracle.transactions.find(expected.dot.writer, expected.dot.sequence)?.sealedAt
    return { message, events: [sealedAt, number].filter((event) => event !== null && event !== undefined) }
  }
  return null
}
