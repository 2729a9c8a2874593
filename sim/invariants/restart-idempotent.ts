/**
 * RestartIdempotent (JR3, JR5, JR6): once a node has read its disk it holds everything that was
 * certainly there, and its registers are those of its frontier. (That the digest is the one which
 * the frontier had before is StateConvergence's, which knows no lives.)
 *
 * Left out is what HL3 holds back: if the clock was set back while the node was down, entries of
 * others are too far ahead again, and so is what waits for them. The node's status says which.
 *
 * A node of a cluster with a leader applies of the chain what it knows to be committed, and learns of the rest from
 * its peers (JR5); what depends on that waits. So there it holds at least what depends on nothing that it lacks. That
 * nothing is lost in the end is NoLostAck's.
 *
 * A step for each key, once a recovery.
 */

import { isLeaderEpoch, nodeOfWriter, type WriterId } from '../../base/index.ts'
import { formatDot } from '../../crdt/index.ts'
import type { Finding, Invariant, NodeView } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import { epochOf, type SealedTransaction } from '../sealed-transactions.ts'
import { compareWithShadow } from './merge-aci.ts'

/** @param isLed there may be a leader */
export function restartIdempotent(oracle: Oracle, isLed = false): Invariant {
  return {
    name: 'RestartIdempotent',
    kinds: ['recovered'],
    observe({ number, happening }, cluster) {
      if (happening.kind !== 'recovered') return null
      const node = cluster.nodes[happening.node]
      if (node === undefined) return null
      return findForgotten(oracle, node, isLed, number) ?? compareWithShadow(oracle, node, number)
    },
    finish: () => null,
  }
}

function findForgotten(oracle: Oracle, node: NodeView, isLed: boolean, number: number): Finding | null {
  const { frontier } = node
  for (const [writer, sequence] of oracle.durable.certain(node.index).entries()) {
    const held = frontier.get(writer)
    if (held >= sequence || isHeldBack(node, writer)) continue
    const forgotten = oracle.transactions.find(writer, held + 1)
    if (isLed && forgotten !== undefined && mayWait(oracle, node, forgotten)) continue
    const events = forgotten === undefined ? [number] : [forgotten.sealedAt, number]
    return {
      message: `node ${node.index} had applied ${formatDot({ writer, sequence })} and knows ${held} of that log after its restart`,
      events,
    }
  }
  return null
}

/** True for what the chain has to apply, or depends on something that is not applied, or is of an epoch that the node has not entered. */
function mayWait(oracle: Oracle, node: NodeView, transaction: SealedTransaction): boolean {
  const epoch = epochOf(transaction)
  return isLeaderEpoch(epoch) || epoch > (oracle.standing(node.index)?.epoch ?? 0) || !transaction.dependencies.coveredBy(node.frontier)
}

/** By its clock; in its own log, or in a later one of its node that carries it (JR8). */
function isHeldBack(node: NodeView, writer: WriterId): boolean {
  const { logs } = node.status()
  const isAnySkewed = logs.some(({ state }) => state === 'skewed')
  return logs.some(
    (log) => nodeOfWriter(log.writer) === nodeOfWriter(writer) && (log.state === 'skewed' || (log.state === 'waiting' && isAnySkewed)),
  )
}
