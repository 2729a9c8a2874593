/**
 * NoResurrection (RG3, GC2): a deletion stays one. A version that lost to it, or that comes late
 * and loses to it, is not read again on any node.
 *
 * A step for each change that is overruled by a deletion.
 */

import { formatDot } from '../../crdt/index.ts'
import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

export function noResurrection(oracle: Oracle): Invariant {
  return {
    name: 'NoResurrection',
    kinds: ['applied'],
    observe({ number, happening }, cluster) {
      if (happening.kind !== 'applied') return null
      const { node } = happening
      const shadow = oracle.shadow(node)
      for (const key of shadow.move.overruledByDeletion) {
        // A later write of the same move may have brought the key back by right.
        const expected = shadow.winners.get(key)
        const winner = cluster.nodes[node]?.register(key)?.winner
        if (expected?.value !== null || winner === undefined || winner.value === null) continue
        const message = `node ${node} brings ${JSON.stringify(key.slice(0, 40))} back as ${formatDot(winner.dot)}, which ${formatDot(expected.dot)} deleted`
        const sealedAt = oracle.transactions.find(expected.dot.writer, expected.dot.sequence)?.sealedAt
        return { message, events: sealedAt === undefined ? [number] : [sealedAt, number] }
      }
      return null
    },
    finish: () => null,
  }
}
