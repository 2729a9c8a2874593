/**
 * CommitHeld (LM1, LM4, LM5, MB1): what is committed is of its leader's own epoch, and a majority of
 * the voters has it on their disks: the block, all below it, and what these adopt. A disk that has lost
 * something since the block was sealed counts as having held it.
 *
 * Looked at when a node takes a block for committed that is further than any before. A step for each
 * log of the chain and node.
 */

import { type ChainPlace, isFurther } from '../../core/index.ts'
import type { ClusterView, Finding, Invariant, NodeView } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import { majorityOf, type SealedBlock } from '../sealed-chain.ts'

export function commitHeld(oracle: Oracle): Invariant {
  return {
    name: 'CommitHeld',
    kinds: ['chain'],
    observe({ number, happening }, cluster) {
      if (happening.kind !== 'chain' || happening.standing.committed === null) return null
      const place = happening.standing.committed
      const block = oracle.chain.at(place)
      const { committed } = oracle.chain
      const isKnown = committed !== null && !isFurther(place, { epoch: committed.epoch, length: committed.index + 1 })
      return block === null || isKnown ? null : findUnheld(oracle, cluster, place, block, number)
    },
    finish: () => null,
  }
}

function findUnheld(oracle: Oracle, cluster: ClusterView, place: ChainPlace, block: SealedBlock, number: number): Finding | null {
  const without: string[] = []
  let holding = 0
  for (const { node: name, directory } of block.voters) {
    const node = cluster.nodes.find((candidate) => candidate.name === name)
    const missing = node === undefined ? 'is not there' : whatLacks(oracle, node, directory, block)
    if (missing === null) holding += 1
    else without.push(`${name} ${missing}`)
  }
  const needed = majorityOf(block.voters.length)
  if (holding >= needed) return null
  const message = `${place.length} of ${place.writer} is taken for committed, and ${holding} of ${needed} voters hold it: ${without.join(', ')}`
  return { message, events: [block.sealedAt, number] }
}

/** What a voter lacks of a block and all below, or null. */
function whatLacks(oracle: Oracle, node: NodeView, directory: string | null, block: SealedBlock): string | null {
  if (directory === null) return 'has no directory that votes'
  if (oracle.durable.loweredAt(node.index) > block.sealedAt) return null
  if (node.directory !== directory) return 'votes with another directory'
  for (let top: SealedBlock | null = block; top !== null; top = oracle.chain.headerOf(top).below) {
    const isOwn = top.node === node.index && top.isDurable
    if (!isOwn && node.durableLength(top.writer) <= top.index) return `has ${node.durableLength(top.writer)} of ${top.writer}`
  }
  if (block.node === node.index || oracle.durable.certain(node.index).covers(block.adopted)) return null
  return 'lacks what it adopts'
}
