/**
 * The path of a write (WR1): gathered requests are executed in order, stamped, encoded as one
 * entry and persisted with one durable write. In a multi epoch that is all: their state is visible,
 * the answers leave and the blocks travel. A leader's block travels first; it is visible, and
 * answered, once a majority holds it. `GroupCommit` says which requests go together, `execute`
 * what each of them does, this file in which order it all happens.
 *
 * The answers of a multi epoch ride on the `persist` effect, so none can leave before it is durable.
 */

import { assert, ByteWriter, ENTRY_BYTES_MAX, type Epoch, present, SkeinError, type WriterId } from '../base/index.ts'
import type { Dot } from '../crdt/index.ts'
import { CarriedEntries } from './carried-entries.ts'
import type { ReplyEffect } from './effects.ts'
import { type Entry, encodeCarried, encodeEntry, encodeHeader } from './entry.ts'
import { type ExecutionContext, executeBatch, neededNodes } from './execute-batch.ts'
import { type Gathered, GroupCommit, type HeldRead, type ReadPlace } from './group-commit.ts'
import { type ChainAct, type ChainBlock, encodeChainAct } from './leader-mode/chain-block.ts'
import type { ChainLink } from './leader-mode/chain-link.ts'
import type { WritePermit } from './leader-mode/leader-mode.ts'
import { isLed, type OwnLog, OwnLogs, type OwnLogsContext } from './own-logs.ts'
import type { JournalRecord } from './ports.ts'
import type { PushedBlocks, PushedRecord } from './pushed-blocks.ts'
import { busyError, lostWriteError } from './refuse.ts'
import { type CopiesRequest, isWrite, type ReadRequest, type Reply, type RequestId, type WriteRequest } from './requests.ts'
import { type ConcernWait, ConcernWaits } from './waiting.ts'

/** The durable write in flight. */
interface Persisting {
  /** The log of which it has blocks; null: facts alone. */
  readonly log: OwnLog | null
  readonly transactions: number
  /** Blocks of a leader's log. */
  readonly chainBlocks: readonly { readonly block: ChainBlock; readonly bytes: Uint8Array }[]
}

/** What the write path asks of the replica around it. */
export interface WriteContext extends ExecutionContext, OwnLogsContext {
  /** Blocks of other nodes that want a durable write. */
  readonly pushed: PushedBlocks
  apply(entry: Entry): void
  /** Answers a read from the state, which is durable. */
  read(request: ReadRequest): Reply
  /** How many peers hold a transaction durably. */
  countPeersHolding(version: Dot): number
  isOutOfService(writer: WriterId): boolean
  /** True if facts have changed in a way that others wait for. */
  mustWriteFacts(): boolean
  /** The facts to be journaled with the durable write that starts, beside these blocks of others; null if they have not changed. */
  takeChangedFacts(pushed: readonly PushedRecord[]): Uint8Array | null
  /** What the facts said is durable. */
  factsLanded(): void
  /** What this node may write now. */
  permit(): WritePermit
  /** What a leader writes next besides its clients' entries; null if nothing. */
  nextAct(): ChainAct | null
  /** True if a leader takes its clients' writes. */
  isServing(): boolean
  /** What the header of a log of this multi epoch says of the chain. */
  multiLink(): ChainLink
  /** A block of the leader's log is durable. */
  chain(writer: WriterId, block: ChainBlock, bytes: Uint8Array): void
  /** What a leader answers from its state waits until it is known to lead still (LM7). */
  confirm(replies: readonly ReplyEffect[]): void
}

export class WritePath {
  readonly #context: WriteContext
  readonly #commit = new GroupCommit()
  readonly #concernWaits = new ConcernWaits()
  readonly #entryWriter = new ByteWriter()
  readonly #carried = new CarriedEntries()
  readonly #logs: OwnLogs
  #persisting: Persisting | null = null
  #isGatherAsked = false

  constructor(context: WriteContext) {
    this.#context = context
    this.#logs = new OwnLogs(context)
  }

  /** The log that this life of the node writes; null before its first write (ID3). */
  get writer(): WriterId | null {
    return this.#logs.active?.header.writer ?? null
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
    this.#commit.gather(id, request, this.#context.now().monotonicMs)
    this.askGather()
  }

  /** Which pending commit may change a read's answer, so that it has to wait for it (WR2). */
  placeOf(request: ReadRequest): ReadPlace {
    return this.#commit.placeOf(request)
  }

  hold(read: HeldRead, place: ReadPlace): void {
    this.#commit.hold(read, place, this.#context.now().monotonicMs)
    if (place === 'next') this.askGather()
  }

