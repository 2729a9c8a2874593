/**
 * A call on a cluster: attempts at one node after the other until one answers, something final is
 * said, or the time is over. Nodes that this call has not tried yet are tried at once; when all
 * have failed, it waits (exponential back-off with full jitter) and begins another round.
 *
 * Asking several nodes at the same time (hedging) was rejected: it doubles the load just when
 * nodes are slow, and a write must not be in two places at once.
 */

import { MalformedError, SkeinError } from '../base/index.ts'
import { backOffMs } from './back-off.ts'
import { type Cancellation, RunningCalls } from './cancellation.ts'
import type { CallOptions } from './channel.ts'
import { type Answer, exchange, type Fetch, type HttpRequest, type Outcome } from './exchange.ts'
import { NodeRing } from './node-ring.ts'
import { errorOf, type Failure, isNodeTrouble, mayRepeat, provesNothingApplied, reasonOf, type Safety } from './verdict.ts'

/** Between rounds over all nodes: up to 50 ms, 100 ms, … 1 s. */
const BETWEEN_ROUNDS = { baseMs: 50, capMs: 1_000 }
/** Leaders named one after the other in one round, so that nodes that name each other end in a back-off. */
const LEADER_HOPS_MAX = 3

export interface Plan<T> {
  readonly request: HttpRequest
  readonly safety: Safety
  /** Where a leader is known, it is asked first. */
  readonly isForLeader: boolean
  /**
   * The node waits for others before it answers (a write concern), so an attempt gets all the
   * time that is left. Cutting it short would lose the answer that says how many have the write.
   */
  readonly waitsForPeers: boolean
  /** @throws MalformedError if the answer is none of Skein's */
  readonly decode: (answer: Answer) => T
}

export interface FailOverOptions {
  /** Without a slash at the end. At least one. */
  readonly nodes: readonly string[]
  readonly send: Fetch
  /** Evenly from 0 to below 1. */
  readonly random: () => number
  /** What a node gets before the next one is tried. */
  readonly attemptTimeoutMs: number
  readonly responseBytesMax: number
}

/** What is known of a call so far. */
interface Progress {
  readonly deadlineMs: number
  /** In this round. */
  readonly tried: Set<string>
  /** What each node said last. */
  readonly reasons: Map<string, string>
  rounds: number
  leaderHops: number
  /** What the call fails with if no more attempt is made. */
  lastFailure: Failure | null
  /** True once an attempt may have been executed. */
  isOutcomeOpen: boolean
}

export class FailOver {
  readonly #options: FailOverOptions
  readonly #ring: NodeRing
  readonly #calls = new RunningCalls()
  /** Told by a node; need not be among the configured ones. */
  #leader: string | null = null
  #isClosed = false

  constructor(options: FailOverOptions) {
    this.#options = options
    this.#ring = new NodeRing(options.nodes, options.random)
  }

  /**
   * @throws what a node refused with; else UNAVAILABLE, TIMEOUT, INTERNAL (no Skein node answers)
   * or TOO_LARGE. `details.applied` is `unknown` if a write may stand. A cancelled call throws
   * the reason of its signal.
   */
  async run<T>(plan: Plan<T>, call: CallOptions): Promise<T> {
    if (this.#isClosed) throw closedError()
    const cancellation = this.#calls.begin(call.signal)
    try {
      return await this.#attempts(plan, call, cancellation)
    } finally {
      this.#calls.end(cancellation, call.signal)
    }
  }

  /** Ends the running calls too. */
  close(): void {
    this.#isClosed = true
    this.#calls.cancelAll(closedError())
  }

  async #attempts<T>(plan: Plan<T>, call: CallOptions, cancellation: Cancellation): Promise<T> {
    const progress: Progress = {
      deadlineMs: performance.now() + call.timeoutMs,
      tried: new Set(),
      reasons: new Map(),
      rounds: 0,
      leaderHops: 0,
      lastFailure: null,
      isOutcomeOpen: false,
    }
    for (;;) {
      const node = this.#choose(plan, progress)
      if (node === null) {
        await this.#betweenRounds(plan, progress, cancellation)
        continue
      }
      const leftMs = progress.deadlineMs - performance.now()
      if (leftMs <= 0) throw finalError(plan, progress)
      const timeoutMs = plan.waitsForPeers ? leftMs : Math.min(leftMs, this.#options.attemptTimeoutMs)
      const { send, responseBytesMax } = this.#options
      const outcome = await exchange(send, node, plan.request, { timeoutMs, responseBytesMax }, cancellation)
      const settled = settle(plan, outcome)
      if (settled.kind === 'done') {
        this.#ring.answered(node)
        return settled.value
      }
      this.#learn(node, settled.failure, progress, timeoutMs === leftMs)
      if (!mayRepeat(settled.failure, plan.safety)) throw finalError(plan, progress)
    }
  }

  #choose(plan: Plan<unknown>, progress: Progress): string | null {
    if (plan.isForLeader && this.#leader !== null && !progress.tried.has(this.#leader) && progress.leaderHops <= LEADER_HOPS_MAX) {
      return this.#leader
    }
    return this.#ring.next(progress.tried, performance.now())
  }

