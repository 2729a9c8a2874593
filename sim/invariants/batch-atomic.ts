/**
 * BatchAtomic (WR3): a transaction is there whole, on every node. A committed one has every write
 * that was asked for, with the last one where a key was written twice; where it is applied, each
 * of its keys holds its version or one that beats it. (Torn states that a reader could see are
 * found by ReadsMatchModel, whose answers cover whole transactions.)
 *
 * A step for each change of a batch, when it is applied and when it is acknowledged.
 */

import type { TransactionRequest } from '../../core/index.ts'
import { type Dot, formatDot } from '../../crdt/index.ts'
import type { Finding, Invariant, NodeView } from '../invariant.ts'
import { outranks } from '../key-history.ts'
import type { Oracle } from '../oracle.ts'

export function batchAtomic(oracle: Oracle): Invariant {
  return {
    name: 'BatchAtomic',
    kinds: ['applied', 'answered'],
    observe({ number, happening }, cluster) {
      if (happening.kind === 'applied') {
        const node = cluster.nodes[happening.node]
        return node === undefined ? null : findTorn(oracle, node, number)
      }
      if (happening.kind !== 'answered' || happening.reply.kind !== 'committed') return null
      const request = oracle.call(happening.call)?.request
      return request?.kind === 'transaction' ? findDropped(oracle, request, happening.reply.version, number) : null
    },
    finish: () => null,
  }
}

function findTorn(oracle: Oracle, node: NodeView, number: number): Finding | null {
  const { applied, arrivals } = oracle.shadow(node.index).move
  for (const { dot, changes, sealedAt } of applied) {
    if (changes.length < 2) continue
    for (const { key, version } of changes) {
      const winner = arrivals.get(key)?.register?.winner
      if (winner !== undefined && !outranks(version, winner)) continue
      const message = `node ${node.index} applied the batch ${formatDot(dot)} without its write to ${JSON.stringify(key.slice(0, 40))}`
      return { message, events: [sealedAt, number] }
    }
  }
  return null
}

function findDropped(oracle: Oracle, request: TransactionRequest, version: Dot | null, number: number): Finding | null {
  if (version === null) {
    if (request.operations.every(({ kind }) => kind === 'delete')) return null
    return { message: 'a transaction that writes is answered as if there had been nothing to write', events: [number] }
  }
  const transaction = oracle.transactions.find(version.writer, version.sequence)
  if (transaction === undefined) return { message: `${formatDot(version)} is acknowledged, and nobody sealed it`, events: [number] }
  const last = new Map(request.operations.map((operation) => [operation.key, operation]))
  for (const [key, operation] of last) {
    if (operation.kind !== 'set') continue
    const written = transaction.changes.find((change) => change.key === key)?.version.value
    if (written !== undefined && written?.data === operation.value.data && written.type === operation.value.type) continue
    const message = `${formatDot(version)} is acknowledged without its write to ${JSON.stringify(key.slice(0, 40))}`
    return { message, events: [transaction.sealedAt, number] }
  }
  return null
}
