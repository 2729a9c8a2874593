/**
 * How a request comes in: whether it can be served here, whether it has to wait for its session (SS1)
 * or for a leader, and to which part of the replica it goes.
 */

import { type NodeName, type Now, SkeinError, unreachable } from '../base/index.ts'
import type { ReadonlyVersionVector } from '../crdt/index.ts'
import { answerConflicts } from './answer-read.ts'
import type { LeaderMode } from './leader-mode/leader-mode.ts'
import { type ReadOnlyReason, readOnlyError } from './read-only.ts'
import { busyError, recoveringError } from './refuse.ts'
import { isWrite, type ReadRequest, type Reply, type Request, type RequestId, type WriteRequest } from './requests.ts'
import type { State } from './state.ts'
import type { Status } from './status.ts'
import { SessionWaits } from './waiting.ts'
import type { WritePath } from './write-path.ts'

/** A request that is answered on a state which covers its session. */
type SessionRequest = ReadRequest | WriteRequest

export interface AdmissionContext {
  readonly node: NodeName
  /** Requests that may wait at once. */
  readonly requestsMax: number
  readonly state: State
  readonly frontier: ReadonlyVersionVector
  readonly writes: WritePath
  readonly mode: LeaderMode
  now(): Now
  status(): Status
  /** Blocks read and to be read while the node recovers; null once it has. */
  recovery(): { readonly done: number; readonly total: number } | 'unknown' | null
  readOnly(): ReadOnlyReason | null
  /** Answers a read from the state. */
  read(request: ReadRequest): Reply
  reply(id: RequestId, reply: Reply): void
}

export class Admission {
  readonly #context: AdmissionContext
  readonly #sessionWaits = new SessionWaits()

  constructor(context: AdmissionContext) {
    this.#context = context
  }

  /** Requests that wait, anywhere. Invariant: at most `requestsMax`. */
  get heldRequests(): number {
    return this.#sessionWaits.size + this.#context.writes.heldRequests + this.#context.mode.heldRequests
  }

  request(id: RequestId, request: Request): void {
    const { writes, mode, state, now } = this.#context
    switch (request.kind) {
      case 'status':
        return this.#context.reply(id, { kind: 'status', status: this.#context.status() })
      case 'conflicts':
        return this.#context.reply(id, answerConflicts(request, state, now().wallMs))
      case 'copies':
        return this.#isFull ? this.#fail(id, busyError()) : writes.countCopies(id, request)
      case 'mode':
        return this.#isFull ? this.#fail(id, busyError()) : mode.operations.switchMode(id, request)
      case 'promote':
        return this.#isFull ? this.#fail(id, busyError()) : mode.operations.promote(id, request)
      case 'members':
        return this.#isFull ? this.#fail(id, busyError()) : mode.operations.changeMembers(id, request)
      case 'get':
      case 'scan':
      case 'inspect':
      case 'transaction':
      case 'procedure':
        return this.#requestOnSession(id, request)
      default:
        return unreachable(request)
    }
  }

  /** Nobody waits for the answer any more. What was gathered is executed all the same. */
  withdraw(id: RequestId): void {
    this.#context.writes.withdraw(id)
    this.#context.mode.withdraw(id)
    this.#sessionWaits.remove(id)
  }

  /** The frontier has moved: what waited for that comes in. */
  admitCovered(): void {
    for (const { id, request } of this.#sessionWaits.takeCovered(this.#context.frontier)) {
      // What it asks may be impossible by now.
      const error = this.#refusalOf(request)
      if (error === null) this.#admit(id, request)
      else this.#fail(id, error)
    }
  }

  /** Answers what waited too long. */
  expire(): void {
    for (const { id, reply } of this.#sessionWaits.takeExpired(this.#context.now().monotonicMs)) this.#context.reply(id, reply)
  }

  get #isFull(): boolean {
    return this.heldRequests >= this.#context.requestsMax
  }

  #requestOnSession(id: RequestId, request: SessionRequest): void {
    const error = this.#refusalOf(request)
    if (error !== null) return this.#fail(id, error)
    const { session } = request
    const missing = session === null ? null : this.#context.frontier.firstMissing(session)
    if (session === null || missing === null) this.#admit(id, request)
    else if (this.#isFull) this.#fail(id, busyError())
    else this.#sessionWaits.add(id, request, session, missing, this.#context.now().monotonicMs)
  }

  #refusalOf(request: SessionRequest): SkeinError | null {
    const { node, mode, writes, recovery, readOnly } = this.#context
    // There is no leader to wait for any more.
    if (isWrite(request) && readOnly() === 'REMOVED') return readOnlyError('REMOVED', node)
    const progress = recovery()
    if (progress !== null) return recoveringError(progress === 'unknown' ? null : progress)
    const route = mode.route(request)
    if (route instanceof SkeinError) return route
    return isWrite(request) ? (readOnlyError(readOnly(), node) ?? writes.refusalOf(request)) : null
  }

  /** A request whose session is covered. What need not wait is answered however many others do. */
  #admit(id: RequestId, request: SessionRequest): void {
    const { writes, mode, now } = this.#context
    const isLinearizable = !isWrite(request) && request.consistency === 'linearizable'
    const mustWait = isWrite(request) || (isLinearizable && mode.route(request) === 'wait')
    const pending = mustWait ? 'next' : writes.placeOf(request)
    // What is in flight may be confirmed by answers that left before this read came (LM7).
    const place = isLinearizable && pending !== null ? 'next' : pending
    if (place === null && !isWrite(request) && !isLinearizable) this.#context.reply(id, this.#context.read(request))
    else if (this.#isFull) this.#fail(id, busyError())
    else if (isWrite(request)) writes.gather(id, request)
    else if (place === null) mode.confirm({ kind: 'read', id, request, deadlineMs: now().monotonicMs + request.timeoutMs })
    else writes.hold({ id, request }, place)
  }

  #fail(id: RequestId, error: SkeinError): void {
    this.#context.reply(id, { kind: 'failed', error })
  }
}
