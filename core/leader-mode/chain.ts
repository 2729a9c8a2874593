/**
 * The chain: the logs of leader epochs, each up to its seal (LM3, LM6). It is Raft's log, stitched
 * from logs that only ever grow: the header of the next leader's log names its direct predecessor
 * and the length at which that ends, so following headers down from any block gives all that lies
 * below it. What is not on the way down from a committed block is dead.
 *
 * Three lengths matter. *Durable*: the log store has the block. *Held* (LM1): so is everything
 * below it and everything that it adopts; votes and acknowledgements speak of this. *Applied*:
 * it is committed, and the state reflects it.
 */

import { assert, type DirectoryId, type Epoch, FIRST_EPOCH, present, type WriterId } from '../../base/index.ts'
import { type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import { type Entry, type Header, lastOf } from '../entry.ts'
import type { Burial } from '../expiry.ts'
import type { PushedRecord } from '../pushed-blocks.ts'
import type { BlockHash } from './block-hash.ts'
import { type ChainBlock, isAdopting } from './chain-block.ts'
import type { ChainEnd } from './chain-link.ts'
import { ChainLog } from './chain-log.ts'
import { multiEpochAfter } from './epochs.ts'
import { type ChainPlace, isFurther, NOWHERE, type Position } from './position.ts'
import type { Voter } from './voters.ts'

/** What the chain asks of the replica around it. */
export interface ChainContext {
  /** What is applied here. */
  readonly frontier: ReadonlyVersionVector
  apply(entry: Entry): void
  /** The first block of the chain is applied: this log is its beginning for good. */
  begin(beginning: WriterId): void
  /** More entries may be applied than before. */
  drain(): void
  /** A log that was full has room again. */
  resume(writer: WriterId): void
  /** A committed block was applied that says what is gone (RG6). */
  bury(burial: Burial): void
  /** A committed header was applied: its leader epoch is entered. */
  enterLeaderEpoch(epoch: Epoch): void
  /** Who votes from here on (MB1), and whose directories are members' no more (MB4), by what was applied. */
  seat(voters: readonly Voter[], removed: readonly DirectoryId[]): void
  /** A committed `end` was applied: the multi epoch after `leaderEpoch` can be entered (EP5). */
  endLeaderEpoch(leaderEpoch: Epoch): void
}

export class Chain {
  readonly #context: ChainContext
  readonly #logs = new Map<WriterId, ChainLog>()
  /** Logs with blocks that are durable and not held. */
  readonly #unsettled = new Set<ChainLog>()
  /** The log of the highest epoch of which anything is held. */
  #top: ChainLog | null = null
  /** The log of the last applied block. */
  #current: ChainLog | null = null
  #committed: ChainPlace | null = null
  /** The first log, once anything is applied. Another chain that comes by is dead: it belongs to a cluster that was begun apart. */
  #beginning: WriterId | null = null
  /** Everything that the applied part of the chain holds: its own entries and what it adopted. */
  readonly #contents = new VersionVector()
  /** What headers and `adopt` entries that are here adopt: no clock holds these up (HL3). */
  readonly #adopted = new VersionVector()

  constructor(context: ChainContext) {
    this.#context = context
  }

  /** Takes up what was known before the restart. */
  recover(beginning: WriterId | null, committed: ChainPlace | null): void {
    this.#beginning = beginning
    if (committed !== null) this.commit(committed)
  }

  /** The highest block held (LM1). */
  get position(): Position {
    const top = this.#top
    return top === null ? NOWHERE : { epoch: top.epoch, length: top.held }
  }

  /**
   * The highest block held once these are durable, which follow on what is here; null if they say nothing of that.
   * What one adopts may be missing, so from there on nothing is said.
   */
  positionWith(blocks: readonly PushedRecord[]): Position | null {
    let position: Position | null = null
    const lengths = new Map<WriterId, number>()
    for (const { writer, index, bytes } of blocks) {
      const log = this.#logs.get(writer)
      if (log === undefined || log.isDead || log.held !== log.length || isAdopting(bytes)) continue
      if (index !== (lengths.get(writer) ?? log.length)) continue
      lengths.set(writer, index + 1)
      const reached = { epoch: log.epoch, length: index + 1 }
      if (position === null || isFurther(reached, position)) position = reached
    }
    return position
  }

  /** The same as what a header names that follows it; null before any. */
  get end(): ChainEnd | null {
    const top = this.#top
    return top === null ? null : endOf(top, top.held)
  }

  /** The furthest block known to be committed. */
  get committed(): ChainPlace | null {
    return this.#committed
  }

  /** The last block applied; null before any. */
  get applied(): ChainEnd | null {
    const current = this.#current
    return current === null ? null : endOf(current, current.applied)
  }

  get contents(): ReadonlyVersionVector {
    return this.#contents
  }

  /** Who votes by the chain that is held; null before any leader. */
  get voters(): readonly Voter[] | null {
    return this.#top?.votersAt(this.#top.held) ?? null
  }

  /**
   * True if the chain *wants multi* (EP5): it begins, or goes on after an `end`, with a leader that nobody asked
   * for in the multi epoch before. Such a leader ends its own epoch as soon as its errand is done.
   */
  get wantsMulti(): boolean {
    const asked = new Set<Epoch | null>()
    let log = this.#top ?? undefined
    let length = log?.held ?? 0
    while (log !== undefined) {
      if (log.endsAt !== null && log.endsAt <= length) return !asked.has(multiEpochAfter(log.epoch))
      asked.add(log.leadership.asked)
      const { follows } = log
      if (follows === null) return !asked.has(FIRST_EPOCH)
      log = this.#logs.get(follows.writer)
      length = follows.length
    }
    return false
  }

  isFull(writer: WriterId): boolean {
    const log = this.#log(writer)
    return log.isFull || log.isDead
  }

  isAdopted(entry: Entry): boolean {
    return this.#adopted.has({ writer: entry.writer, sequence: lastOf(entry).sequence })
  }

  /** How much of a log is held here, and the hash up to there; null if nothing is. */
  heldOf(writer: WriterId): ChainEnd | null {
    const log = this.#logs.get(writer)
    return log === undefined || log.isDead || log.held === 0 || log.held < log.applied ? null : endOf(log, log.held)
  }

  /** Null for a length that is not here, or was applied and left behind. */
  hashAt(writer: WriterId, length: number): BlockHash | null {
    return this.#logs.get(writer)?.hashAt(length) ?? null
  }

  /** A header is durable here. @param isOwn this node leads with it */
  begin(header: Header, bytes: Uint8Array, isOwn: boolean): void {
    const { writer, epoch, chain } = header
    const log = new ChainLog(writer, epoch, chain.follows, present(chain.leadership, 'a leader epoch has a leadership'), isOwn)
    this.#logs.set(writer, log)
    if (log.follows === null && this.#beginning !== null && writer !== this.#beginning) log.bury()
    this.add(writer, { kind: 'header', header }, bytes)
  }

  /** The next block of a log is durable here. */
  add(writer: WriterId, block: ChainBlock, bytes: Uint8Array): void {
    const log = this.#log(writer)
    log.add(block, bytes)
    this.#unsettled.add(log)
    const adopts = adoptedBy(block)
    if (adopts !== null) this.#adopted.join(adopts)
  }

  /** Learns that a block is committed. What is not further than what was known changes nothing. */
  commit({ writer, epoch, length }: ChainPlace): void {
    if (this.#committed !== null && !isFurther({ epoch, length }, this.#committed)) return
    this.#committed = { writer, epoch, length }
  }

  /** A majority holds this block of the log that is written here: all up to it is applied, for the leader serves from that. */
  commitOwn(place: ChainPlace): void {
    this.commit(place)
    this.advance()
    assert(this.isUpToDate, 'a leader applies what it wrote once it is committed')
  }

  /** Looks again at what is held and applies what is committed, until nothing moves. */
  advance(): void {
    for (let moved = true; moved; ) {
      moved = false
      this.#settle()
      while (this.#applyNext()) {
        this.#settle()
        moved = true
      }
      // Entries of multi logs may have waited for those of the chain, and the chain adopts them next.
      if (moved) this.#context.drain()
    }
  }

  /** True if everything known to be committed is applied. */
  get isUpToDate(): boolean {
    const [committed, applied] = [this.#committed, this.applied]
    return committed === null || (applied !== null && !isFurther(committed, applied))
  }

  #settle(): void {
    for (const log of this.#unsettled) {
      if (!log.isDead) {
        while (log.held < log.length && this.#isHeld(log, log.held)) log.held += 1
        if (log.held > 0 && (this.#top === null || log.epoch > this.#top.epoch)) this.#top = log
      }
      if (log.isDead || log.held === log.length) this.#unsettled.delete(log)
    }
  }

  /** Whether the block at `index` is held, given that those before it in its log are. */
  #isHeld(log: ChainLog, index: number): boolean {
    if (log.isOwn) return true
    if (index === 0 && log.follows !== null && !this.#holdsEnd(log.follows)) return false
    const block = log.blockAt(index)
    const adopts = block === null ? null : adoptedBy(block)
    return adopts === null || this.#context.frontier.covers(adopts)
  }

  #holdsEnd(end: ChainEnd): boolean {
    const log = this.#logs.get(end.writer)
    return log !== undefined && log.held >= end.length && log.hashAt(end.length) === end.hash
  }

  #applyNext(): boolean {
    const log = this.#nextLog()
    if (log === null) return false
    const block = log.blockAt(log.applied)
    if (block === null) return false
    const adopts = adoptedBy(block)
    if (adopts !== null) {
      // From here on a leader may apply them too (LM8).
      this.#contents.join(adopts)
      this.#context.drain()
      if (!this.#context.frontier.covers(adopts)) return false
    }
    log.advance()
    log.held = Math.max(log.held, log.applied)
    this.#follow(log)
    this.#context.resume(log.writer)
    switch (block.kind) {
      case 'header':
        this.#context.bury({ epoch: log.epoch, timestamp: 0, untilMs: log.leadership.expiredMs })
        this.#context.enterLeaderEpoch(log.epoch)
        this.#context.seat(log.leadership.voters, [])
        break
      case 'entry':
        this.#context.apply(block.entry)
        this.#contents.advance(log.writer, lastOf(block.entry).sequence)
        break
      case 'end':
        this.#context.endLeaderEpoch(log.epoch)
        break
      case 'voters':
        this.#context.seat(block.voters, block.removed)
        break
      case 'expire':
        this.#context.bury({ epoch: log.epoch, timestamp: block.timestamp, untilMs: block.untilMs })
        break
      case 'adopt':
        break
    }
    return true
  }

  /** The log whose next block is to be applied, by the way down from what is committed; null if there is nothing, or it is not known yet. */
  #nextLog(): ChainLog | null {
    if (this.#committed === null || this.isUpToDate) return null
    let log = this.#logs.get(this.#committed.writer)
    let end = this.#committed.length
    while (log !== undefined && log !== this.#current) {
      const { follows } = log
      if (follows === null) {
        if (!log.isDead) return log
        // Somebody who follows another chain told of it.
        this.#committed = this.applied
        return null
      }
      const below = this.#logs.get(follows.writer)
      if (below !== undefined && below === this.#current && below.applied === follows.length) {
        assert(below.hashAt(follows.length) === follows.hash, 'a committed seal has the hash of what was applied')
        return log
      }
      log = below
      end = follows.length
    }
    if (log === undefined) return null
    assert(log.applied < end, 'what was applied is on the way down from what is committed')
    return log
  }

  /** A block of `log` was applied: what its header leaves out is dead. */
  #follow(log: ChainLog): void {
    if (this.#current === log) return
    if (this.#current === null && this.#beginning === null) this.#beginAt(log)
    this.#current = log
    for (const other of this.#logs.values()) if (other.epoch < log.epoch && !other.isDead) other.bury()
  }

  #beginAt(log: ChainLog): void {
    this.#beginning = log.writer
    for (const other of this.#logs.values()) if (other.follows === null && other !== log) other.bury()
    this.#context.begin(log.writer)
  }

  #log(writer: WriterId): ChainLog {
    return present(this.#logs.get(writer), 'a log of the chain has its header')
  }
}

function endOf(log: ChainLog, length: number): ChainEnd {
  const { writer, epoch } = log
  return { writer, epoch, length, hash: present(log.hashAt(length), 'what is held was not left behind') }
}

function adoptedBy(block: ChainBlock): ReadonlyVersionVector | null {
  if (block.kind === 'adopt') return block.adopts
  return block.kind === 'header' ? (block.header.chain.leadership?.adopts ?? null) : null
}
