/**
 * Causal delivery: the blocks of every log but the one being written become applied entries, each
 * log in its order (CA2), each entry only when what it depends on is applied (CA3). A log whose
 * next entry must wait holds up itself alone.
 *
 * Delivery is pull-based: the next blocks of a log are asked for only when all before them are
 * applied, so what waits is bounded by one read a log, and the rest stays where it is, in the log
 * store. Recovery is the same path: at the start a node reads its own earlier logs like any
 * other, and the end of a log that only the journal has is fed in as if it had been read (JR5).
 * The journal's last block of a log may be incomplete, so that one is not: what no other block
 * gives is applied and handed on to be carried by the log of this life (JR8).
 */

import { assert, concatBytes, type LogKey, MalformedError, type NodeName, nodeOfWriter, present, type WriterId } from '../base/index.ts'
import { type ReadonlyVersionVector, VECTOR_WRITERS_MAX, type VersionVector } from '../crdt/index.ts'
import { BlockedLogs } from './blocked-logs.ts'
import type { Effect, RecoveredLog, TailBlock } from './effects.ts'
import { contextAfter, contextAfterHeader, decodeEntries, decodeHeader, type Entry, type Header, lastOf } from './entry.ts'
import type { GroupName } from './group.ts'
import { KnownLogs } from './known-logs.ts'
import { type EntryFault, findAdoptable } from './leader-mode/adoptable.ts'
import { type ChainBlock, decodeChainBlock } from './leader-mode/chain-block.ts'
import type { ChainEnd, ChainLink } from './leader-mode/chain-link.ts'
import { type Cursor, statusOf } from './log-cursor.ts'
import type { AnnouncedLog } from './message.ts'
import type { LogFailure } from './ports.ts'
import type { PushedBlock } from './pushed-blocks.ts'
import type { State } from './state.ts'
import type { LogState, LogStatus } from './status.ts'
import { Vouched } from './vouched.ts'

/** Logs known at once. An announcement past this is not followed. */
export const LOGS_MAX = VECTOR_WRITERS_MAX
/** Entries of a log that may wait before no more of it is taken than one read brings. */
const WAITING_ENTRIES_MAX = 1024

/** What delivery asks of the replica around it. */
export interface DeliveryContext {
  readonly group: GroupName
  /** This node. */
  readonly node: NodeName
  /** What is applied here. Delivery moves it only through `apply`. */
  readonly frontier: ReadonlyVersionVector
  emit(effect: Effect): void
  /** True if the entry's stamp is too far ahead of the clocks (HL3). */
  isSkewed(entry: Entry): boolean
  /** True if the entry's epoch lets it be applied here now (CA3, LM8). */
  mayApply(entry: Entry): boolean
  /** Says why an entry can't be applied anywhere (RG2). */
  readonly state: Pick<State, 'findFault' | 'outlook'>
  apply(entry: Entry): void
  /** This life's log has to carry the entry, which is applied (JR8). */
  carry(entry: Entry): void
  /** A block of a leader's log, which is the chain's to apply. */
  chain(writer: WriterId, block: ChainBlock, bytes: Uint8Array): void
  /** True if the chain takes no more of this log for now. */
  isChainFull(writer: WriterId): boolean
  /** A header names the end of the chain, which is committed (EP5). */
  learnChainEnd(end: ChainEnd): void
}

export class Delivery {
  readonly #context: DeliveryContext
  readonly known = new KnownLogs()
  /** Cursors with something waiting. */
  readonly #waiting = new Set<Cursor>()
  readonly #blocked = new BlockedLogs()
  readonly #vouched = new Vouched()
  /** Where the blocks of own logs begin that may be incomplete in the journal. */
  readonly #openIndexes = new Map<WriterId, number>()
  /** True once everything else on this disk was taken. */
  #isOpenDue = false

  constructor(context: DeliveryContext) {
    this.#context = context
  }

  /** Takes up the logs found at the start; of those known to be out of service only what is here. */
  recover(logs: readonly RecoveredLog[], failed: ReadonlyMap<WriterId, LogFailure>): void {
    for (const log of logs) {
      const failure = failed.get(log.writer) ?? null
      const cursor = this.known.add(log.writer, log.key, 'recovering', log.length)
      // What a log gave before it went out of service stays; nothing is added to it.
      cursor.tail = failure === null ? log.tail : log.tail.filter(({ signature }) => signature !== null)
      if (failure === null) cursor.open = log.open
      cursor.failure = failure
      if (failure === null && log.open.length > 0) this.#openIndexes.set(log.writer, log.openIndex)
    }
    for (const cursor of [...this.known.values()]) this.#advance(cursor)
    this.drain()
  }

