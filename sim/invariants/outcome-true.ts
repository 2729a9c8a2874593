/**
 * OutcomeTrue (WR1, WR4): what a failed answer says of its write is so. One that does not say that
 * the write stands (`applied: true`) or may stand (`applied: 'unknown'`) means that it was not done:
 * no node seals it, before or after. And what is said to stand is durable where it was asked for.
 *
 * A call and what was sealed for it are told by a mark: the idempotency key, or else the first of
 * the keys with what is written there. A mark that several calls have is left out, as nobody could
 * tell which of them it was; and deletes without an idempotency key have none.
 *
 * A hash for each write that is asked for, and one for each that is sealed.
 */

import { type Key, unreachable } from '../../base/index.ts'
import type { Operation, Reply, TransactionRequest } from '../../core/index.ts'
import { formatDot, parseDot } from '../../crdt/index.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { OpenCall, Oracle } from '../oracle.ts'
import type { SealedTransaction } from '../sealed-transactions.ts'
import { writeHash } from './write-hash.ts'

type Failed = Extract<Reply, { kind: 'failed' }>
type Mark = number

/** What became of the calls with one mark. */
interface Fate {
  /** One call alone had it so far. */
  isOnly: boolean
  sealed: SealedTransaction | null
  /** Number of the event in which the client was told that it is not done, or null. */
  refusedAt: number | null
}

export function outcomeTrue(oracle: Oracle): Invariant {
  const fates = new Map<Mark, Fate>()
  return {
    name: 'OutcomeTrue',
    kinds: ['invoked', 'sealed', 'answered'],
    observe({ number, happening }) {
      switch (happening.kind) {
        case 'invoked':
          if (happening.request.kind === 'transaction') noteAsked(oracle, fates, happening.request)
          return null
        case 'sealed':
          return findSealedAfterRefusal(oracle, fates, number)
        case 'answered': {
          const call = oracle.call(happening.call)
          if (call?.request.kind !== 'transaction' || happening.reply.kind !== 'failed') return null
          if (!isRefusal(happening.reply)) return findFallen(oracle, call, happening.reply, number)
          return findSealedBeforeRefusal(oracle, fates, call.request, number)
        }
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function noteAsked(oracle: Oracle, fates: Map<Mark, Fate>, request: TransactionRequest): void {
  const mark = markOfRequest(oracle, request)
  if (mark === null) return
  const fate = fates.get(mark)
  if (fate === undefined) fates.set(mark, { isOnly: true, sealed: null, refusedAt: null })
  else fate.isOnly = false
}

function findSealedAfterRefusal(oracle: Oracle, fates: ReadonlyMap<Mark, Fate>, number: number): Finding | null {
  for (const transaction of oracle.sealed.filed) {
    const mark = markOfSealed(transaction)
    const fate = mark === null ? undefined : fates.get(mark)
    if (fate === undefined) continue
    fate.sealed = transaction
    if (fate.isOnly && fate.refusedAt !== null)
      return { message: `${formatDot(transaction.dot)} does what its client was told is not done`, events: [fate.refusedAt, number] }
  }
  return null
}

function findSealedBeforeRefusal(
  oracle: Oracle,
  fates: ReadonlyMap<Mark, Fate>,
  request: TransactionRequest,
  number: number,
): Finding | null {
  const mark = markOfRequest(oracle, request)
  const fate = mark === null ? undefined : fates.get(mark)
  if (fate === undefined) return null
  fate.refusedAt = number
  const { isOnly, sealed } = fate
  if (!isOnly || sealed === null) return null
  return { message: `${formatDot(sealed.dot)} is answered as not done, and was sealed`, events: [sealed.sealedAt, number] }
}

/** What is said to stand, and does not. */
function findFallen(oracle: Oracle, { node, invokedAt }: OpenCall, { error }: Failed, number: number): Finding | null {
  if (error.details?.applied !== true || typeof error.details.version !== 'string') return null
  const dot = parseDot(error.details.version)
  const transaction = dot === null ? undefined : oracle.transactions.find(dot.writer, dot.sequence)
  if (transaction !== undefined && (oracle.durable.certain(node).has(transaction.dot) || oracle.durable.loweredAt(node) > invokedAt))
    return null
  return { message: `${error.details.version} is said to stand, and is not on the disk of node ${node}`, events: [invokedAt, number] }
}

function isRefusal({ error }: Failed): boolean {
  return error.details?.applied !== true && error.details?.applied !== 'unknown'
}

function markOfRequest(oracle: Oracle, { idempotencyKey, operations }: TransactionRequest): Mark | null {
  const last = new Map<Key, string | null>()
  for (const operation of operations) last.set(operation.key, dataOf(oracle, operation))
  return markOf(idempotencyKey, last)
}

function markOfSealed({ idempotencyKey, changes }: SealedTransaction): Mark | null {
  return markOf(idempotencyKey, new Map(changes.map(({ key, version }) => [key, version.value?.data ?? null])))
}

/** @param writes what each key holds afterwards; null if it is deleted */
function markOf(idempotencyKey: string | null, writes: ReadonlyMap<Key, string | null>): Mark | null {
  if (idempotencyKey !== null) return writeHash(idempotencyKey, null)
  let first: Key | null = null
  for (const [key, data] of writes) if (data !== null && (first === null || key < first)) first = key
  return first === null ? null : writeHash(first, writes.get(first) ?? null)
}

/** What an operation writes, or null for a deletion. */
function dataOf(oracle: Oracle, operation: Operation): string | null {
  switch (operation.kind) {
    case 'set':
      return operation.value.data
    case 'delete':
      return null
    case 'restore': {
      const loser = oracle.transactions.find(operation.version.writer, operation.version.sequence)
      return loser?.changes.find(({ key }) => key === operation.key)?.version.value?.data ?? null
    }
    default:
      return unreachable(operation)
  }
}
