/**
 * StateConvergence (CA5): equal frontiers mean equal digests, at any time, on any two nodes, in
 * any of their lives, while they recover too.
 *
 * A digest and a look into a table for each move of a frontier. The table remembers the last
 * frontiers of all nodes by a fingerprint, in two generations, so that a long run stays small.
 */

import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

/** Frontiers in one generation of the table; two are kept. */
const GENERATION_MAX = 100_000

interface Seen {
  readonly digest: string
  readonly node: number
  readonly event: number
}

export function stateConvergence(oracle: Oracle): Invariant {
  let young = new Map<number, Seen>()
  let old = new Map<number, Seen>()
  return {
    name: 'StateConvergence',
    kinds: ['applied'],
    observe({ number, happening }, cluster) {
      if (happening.kind !== 'applied') return null
      const { node } = happening
      const digest = cluster.nodes[node]?.digest
      const { fingerprint } = oracle.shadow(node)
      if (digest === undefined) return null
      const seen = young.get(fingerprint) ?? old.get(fingerprint)
      if (seen !== undefined) {
        if (seen.digest === digest) return null
        const message = `node ${node} has the digest ${digest} at a frontier at which node ${seen.node} had ${seen.digest}`
        return { message, events: [seen.event, number] }
      }
      if (young.size >= GENERATION_MAX) {
        old = young
        young = new Map()
      }
      young.set(fingerprint, { digest, node, event: number })
      return null
    },
    finish(cluster) {
      const [first] = cluster.nodes
      const other = cluster.nodes.find(({ digest }) => digest !== first?.digest)
      if (first === undefined || other === undefined) return null
      return {
        message: `after all is settled node ${other.index} has the digest ${other.digest}, node ${first.index} ${first.digest}`,
        events: [],
      }
    },
  }
}