  /** Blocks still to be taken before everything that is on this disk was seen. */
  recoveryProgress(): { done: number; total: number } | null {
    let done = 0
    let total = 0
    let isDone = true
    for (const cursor of this.known.values()) {
      total += cursor.localLength
      done += Math.min(cursor.next, cursor.localLength)
      // What waits while nothing is being read can be set free only by what peers have.
      if (cursor.phase === 'recovering' && cursor.isReading) isDone = false
    }
    return isDone ? null : { done, total }
  }

  /**
   * Once all other blocks of this disk are taken, takes those that may be incomplete, and then shares
   * the logs of which entries still wait: maybe for ever, for what is lost, and peers may lack the
   * blocks before those. True when all is done.
   */
  finishRecovery(): boolean {
    if (!this.#isOpenDue && this.recoveryProgress() === null) {
      this.#isOpenDue = true
      for (const cursor of [...this.known.values()]) this.#takeOpen(cursor)
      // What they set free may let the reading of other logs go on.
      this.drain()
    }
    if (this.recoveryProgress() !== null) return false
    for (const { phase, failure, waiting, isChained, writer, key } of this.known.values()) {
      if (phase !== 'recovering' || failure !== null || key === null || (waiting.length === 0 && !isChained)) continue
      this.#context.emit({ kind: 'follow', writer, key })
    }
    return true
  }

