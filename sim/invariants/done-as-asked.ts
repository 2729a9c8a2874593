/**
 * DoneAsAsked (WR3, RG6): a committed transaction did what its call asked for, and nothing else: it
 * wrote no other key, gave the deadline that the time to live makes by its node's clock when it was
 * sealed, and only where one was asked for, deleted what existed and says how much that was, and
 * restored what the named loser held. What is answered as nothing to delete did not exist.
 *
 * A step for each operation, and for a delete one for each log that holds its key.
 */

import type { Key } from '../../base/index.ts'
import type { Operation, Reply, TransactionRequest } from '../../core/index.ts'
import { type Dot, formatDot, type ReadonlyVersionVector, type Version } from '../../crdt/index.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { OpenCall, Oracle } from '../oracle.ts'
import type { SealedTransaction } from '../sealed-transactions.ts'

type Committed = Extract<Reply, { kind: 'committed' }>

export function doneAsAsked(oracle: Oracle): Invariant {
  return {
    name: 'DoneAsAsked',
    kinds: ['answered'],
    observe({ number, happening }) {
      if (happening.kind !== 'answered') return null
      const call = oracle.call(happening.call)
      if (call?.request.kind !== 'transaction') return null
      const { reply } = happening
      return reply.kind === 'committed' ? findUndone(oracle, call, call.request, reply, number) : null
    },
    finish: () => null,
  }
}

function findUndone(
  oracle: Oracle,
  call: OpenCall,
  request: TransactionRequest,
  { version, deleted, session }: Committed,
  number: number,
): Finding | null {
  if (version === null) return findNotDeleted(oracle, call, request, session, number)
  const transaction = oracle.transactions.find(version.writer, version.sequence)
  // That nobody sealed it is BatchAtomic's.
  if (transaction === undefined) return null
  const asked = new Map<Key, Operation>(request.operations.map((operation) => [operation.key, operation]))
  const done = new Map(transaction.changes.map((change) => [change.key, change.version]))
  for (const key of done.keys()) if (!asked.has(key)) return finding(transaction, key, 'writes a key that was not asked for', number)
  for (const [key, operation] of asked) {
    const fault = faultOf(oracle, transaction, request, operation, done.get(key))
    if (fault !== null) return finding(transaction, key, fault, number)
  }
  return asked.size === request.operations.length ? findOtherCount(asked, done, deleted, transaction, number) : null
}

/** Where each key is named once: a delete counts if it is among the changes. */
function findOtherCount(
  asked: ReadonlyMap<Key, Operation>,
  done: ReadonlyMap<Key, Version>,
  deleted: number,
  { dot, sealedAt }: SealedTransaction,
  number: number,
): Finding | null {
  let count = 0
  for (const [key, { kind }] of asked) if (kind === 'delete' && done.has(key)) count += 1
  if (count === deleted) return null
  return { message: `${formatDot(dot)} deletes ${count} keys and is answered as if it were ${deleted}`, events: [sealedAt, number] }
}

/** @param written by the transaction under the operation's key */
function faultOf(
  oracle: Oracle,
  transaction: SealedTransaction,
  request: TransactionRequest,
  operation: Operation,
  written: Version | undefined,
): string | null {
  switch (operation.kind) {
    case 'set':
      if (written === undefined) return 'leaves out a write'
      return findOtherDeadline(transaction.sealedWallMs, operation.ttlMs, written.deadlineMs)
    case 'restore': {
      const loser = oracle.transactions.find(operation.version.writer, operation.version.sequence)
      const held = loser?.changes.find(({ key }) => key === operation.key)?.version.value
      const isHeld = held !== undefined && written?.value?.data === held?.data && written?.value?.type === held?.type
      return isHeld && written?.deadlineMs === null ? null : 'restores something else'
    }
    case 'delete': {
      if (written !== undefined) return written.value === null ? null : 'writes where it should delete'
      // The batch may have written the key before: then there was something to delete.
      if (request.operations.filter(({ key }) => key === operation.key).length > 1) return null
      const before = transaction.dependencies.toVector()
      before.advance(transaction.dot.writer, transaction.dot.sequence - 1)
      return isSurelyLive(oracle.transactions.winnerAt(operation.key, before)) ? 'leaves out a delete' : null
    }
  }
}

function findOtherDeadline(sealedWallMs: number, ttlMs: number | null, deadlineMs: number | null): string | null {
  const expected = ttlMs === null ? null : Math.ceil(sealedWallMs + ttlMs)
  if (deadlineMs === expected) return null
  if (deadlineMs === null || expected === null) return 'gives a deadline that was not asked for, or none'
  return `gives a deadline ${Math.abs(deadlineMs - expected)} ms too ${deadlineMs > expected ? 'late' : 'early'}`
}

/** What the answer reflects may hold later commits of the same node; what others wrote, and what was sealed before the call, it had seen. */
function findNotDeleted(
  oracle: Oracle,
  call: OpenCall,
  request: TransactionRequest,
  session: ReadonlyVersionVector,
  number: number,
): Finding | null {
  for (const { key } of request.operations) {
    const winner = oracle.transactions.winnerAt(key, session)
    if (winner === null || !isSurelyLive(winner)) continue
    const transaction = oracle.transactions.find(winner.dot.writer, winner.dot.sequence)
    if (transaction === undefined || (transaction.node === call.node && transaction.sealedAt >= call.invokedAt)) continue
    const message = `nothing to delete under ${show(key)}, says node ${call.node}, where ${formatDot(winner.dot)} stands`
    return { message, events: [transaction.sealedAt, call.invokedAt, number].sort((left, right) => left - right) }
  }
  return null
}

/** One with a deadline may be past it by the node's clock. */
function isSurelyLive(version: Version | null): boolean {
  return version !== null && version.value !== null && version.deadlineMs === null
}

function finding({ dot, sealedAt }: { readonly dot: Dot; readonly sealedAt: number }, key: Key, fault: string, number: number): Finding {
  return { message: `${formatDot(dot)} ${fault}: ${show(key)}`, events: [sealedAt, number] }
}

function show(key: Key): string {
  return JSON.stringify(key.slice(0, 40))
}
