/**
 * ConditionsHold (RG5): a conditional write was executed on a state in which its conditions held:
 * that of its own dependencies and the transactions before it in its log. So of two writes over
 * the same version at one node only one can succeed. A version with a deadline may count as there
 * or not: by whose clock is not told.
 *
 * A step for each condition and log that holds its key.
 */

import type { Condition, TransactionRequest } from '../../core/index.ts'
import { formatDot, sameDot, type Version } from '../../crdt/index.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import type { SealedTransaction } from '../sealed-transactions.ts'

export function conditionsHold(oracle: Oracle): Invariant {
  return {
    name: 'ConditionsHold',
    kinds: ['answered'],
    observe({ number, happening }) {
      if (happening.kind !== 'answered' || happening.reply.kind !== 'committed' || happening.reply.version === null) return null
      const request = oracle.call(happening.call)?.request
      if (request?.kind !== 'transaction' || request.conditions.length === 0) return null
      const { writer, sequence } = happening.reply.version
      const transaction = oracle.transactions.find(writer, sequence)
      return transaction === undefined ? null : findUnmet(oracle, request, transaction, number)
    },
    finish: () => null,
  }
}

function findUnmet(oracle: Oracle, { conditions }: TransactionRequest, transaction: SealedTransaction, number: number): Finding | null {
  const { dot, dependencies, sealedAt } = transaction
  const before = dependencies.toVector()
  before.advance(dot.writer, dot.sequence - 1)
  for (const condition of conditions) {
    const winner = oracle.transactions.winnerAt(condition.key, before)
    if (mayHold(condition, winner)) continue
    const found = winner === null ? 'absent' : formatDot(winner.dot)
    const wanted = condition.kind === 'absent' ? 'absent' : formatDot(condition.version)
    const message = `${formatDot(dot)} wanted ${JSON.stringify(condition.key.slice(0, 40))} to be ${wanted}, and it was ${found}`
    return { message, events: [sealedAt, number] }
  }
  return null
}

function mayHold(condition: Condition, winner: Version | null): boolean {
  if (condition.kind === 'absent') return winner === null || winner.value === null || winner.deadlineMs !== null
  return winner !== null && winner.value !== null && sameDot(winner.dot, condition.version)
}
