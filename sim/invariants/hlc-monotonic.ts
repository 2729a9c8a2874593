/**
 * HlcMonotonic (HL1, HL2): a transaction's timestamp is larger than that of everything its node
 * had applied, so of everything that it depends on, and than those of the node's own transactions
 * before it, over all its lives, as long as its disk keeps what it was given.
 *
 * One comparison for each sealed transaction.
 */

import { formatDot } from '../../crdt/index.ts'
import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

export function hlcMonotonic(oracle: Oracle): Invariant {
  return {
    name: 'HlcMonotonic',
    kinds: ['sealed'],
    observe({ number, happening }) {
      if (happening.kind !== 'sealed') return null
      const { filed, latestBefore } = oracle.sealed
      let latest = Math.max(latestBefore, oracle.latestOwn(happening.node))
      for (const { dot, timestamp } of filed) {
        if (timestamp <= latest) {
          const message = `${formatDot(dot)} has the timestamp ${timestamp}, and node ${happening.node} had seen ${latest} before`
          return { message, events: [number] }
        }
        latest = timestamp
      }
      return null
    },
    finish: () => null,
  }
}
