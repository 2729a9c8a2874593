/**
 * ConditionsHold (RG5): a conditional write is executed if its conditions hold, and refused if not.
 *
 * - What was executed had them: on the state of its own dependencies and the transactions before
 *   it in its log. So of two writes over the same version at one node only one can succeed.
 * - What is refused had not: by the refusal's own words, and by what its node held. That is certain
 *   where the key had one and the same winner when the call was made and when it was answered, and
 *   no commit that writes it was under way: a winner never comes back.
 *
 * A version with a deadline may count as there or not in a multi epoch: by whose clock is not told. In a
 * leader epoch the chain below says it (RG6). A step for each condition and log that holds its key.
 */

import { isLeaderEpoch } from '../../base/index.ts'
import type { Condition, Reply, TransactionRequest } from '../../core/index.ts'
import { formatDot, sameDot, type Version } from '../../crdt/index.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { OpenCall, Oracle } from '../oracle.ts'
import { type Expired, isExpired } from '../sealed-chain.ts'
import { epochOf, type SealedTransaction } from '../sealed-transactions.ts'
import type { CallId } from '../trace.ts'

type Failed = Extract<Reply, { kind: 'failed' }>

/** What a node held when a conditional write was asked for. */
interface Before {
  readonly life: number
  /** By condition. */
  readonly winners: readonly (Version | null)[]
}

export function conditionsHold(oracle: Oracle): Invariant {
  const asked = new Map<CallId, Before>()
  return {
    name: 'ConditionsHold',
    kinds: ['invoked', 'answered', 'unknown'],
    observe({ number, happening }) {
      switch (happening.kind) {
        case 'invoked': {
          const { call, node, request } = happening
          if (request.kind !== 'transaction' || request.conditions.length === 0) return null
          const { winners } = oracle.shadow(node)
          asked.set(call, { life: oracle.life(node), winners: request.conditions.map(({ key }) => winners.get(key) ?? null) })
          return null
        }
        case 'unknown':
          asked.delete(happening.call)
          return null
        case 'answered': {
          const before = asked.get(happening.call)
          asked.delete(happening.call)
          const call = oracle.call(happening.call)
          if (before === undefined || call?.request.kind !== 'transaction') return null
          return findFault(oracle, call, call.request, before, happening.reply, number)
        }
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function findFault(
  oracle: Oracle,
  call: OpenCall,
  request: TransactionRequest,
  before: Before,
  reply: Reply,
  number: number,
): Finding | null {
  if (reply.kind === 'failed')
    return reply.error.code === 'CONFLICT' ? findFalseRefusal(oracle, call, request, before, reply, number) : null
  if (reply.kind !== 'committed' || reply.version === null) return null
  const transaction = oracle.transactions.find(reply.version.writer, reply.version.sequence)
  return transaction === undefined ? null : findUnmet(oracle, request, transaction, number)
}

function findUnmet(oracle: Oracle, { conditions }: TransactionRequest, transaction: SealedTransaction, number: number): Finding | null {
  const { dot, dependencies, sealedAt } = transaction
  const before = dependencies.toVector()
  before.advance(dot.writer, dot.sequence - 1)
  const expired = isLeaderEpoch(epochOf(transaction)) ? (oracle.chain.blockOf(transaction)?.below?.expired ?? null) : null
  for (const condition of conditions) {
    const winner = oracle.transactions.winnerAt(condition.key, before)
    if (mayHold(condition, winner, expired)) continue
    const message = `${formatDot(dot)} wanted ${show(condition)}, and it was ${winner === null ? 'absent' : formatDot(winner.dot)}`
    return { message, events: [sealedAt, number] }
  }
  return null
}

function findFalseRefusal(
  oracle: Oracle,
  call: OpenCall,
  { conditions }: TransactionRequest,
  before: Before,
  { error }: Failed,
  number: number,
): Finding | null {
  const events = [call.invokedAt, number]
  if (conditions.length === 0) return { message: 'a write without a condition is refused for one', events }
  const [only] = conditions
  const current = error.details?.current
  if (conditions.length === 1 && only !== undefined) {
    const holds = only.kind === 'absent' ? current === null : current === formatDot(only.version)
    if (holds) return { message: `a condition is refused that holds by the answer's own words: ${show(only)}`, events }
  }
  if (before.life !== oracle.life(call.node)) return null
  for (const [place, condition] of conditions.entries()) {
    const winner = oracle.shadow(call.node).winners.get(condition.key) ?? null
    if (!isSame(winner, before.winners[place] ?? null) || oracle.isBeingWritten(call.node, condition.key)) return null
    if (winner !== null && winner.deadlineMs !== null) return null
    const found = winner === null || winner.value === null ? null : formatDot(winner.dot)
    if (conditions.length === 1 && current !== found) {
      const message = `a refusal says that ${JSON.stringify(condition.key.slice(0, 40))} is ${String(current)}, and all the time it was`
      return { message: `${message} ${found ?? 'absent'}`, events }
    }
    if (!mayHold(condition, winner, null)) return null
  }
  return { message: `conditions are refused that held all the time: ${conditions.map(show).join(', ')}`, events }
}

/** @param expired which deadlines had passed; null if each node went by its clock */
function mayHold(condition: Condition, winner: Version | null, expired: readonly Expired[] | null): boolean {
  if (winner === null || winner.value === null) return condition.kind === 'absent'
  if (condition.kind === 'absent') return winner.deadlineMs !== null && (expired === null || isExpired(winner, expired))
  return sameDot(winner.dot, condition.version) && (expired === null || !isExpired(winner, expired))
}

function isSame(left: Version | null, right: Version | null): boolean {
  return left === null || right === null ? left === right : sameDot(left.dot, right.dot)
}

function show(condition: Condition): string {
  const wanted = condition.kind === 'absent' ? 'absent' : formatDot(condition.version)
  return `${JSON.stringify(condition.key.slice(0, 40))} to be ${wanted}`
}