  /** @throws if the time would be over after the pause, or no node will ever say anything else */
  async #betweenRounds(plan: Plan<unknown>, progress: Progress, cancellation: Cancellation): Promise<void> {
    if ([...progress.reasons.values()].every((reason) => reason === 'REMOVED')) throw finalError(plan, progress)
    const delayMs = backOffMs(progress.rounds, BETWEEN_ROUNDS, this.#options.random)
    if (performance.now() + delayMs >= progress.deadlineMs) throw finalError(plan, progress)
    await pause(delayMs, cancellation)
    progress.rounds += 1
    progress.leaderHops = 0
    progress.tried.clear()
  }

  #learn(node: string, failure: Failure, progress: Progress, isLastAttempt: boolean): void {
    progress.tried.add(node)
    // An attempt that the end of the call cut short tells less than what came before it.
    const isCutShort = isLastAttempt && failure.kind === 'timed-out' && progress.lastFailure !== null
    if (!isCutShort) progress.lastFailure = failure
    if (!isCutShort || !progress.reasons.has(node)) progress.reasons.set(node, reasonOf(failure))
    if (!provesNothingApplied(failure)) progress.isOutcomeOpen = true
    if (isNodeTrouble(failure)) {
      this.#ring.failed(node, performance.now())
      if (this.#leader === node) this.#leader = null
    }
    if (failure.kind === 'refused' && failure.error.code === 'NOT_LEADER') {
      progress.leaderHops += 1
      this.#leader = leaderAddress(failure.error.details?.url, node)
    }
  }
}

type Settled<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'failed'; readonly failure: Failure }

function settle<T>(plan: Plan<T>, outcome: Outcome): Settled<T> {
  if (outcome.kind !== 'answered') return { kind: 'failed', failure: outcome }
  try {
    return { kind: 'done', value: plan.decode(outcome.answer) }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    const { status } = outcome.answer
    return { kind: 'failed', failure: { kind: 'foreign', status, reason: `status ${status} with a strange body: ${error.message}` } }
  }
}

/** The last failure as an error, with what it leaves open. */
function finalError(plan: Plan<unknown>, progress: Progress): SkeinError {
  const failure = progress.lastFailure ?? { kind: 'timed-out', afterMs: 0 }
  const error = errorOf(failure, progress.reasons)
  const applied = error.details?.applied
  // That the last node has not applied it says nothing about those before.
  if (plan.safety === 'read' || !progress.isOutcomeOpen || applied === true || applied === 'unknown') return error
  return new SkeinError(error.code, `${error.message}. Whether the write was applied is unknown: read before you repeat it`, {
    details: { ...error.details, applied: 'unknown' },
  })
}

/**
 * The address that a refusal names, or null if it is none to go to. It gets the token, so it must
 * be reached in the same way as the node that named it.
 */
function leaderAddress(url: unknown, namedBy: string): string | null {
  if (typeof url !== 'string' || !URL.canParse(url)) return null
  const { protocol, username, password, search, hash } = new URL(url)
  if (protocol !== new URL(namedBy).protocol || username !== '' || password !== '' || search !== '' || hash !== '') return null
  const address = url.endsWith('/') ? url.slice(0, -1) : url
  return address === namedBy ? null : address
}

function pause(delayMs: number, cancellation: Cancellation): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      cancellation.whileWaiting(null)
      resolve()
    }, delayMs)
    cancellation.whileWaiting((reason) => {
      clearTimeout(timer)
      reject(reason)
    })
  })
}

function closedError(): SkeinError {
  return new SkeinError('UNAVAILABLE', 'the database is closed: connect again')
}
