/**
 * Requests that wait: for the frontier to cover their session (SS1), or for enough nodes to hold
 * their write (WR4). Each waits until its own deadline and is then answered with what is missing.
 */

import { present, SkeinError, type WriterId } from '../base/index.ts'
import { type Dot, formatDot, type ReadonlyVersionVector } from '../crdt/index.ts'
import type { Reply, Request, RequestId } from './requests.ts'

type SessionRequest = Extract<Request, { session: ReadonlyVersionVector | null }>

interface SessionWait {
  readonly id: RequestId
  readonly request: SessionRequest
  readonly session: ReadonlyVersionVector
  /** The part of the session that is looked for next: until it is here nothing else has to be. */
  missing: Dot
  readonly deadlineMs: number
}

/** Waits for more of one writer. */
interface WriterWaits {
  readonly waits: Set<SessionWait>
  /** What was known of the writer at the last look. */
  known: number
}

export class SessionWaits {
  /** In the order of arrival. */
  readonly #waits = new Map<RequestId, SessionWait>()
  /** By the writer of `missing`: those of writers that nothing came of need no look. */
  readonly #byWriter = new Map<WriterId, WriterWaits>()

  get size(): number {
    return this.#waits.size
  }

  /** @param missing of `session`, where it is not covered yet */
  add(id: RequestId, request: SessionRequest, session: ReadonlyVersionVector, missing: Dot, nowMs: number): void {
    const wait = { id, request, session, missing, deadlineMs: nowMs + request.timeoutMs }
    this.#waits.set(id, wait)
    this.#file(wait)
  }

  /** Nobody waits for it any more: what it holds is given back. */
  remove(id: RequestId): void {
    const wait = this.#waits.get(id)
    if (wait === undefined) return
    this.#waits.delete(id)
    this.#unfile(wait)
  }

  /** Takes out what `frontier` covers by now, in the order of arrival. */
  takeCovered(frontier: ReadonlyVersionVector): SessionWait[] {
    const covered: SessionWait[] = []
    for (const [writer, group] of [...this.#byWriter]) {
      const known = frontier.get(writer)
      if (known === group.known) continue
      group.known = known
      for (const wait of [...group.waits]) {
        if (wait.missing.sequence > known) continue
        this.#unfile(wait)
        const missing = frontier.firstMissing(wait.session)
        if (missing === null) {
          covered.push(wait)
          this.#waits.delete(wait.id)
        } else {
          wait.missing = missing
          this.#file(wait)
        }
      }
    }
    return covered.sort((left, right) => left.id - right.id)
  }

  takeExpired(nowMs: number): { id: RequestId; reply: Reply }[] {
    const expired: { id: RequestId; reply: Reply }[] = []
    for (const wait of [...this.#waits.values()]) {
      if (wait.deadlineMs > nowMs) continue
      this.remove(wait.id)
      expired.push({ id: wait.id, reply: { kind: 'failed', error: staleError(wait.request.timeoutMs) } })
    }
    return expired
  }

  #file(wait: SessionWait): void {
    const { writer } = wait.missing
    const group = this.#byWriter.get(writer)
    if (group === undefined) this.#byWriter.set(writer, { waits: new Set([wait]), known: 0 })
    else group.waits.add(wait)
  }

  #unfile(wait: SessionWait): void {
    const { writer } = wait.missing
    const group = present(this.#byWriter.get(writer), 'a wait is filed under its writer')
    group.waits.delete(wait)
    if (group.waits.size === 0) this.#byWriter.delete(writer)
  }
}

export interface ConcernWait {
  readonly id: RequestId
  readonly version: Dot
  /** Nodes that must hold it, this one included. */
  readonly needed: number
  /** The write's answer; null where the number of nodes is what was asked. */
  readonly reply: Reply | null
  readonly deadlineMs: number
}

export class ConcernWaits {
  /** In the order of arrival. */
  readonly #waits = new Map<RequestId, ConcernWait>()

  get size(): number {
    return this.#waits.size
  }

  add(wait: ConcernWait): void {
    this.#waits.set(wait.id, wait)
  }

  /** Nobody waits for it any more. */
  remove(id: RequestId): void {
    this.#waits.delete(id)
  }

  /** Takes out what enough nodes hold; `countHolding` counts the nodes, this one included. */
  takeReached(countHolding: (version: Dot) => number): { id: RequestId; reply: Reply }[] {
    const reached: { id: RequestId; reply: Reply }[] = []
    for (const { id, version, needed, reply } of this.#waits.values()) {
      const nodes = countHolding(version)
      if (nodes < needed) continue
      this.#waits.delete(id)
      reached.push({ id, reply: reply ?? { kind: 'copies', nodes } })
    }
    return reached
  }

  takeExpired(nowMs: number, countHolding: (version: Dot) => number): { id: RequestId; reply: Reply }[] {
    const expired: { id: RequestId; reply: Reply }[] = []
    for (const { id, version, needed, reply, deadlineMs } of this.#waits.values()) {
      if (deadlineMs > nowMs) continue
      this.#waits.delete(id)
      const nodes = countHolding(version)
      expired.push({
        id,
        reply: reply === null ? { kind: 'copies', nodes } : { kind: 'failed', error: concernError(version, nodes, needed) },
      })
    }
    return expired
  }
}

function staleError(timeoutMs: number): SkeinError {
  return new SkeinError(
    'STALE',
    `this node did not reach the session's state within ${timeoutMs} ms: ask again, ask another node, or read without the session`,
  )
}

function concernError(version: Dot, holding: number, needed: number): SkeinError {
  return new SkeinError(
    'UNAVAILABLE',
    `the write stands on ${holding} of the ${needed} nodes asked for; the others will get it when they are reached: don't repeat it`,
    { details: { applied: true, version: formatDot(version), nodes: holding, wanted: needed } },
  )
}
