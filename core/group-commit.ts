/**
 * Group commit: the requests that arrive while one durable write is in flight become the next
 * one, together (WR1). One entry, one durable write and one block in the log serve them all, so
 * throughput grows with load while a lone write pays for itself only.
 *
 * Reads of a key that a pending commit may write wait for it (WR2). Those that come while it is
 * being gathered take their place among its writes; so a client that sends writes and reads on one
 * connection reads what it wrote before, and nothing that it wrote after.
 */

import { assert, BATCH_BYTES_MAX, ENTRY_BYTES_TARGET, type Key, present, unreachable } from '../base/index.ts'
import type { ReplyEffect } from './effects.ts'
import type { Entry } from './entry.ts'
import { isWrite, type ReadRequest, type RequestId, type WriteRequest } from './requests.ts'
import type { ConcernWait } from './waiting.ts'

/** Bytes of keys and values gathered for the next commit. A write past it is refused with UNAVAILABLE. */
export const GATHERED_BYTES_MAX = 16 * BATCH_BYTES_MAX
/** Below this a second write costs more than the overlap gains. */
const SPLIT_REQUESTS_MIN = 16
/** Bytes that an operation takes in an entry besides its key and value, at most. */
const OPERATION_OVERHEAD_BYTES = 32

export interface Gathered {
  readonly id: RequestId
  readonly request: WriteRequest | ReadRequest
  /** About what it takes in an entry. */
  readonly bytes: number
  /** Until when it may wait for the first commit that could take it. */
  readonly deadlineMs: number
}

export interface HeldRead {
  readonly id: RequestId
  readonly request: ReadRequest
}

/** The commit that a read waits for: it takes its place in the next one, or is answered when the one in flight lands. Null: none. */
export type ReadPlace = 'next' | 'in-flight' | null

/** A commit whose durable write is in flight. */
export interface SealedCommit {
  readonly entry: Entry | null
  /** Answers that wait for the commit and are not part of its durable write: a leader's, which a majority has to hold (WR1). */
  readonly replies: readonly ReplyEffect[]
  /** Answers that wait for more nodes than this one (WR4). */
  readonly concerns: readonly ConcernWait[]
}

interface InFlight {
  readonly commit: SealedCommit
  readonly keys: PendingKeys
  /** How many are answered with it. */
  readonly requests: number
  readonly held: HeldRead[]
}

export class GroupCommit {
  /** In the order in which they came. */
  #gathered: Gathered[] = []
  #bytes = 0
  /** Keys that what is gathered may write. */
  #keys = new PendingKeys()
  #inFlight: InFlight | null = null

  get isInFlight(): boolean {
    return this.#inFlight !== null
  }

  get hasGathered(): boolean {
    return this.#gathered.length > 0
  }

  /** Requests that wait for a commit, this one or the next. */
  get size(): number {
    const inFlight = this.#inFlight
    return this.#gathered.length + (inFlight === null ? 0 : inFlight.requests + inFlight.held.length)
  }

  get isFull(): boolean {
    return this.#bytes >= GATHERED_BYTES_MAX
  }

  gather(id: RequestId, request: WriteRequest, nowMs: number): void {
    const bytes = estimate(request)
    this.#gathered.push({ id, request, bytes, deadlineMs: nowMs + request.timeoutMs })
    this.#keys.add(request)
    this.#bytes += bytes
  }

