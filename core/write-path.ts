/**
 * The path of a write in a multi epoch (WR1): gathered requests are executed in order, stamped,
 * encoded as one entry and persisted with one durable write; only then is their state visible,
 * only then do the answers leave and the blocks travel. `GroupCommit` says which requests go
 * together, `execute` what each of them does, this file in which order it all happens.
 *
 * The writes' answers ride on the `persist` effect, so none can leave before it is durable.
 */

import {
  assert,
  ByteWriter,
  type DirectoryId,
  ENTRY_BYTES_MAX,
  makeWriterId,
  type NodeName,
  SkeinError,
  type WriterId,
} from '../base/index.ts'
import { Dependencies, type Dot } from '../crdt/index.ts'
import type { Delivery } from './delivery.ts'
import type { Effect } from './effects.ts'
import { type Entry, encodeCarried, encodeEntry, encodeHeader, type Header, lastOf } from './entry.ts'
import { type ExecutionContext, executeBatch, neededNodes } from './execute-batch.ts'
import type { GroupName } from './group.ts'
import { GroupCommit, type HeldRead, type ReadPlace } from './group-commit.ts'
import { LogTail } from './log-tail.ts'
import type { JournalRecord } from './ports.ts'
import { busyError } from './refuse.ts'
import type { CopiesRequest, ReadRequest, Reply, RequestId, WriteRequest } from './requests.ts'
import { type ConcernWait, ConcernWaits } from './waiting.ts'

/** The log that this node writes in this life. */
interface ActiveLog {
  readonly header: Header
  readonly tail: LogTail
  /** Of the last transaction that is durable. */
  sequence: number
  dependencies: Dependencies
}

/** What the write path asks of the replica around it. */
export interface WriteContext extends ExecutionContext {
  readonly group: GroupName
  readonly node: NodeName
  readonly directory: DirectoryId
  readonly delivery: Delivery
  emit(effect: Effect): void
  apply(entry: Entry): void
  /** Answers a read from the state, which is durable. */
  read(request: ReadRequest): Reply
  /** How many peers hold a transaction durably. */
  countPeersHolding(version: Dot): number
  isOutOfService(writer: WriterId): boolean
  /** The facts to be journaled with the next commit, or null if they have not changed. */
  takeChangedFacts(): Uint8Array | null
}

export class WritePath {
  readonly #context: WriteContext
  readonly #commit = new GroupCommit()
  readonly #concernWaits = new ConcernWaits()
  readonly #entryWriter = new ByteWriter()
  /** Entries that only the journal has, of a block that may be incomplete there (JR8); applied, in order. */
  #carried: Entry[] = []
  #isCarryInFlight = false
  #active: ActiveLog | null = null
  #isGatherAsked = false

  constructor(context: WriteContext) {
    this.#context = context
  }

  /** The log that this life of the node writes; null before its first write (ID3). */
  get writer(): WriterId | null {
    return this.#active?.header.writer ?? null
  }

  /** Requests that wait for a commit, or for other nodes. */
  get heldRequests(): number {
    return this.#commit.size + this.#concernWaits.size
  }

  /** Why a write can't be taken now, or null. */
  refusalOf(request: WriteRequest): SkeinError | null {
    const { memberCount } = this.#context
    if (neededNodes(request.concern, memberCount) > memberCount) {
      return new SkeinError('BAD_REQUEST', `w=${request.concern} asks for more nodes than the ${memberCount} that the cluster has`)
    }
    return this.#commit.isFull ? busyError() : null
  }

  gather(id: RequestId, request: WriteRequest): void {
    this.#commit.gather(id, request)
    this.askGather()
  }

  /** Which pending commit may change a read's answer, so that it has to wait for it (WR2). */
  placeOf(request: ReadRequest): ReadPlace {
    return this.#commit.placeOf(request)
  }

  hold(read: HeldRead, place: ReadPlace): void {
    this.#commit.hold(read, place)
  }

