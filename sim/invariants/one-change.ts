/**
 * OneChange (MB1): the voters change one name at a time, by a leader that has committed a block of its
 * own epoch, with no other change open. Else two majorities may not meet.
 *
 * A step for each voter, with each change.
 */

import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import type { SealedBlock } from '../sealed-chain.ts'

export function oneChange(oracle: Oracle): Invariant {
  return {
    name: 'OneChange',
    kinds: ['chain-sealed'],
    observe({ number, happening }) {
      if (happening.kind !== 'chain-sealed' || happening.block.kind !== 'voters') return null
      const block = oracle.chain.at({ writer: happening.writer, length: happening.index + 1 })
      if (block?.below === null || block === null) return null
      const changed = countChanged(block, block.below)
      if (changed > 1) return { message: `node ${block.node} changes ${changed} voters at once in epoch ${block.epoch}`, events: [number] }
      const committed = oracle.standing(block.node)?.committed ?? null
      const length = committed?.writer === block.writer ? committed.length : 0
      const open = openBelow(oracle, block, length)
      if (open === null) return null
      const what = open.block.kind === 'header' ? 'its header is' : 'another change is'
      const message = `node ${block.node} changes the voters in epoch ${block.epoch}, and ${what} not committed`
      return { message, events: [open.sealedAt, number] }
    },
    finish: () => null,
  }
}

/** Names that one of the lists has and the other has not, or with another directory. */
function countChanged(block: SealedBlock, below: SealedBlock): number {
  const names = new Set([...block.voters, ...below.voters].map(({ node }) => node))
  const seat = ({ voters }: SealedBlock, name: string) => {
    const voter = voters.find(({ node }) => node === name)
    return voter === undefined ? 'none' : (voter.directory ?? 'unbound')
  }
  return [...names].filter((name) => seat(block, name) !== seat(below, name)).length
}

/** The last block of the same log, below this one, that changes who votes or begins the epoch, if it is beyond `length`. */
function openBelow(oracle: Oracle, { writer, index }: SealedBlock, length: number): SealedBlock | null {
  for (let at = index; at > length; at--) {
    const block = oracle.chain.at({ writer, length: at })
    if (block !== null && (block.block.kind === 'voters' || block.block.kind === 'header')) return block
  }
  return null
}
