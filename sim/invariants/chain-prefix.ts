/**
 * ChainPrefix (LM5, LM6): all that anybody takes for committed lies on one path, and stays on it.
 *
 * - What a node takes for committed is on one path with what any node took for it before, and with
 *   what the same node did: of that it never takes back any (CommitMonotonic).
 * - The header of a later epoch is above all that is committed, whether it was sealed before or
 *   after (LeaderCompleteness).
 * - What a node applied of the chain is as it was sealed, and no more than it takes for committed.
 *
 * A step for each log of the chain, with each step of a node in it.
 */

import { type ChainPlace, isFurther } from '../../core/index.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import type { SealedBlock } from '../sealed-chain.ts'
import type { Standing } from '../trace.ts'

export function chainPrefix(oracle: Oracle): Invariant {
  return {
    name: 'ChainPrefix',
    kinds: ['chain-sealed', 'chain'],
    observe({ number, happening }) {
      if (happening.kind === 'chain-sealed') {
        const { committed } = oracle.chain
        const header = happening.block.kind === 'header' ? oracle.chain.at({ writer: happening.writer, length: 1 }) : null
        return header === null || committed === null ? null : findLeftOut(oracle, committed, header, number)
      }
      if (happening.kind !== 'chain') return null
      const { node, standing } = happening
      const before = oracle.standingBefore(node)
      return (
        findRetreat(node, before, standing, number) ?? findFork(oracle, node, standing, number) ?? findEarly(oracle, node, standing, number)
      )
    },
    finish: () => null,
  }
}

function findRetreat(node: number, before: Standing | null, standing: Standing, number: number): Finding | null {
  if (before === null) return null
  if (before.committed !== null && (standing.committed === null || isFurther(before.committed, standing.committed)))
    return {
      message: `node ${node} takes ${show(standing.committed)} for committed, and had taken ${show(before.committed)}`,
      events: [number],
    }
  if (before.applied !== null && (standing.applied === null || isFurther(before.applied, standing.applied)))
    return { message: `node ${node} has applied ${show(standing.applied)}, and before that ${show(before.applied)}`, events: [number] }
  return standing.epoch < before.epoch || standing.promised < before.promised
    ? { message: `node ${node} is in epoch ${standing.epoch}, promised ${standing.promised}: less than before`, events: [number] }
    : null
}

function findFork(oracle: Oracle, node: number, { committed: place }: Standing, number: number): Finding | null {
  if (place === null) return null
  const { chain } = oracle
  const block = chain.at(place)
  if (block === null) return { message: `node ${node} takes ${show(place)} for committed, which nobody sealed`, events: [number] }
  const { committed } = chain
  if (committed === block) return null
  if (committed !== null && !chain.isOnPath(committed, block) && !chain.isOnPath(block, committed)) {
    const message = `node ${node} takes ${show(place)} for committed, and ${show(placeOf(committed))} is, on another branch`
    return { message, events: [committed.sealedAt, block.sealedAt, number] }
  }
  for (const header of chain.headers) {
    const finding = findLeftOut(oracle, block, header, number)
    if (finding !== null) return finding
  }
  return null
}

/** A header of a later epoch that is not above what is committed. */
function findLeftOut(oracle: Oracle, committed: SealedBlock, header: SealedBlock, number: number): Finding | null {
  if (header.epoch <= committed.epoch || oracle.chain.isOnPath(committed, header)) return null
  return {
    message: `node ${header.node} leads epoch ${header.epoch} without ${show(placeOf(committed))}, which is committed`,
    events: [...new Set([committed.sealedAt, header.sealedAt, number])].sort((left, right) => left - right),
  }
}

function findEarly(oracle: Oracle, node: number, { committed, applied }: Standing, number: number): Finding | null {
  if (applied === null) return null
  const block = oracle.chain.at(applied)
  const top = committed === null ? null : oracle.chain.at(committed)
  if (block !== null && top !== null && oracle.chain.isOnPath(block, top)) return null
  return { message: `node ${node} has applied ${show(applied)}, and takes ${show(committed)} for committed`, events: [number] }
}

function placeOf({ writer, epoch, index }: SealedBlock): ChainPlace {
  return { writer, epoch, length: index + 1 }
}

function show(place: ChainPlace | null): string {
  return place === null ? 'nothing' : `${place.length} of ${place.writer} (epoch ${place.epoch})`
}
