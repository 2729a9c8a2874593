/**
 * AckDurable (WR2, WR4, JR2, JR6): nothing is answered, shown or handed on before it is durable.
 *
 * - what an answer reflects is on the disk of the node that gave it, a write on as many disks as
 *   its write concern asked for. A disk that has lost something since counts as having held it: its
 *   node had said so;
 * - no node applies a commit that its writer has not made durable yet.
 *
 * An answer costs a step for each writer in its session, a moved frontier one for each
 * transaction that it newly covers.
 */

import type { Reply, TransactionRequest } from '../../core/index.ts'
import { type Dot, formatDot, type ReadonlyVersionVector } from '../../crdt/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { OpenCall, Oracle } from '../oracle.ts'

export function ackDurable(oracle: Oracle): Invariant {
  return {
    name: 'AckDurable',
    kinds: ['applied', 'answered'],
    observe({ number, happening }, cluster) {
      if (happening.kind === 'applied') return findEarlyApply(oracle, happening.node, number)
      if (happening.kind !== 'answered') return null
      const call = oracle.call(happening.call)
      if (call === undefined) return null
      const finding = findUnheldSession(oracle, call, happening.reply, number)
      if (finding !== null || happening.reply.kind !== 'committed' || call.request.kind !== 'transaction') return finding
      const { version } = happening.reply
      return version === null ? null : findUnheldWrite(oracle, call, call.request, version, cluster.nodes.length, number)
    },
    finish: () => null,
  }
}

function findEarlyApply(oracle: Oracle, node: NodeIndex, number: number): Finding | null {
  for (const transaction of oracle.shadow(node).move.applied) {
    if (!oracle.isInFlight(transaction)) continue
    const message = `node ${node} applies ${formatDot(transaction.dot)} while the durable write at node ${transaction.node} is still in flight`
    return { message, events: [transaction.sealedAt, number] }
  }
  return null
}

function findUnheldSession(oracle: Oracle, call: OpenCall, reply: Reply, number: number): Finding | null {
  const session = sessionOf(reply)
  const { node, invokedAt } = call
  if (session === null || oracle.durable.loweredAt(node) > invokedAt) return null
  const certain = oracle.durable.certain(node)
  if (certain.covers(session)) return null
  const missing = [...session.entries()].find(([writer, sequence]) => certain.get(writer) < sequence)
  if (missing === undefined) return null
  const [writer, sequence] = missing
  const sealedAt = oracle.transactions.find(writer, sequence)?.sealedAt
  return {
    message: `an answer of node ${node} reflects ${formatDot({ writer, sequence })}, of which its disk has ${certain.get(writer)}`,
    events: [...(sealedAt === undefined ? [] : [sealedAt]), invokedAt, number],
  }
}

function findUnheldWrite(
  oracle: Oracle,
  call: OpenCall,
  request: TransactionRequest,
  version: Dot,
  nodes: number,
  number: number,
): Finding | null {
  const sealedAt = oracle.transactions.find(version.writer, version.sequence)?.sealedAt ?? call.invokedAt
  // Members may have come and gone while it waited.
  const members = Math.min(call.members, oracle.members(call.node))
  const needed = request.concern === 'all' ? members : request.concern === 'majority' ? (members >> 1) + 1 : request.concern
  let holding = 0
  for (let node = 0; node < nodes; node++) {
    if (oracle.durable.certain(node).has(version) || oracle.durable.loweredAt(node) > sealedAt) holding += 1
  }
  if (holding >= needed) return null
  return {
    message: `${formatDot(version)} is acknowledged with w=${request.concern} and is on ${holding} of ${needed} disks`,
    events: [sealedAt, call.invokedAt, number].sort((left, right) => left - right),
  }
}

function sessionOf(reply: Reply): ReadonlyVersionVector | null {
  return reply.kind === 'value' || reply.kind === 'page' || reply.kind === 'committed' ? reply.session : null
}
