/**
 * RemovedRefused (MB4): a node that has applied the removal of a directory does not connect to it.
 *
 * A step with each connection.
 */

import type { ClusterView, Finding, Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

export function removedRefused(oracle: Oracle): Invariant {
  return {
    name: 'RemovedRefused',
    kinds: ['connected'],
    observe({ number, happening }, cluster) {
      if (happening.kind !== 'connected') return null
      const { left, right } = happening
      return findRemoved(oracle, cluster, left, right, number) ?? findRemoved(oracle, cluster, right, left, number)
    },
    finish: () => null,
  }
}

function findRemoved(oracle: Oracle, { nodes }: ClusterView, by: number, node: number, number: number): Finding | null {
  const applied = oracle.standing(by)?.applied ?? null
  const block = applied === null ? null : oracle.chain.at(applied)
  const directory = nodes[node]?.directory
  if (block === null || directory === undefined || !block.removed.has(directory)) return null
  return { message: `node ${by} connects to node ${node}, whose directory was removed`, events: [block.sealedAt, number] }
}
