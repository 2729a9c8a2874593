/**
 * CommittedKept (WR1, WR2, LM5): in a leader epoch a write is answered once it is committed; so it is in the
 * state of every node in the end, whichever disks of a minority were lost. It takes effect once, however
 * often it is asked for under one idempotency key (ExactlyOnce).
 *
 * A step for each log of the chain, with each answered write, and a look into a table for each transaction
 * that is the first time applied.
 */

import { isLeaderEpoch } from '../../base/index.ts'
import { formatDot } from '../../crdt/index.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import { epochOf, type SealedTransaction } from '../sealed-transactions.ts'

export function committedKept(oracle: Oracle): Invariant {
  const acknowledged = new Map<SealedTransaction, number>()
  const executed = new Map<string, SealedTransaction>()
  return {
    name: 'CommittedKept',
    kinds: ['answered', 'applied'],
    observe({ number, happening }) {
      if (happening.kind === 'applied') return findRepeated(executed, oracle.shadow(happening.node).move.applied, number)
      if (happening.kind !== 'answered' || happening.reply.kind !== 'committed' || happening.reply.version === null) return null
      const { writer, sequence } = happening.reply.version
      const transaction = oracle.transactions.find(writer, sequence)
      if (transaction === undefined || !isLeaderEpoch(epochOf(transaction))) return null
      acknowledged.set(transaction, number)
      return findUncommitted(oracle, transaction, number)
    },
    finish({ nodes }) {
      for (const [{ dot, sealedAt }, number] of acknowledged) {
        const without = nodes.find(({ frontier }) => !frontier.has(dot))
        if (without === undefined) continue
        return { message: `node ${without.index} lacks ${formatDot(dot)}, which was answered as committed`, events: [sealedAt, number] }
      }
      return null
    },
  }
}

function findUncommitted(oracle: Oracle, transaction: SealedTransaction, number: number): Finding | null {
  const block = oracle.chain.blockOf(transaction)
  const { committed } = oracle.chain
  if (block !== null && committed !== null && oracle.chain.isOnPath(block, committed)) return null
  return {
    message: `${formatDot(transaction.dot)} is answered, and nobody knows it to be committed`,
    events: [transaction.sealedAt, number],
  }
}

function findRepeated(executed: Map<string, SealedTransaction>, applied: readonly SealedTransaction[], number: number): Finding | null {
  for (const transaction of applied) {
    const { idempotencyKey, dot, sealedAt } = transaction
    if (idempotencyKey === null || !isLeaderEpoch(epochOf(transaction))) continue
    const first = executed.get(idempotencyKey)
    if (first === undefined) executed.set(idempotencyKey, transaction)
    else if (first !== transaction) {
      const message = `${formatDot(dot)} does again what ${formatDot(first.dot)} did, for one idempotency key`
      return { message, events: [first.sealedAt, sealedAt, number].sort((left, right) => left - right) }
    }
  }
  return null
}