  placeOf(request: ReadRequest): ReadPlace {
    if (this.#keys.mayChange(request)) return 'next'
    return this.#inFlight?.keys.mayChange(request) === true ? 'in-flight' : null
  }

  /** Takes a read that waits for a commit, which `placeOf` said. */
  hold(read: HeldRead, place: ReadPlace, nowMs: number): void {
    if (place === 'next') this.#gathered.push({ ...read, bytes: 0, deadlineMs: nowMs + read.request.timeoutMs })
    else present(this.#inFlight, 'a read waits for a commit that is there').held.push(read)
  }

  /**
   * The requests that may go into the next entry, in order: as many as fit, at least one. On an
   * idle disk a large group is cut in two: while the first half is being written the processor
   * executes the second, and from then on the two take turns. A scan reads no pending state, so it
   * comes first or not at all.
   */
  next(isDiskIdle: boolean): readonly Gathered[] {
    assert(this.#inFlight === null, 'one commit is in flight at a time')
    const most = isDiskIdle && this.#gathered.length >= SPLIT_REQUESTS_MIN ? this.#gathered.length >> 1 : this.#gathered.length
    let bytes = 0
    let count = 0
    for (const { request, bytes: more } of this.#gathered) {
      if (count === most || (count > 0 && (request.kind === 'scan' || bytes + more > ENTRY_BYTES_TARGET))) break
      bytes += more
      count += 1
    }
    return this.#gathered.slice(0, count)
  }

  /** Takes the first requests out: they are executed. Returns the keys that they may have written. */
  take(count: number): PendingKeys {
    const taken = this.#gathered.slice(0, count)
    assert(taken.length === count, 'no more is taken than was gathered')
    this.#gathered = this.#gathered.slice(count)
    let writes = 0
    for (const { request, bytes } of taken) {
      this.#bytes -= bytes
      if (isWrite(request)) writes += 1
    }
    return this.#keys.take(writes)
  }

  /** @param requests how many are answered with it */
  launch(commit: SealedCommit, keys = new PendingKeys(), requests = 0): void {
    assert(this.#inFlight === null, 'one commit is in flight at a time')
    this.#inFlight = { commit, keys, requests, held: [] }
  }

  /** The commit in flight is durable: what is held by it can be answered. */
  land(): { commit: SealedCommit; held: readonly HeldRead[] } {
    const { commit, held } = present(this.#inFlight, 'only what is in flight can be durable')
    this.#inFlight = null
    return { commit, held }
  }

  /** Takes requests out that will not be executed here. */
  takeWhere(isTaken: (gathered: Gathered) => boolean): readonly Gathered[] {
    const taken = this.#gathered.filter(isTaken)
    if (taken.length === 0) return taken
    this.#gathered = this.#gathered.filter((gathered) => !isTaken(gathered))
    this.#bytes = this.#gathered.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#keys = new PendingKeys(this.#gathered.map(({ request }) => request).filter(isWrite))
    return taken
  }
}

/** The keys that writes may change. They are looked through at the first read: mostly there is none. */
export class PendingKeys {
  #writes: WriteRequest[]
  /** How many of the first `#indexed` writes may change a key. */
  readonly #counts = new Map<Key, number>()
  #indexed = 0

  constructor(writes: WriteRequest[] = []) {
    this.#writes = writes
  }

  add(write: WriteRequest): void {
    this.#writes.push(write)
  }

  /** Takes the first writes out, with their keys. */
  take(count: number): PendingKeys {
    const taken = this.#writes.slice(0, count)
    for (let i = 0; i < Math.min(count, this.#indexed); i++) for (const key of keysOf(taken[i])) this.#forget(key)
    this.#indexed = Math.max(0, this.#indexed - count)
    this.#writes = this.#writes.slice(count)
    return new PendingKeys(taken)
  }

  mayChange(read: ReadRequest): boolean {
    if (this.#writes.length === 0) return false
    switch (read.kind) {
      case 'get':
        return this.#has(read.key)
      case 'inspect':
        return read.inspection.keys.some((key) => this.#has(key))
      case 'scan':
        // Any write may change a page; looking through the keys would cost more than waiting.
        return true
      default:
        return unreachable(read)
    }
  }

  #has(key: Key): boolean {
    for (; this.#indexed < this.#writes.length; this.#indexed++)
      for (const written of keysOf(this.#writes[this.#indexed])) this.#counts.set(written, (this.#counts.get(written) ?? 0) + 1)
    return this.#counts.has(key)
  }

  #forget(key: Key): void {
    const count = present(this.#counts.get(key), 'the keys of an indexed write are counted')
    if (count > 1) this.#counts.set(key, count - 1)
    else this.#counts.delete(key)
  }
}

function keysOf(write: WriteRequest | undefined): readonly Key[] {
  if (write === undefined) return []
  return write.kind === 'procedure' ? write.procedure.keys : write.operations.map(({ key }) => key)
}

/** About what a request takes in an entry, in bytes. */
function estimate(request: WriteRequest): number {
  if (request.kind === 'procedure') return request.procedure.bytes + request.procedure.keys.length * OPERATION_OVERHEAD_BYTES
  let bytes = 0
  for (const operation of request.operations) {
    bytes += operation.key.length + OPERATION_OVERHEAD_BYTES
    if (operation.kind === 'set') bytes += operation.value.data.length
  }
  return bytes
}
