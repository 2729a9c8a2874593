/**
 * The store of all logs over a simulated disk. It keeps the promises of the real one
 * (`test/contract/`): own logs are written from the journal, block by block where each belongs;
 * others are kept as they come from peers (`block-exchange.ts` moves them); and nothing is handed
 * over to the replica before it is on the platter (JR6). Blocks that the disk has no room for end the
 * process, as with the real one.
 */

import { assert, ByteReader, ByteWriter, type LogKey, present, SkeinError, type WriterId } from '../base/index.ts'
import { type LogFailure, type LogStore, READ_BLOCKS_MAX, READ_BYTES_MAX, type SignedBlock, type StoredLog } from '../core/index.ts'
import type { SimulatedDisk } from './disk.ts'
import { DiskBarrier } from './disk-barrier.ts'
import { DiskLog, deriveLogKey, hashesAfter } from './disk-log.ts'
import type { EventQueue, Lane } from './event-queue.ts'
import type { KillSwitch } from './kill-switch.ts'
import { isReached, newOpenLog, type OpenLog, type PendingRead, type PushedAhead } from './open-log.ts'

export interface LogStoreTwinOptions {
  readonly queue: EventQueue
  readonly lane: Lane
  readonly disk: SimulatedDisk
  readonly kill: KillSwitch
  /** A log went out of service. */
  readonly onFailure: (writer: WriterId, failure: LogFailure) => void
  /** Told once: nothing can be made durable any more, the process has to stop (JR4). */
  readonly onFatal: (failure: SkeinError) => void
  /** Blocks of an own log are in the store. */
  readonly onAppended: (writer: WriterId, index: number, blocks: number) => void
  /** A log has more to offer to peers. */
  readonly onGrown: (writer: WriterId) => void
  /** A log is wanted from peers. */
  readonly onFollowed: (writer: WriterId) => void
}

/** Pushed blocks that wait for what comes before them. */
const AHEAD_BLOCKS_MAX = 256

interface PendingAppend {
  readonly writer: WriterId
  readonly index: number
  readonly blocks: readonly Uint8Array[]
  /** Of the log up to each block; null if they are not pushed. */
  readonly hashes: readonly number[] | null
  /** Null once it was called. */
  done: ((key: LogKey) => void) | null
}

export class LogStoreTwin implements LogStore {
  readonly #options: LogStoreTwinOptions
  readonly #barrier: DiskBarrier
  readonly #open = new Map<WriterId, OpenLog>()
  readonly stored: readonly StoredLog[]
  /** Appends under way, in their order. */
  readonly #appends: PendingAppend[] = []
  #lastAppendUs = 0
  #isClosing = false
  /** There was no room for a block: the process is about to stop. */
  #hasFailed = false
  readonly #placeNext = (): void => this.#onAppendDue()

  private constructor(options: LogStoreTwinOptions) {
    this.#options = options
    const { queue, lane, disk } = options
    this.#barrier = new DiskBarrier(queue, lane, disk, options.onFatal)
    const stored: StoredLog[] = []
    for (const log of disk.logs.values()) {
      this.#open.set(log.writer, newOpenLog(log))
      stored.push({ writer: log.writer, key: log.key, length: log.length })
    }
    this.stored = stored
  }

  /** Finds what is on the disk and makes it durable: a process killed before may have left blocks that the platter doesn't have. */
  static open(options: LogStoreTwinOptions, done: (store: LogStoreTwin) => void): void {
    options.disk.closeLogs()
    const store = new LogStoreTwin(options)
    store.#barrier.sync(() => done(store))
  }

