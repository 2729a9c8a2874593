/**
 * NoLostAck (WR2, JR5, JR6, CA5): when the cluster has healed, every node has everything that was
 * certainly on a disk that is still there, and each acknowledged write among it is the winner of
 * its keys or lost to something that beats it.
 *
 * What this leaves out is what `w = 1` means: a write that was only on a disk that was wiped, put
 * back or damaged is gone with it. `DurableKnowledge` says which those are, and no others.
 *
 * Once, at the end: a step for each acknowledged change and node.
 */

import { formatDot } from '../../crdt/index.ts'
import type { ClusterView, Finding, Invariant, NodeView } from '../invariant.ts'
import { outranks } from '../key-history.ts'
import type { Oracle } from '../oracle.ts'
import type { SealedTransaction } from '../sealed-transactions.ts'

export function noLostAck(oracle: Oracle): Invariant {
  return {
    name: 'NoLostAck',
    kinds: [],
    observe: () => null,
    finish: (cluster) => findLoss(oracle, cluster),
  }
}

function findLoss(oracle: Oracle, cluster: ClusterView): Finding | null {
  const guaranteed = oracle.durable.guaranteed()
  for (const node of cluster.nodes) {
    const { frontier } = node
    for (const [writer, sequence] of guaranteed.entries()) {
      const log = oracle.transactions.log(writer)
      const held = frontier.get(writer)
      if (held < sequence) return describeMissing(node, log?.transactions.slice(held, sequence) ?? [])
      for (const transaction of log?.transactions.slice(0, sequence) ?? []) {
        const finding = transaction.acknowledgedAt === null ? null : findOverruled(node, transaction)
        if (finding !== null) return finding
      }
    }
  }
  return null
}

function describeMissing(node: NodeView, missing: readonly SealedTransaction[]): Finding {
  const lost = missing.find(({ acknowledgedAt }) => acknowledgedAt !== null) ?? missing[0]
  if (lost === undefined) return { message: `node ${node.index} lacks what a disk held`, events: [] }
  const events = lost.acknowledgedAt === null ? [lost.sealedAt] : [lost.sealedAt, lost.acknowledgedAt]
  const what = lost.acknowledgedAt === null ? 'durable' : 'acknowledged'
  return { message: `node ${node.index} lacks ${formatDot(lost.dot)}, which is ${what} and on a disk that was not lost`, events }
}

function findOverruled(node: NodeView, transaction: SealedTransaction): Finding | null {
  for (const { key, version } of transaction.changes) {
    const winner = node.register(key)?.winner
    if (winner !== undefined && !outranks(version, winner)) continue
    const instead = winner === undefined ? 'nothing' : `${formatDot(winner.dot)}, which it beats`
    const message = `node ${node.index} has ${instead} where ${formatDot(transaction.dot)} wrote ${JSON.stringify(key.slice(0, 40))}`
    return { message, events: [transaction.sealedAt, transaction.acknowledgedAt ?? transaction.sealedAt] }
  }
  return null
}
