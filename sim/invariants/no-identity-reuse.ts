/**
 * NoIdentityReuse (ID3): a log is written by one life of one process. So a directory that was
 * wiped, put back or copied can't go on where another life stopped.
 *
 * One look into a table for each sealed entry.
 */

import { nodeOfWriter } from '../../base/index.ts'
import { formatDot } from '../../crdt/index.ts'
import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

export function noIdentityReuse(oracle: Oracle): Invariant {
  return {
    name: 'NoIdentityReuse',
    kinds: ['sealed'],
    observe({ number, happening }, cluster) {
      if (happening.kind !== 'sealed') return null
      const { writer } = oracle.sealed
      const { node } = happening
      const log = oracle.transactions.log(writer)
      // What a later life carries on (JR8) it does not write anew.
      if (log === undefined || oracle.sealed.filed.length === 0) return null
      const first = log.transactions[0]
      const events = first === undefined ? [number] : [first.sealedAt, number]
      const life = oracle.life(node)
      if (log.node !== node || log.life !== life) {
        const since = first === undefined ? '' : `, begun with ${formatDot(first.dot)}`
        return { message: `life ${life} of node ${node} writes the log ${writer} of life ${log.life} of node ${log.node}${since}`, events }
      }
      const name = cluster.nodes[node]?.name
      if (name === undefined || name === nodeOfWriter(writer)) return null
      return { message: `${name} writes the log ${writer}, which does not have its name`, events }
    },
    finish: () => null,
  }
}