  /** Asks to be told once the requests at hand are in, so that they share a commit. */
  askGather(): void {
    if (this.#isGatherAsked || this.#commit.isInFlight) return
    this.#isGatherAsked = true
    this.#context.emit({ kind: 'gather' })
  }

  /** The requests at hand are in. */
  gathered(): void {
    this.#isGatherAsked = false
    this.#seal(true)
  }

  /** The commit in flight is durable: its state becomes visible, then its blocks may travel. */
  publish(): void {
    const { commit, held } = this.#commit.land()
    this.#isCarryInFlight = false
    const { entry, concerns } = commit
    const log = this.#active
    if (log !== null) {
      log.tail.land()
      log.sequence += entry?.transactions.length ?? 0
      this.#context.delivery.recordOwn(log.header.writer, log.tail.length, log.sequence)
      if (entry !== null) this.#context.apply(entry)
      this.#handOver(log)
      // Entries of peers may depend on this one, seen over a peer that is gone since.
      if (entry !== null) this.#context.delivery.drain()
    }
    for (const { id, request } of held) this.#context.emit({ kind: 'reply', id, reply: this.#context.read(request) })
    this.#awaitConcerns(concerns)
    // The disk is idle: what gathered meanwhile goes at once, and its write runs beside the answers.
    this.#seal(false)
  }

  /** Blocks of a log are in the log store: those that gathered meanwhile follow. */
  appended(writer: WriterId): void {
    const log = this.#active
    if (log === null || log.header.writer !== writer) return
    log.tail.appended()
    this.#handOver(log)
  }

  /** True if the log store has every block of this life's log. */
  get isDrained(): boolean {
    return this.#active?.tail.isDrained ?? true
  }

  /** Takes an entry of an earlier log that this life's log has to carry to the peers (JR8). */
  carry(entry: Entry): void {
    this.#carried.push(entry)
  }

  /** True while what is carried is not durable in this life's log. */
  get isCarrying(): boolean {
    return this.hasCarried || this.#isCarryInFlight
  }

  get hasCarried(): boolean {
    return this.#carried.length > 0
  }

  /** Answers the writes that enough nodes hold by now. */
  releaseConcerns(): void {
    if (this.#concernWaits.size === 0) return
    for (const { id, reply } of this.#concernWaits.takeReached((version) => this.#countHolding(version)))
      this.#context.emit({ kind: 'reply', id, reply })
  }

  /** Answers once `wanted` nodes hold a transaction, or at the time-out, how many do. */
  countCopies(id: RequestId, { version, wanted, timeoutMs }: CopiesRequest): void {
    const deadlineMs = this.#context.now().monotonicMs + timeoutMs
    this.#awaitConcerns([{ id, version, needed: wanted, reply: null, deadlineMs }])
  }

  /** Nobody waits for the answer any more. */
  withdraw(id: RequestId): void {
    if (this.#concernWaits.size > 0) this.#concernWaits.remove(id)
  }

  expireConcerns(): void {
    const { monotonicMs } = this.#context.now()
    for (const { id, reply } of this.#concernWaits.takeExpired(monotonicMs, (version) => this.#countHolding(version))) {
      this.#context.emit({ kind: 'reply', id, reply })
    }
  }

  /** Executes what was gathered and seals it as one entry (WR1). */
  #seal(isDiskIdle: boolean): void {
    if (this.#commit.isInFlight) return
    const facts = this.#context.takeChangedFacts()
    if (this.hasCarried) return this.#sealCarried(facts)
    if (!this.#commit.hasGathered && facts === null) return
    const log = this.#activeLog()
    const dependencies = log.dependencies.advance(this.#context.frontier, log.header.writer)
    const { entry, count, answers } = executeBatch(
      this.#commit.next(isDiskIdle),
      { writer: log.header.writer, sequence: log.sequence, dependencies },
      this.#context,
    )
    const keys = this.#commit.take(count)
    const records = this.#factRecords(facts)
    if (entry !== null) {
      const part = encodeEntry(this.#entryWriter, entry, log.dependencies)
      assert(part.length <= ENTRY_BYTES_MAX, 'nothing is persisted that could not be read again')
      this.#sealPart(log, part, records)
      log.dependencies = dependencies
    }
    if (records.length === 0) {
      // Nothing was written: what is answered reflects only what is durable already.
      for (const reply of answers.replies) this.#context.emit(reply)
      this.#awaitConcerns(answers.concerns)
      if (this.#commit.hasGathered) this.askGather()
      return
    }
    this.#commit.launch({ entry, concerns: answers.concerns }, keys, count)
    this.#context.emit({ kind: 'persist', records, replies: answers.replies })
  }

  /** What is carried goes ahead of anything that depends on it: in commits of its own, each with the entries of one block. */
  #sealCarried(facts: Uint8Array | null): void {
    const log = this.#activeLog()
    const records = this.#factRecords(facts)
    const count = consecutive(this.#carried)
    this.#sealPart(log, encodeCarried(this.#carried.slice(0, count)), records)
    this.#carried = this.#carried.slice(count)
    this.#isCarryInFlight = true
    this.#commit.launch({ entry: null, concerns: [] })
    this.#context.emit({ kind: 'persist', records, replies: [] })
  }

  #sealPart(log: ActiveLog, part: Uint8Array, records: JournalRecord[]): void {
    const { group, writer } = log.header
    if (log.tail.isEmpty) {
      const header = encodeHeader(log.header)
      records.push({ kind: 'block', group, writer, bytes: header, ...log.tail.seal(header) })
    }
    records.push({ kind: 'block', group, writer, bytes: part, ...log.tail.seal(part) })
  }

  #factRecords(facts: Uint8Array | null): JournalRecord[] {
    return facts === null ? [] : [{ kind: 'facts', group: this.#context.group, bytes: facts }]
  }

  /** Gives the log store what may leave. */
  #handOver(log: ActiveLog): void {
    const ready = log.tail.takeReady()
    if (ready !== null) this.#context.emit({ kind: 'append', writer: log.header.writer, ...ready })
  }

  /** The log to write to: minted at the first write of this life (ID3), and anew if it went out of service. */
  #activeLog(): ActiveLog {
    if (this.#active !== null && !this.#context.isOutOfService(this.#active.header.writer)) return this.#active
    const { group, node, directory, epoch, random, delivery } = this.#context
    let writer = makeWriterId(node, random.uint32())
    while (delivery.has(writer)) writer = makeWriterId(node, random.uint32())
    const header: Header = { group, writer, directory, epoch, continues: delivery.lastLogOf(node) }
    delivery.activate(header)
    this.#active = { header, tail: new LogTail(), sequence: 0, dependencies: Dependencies.none() }
    return this.#active
  }

  #awaitConcerns(concerns: readonly ConcernWait[]): void {
    for (const wait of concerns) this.#concernWaits.add(wait)
    this.releaseConcerns()
  }

  /** Nodes that hold a transaction durably, this one included. */
  #countHolding(version: Dot): number {
    return (this.#context.frontier.has(version) ? 1 : 0) + this.#context.countPeersHolding(version)
  }
}

/** How many of the first entries follow on one another in one log. */
function consecutive(entries: readonly Entry[]): number {
  let count = 1
  for (; count < entries.length; count++) {
    const [previous, next] = [entries[count - 1], entries[count]]
    if (previous === undefined || next === undefined || next.writer !== previous.writer) break
    if (next.transactions[0]?.sequence !== lastOf(previous).sequence + 1) break
  }
  return count
}
