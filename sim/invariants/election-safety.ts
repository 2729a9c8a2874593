/**
 * ElectionSafety (EP1, EP3, LM1): an epoch has one leader, and one mode. Whoever won says so with the
 * header of its log; two of them in one epoch, or one in the epoch of a multi log, are two clusters.
 *
 * A look into a table for each header.
 */

import { type Epoch, isLeaderEpoch } from '../../base/index.ts'
import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import type { SealedBlock } from '../sealed-chain.ts'

export function electionSafety(oracle: Oracle): Invariant {
  const leaders = new Map<Epoch, SealedBlock>()
  return {
    name: 'ElectionSafety',
    kinds: ['chain-sealed'],
    observe({ number, happening }) {
      if (happening.kind !== 'chain-sealed' || happening.block.kind !== 'header') return null
      const { epoch, writer, chain } = happening.block.header
      if (isLeaderEpoch(epoch) !== (chain.leadership !== null))
        return { message: `${writer} is a log of ${chain.leadership === null ? 'all' : 'a leader'} in epoch ${epoch}`, events: [number] }
      const header = oracle.chain.at({ writer, length: 1 })
      if (header === null) return null
      const first = leaders.get(epoch)
      if (first !== undefined) {
        return { message: `node ${header.node} leads epoch ${epoch}, and so does node ${first.node}`, events: [first.sealedAt, number] }
      }
      leaders.set(epoch, header)
      return null
    },
    finish: () => null,
  }
}