  /** How many blocks of each log the journal need not keep, when nothing waits to be carried; the log store has `durable` of them. */
  releasable(durable: ReadonlyMap<WriterId, number>): ReadonlyMap<WriterId, number> {
    const releasable = new Map(durable)
    // Own logs of earlier lives whose last block, which is never appended, is applied.
    for (const [writer, index] of this.#openIndexes) {
      const { open, waiting } = this.known.get(writer)
      const isSettled = open.length === 0 && waiting.every(({ isCarried }) => !isCarried)
      if (isSettled && (durable.get(writer) ?? 0) >= index) releasable.set(writer, index + 1)
    }
    // What was pushed of a log that is out of service by now is in no copy, and will be in none.
    for (const { writer, phase } of this.known.values())
      if (phase === 'out' && nodeOfWriter(writer) !== this.#context.node) releasable.set(writer, Number.MAX_SAFE_INTEGER)
    return releasable
  }

  /** The log that this node writes from now on: nothing is read from it. */
  activate(header: Header): void {
    assert(!this.known.has(header.writer), 'a log is minted twice')
    this.known.add(header.writer, null, 'active', 0).context = contextAfterHeader(header)
    this.known.seal(header.continues)
  }

  /** One more block of the active log is durable. */
  recordOwn(writer: WriterId, length: number, sequence: number): void {
    const cursor = this.known.get(writer)
    cursor.next = length
    cursor.context = { ...present(cursor.context, 'an active log has its header'), sequence }
  }

  /** An own log has its key. */
  open(writer: WriterId, key: LogKey): void {
    const cursor = this.known.get(writer)
    cursor.key = key
    this.#advance(cursor)
  }

  /** Learns a log by its key. True if that is new here: peers may not know it either. */
  learn({ writer, key }: AnnouncedLog): boolean {
    const known = this.known.find(writer)
    // An own log of which only the journal is left learns its key from the peers.
    const isKeyless = known?.key === null && known.phase === 'recovering' && known.next === 0
    if (isKeyless) this.open(writer, key)
    if (known !== undefined || this.known.size >= LOGS_MAX) return isKeyless
    this.#advance(this.known.add(writer, key, 'following', 0))
    return true
  }

  take(writer: WriterId, from: number, blocks: readonly Uint8Array[]): void {
    const cursor = this.known.get(writer)
    cursor.isReading = false
    if (cursor.phase === 'out') return
    // What peers have added to a log that is being recovered is read after what the journal adds to it.
    const end = cursor.phase === 'recovering' ? cursor.localLength : from + blocks.length
    // The first of them may have been pushed here meanwhile. If instead they follow on blocks that are still on
    // their way through the journal, the log store has those too: all of it is read again.
    const taken = from <= cursor.next ? blocks.slice(cursor.next - from, end - from) : []
    for (const block of taken) this.#decode(cursor, block, null)
    this.drain()
    this.#advance(cursor)
  }

  /** Index of the next block of a log that is followed, from its header on; else null. */
  nextOf(writer: WriterId): number | null {
    const cursor = this.known.find(writer)
    return cursor?.phase === 'following' && cursor.context !== null ? cursor.next : null
  }

  /** True if so much of a log waits here that the rest stays in the log store. */
  isFull(writer: WriterId): boolean {
    const { waiting, isChained } = this.known.get(writer)
    return waiting.length >= WAITING_ENTRIES_MAX || (isChained && this.#context.isChainFull(writer))
  }

  /** Takes a block that was pushed here and is durable in the journal (LG5); one that its log brought meanwhile is left. */
  takePushed({ writer, index, block }: PushedBlock): void {
    const cursor = this.known.get(writer)
    if (cursor.phase !== 'following' || index !== cursor.next) return
    this.#decode(cursor, block.bytes, null)
    this.drain()
  }

  fail(writer: WriterId, failure: LogFailure): void {
    const cursor = this.known.get(writer)
    // The first failure explains; what follows from it doesn't.
    cursor.failure ??= failure
    cursor.phase = 'out'
    cursor.tail = []
  }

  /** All of a writer is applied up to `sequence`, by whomever. */
  noteApplied(writer: WriterId, sequence: number): void {
    this.#blocked.release(writer, sequence)
  }

  /** Applies all that can be applied, until nothing moves. */
  drain(): void {
    for (let moved = true; moved; ) {
      moved = false
      for (const cursor of this.#waiting) if (cursor.missing === null && this.#applyWaiting(cursor)) moved = true
    }
  }

  /** The chain takes more of this log again. */
  resume(writer: WriterId): void {
    this.#advance(this.known.get(writer))
  }

  /**
   * Multi entries that are here and wait, as far as they could be applied in order if their epochs let them: what a
   * leader adopts (LM8). Null if there are none. One that nobody can apply takes its log out of service here already.
   */
  adoptable(): VersionVector | null {
    const { frontier, state } = this.#context
    const { adopts, faults } = findAdoptable([...this.#waiting], frontier, (entry) => this.#isHeld(entry), state.outlook())
    for (const fault of faults) this.#failAt(fault)
    return adopts
  }

  /** What the header of a log says of the chain. */
  linkOf(writer: WriterId): ChainLink {
    return this.known.get(writer).link
  }

  statuses(): LogStatus[] {
    const { frontier } = this.#context
    return [...this.known.values()].map((cursor) => statusOf(cursor, this.#stateOf(cursor), frontier.get(cursor.writer)))
  }

  /** The single decision about what a log does next. */
  #advance(cursor: Cursor): void {
    if (cursor.phase === 'active' || cursor.phase === 'out' || cursor.isReading || cursor.waiting.length > 0) return
    if (cursor.isChained && this.#context.isChainFull(cursor.writer)) return
    if (cursor.next < cursor.localLength) return this.#read(cursor)
    if (cursor.tail.length > 0) {
      const { tail } = cursor
      cursor.tail = []
      for (const block of tail) this.#decode(cursor, block.bytes, block)
      this.drain()
      return
    }
    if (cursor.failure !== null) {
      cursor.phase = 'out'
      return
    }
    if (this.#isOpenDue && this.#takeOpen(cursor)) {
      // Comes back here once they are applied.
      this.drain()
      return
    }
    if (cursor.phase === 'recovering') {
      // A tail that was just appended gives the log its key; until then nobody can be asked for more.
      if (cursor.key === null) return
      cursor.phase = 'following'
      this.#context.emit({ kind: 'follow', writer: cursor.writer, key: cursor.key })
    } else if (cursor.next === 0 && cursor.key !== null) {
      this.#context.emit({ kind: 'follow', writer: cursor.writer, key: cursor.key })
    }
    this.#read(cursor)
  }

  #read(cursor: Cursor): void {
    cursor.isReading = true
    this.#context.emit({ kind: 'read', writer: cursor.writer, from: cursor.next })
  }

  #decode(cursor: Cursor, block: Uint8Array, unstored: TailBlock | null): void {
    if (cursor.phase === 'out') return
    const index = cursor.next
    try {
      if (index === 0) this.#decodeHeader(cursor, block, unstored)
      else if (cursor.isChained) this.#decodeChainBlock(cursor, block, unstored)
      else this.#decodeEntries(cursor, block, unstored)
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.fail(cursor.writer, { kind: 'corrupt', reason: `block ${index}: ${error.message}` })
      return
    }
    cursor.next = index + 1
  }

  #decodeHeader(cursor: Cursor, block: Uint8Array, unstored: TailBlock | null): void {
    const header = decodeHeader(block)
    if (header.writer !== cursor.writer) throw new MalformedError(`the header is of ${header.writer}`)
    if (header.group !== this.#context.group) throw new MalformedError(`the header is of the group ${header.group}`)
    cursor.context = contextAfterHeader(header)
    this.known.seal(header.continues)
    cursor.link = header.chain
    cursor.isChained = header.chain.leadership !== null
    if (cursor.isChained) this.#context.chain(cursor.writer, { kind: 'header', header }, block)
    else if (header.chain.follows !== null) this.#context.learnChainEnd(header.chain.follows)
    if (unstored !== null) this.#store(cursor, 0, unstored)
  }

  #decodeEntries(cursor: Cursor, block: Uint8Array, unstored: TailBlock | null): void {
    const entries = decodeEntries(block, present(cursor.context, 'a header comes before the entries'))
    const lastEntry = entries.at(-1)
    for (const entry of entries) {
      if (entry.writer === cursor.writer) cursor.context = contextAfter(entry)
      if (cursor.phase === 'recovering') this.#vouch(cursor, entry)
      this.#wait(cursor, entry, cursor.next, entry === lastEntry ? unstored : null, false)
    }
  }

  #decodeChainBlock(cursor: Cursor, bytes: Uint8Array, unstored: TailBlock | null): void {
    const block = decodeChainBlock(bytes, present(cursor.context, 'a header comes before the blocks'))
    if (block.kind === 'entry') cursor.context = contextAfter(block.entry)
    this.#context.chain(cursor.writer, block, bytes)
    if (unstored !== null) this.#store(cursor, cursor.next, unstored)
  }

  /** Takes the block that may be incomplete, once those before it are taken. The place in the log stays: peers may have all of it. */
  #takeOpen(cursor: Cursor): boolean {
    const { open, context, next: index } = cursor
    if (open.length === 0 || context === null || index !== this.#openIndexes.get(cursor.writer)) return false
    cursor.open = []
    try {
      for (const entry of decodeEntries(concatBytes(open), context)) {
        this.#vouch(cursor, entry)
        this.#wait(cursor, entry, index, null, true)
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.fail(cursor.writer, { kind: 'corrupt', reason: `block ${index} in the journal: ${error.message}` })
    }
    return true
  }

  /** The log store gets a block that only the journal has. */
  #store({ writer, failure }: Cursor, index: number, { bytes, signature }: TailBlock): void {
    if (signature === null) this.#context.emit({ kind: 'append', writer, index, blocks: [bytes] })
    else if (failure === null) this.#context.emit({ kind: 'insert', writer, index, block: { bytes, signature } })
  }

  #vouch(cursor: Cursor, entry: Entry): void {
    if (nodeOfWriter(cursor.writer) === this.#context.node) this.#vouched.note(entry)
  }

  #wait(cursor: Cursor, entry: Entry, index: number, unstored: TailBlock | null, isCarried: boolean): void {
    cursor.waiting.push({ entry, index, unstored, isCarried })
    this.#waiting.add(cursor)
  }

  /** Applies what it can of one log. True if anything moved. */
  #applyWaiting(cursor: Cursor): boolean {
    let taken = 0
    for (const waiting of cursor.waiting) {
      const { entry, unstored } = waiting
      if (!this.#isCovered(entry)) {
        if (!this.#isApplicable(cursor, entry)) break
        const reason = this.#context.state.findFault(entry)
        if (reason !== null) {
          this.#failAt({ cursor, waiting, reason })
          break
        }
        cursor.covered = entry.dependencies
        this.#context.apply(entry)
        if (waiting.isCarried) this.#context.carry(entry)
      }
      if (unstored !== null) this.#store(cursor, waiting.index, unstored)
      taken += 1
    }
    if (taken === 0) return false
    cursor.waiting.splice(0, taken)
    if (cursor.waiting.length === 0) {
      this.#waiting.delete(cursor)
      this.#advance(cursor)
    }
    return true
  }

  /** Takes a log out of service for an entry that waits in it: what waits before that stays. */
  #failAt({ cursor, waiting, reason }: EntryFault): void {
    this.fail(cursor.writer, { kind: 'corrupt', reason: `block ${waiting.index}: ${reason}` })
    cursor.waiting.length = cursor.waiting.indexOf(waiting)
    if (cursor.waiting.length === 0) this.#waiting.delete(cursor)
  }

  /** Applied already: a carried entry may come in two logs (CA4). */
  #isCovered(entry: Entry): boolean {
    return this.#context.frontier.get(entry.writer) >= lastOf(entry).sequence
  }

  #isApplicable(cursor: Cursor, entry: Entry): boolean {
    const first = present(entry.transactions[0], 'an entry has a transaction').sequence
    if (this.#context.frontier.get(entry.writer) !== first - 1 || !this.#context.mayApply(entry)) return false
    const missing = entry.dependencies.firstMissing(this.#context.frontier, cursor.covered)
    if (missing !== null) this.#blocked.add(cursor, missing)
    return missing === null && !this.#isHeld(entry)
  }

  #isHeld(entry: Entry): boolean {
    return !this.#vouched.has(entry) && this.#context.isSkewed(entry)
  }

  #stateOf(cursor: Cursor): LogState {
    if (cursor.failure !== null) return cursor.failure.kind
    if (cursor.phase === 'active') return this.known.isRetired(cursor.writer) ? 'sealed' : 'active'
    const first = cursor.waiting[0]
    if (first === undefined) return this.known.isSealed(cursor.writer) ? 'sealed' : 'following'
    return this.#isHeld(first.entry) ? 'skewed' : 'waiting'
  }
}
