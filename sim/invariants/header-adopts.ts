/**
 * HeaderAdopts (LM3, EP4): the chain with a new header has all that a majority stated in their grants, the
 * leader's own included: what was acknowledged to clients before, with such a majority, is in every
 * linearizable read from then on. And voters keep their directories: a header of another list than that
 * of the chain below binds only names that were bound to none (MB1).
 *
 * A comparison for each grant, once a header.
 */

import type { Epoch } from '../../base/index.ts'
import type { ReadonlyVersionVector } from '../../crdt/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import { majorityOf, type SealedBlock } from '../sealed-chain.ts'

export function headerAdopts(oracle: Oracle): Invariant {
  /** By epoch and candidate, then by voter. */
  const grants = new Map<string, Map<NodeIndex, ReadonlyVersionVector>>()
  return {
    name: 'HeaderAdopts',
    kinds: ['sent', 'chain-sealed'],
    observe({ number, happening }) {
      if (happening.kind === 'sent') {
        const { message } = oracle
        if (message?.kind !== 'ballot' || message.isTrial || message.granted === null) return null
        const key = keyOf(message.epoch, happening.to)
        grants.set(key, (grants.get(key) ?? new Map<NodeIndex, ReadonlyVersionVector>()).set(happening.from, message.granted))
        return null
      }
      if (happening.kind !== 'chain-sealed' || happening.block.kind !== 'header') return null
      const header = oracle.chain.at({ writer: happening.writer, length: 1 })
      if (header === null) return null
      const own = new Map([[header.node, oracle.shadow(header.node).frontier]])
      for (const [voter, frontier] of grants.get(keyOf(header.epoch, header.node)) ?? []) own.set(voter, frontier)
      return findLeftOut(header, own, majorityOf(header.voters.length), number) ?? findRebound(header, number)
    },
    finish: () => null,
  }
}

function keyOf(epoch: Epoch, candidate: NodeIndex): string {
  return `${epoch} ${candidate}`
}

function findLeftOut(
  header: SealedBlock,
  grants: ReadonlyMap<NodeIndex, ReadonlyVersionVector>,
  needed: number,
  number: number,
): Finding | null {
  if (!header.contents.covers(grants.get(header.node) ?? header.contents))
    return { message: `the chain with the header of epoch ${header.epoch} lacks what its own leader has applied`, events: [number] }
  const covered = [...grants].filter(([, frontier]) => header.contents.covers(frontier)).length
  if (covered >= needed) return null
  const message = `the chain with the header of epoch ${header.epoch} has all of ${covered} of the ${grants.size} that elected node ${header.node}, and a majority is ${needed}`
  return { message, events: [number] }
}

function findRebound({ below, voters, epoch }: SealedBlock, number: number): Finding | null {
  if (below !== null && below.voters.length !== voters.length)
    return {
      message: `the header of epoch ${epoch} has ${voters.length} voters, and the chain below it ${below.voters.length}`,
      events: [number],
    }
  for (const { node, directory } of below?.voters ?? []) {
    const now = voters.find((voter) => voter.node === node)
    if (now !== undefined && now.directory === directory) continue
    return { message: `the header of epoch ${epoch} changes the directory of ${node} to ${now?.directory ?? 'none'}`, events: [number] }
  }
  return null
}
