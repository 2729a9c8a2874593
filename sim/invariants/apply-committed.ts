/**
 * ApplyCommitted (LM6, LM8, JR5): of leaders' logs a node applies what is on the path to a block that
 * it knows to be committed, and nothing else: no suffix that a later header leaves out, nothing
 * that is only durable. And the state of a leader is that of the chain: what is not in the chain, it has
 * not applied since it leads (LeaderPure).
 *
 * A step for each log of the chain, with each transaction of a leader that is applied.
 */

import { isLeaderEpoch, type WriterId } from '../../base/index.ts'
import { formatDot } from '../../crdt/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import { epochOf, type SealedTransaction } from '../sealed-transactions.ts'

export function applyCommitted(oracle: Oracle): Invariant {
  return {
    name: 'ApplyCommitted',
    kinds: ['applied'],
    observe({ number, happening }) {
      if (happening.kind !== 'applied') return null
      const { node } = happening
      const seen = new Set<WriterId>()
      for (const transaction of oracle.shadow(node).move.applied.toReversed()) {
        // The last of a log speaks for those before it.
        if (!isLeaderEpoch(epochOf(transaction)) || seen.has(transaction.dot.writer)) continue
        seen.add(transaction.dot.writer)
        const finding = findUncommitted(oracle, node, transaction, number)
        if (finding !== null) return finding
      }
      return findImpure(oracle, node, number)
    },
    finish: () => null,
  }
}

function findUncommitted(oracle: Oracle, node: NodeIndex, transaction: SealedTransaction, number: number): Finding | null {
  const place = oracle.standing(node)?.committed ?? null
  const top = place === null ? null : oracle.chain.at(place)
  const block = oracle.chain.blockOf(transaction)
  if (block !== null && top !== null && oracle.chain.isOnPath(block, top)) return null
  const known = place === null ? 'nothing is committed as far as it knows' : `it knows ${place.length} of ${place.writer} to be committed`
  return { message: `node ${node} applies ${formatDot(transaction.dot)}, and ${known}`, events: [transaction.sealedAt, number] }
}

function findImpure(oracle: Oracle, node: NodeIndex, number: number): Finding | null {
  const standing = oracle.standing(node)
  if (standing?.role !== 'leader' || standing.committed?.epoch !== standing.promised) return null
  const contents = oracle.chain.at(standing.committed)?.contents
  for (const { dot, sealedAt } of oracle.shadow(node).move.applied) {
    if (contents?.has(dot) === true) continue
    return { message: `node ${node} leads and applies ${formatDot(dot)}, which the chain does not have`, events: [sealedAt, number] }
  }
  return null
}
