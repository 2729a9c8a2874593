/**
 * Group commit: the requests that arrive while one durable write is in flight become the next
 * one, together (WR1). One entry, one durable write and one block in the log serve them all, so
 * throughput grows with load while a lone write pays for itself only.
 *
 * Reads of a key that a pending commit may write are held with that commit (WR2): so a client
 * that sends a write and a read on one connection sees its write.
 */

import { assert, BATCH_BYTES_MAX, ENTRY_BYTES_TARGET, type Key, present, unreachable, VALUE_BYTES_MAX } from '../base/index.ts'
import type { Entry } from './entry.ts'
import type { GetRequest, Operation, RequestId, ScanRequest, TransactionRequest } from './requests.ts'
import type { ConcernWait } from './waiting.ts'

/** Requests gathered for the next commit. One more is refused with UNAVAILABLE. */
export const GATHERED_REQUESTS_MAX = 100_000
/** Bytes of keys and values gathered for the next commit. */
export const GATHERED_BYTES_MAX = 16 * BATCH_BYTES_MAX
/** Below this a second write costs more than the overlap gains. */
const SPLIT_REQUESTS_MIN = 16
/** Bytes that an operation takes in an entry besides its key and value, at most. */
const OPERATION_OVERHEAD_BYTES = 32

export interface Gathered {
  readonly id: RequestId
  readonly request: TransactionRequest
  readonly bytes: number
}

export interface HeldRead {
  readonly id: RequestId
  readonly request: GetRequest | ScanRequest
}

/** A commit whose durable write is in flight. */
export interface SealedCommit {
  readonly entry: Entry | null
  /** Answers that wait for more nodes than this one (WR4). */
  readonly concerns: readonly ConcernWait[]
}

interface InFlight {
  readonly commit: SealedCommit
  readonly keys: ReadonlySet<Key>
  readonly held: HeldRead[]
}

export class GroupCommit {
  #gathered: Gathered[] = []
  #bytes = 0
  /** Keys that what is gathered may write. */
  #keys = new Set<Key>()
  #held: HeldRead[] = []
  #inFlight: InFlight | null = null

  get isInFlight(): boolean {
    return this.#inFlight !== null
  }

  get hasGathered(): boolean {
    return this.#gathered.length > 0
  }

  get isFull(): boolean {
    return this.#gathered.length >= GATHERED_REQUESTS_MAX || this.#bytes >= GATHERED_BYTES_MAX
  }

  gather(id: RequestId, request: TransactionRequest): void {
    let bytes = 0
    for (const operation of request.operations) {
      bytes += operation.key.length + OPERATION_OVERHEAD_BYTES + valueBytes(operation)
      this.#keys.add(operation.key)
    }
    this.#gathered.push({ id, request, bytes })
    this.#bytes += bytes
  }

  /** Holds a read back if a pending commit may change its answer. True if it is held. */
  hold(read: HeldRead): boolean {
    if (this.hasGathered && mayTouch(read.request, this.#keys)) {
      this.#held.push(read)
      return true
    }
    if (this.#inFlight !== null && mayTouch(read.request, this.#inFlight.keys)) {
      this.#inFlight.held.push(read)
      return true
    }
    return false
  }

  /**
   * Takes the requests of the next entry, in order: as many as fit, at least one. On an idle disk
   * a large group is cut in two: while the first half is being written the processor executes the
   * second, and from then on the two take turns.
   */
  takeBatch(isDiskIdle: boolean): { batch: readonly Gathered[]; keys: ReadonlySet<Key>; held: HeldRead[] } {
    assert(this.#inFlight === null, 'one commit is in flight at a time')
    const most = isDiskIdle && this.#gathered.length >= SPLIT_REQUESTS_MIN ? this.#gathered.length >> 1 : this.#gathered.length
    let bytes = 0
    let count = 0
    for (const request of this.#gathered) {
      if (count === most || (count > 0 && bytes + request.bytes > ENTRY_BYTES_TARGET)) break
      bytes += request.bytes
      count += 1
    }
    const batch = this.#gathered.slice(0, count)
    this.#gathered = this.#gathered.slice(count)
    this.#bytes -= bytes
    // While requests are left, their keys stay and so do the held reads, which may wait for them.
    if (this.hasGathered) return { batch, keys: this.#keys, held: [] }
    const taken = { batch, keys: this.#keys, held: this.#held }
    this.#keys = new Set()
    this.#held = []
    return taken
  }

  launch(commit: SealedCommit, keys: ReadonlySet<Key>, held: HeldRead[]): void {
    assert(this.#inFlight === null, 'one commit is in flight at a time')
    this.#inFlight = { commit, keys, held }
  }

  /** The commit in flight is durable. */
  land(): { commit: SealedCommit; held: readonly HeldRead[] } {
    const { commit, held } = present(this.#inFlight, 'only what is in flight can be durable')
    this.#inFlight = null
    return { commit, held }
  }
}

/** What a restore writes again is not known before it is executed: it goes into an entry of its own. */
function valueBytes(operation: Operation): number {
  switch (operation.kind) {
    case 'set':
      return operation.value.data.length
    case 'restore':
      return VALUE_BYTES_MAX
    case 'delete':
      return 0
    default:
      return unreachable(operation)
  }
}

function mayTouch(request: GetRequest | ScanRequest, keys: ReadonlySet<Key>): boolean {
  // Any write may change a page; looking through the keys would cost more than waiting.
  return request.kind === 'scan' ? keys.size > 0 : keys.has(request.key)
}