  append(
    writer: WriterId,
    index: number,
    blocks: readonly Uint8Array[],
    signed: (signatures: readonly Uint8Array[]) => void,
    done: (key: LogKey) => void,
  ): void {
    const { queue, lane, disk, kill } = this.#options
    if (kill('before', 'append') || this.#isClosing) return
    const append: PendingAppend = { writer, index, blocks, hashes: this.#sign(writer, index, blocks), done }
    const appendUs = disk.drawAppendUs()
    let dueUs = queue.nowUs + appendUs
    // What is pushed gathers with what comes after it, and nobody waits for that.
    if (append.hashes !== null) {
      const { hashes } = append
      queue.schedule(0, lane, () => {
        if (!this.#isClosing) signed(hashes.map((hash) => new ByteWriter().uint(hash).finish()))
      })
      const { key } = present(this.#open.get(writer), 'what is signed follows on something').log
      queue.scheduleAt(dueUs, lane, () => {
        if (!this.#isClosing) done(key)
      })
      append.done = null
      dueUs += disk.drawGatherUs()
    }
    this.#lastAppendUs = Math.max(this.#lastAppendUs, dueUs)
    this.#appends.push(append)
    queue.scheduleAt(this.#lastAppendUs, lane, this.#placeNext)
  }

  insert(writer: WriterId, index: number, block: SignedBlock, taken: () => void): void {
    if (this.#options.kill('before', 'insert') || this.#isClosing) return
    const open = present(this.#open.get(writer), 'a log is stored or followed before a block is inserted')
    if (open.failure !== null || open.isWritable) return
    const { ahead } = open
    const last = ahead.at(-1)
    if (last !== undefined && (last.index + 1 !== index || ahead.length >= AHEAD_BLOCKS_MAX)) ahead.length = 0
    ahead.push({ index, block, taken })
    this.#takeAhead(open)
    this.#options.kill('after', 'insert')
  }

  /** Takes what fits of what was pushed; of the rest it waits for what comes before it. */
  #takeAhead(open: OpenLog): void {
    const { ahead, log } = open
    for (let first = ahead[0]; first !== undefined; first = ahead[0]) {
      const end = Math.max(log.length, open.insertEnd)
      const isNext = first.index === end && (open.isPushed || (open.fetch === null && isReached(open, end)))
      if (first.index >= end && !isNext) return this.fetchAgain(open)
      ahead.shift()
      if (isNext) this.#take(open, first)
    }
  }

  #take(open: OpenLog, { index, block: { bytes, signature }, taken }: PushedAhead): void {
    const { queue, lane, disk } = this.#options
    open.isPushed = true
    open.insertEnd = index + 1
    if (open.read?.from === index) open.read = { ...open.read, from: index + 1 }
    queue.schedule(0, lane, () => {
      if (!this.#isClosing) taken()
    })
    open.insertDueUs = Math.max(open.insertDueUs, queue.nowUs + disk.drawAppendUs() + disk.drawGatherUs())
    // No copy: what is sent is never changed.
    queue.scheduleAt(open.insertDueUs, lane, () => this.#placeInserted(open, index, bytes, new ByteReader(signature).uint()))
  }

  /** From here on blocks of a log are fetched, once what was pushed is in the copy. */
  fetchAgain(open: OpenLog): void {
    open.isPushed = false
    if (open.isFollowed && open.failure === null && open.insertEnd <= open.log.length) this.#options.onFollowed(open.log.writer)
  }

  /** A connection to a peer is gone. */
  fetchAllAgain(): void {
    for (const open of this.#open.values()) {
      const { from } = open.read ?? { from: Number.POSITIVE_INFINITY }
      // What the replica has is kept: maybe nobody else does.
      if ((open.ahead[0]?.index ?? 0) >= from) open.ahead.length = 0
      if (open.isPushed) this.fetchAgain(open)
    }
  }

  follow(writer: WriterId, key: LogKey): void {
    const { queue, lane, kill, onFollowed } = this.#options
    if (kill('before', 'follow') || this.#isClosing) return
    const open = this.#open.get(writer) ?? this.#create(writer, key)
    if (open.log.key !== key) {
      const reason = `it is known under two keys: ${open.log.key} and ${key}`
      queue.schedule(0, lane, () => this.#fail(open, { kind: 'forked', reason }))
    } else if (open.failure === null) {
      open.isFollowed = true
      open.isShared = true
      onFollowed(writer)
    }
    kill('after', 'follow')
  }

  read(writer: WriterId, from: number, done: PendingRead['done']): void {
    const { kill } = this.#options
    if (kill('before', 'read') || this.#isClosing) return
    const open = present(this.#open.get(writer), 'a log is stored, appended to or followed before it is read')
    assert(open.read === null, 'one read of a log is open at a time')
    open.read = { from, done }
    this.#serve(open)
    if (open.ahead.length > 0) this.#takeAhead(open)
    kill('after', 'read')
  }

  sync(done: (durable: ReadonlyMap<WriterId, number>) => void): void {
    const lengths = new Map<WriterId, number>()
    for (const [writer, { log }] of this.#open) lengths.set(writer, log.length)
    this.#barrier.sync(() => done(lengths))
  }

  close(done: () => void): void {
    assert(!this.#isClosing, 'a log store is closed once')
    this.#isClosing = true
    this.#barrier.sync(done)
  }

  // For the exchange of blocks

  /** The logs in use, in the order in which they came to be known. */
  get logs(): ReadonlyMap<WriterId, OpenLog> {
    return this.#open
  }

  /** Takes blocks of a log from a peer, from `from` on: as `treeHashes` say, its signer made them. */
  receive(open: OpenLog, from: number, blocks: readonly Uint8Array[], treeHashes: readonly number[], treeHashBefore: number): void {
    const { log } = open
    if (this.#isClosing || open.failure !== null) return
    assert(from <= log.length, 'blocks leave no gap')
    if (log.treeHash(from) !== treeHashBefore) return this.#failForked(open, from)
    const lengthBefore = log.length
    for (let i = 0; i < blocks.length; i++) {
      const treeHash = present(treeHashes[i], 'each block has its hash')
      const index = from + i
      // What came here meanwhile, by an own append, must be the same.
      if (index < lengthBefore) {
        if (log.treeHash(index + 1) !== treeHash) return this.#failForked(open, index + 1)
        continue
      }
      const bytes = present(blocks[i], 'an index below the length')
      if (!this.#takeRoom(bytes)) break
      // No copy: nobody changes a block, and a process that reads one gets bytes of its own.
      log.add(bytes, treeHash)
      this.#options.disk.noteWritten(log)
    }
    if (log.length > lengthBefore) this.#grown(open)
  }

  /** Two versions of one log met here: both ends of the meeting see it (LG2). */
  failForked(writer: WriterId, length: number): void {
    const open = this.#open.get(writer)
    if (open !== undefined && !this.#isClosing) this.#failForked(open, length)
  }

  // Writing

  /** Signs what is appended, if it is new: peers may have it before the store here does. Null if it is not known to be. */
  #sign(writer: WriterId, index: number, blocks: readonly Uint8Array[]): readonly number[] | null {
    const open = this.#open.get(writer)
    if (open === undefined || !this.#makeWritable(open)) return null
    const before = this.#appends.findLast((append) => append.writer === writer)
    if (before === undefined) return index === open.log.length ? hashesAfter(open.log.treeHash(index), blocks) : null
    // What comes before it is not pushed: peers have to fetch that, and so this.
    if (before.hashes === null || index !== before.index + before.blocks.length) return null
    return hashesAfter(before.hashes.at(-1) ?? 0, blocks)
  }

  #onAppendDue(): void {
    const { kill, onAppended } = this.#options
    const { writer, index, blocks, done } = present(this.#appends.shift(), 'an append is placed once')
    // A full disk ends the process in a moment: what was to follow on the block that did not fit is not placed behind a gap.
    if (this.#isClosing || this.#hasFailed) return
    const open = this.#open.get(writer) ?? this.#create(writer, deriveLogKey(this.#options.disk.logSeed, writer))
    if (!this.#makeWritable(open) || !this.#place(open, index, blocks)) return
    onAppended(writer, index, blocks.length)
    done?.(open.log.key)
    if (kill('after', 'append')) return
    this.#grown(open)
  }

  #placeInserted(open: OpenLog, index: number, bytes: Uint8Array, treeHash: number): void {
    const { log } = open
    if (this.#isClosing || this.#hasFailed || open.failure !== null) return
    assert(index === log.length, 'what was taken fits')
    if (log.hashOf(bytes) !== treeHash) return this.#failForked(open, index + 1)
    if (!this.#takeRoom(bytes)) return
    log.add(bytes, treeHash)
    this.#options.disk.noteWritten(log)
    this.#grown(open)
    if (!open.isPushed) this.fetchAgain(open)
  }

  /** False if it is out of service, or is so from now on: it has a key that is not ours. */
  #makeWritable(open: OpenLog): boolean {
    if (open.failure !== null) return false
    if (open.isWritable) return true
    if (open.log.key !== deriveLogKey(this.#options.disk.logSeed, open.log.writer)) {
      const reason = 'the peers know this log of ours under a key that this directory has no secret for'
      this.#fail(open, { kind: 'forked', reason })
      return false
    }
    open.isWritable = true
    open.isShared = true
    return true
  }

  /** Compares what is there already and adds the rest. False if there is another block, or no room. */
  #place(open: OpenLog, index: number, blocks: readonly Uint8Array[]): boolean {
    const { log } = open
    assert(index <= log.length, 'an append leaves no gap')
    for (let i = 0; i < blocks.length; i++) {
      const bytes = present(blocks[i], 'an index below the length')
      const position = index + i
      if (position === log.length) {
        if (!this.#takeRoom(bytes)) return false
        log.sign(bytes.slice())
        this.#options.disk.noteWritten(log)
      } else if (!log.isBlock(position, bytes)) {
        this.#fail(open, { kind: 'forked', reason: `block ${position} is already there and is another one` })
        return false
      }
    }
    return true
  }

  #create(writer: WriterId, key: LogKey): OpenLog {
    const log = new DiskLog(writer, key)
    this.#options.disk.createLog(log)
    const open = newOpenLog(log)
    this.#open.set(writer, open)
    return open
  }

  #grown(open: OpenLog): void {
    this.#serve(open)
    this.#options.onGrown(open.log.writer)
  }

  // Reading

  #serve(open: OpenLog): void {
    const { read, log } = open
    if (read === null || open.isServing || open.failure !== null || log.length <= read.from) return
    const { queue, lane, disk } = this.#options
    open.isServing = true
    const end = Math.min(log.length, read.from + READ_BLOCKS_MAX)
    const answer = (): void => this.#answer(open, read, end)
    if (end > log.durable) this.#barrier.sync(answer)
    else queue.schedule(disk.drawReadUs(), lane, answer)
  }

  #answer(open: OpenLog, read: PendingRead, end: number): void {
    open.isServing = false
    if (this.#isClosing || open.failure !== null) return
    let bytes = 0
    let stop = read.from
    while (stop < end && bytes < READ_BYTES_MAX) bytes += open.log.block(stop++).length
    open.read = null
    read.done(read.from, open.log.copyOf(read.from, stop, bytes))
  }

  // Failing

  /** False if the disk is full: nothing is written any more. */
  #takeRoom(bytes: Uint8Array): boolean {
    if (this.#hasFailed) return false
    if (this.#options.disk.takeLogRoom(bytes.length)) return true
    const { queue, lane, onFatal } = this.#options
    this.#hasFailed = true
    const failure = new SkeinError('DISK_FULL', "the logs can't be written (ENOSPC): the node stops; free some space, then start it again")
    queue.schedule(0, lane, () => onFatal(failure))
    return false
  }

  #failForked(open: OpenLog, length: number): void {
    this.#fail(open, { kind: 'forked', reason: `two signatures exist for length ${length}` })
  }

  #fail(open: OpenLog, failure: LogFailure): void {
    if (open.failure !== null) return
    open.failure = failure
    this.#options.onFailure(open.log.writer, failure)
  }
}