  /** Asks to be told once the requests at hand are in, so that they share a commit. */
  askGather(): void {
    if (this.#isGatherAsked || this.#persisting !== null) return
    this.#isGatherAsked = true
    this.#context.emit({ kind: 'gather' })
  }

  /** Writes what there is to be written, without waiting for more. */
  persist(): void {
    this.#seal(true)
  }

  /** The requests at hand are in. */
  gathered(): void {
    this.#isGatherAsked = false
    this.#seal(true)
  }

  /** The durable write in flight has landed. What it says becomes visible, or goes to those who have to hold it. */
  persisted(): void {
    const { log, transactions, chainBlocks } = present(this.#persisting, 'only what is in flight can be durable')
    this.#persisting = null
    if (log !== null) {
      this.#logs.land(log, transactions)
      if (isLed(log)) {
        for (const { block, bytes } of chainBlocks) this.#context.chain(log.header.writer, block, bytes)
        this.#logs.handOver(log)
      } else {
        this.#publish(log)
      }
    }
    this.#context.factsLanded()
    for (const block of this.#context.pushed.land()) this.#context.delivery.takePushed(block)
    // The disk is idle: what gathered meanwhile goes at once, and its write runs beside the answers.
    this.#seal(false)
  }

  /** A majority holds what the leader wrote last, and the chain has applied it: it is answered. */
  publishCommitted(): void {
    const { commit, held } = this.#commit.land()
    for (const reply of commit.replies) this.#context.emit(reply)
    this.#answerHeld(held)
    this.#awaitConcerns(commit.concerns)
    this.#seal(true)
  }

  /** Opens the log of a leader epoch: its header is the first commit. */
  lead(epoch: Epoch, chain: ChainLink): WriterId {
    assert(!this.#commit.isInFlight, 'what was written before is durable when an election is won')
    return this.#logs.open(epoch, chain).header.writer
  }

  /** Not the leader any more. What is not committed may still become so; nobody is told that it is. */
  depose(error: SkeinError): void {
    const { active } = this.#logs
    if (active !== null && isLed(active)) this.#logs.retire()
    if (!this.#commit.isInFlight) return
    const { commit, held } = this.#commit.land()
    const unknown = lostWriteError()
    for (const { id, reply } of commit.replies) this.#fail(id, reply.kind === 'committed' ? unknown : error)
    for (const { id } of commit.concerns) this.#fail(id, unknown)
    for (const { id } of held) this.#fail(id, error)
  }

  /** Answers what gathered and can't be taken here. */
  refuseGathered(error: SkeinError, which: 'all' | 'linearizable-reads'): void {
    const isRefused = ({ request }: Gathered): boolean => which === 'all' || (!isWrite(request) && request.consistency === 'linearizable')
    for (const { id } of this.#commit.takeWhere(isRefused)) this.#fail(id, error)
  }

  /** Answers what waited too long for a commit that could take it. */
  expireGathered(errorOf: () => SkeinError): void {
    // In a multi epoch the disk alone is waited for.
    if (!this.#commit.hasGathered || this.#context.permit() === 'multi') return
    const { monotonicMs } = this.#context.now()
    for (const { id } of this.#commit.takeWhere(({ deadlineMs }) => deadlineMs <= monotonicMs)) this.#fail(id, errorOf())
  }

  /** Blocks of a log are in the log store: those that gathered meanwhile follow. */
  appended(writer: WriterId): void {
    this.#logs.appended(writer)
  }

  /** True if the log store has every block that was written in this life. */
  get isDrained(): boolean {
    return this.#logs.isDrained
  }

  /** Takes an entry of an earlier log that this life's log has to carry to the peers (JR8). */
  carry(entry: Entry): void {
    this.#carried.add(entry)
  }

  /** True while what is carried is not durable in this life's log. */
  get isCarrying(): boolean {
    return this.#carried.isCarrying
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

  /** The commit in flight of a multi epoch is durable: its state becomes visible, then its blocks may travel. */
  #publish(log: OwnLog): void {
    const { commit, held } = this.#commit.land()
    this.#carried.land()
    const { entry, concerns } = commit
    if (entry !== null) this.#context.apply(entry)
    this.#logs.handOver(log)
    // Entries of peers may depend on this one, seen over a peer that is gone since.
    if (entry !== null) this.#context.delivery.drain()
    this.#answerHeld(held)
    this.#awaitConcerns(concerns)
  }

  #answerHeld(held: readonly HeldRead[]): void {
    for (const { id, request } of held) this.#context.emit({ kind: 'reply', id, reply: this.#context.read(request) })
  }

  /** Starts the next durable write, with what there is to be written. */
  #seal(isDiskIdle: boolean): void {
    if (this.#persisting !== null) return
    // A leader's commit waits for a majority: facts need not wait for that.
    if (!this.#commit.isInFlight) {
      const { next } = this.#carried
      if (next !== null) return this.#sealCarried(next)
      const permit = this.#context.permit()
      if (permit === 'multi') return this.#sealMulti(isDiskIdle)
      if (permit === 'leader') return this.#sealLed()
    }
    this.#persistFacts()
  }

  /** Executes what was gathered and seals it as one entry. */
  #sealMulti(isDiskIdle: boolean): void {
    if (!this.#commit.hasGathered) return this.#persistFacts()
    const log = this.#multiLog()
    const { entry, keys, count, answers, part } = this.#execute(log, isDiskIdle)
    if (entry === null || part === null) {
      // Nothing was written: what is answered reflects only what is durable already.
      for (const reply of answers.replies) this.#context.emit(reply)
      this.#awaitConcerns(answers.concerns)
      this.#persistFacts()
      // What did not fit comes next.
      if (this.#commit.hasGathered) this.askGather()
      return
    }
    const records: JournalRecord[] = []
    this.#logs.sealPart(log, part, records)
    this.#commit.launch({ entry, replies: [], concerns: answers.concerns }, keys, count)
    this.#persist(records, { log, transactions: entry.transactions.length, chainBlocks: [] }, answers.replies)
  }

  /** Seals the next block of a leader's log: its header, what it has to do, or its clients' writes. */
  #sealLed(): void {
    const records: JournalRecord[] = []
    const log = present(this.#logs.active, 'a leader has a log')
    const { writer } = log.header
    const act = log.tail.isEmpty ? null : this.#context.nextAct()
    if (log.tail.isEmpty || act !== null) {
      const bytes = act === null ? encodeHeader(log.header) : encodeChainAct(act)
      const block: ChainBlock = act ?? { kind: 'header', header: log.header }
      this.#logs.sealWhole(log, bytes, records)
      this.#commit.launch({ entry: null, replies: [], concerns: [] })
      return this.#persist(records, { log, transactions: 0, chainBlocks: [{ block, bytes }] })
    }
    if (!this.#context.isServing() || !this.#commit.hasGathered) return this.#persistFacts()
    const { entry, keys, count, answers, part } = this.#execute(log, false)
    if (entry === null || part === null) {
      this.#context.confirm(answers.replies)
      this.#awaitConcerns(answers.concerns)
      this.#persistFacts()
      // What did not fit comes next.
      if (this.#commit.hasGathered) this.askGather()
      return
    }
    assert(entry.writer === writer, 'a leader writes its own log')
    this.#logs.sealWhole(log, part, records)
    this.#commit.launch({ entry, replies: answers.replies, concerns: answers.concerns }, keys, count)
    this.#persist(records, {
      log,
      transactions: entry.transactions.length,
      chainBlocks: [{ block: { kind: 'entry', entry }, bytes: part }],
    })
  }

  /** Executes the requests that go into the next entry, and encodes that. */
  #execute(log: OwnLog, isDiskIdle: boolean) {
    const dependencies = log.dependencies.advance(this.#context.frontier, log.header.writer)
    const { entry, count, answers } = executeBatch(
      this.#commit.next(isDiskIdle),
      { writer: log.header.writer, sequence: log.sequence, dependencies },
      this.#context,
    )
    const keys = this.#commit.take(count)
    if (entry === null) return { entry, keys, count, answers, part: null }
    const part = encodeEntry(this.#entryWriter, entry, log.dependencies)
    assert(part.length <= ENTRY_BYTES_MAX, 'nothing is persisted that could not be read again')
    log.dependencies = dependencies
    return { entry, keys, count, answers, part }
  }

  /** What is carried goes ahead of anything that depends on it: in commits of its own, each with the entries of one block. */
  #sealCarried(next: Entry): void {
    const records: JournalRecord[] = []
    const log = this.#carrierLog(next)
    this.#logs.sealPart(log, encodeCarried(this.#carried.launch()), records)
    this.#commit.launch({ entry: null, replies: [], concerns: [] })
    this.#persist(records, { log, transactions: 0, chainBlocks: [] })
  }

  /** There is nothing else of this node's own to write. */
  #persistFacts(): void {
    if (this.#context.mustWriteFacts() || this.#context.pushed.hasWaiting)
      this.#persist([], { log: null, transactions: 0, chainBlocks: [] })
  }

  /** Starts a durable write. Facts that have changed go with it, and what peers have pushed. */
  #persist(blocks: readonly JournalRecord[], persisting: Persisting, replies: readonly ReplyEffect[] = []): void {
    const pushed = this.#context.pushed.launch()
    const facts = this.#context.takeChangedFacts(pushed)
    const own = facts === null ? blocks : [{ kind: 'facts' as const, group: this.#context.group, bytes: facts }, ...blocks]
    const records = pushed.length === 0 ? own : [...own, ...pushed]
    this.#persisting = persisting
    this.#context.emit({ kind: 'persist', records, replies })
  }

  /** The log to write to: minted at the first write of this life and of each epoch (ID3), and anew if it went out of service. */
  #multiLog(): OwnLog {
    const { epoch, isOutOfService, multiLink } = this.#context
    const { active } = this.#logs
    if (active !== null && active.header.epoch === epoch && !isOutOfService(active.header.writer)) return active
    return this.#logs.open(epoch, multiLink())
  }

  /** The log of today; or, where this node may not write, one of the epoch of what is carried, and nothing else goes into it. */
  #carrierLog({ writer, epoch }: Entry): OwnLog {
    if (this.#context.permit() === 'multi') return this.#multiLog()
    const { active } = this.#logs
    return active?.header.epoch === epoch ? active : this.#logs.open(epoch, this.#context.delivery.linkOf(writer))
  }

  #fail(id: RequestId, error: SkeinError): void {
    this.#context.emit({ kind: 'reply', id, reply: { kind: 'failed', error } })
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
