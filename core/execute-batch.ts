/**
 * Executes the requests of a group commit, in order (WR1). Each sees what those before it wrote;
 * nobody else sees any of it until the commit is durable. Their answers are collected by what they
 * wait for: the commit alone, or more nodes than this one (WR4).
 */

import { ENTRY_BYTES_TARGET, type Epoch, type Now, type Prng, SkeinError, unreachable, type WriterId } from '../base/index.ts'
import type { Dependencies, HybridClock, ReadonlyVersionVector } from '../crdt/index.ts'
import { answerRead } from './answer-read.ts'
import type { ReplyEffect } from './effects.ts'
import type { Entry, Transaction } from './entry.ts'
import { execute } from './execute.ts'
import type { Gathered } from './group-commit.ts'
import type { IdempotencyTable } from './idempotency.ts'
import { PendingState } from './pending-state.ts'
import { isWrite, type Reply, type RequestId, type WriteConcern, type WriteRequest } from './requests.ts'
import type { State } from './state.ts'
import type { ConcernWait } from './waiting.ts'

const MILLION = 1_000_000

export interface ExecutionContext {
  readonly epoch: Epoch
  /** Members of the group, this node included. */
  readonly memberCount: number
  readonly dropRateMillionths: number
  readonly random: Prng
  readonly state: State
  readonly frontier: ReadonlyVersionVector
  readonly clock: HybridClock
  readonly idempotency: IdempotencyTable
  now(): Now
  /** The wall clock to stamp with (HL3). */
  stampingWallMs(): number
}

/** Where the entry goes. */
export interface EntryPlace {
  readonly writer: WriterId
  /** Of the log's last transaction. */
  readonly sequence: number
  readonly dependencies: Dependencies
}

/** Answers of a group commit, by what they wait for. */
interface Answers {
  readonly replies: ReplyEffect[]
  readonly concerns: ConcernWait[]
}

export interface ExecutedBatch {
  /** What had effects, or null. */
  readonly entry: Entry | null
  /** How many of the requests are executed: the others did not fit into the entry. */
  readonly count: number
  readonly answers: Answers
}

export function executeBatch(batch: readonly Gathered[], place: EntryPlace, context: ExecutionContext): ExecutedBatch {
  const { epoch, clock, state } = context
  const { writer, dependencies } = place
  const pending = new PendingState(state)
  const executed = new Map<string, Reply>()
  const transactions: Transaction[] = []
  const answers: Answers = { replies: [], concerns: [] }
  const session = context.frontier.copy()
  const stampMs = context.stampingWallMs()
  const { wallMs } = context.now()
  let bytes = 0
  let count = 0
  let reportWanted = false
  let reflected: { readonly last: number; readonly session: ReadonlyVersionVector } | null = null
  for (const { id, request } of batch) {
    if (!isWrite(request)) {
      answers.replies.push({ kind: 'reply', id, reply: answerRead(request, pending, wallMs, sessionSoFar()) })
      count += 1
      continue
    }
    const { idempotencyKey } = request
    const repeated = idempotencyKey === null ? undefined : (executed.get(idempotencyKey) ?? findExecuted(idempotencyKey, session, context))
    if (repeated !== undefined || isDroppedOnPurpose(context)) {
      answer(id, request, repeated ?? droppedReply(), answers, context)
      count += 1
      continue
    }
    const dot = { writer, sequence: place.sequence + transactions.length + 1 }
    const outcome = execute(request, pending, { dot, epoch, timestamp: clock.next(stampMs), dependencies, wallMs })
    switch (outcome.kind) {
      case 'failed':
        answer(id, request, outcome, answers, context)
        break
      case 'nothing':
        answer(id, request, { kind: 'committed', version: null, deleted: 0, session }, answers, context)
        break
      case 'changes': {
        // It writes more than it looked: it is executed anew for the next entry.
        if (transactions.length > 0 && bytes + outcome.bytes > ENTRY_BYTES_TARGET) return result()
        bytes += outcome.bytes
        pending.write(outcome.changes)
        transactions.push({ sequence: dot.sequence, idempotencyKey, changes: outcome.changes })
        const reply: Reply = { kind: 'committed', version: dot, deleted: outcome.deleted, session }
        if (idempotencyKey !== null) executed.set(idempotencyKey, reply)
        if (answer(id, request, reply, answers, context)) reportWanted = true
        break
      }
      default:
        return unreachable(outcome)
    }
    count += 1
  }
  return result()

  /** A read reflects the writes before it and not those after it. Reads side by side share it. */
  function sessionSoFar(): ReadonlyVersionVector {
    const last = place.sequence + transactions.length
    if (reflected !== null && reflected.last === last) return reflected.session
    const soFar = context.frontier.copy()
    if (transactions.length > 0) soFar.advance(writer, last)
    reflected = { last, session: soFar }
    return soFar
  }

  function result(): ExecutedBatch {
    if (transactions.length === 0) return { entry: null, count, answers }
    session.advance(writer, place.sequence + transactions.length)
    return { entry: { writer, epoch, dependencies, transactions, reportWanted }, count, answers }
  }
}

/** How many nodes a write concern asks for, this one included (WR4). */
export function neededNodes(concern: WriteConcern, members: number): number {
  if (concern === 'all') return members
  return concern === 'majority' ? Math.floor(members / 2) + 1 : concern
}

/** Files a reply under what it waits for. True if that is more nodes than this one. */
function answer(id: RequestId, request: WriteRequest, reply: Reply, answers: Answers, context: ExecutionContext): boolean {
  const needed = neededNodes(request.concern, context.memberCount)
  const version = reply.kind === 'committed' ? reply.version : null
  if (needed <= 1 || version === null) {
    answers.replies.push({ kind: 'reply', id, reply })
    return false
  }
  answers.concerns.push({ id, version, needed, reply, deadlineMs: context.now().monotonicMs + request.timeoutMs })
  return true
}

function findExecuted(idempotencyKey: string, session: ReadonlyVersionVector, { idempotency }: ExecutionContext): Reply | undefined {
  const found = idempotency.find(idempotencyKey)
  return found === undefined ? undefined : { kind: 'committed', version: found.version, deleted: found.deleted, session }
}

function isDroppedOnPurpose({ dropRateMillionths, random }: ExecutionContext): boolean {
  return dropRateMillionths > 0 && random.chance({ numerator: dropRateMillionths, denominator: MILLION })
}

function droppedReply(): Reply {
  const message = 'this write was dropped on purpose (--drop-rate): nothing of it is kept, repeat it'
  return { kind: 'failed', error: new SkeinError('UNAVAILABLE', message, { details: { applied: false, dropped: true } }) }
}
