/**
 * One log as a hypercore of this store: reading it, following it, writing it if it is our own.
 *
 * Reading is pull-based and answers only with what is durable here (JR6): the blocks are loaded
 * while the barrier runs beside them. The position is the reader's own, looked up in the bitfield
 * of held blocks: hypercore's `contiguousLength` falls to 0 once anything was cleared.
 *
 * Following is a download range without an end. It outlives connections and takes each block from
 * whichever peer has it. Asking for block after block was rejected: it takes one block a round trip.
 *
 * While a log's blocks are pushed here (LG5) nothing is fetched: they are appended to the copy, with their
 * writer's signature. A fetch beside it could leave the copy with a length and without the blocks below, and
 * then a pushed block that only this node has could not be put in, nor handed on. So a block is taken only
 * where the copy has no gap and no fetch is under way; as soon as one does not fit, or a peer is gone, the log is
 * fetched again.
 */

import type { KeyPair, Peer } from 'hypercore'
import Hypercore from 'hypercore'
import type { LogKey, WriterId } from '../base/index.ts'
import { assert, isLogKey, toHex } from '../base/index.ts'
import { type LogFailure, READ_BLOCKS_MAX, READ_BYTES_MAX, type SignedBlock } from '../core/index.ts'
import type { DurabilityBarrier } from './durability-barrier.ts'
import { LogAppender } from './log-appender.ts'

/**
 * Requests in flight to one peer over a short distance. Larger: 15 % more throughput; smaller: a
 * heartbeat waits behind fewer blocks. Over 50 ms of round trip it grows by itself, up to the limit.
 */
const IN_FLIGHT_MIN = 4
const IN_FLIGHT_MAX = 512
/** A connection is given up for a silent peer at most this often, doubling each time up to the limit, in ms. */
const RECONNECT_MS_MIN = 1_000
const RECONNECT_MS_MAX = 64_000
/** Pushed blocks that wait for what comes before them. */
const AHEAD_BLOCKS_MAX = 256
/** How often a log that is pushed is compared with what peers have. */
const WATCH_MS = 100
/** Blocks loaded at a time, so that a read ends soon after `READ_BYTES_MAX`. */
const LOAD_BLOCKS = 32

export interface HypercoreLogOptions {
  readonly writer: WriterId
  /** A session of the core; it may still be opening. */
  readonly core: Hypercore
  readonly barrier: DurabilityBarrier
  readonly onFailure: (failure: LogFailure) => void
  /** The store as a whole can't go on. */
  readonly onError: (error: unknown) => void
}

/** How this node signs a log of its own. */
export interface Signer {
  readonly keyPair: KeyPair
  /** Opens a session that can sign, of the core with the signer's key. */
  readonly openSession: () => Hypercore
}

interface PendingRead {
  readonly from: number
  readonly done: (from: number, blocks: readonly Uint8Array[]) => void
}

/** A block that was pushed and not taken yet. */
interface PushedAhead {
  readonly index: number
  readonly block: SignedBlock
  readonly taken: () => void
}

export class HypercoreLog {
  readonly #options: HypercoreLogOptions
  readonly #core: Hypercore
  /** Of an own log. */
  #appender: LogAppender | null = null
  /** Of a copy; null before a block was pushed. */
  #inserter: LogAppender | null = null
  /** The index after the last block that was taken for the copy. */
  #insertEnd = 0
  /** Blocks that were pushed while others before them were still to come. Invariant: one follows on the other. */
  readonly #ahead: PushedAhead[] = []
  /** Nothing is fetched: what comes is pushed. */
  #isPushed = false
  /** While that is so. */
  #watch: NodeJS.Timeout | null = null
  /** The length at the last look, if a peer had more; else -1. */
  #watchedLength = -1
  #read: PendingRead | null = null
  #isServing = false
  #isFollowed = false
  #isClosing = false
  /** Set once it is out of service. */
  #failure: LogFailure | null = null
  /** Peers that were silent when they were last looked at. */
  #silent: ReadonlySet<Peer> = new Set()
  /** Their lengths and ours, where they differed at the last look. */
  #uneven: ReadonlyMap<Peer, string> = new Map()
  #reconnectMs = RECONNECT_MS_MIN
  #nextReconnectMs = 0
  /** Blocks from 0 on that are durable. Invariant: no gap below it. */
  #durable = 0

  private constructor(options: HypercoreLogOptions) {
    this.#options = options
    this.#core = options.core
  }

  /** Resolves once the core is open. */
  static async open(options: HypercoreLogOptions): Promise<HypercoreLog> {
    const { core } = options
    await core.ready()
    const log = new HypercoreLog(options)
    core.core.replicator.allowFork = false
    core.core.replicator.setInflightRange(IN_FLIGHT_MIN, IN_FLIGHT_MAX)
    core.on('append', () => log.#notice())
    core.on('download', () => log.#notice())
    core.on('peer-remove', () => log.#notePeerGone())
    core.on('conflict', (length) => log.#fail({ kind: 'forked', reason: `two signatures exist for length ${length}` }))
    core.on('verification-error', (error) => log.#noteVerificationError(error))
    return log
  }

  get key(): LogKey {
    const key = toHex(this.#core.key)
    assert(isLogKey(key), 'a hypercore has a key of 32 bytes')
    return key
  }

  /** Blocks held here without a gap from 0. */
  get length(): number {
    return this.#core.core.bitfield.firstUnset(this.#durable)
  }

  /** Must be called once the barrier has passed, with the length from before it started. */
  noteDurable(length: number): void {
    this.#durable = Math.max(this.#durable, length)
  }

  /** Makes it ready to be appended to; before that, `append` is not to be called. */
  async becomeWritable(signer: Signer): Promise<void> {
    if (this.#appender !== null || this.#failure !== null) return
    const { publicKey } = signer.keyPair
    if (!Hypercore.key({ version: 1, signers: [{ publicKey }] }).equals(this.#core.key)) {
      this.#fail({ kind: 'forked', reason: 'the peers know this log of ours under a key that this directory has no secret for' })
      return
    }
    await signer.openSession().ready()
    // Of a log that is written in this life no peer has what is not here, and an answer would come in between two appends.
    if (!this.#isFollowed) this.#core.core.replicator.setPushOnly(true)
    // After a damaged write-ahead log an append would wait for peers to confirm the length. Ours need not: they come from the journal.
    this.#core.core.header.hints.recovering = 0
    this.#appender ??= new LogAppender({
      core: this.#core,
      keyPair: signer.keyPair,
      fetchMissing: () => this.follow(),
      onDifference: (index) => this.#fail({ kind: 'forked', reason: `block ${index} is already there and is another one` }),
      onError: (error) => this.#handleError(error),
    })
  }

  append(index: number, blocks: readonly Uint8Array[], signed: (signatures: readonly Uint8Array[]) => void, done: () => void): void {
    this.#appender?.append({ index, blocks, signature: null, signed, done })
  }

  /** Takes a block as soon as it is the next one, or leaves it to be fetched. */
  insert(index: number, block: SignedBlock, taken: () => void): void {
    if (this.#failure !== null || this.#isClosing || this.#appender !== null) return
    const last = this.#ahead.at(-1)
    if (last !== undefined && (last.index + 1 !== index || this.#ahead.length >= AHEAD_BLOCKS_MAX)) this.#ahead.length = 0
    this.#ahead.push({ index, block, taken })
    this.#takeAhead()
  }

  /** Takes what fits of what was pushed; of the rest it waits for what comes before it. */
  #takeAhead(): void {
    for (let first = this.#ahead[0]; first !== undefined; first = this.#ahead[0]) {
      const end = Math.max(this.#core.length, this.#insertEnd)
      if (first.index >= end && !this.#isNext(first.index, end)) return this.#fetch()
      this.#ahead.shift()
      if (first.index === end) this.#take(first)
    }
  }

  /** While blocks are pushed the next one fits; before, only where all is here, nothing is under way, and the replica waits for it or has it. */
  #isNext(index: number, end: number): boolean {
    const core = this.#core
    if (index !== end || this.length !== core.length) return false
    if (this.#isPushed) return true
    return this.#isReached(index) && core.peers.every((peer) => peer.inflight === 0 && peer.dataProcessing === 0)
  }

  /** True if the replica has all blocks below `index`: what it recovers from its journal is put in before the log is followed, or read on. */
  #isReached(index: number): boolean {
    return this.#read === null ? !this.#isFollowed : this.#read.from >= index
  }

  #take({ index, block: { bytes, signature }, taken }: PushedAhead): void {
    this.#isPushed = true
    this.#watch ??= setInterval(() => this.#lookForMore(), WATCH_MS)
    this.#core.core.replicator.setPushOnly(true)
    this.#insertEnd = index + 1
    if (this.#read?.from === index) this.#read = { ...this.#read, from: index + 1 }
    this.#inserter ??= this.#newInserter()
    this.#inserter.append({ index, blocks: [bytes], signature, signed: () => {}, done: () => {} })
    taken()
  }

  #newInserter(): LogAppender {
    // As of an own log: the block that is pushed follows on what is here, whatever the peers say of its length.
    this.#core.core.header.hints.recovering = 0
    return new LogAppender({
      core: this.#core,
      keyPair: null,
      fetchMissing: () => this.#fetchNow(),
      onDifference: (index) => this.#fail({ kind: 'forked', reason: `block ${index} was pushed here, and the log has another one` }),
      onError: (error) => this.#noteInsertError(error),
    })
  }

  /** It may have been the writer: what it pushed in parts is fetched from others. What the replica has is kept: maybe nobody else does. */
  #notePeerGone(): void {
    const { from } = this.#read ?? { from: Number.POSITIVE_INFINITY }
    if ((this.#ahead[0]?.index ?? 0) >= from) this.#ahead.length = 0
    if (this.#isPushed) this.#fetch()
  }

  /** From here on blocks are fetched, once what was pushed is in the copy. */
  #fetch(): void {
    this.#isPushed = false
    if (this.#watch !== null) clearInterval(this.#watch)
    this.#watch = null
    if (this.#insertEnd > this.#core.length) this.#inserter?.flush()
    else if (this.#isFollowed) this.#fetchNow()
  }

  #fetchNow(): void {
    const { replicator } = this.#core.core
    replicator.setPushOnly(false)
    for (const peer of this.#core.peers) replicator.updatePeer(peer)
  }

  /** What is pushed arrives as a rule. A copy that stays shorter than a peer's lacks what was not. */
  #lookForMore(): void {
    const { length, peers } = this.#core
    const isBehind = peers.some((peer) => peer.remoteLength > Math.max(length, this.#insertEnd))
    if (isBehind && this.#watchedLength === length) this.#fetch()
    this.#watchedLength = isBehind ? length : -1
  }

  follow(): void {
    if (this.#isFollowed || this.#failure !== null || this.#isClosing) return
    this.#isFollowed = true
    this.#core.core.replicator.setPushOnly(false)
    this.#core.setActive(true)
    this.#core.download({ start: this.length, end: -1, linear: true })
  }

  read(from: number, done: PendingRead['done']): void {
    assert(this.#read === null, 'one read of a log is open at a time')
    this.#read = { from, done }
    this.#serve()
    if (this.#ahead.length > 0) this.#takeAhead()
  }

  /**
   * Gives up connections on which hypercore has gone silent. It *pauses* a peer after 32 refusals, or
   * an answer that no longer fits (a log that was appended to here while its length was being asked
   * for), and then neither asks it nor answers it, without an event, until the connection is another.
   * A peer that is paused at two looks in a row stays so: a check for a conflict takes less.
   */
  dropSilentPeers(nowMs: number): void {
    if (!this.#core.opened || this.#failure !== null || this.#isClosing) return
    const silent = this.#core.peers.filter((peer) => peer.paused)
    if (nowMs >= this.#nextReconnectMs) {
      const lasting = silent.filter((peer) => this.#silent.has(peer))
      for (const peer of lasting) peer.stream.destroy(new Error(`the replication of ${this.#options.writer} has gone silent`))
      if (lasting.length > 0) {
        this.#nextReconnectMs = nowMs + this.#reconnectMs
        this.#reconnectMs = Math.min(2 * this.#reconnectMs, RECONNECT_MS_MAX)
      }
    }
    this.#silent = new Set(silent)
    this.#nudge()
  }

  /**
   * Two ends of a core tell each other their lengths when these change, and the one that is behind asks once the other has heard of its
   * own. Seen under load with a log that was sealed then: one of these words was lost in hypercore, and nothing was asked for any
   * more. So where two looks in a row find the same two lengths, they are told again.
   */
  #nudge(): void {
    const uneven = new Map<Peer, string>()
    for (const peer of this.#core.peers) {
      if (peer.remoteLength === this.#core.length || !(this.#isFollowed || peer.remoteDownloading)) continue
      const lengths = `${peer.remoteLength} ${this.#core.length}`
      if (this.#uneven.get(peer) === lengths) peer.sendSync()
      uneven.set(peer, lengths)
    }
    this.#uneven = uneven
  }

  /** Takes no more; resolves once nothing of it runs. A read that waits is dropped. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#read = null
    if (this.#watch !== null) clearInterval(this.#watch)
    await this.#appender?.stop()
    await this.#inserter?.stop()
  }

  #notice(): void {
    this.#appender?.notice()
    this.#inserter?.notice()
    // Asked for while something was still to be put in.
    if (!this.#isPushed && this.#inserter !== null) this.#fetch()
    if (this.#ahead.length > 0) this.#takeAhead()
    this.#serve()
  }

  #serve(): void {
    if (this.#read === null || this.#isServing || this.#failure !== null || this.#isClosing) return
    const { from } = this.#read
    const end = Math.min(this.#core.core.bitfield.firstUnset(from), from + READ_BLOCKS_MAX)
    if (end > from) void this.#answer(this.#read, end)
  }

  async #answer(read: PendingRead, end: number): Promise<void> {
    this.#isServing = true
    try {
      const [blocks] = await Promise.all([this.#load(read.from, end), this.#makeDurable(end)])
      this.#isServing = false
      if (this.#isClosing || this.#failure !== null) return
      this.#read = null
      read.done(read.from, blocks)
    } catch (error) {
      this.#handleError(error)
    }
  }

  async #load(from: number, end: number): Promise<Uint8Array[]> {
    const blocks: Uint8Array[] = []
    let bytes = 0
    while (from + blocks.length < end && bytes < READ_BYTES_MAX) {
      const start = from + blocks.length
      const indexes = Array.from({ length: Math.min(LOAD_BLOCKS, end - start) }, (_, offset) => start + offset)
      const loaded = await Promise.all(indexes.map((index) => this.#core.get(index, { wait: false })))
      for (const block of loaded) {
        assert(block !== null, 'a block that is held is in the store')
        blocks.push(block)
        bytes += block.length
      }
    }
    return blocks
  }

  async #makeDurable(end: number): Promise<void> {
    if (end <= this.#durable) return
    const held = this.length
    await this.#options.barrier.sync()
    this.noteDurable(held)
  }

  /** At a follower a full or broken disk shows only here: replication stands still without an error. */
  #noteVerificationError(error: Error): void {
    if (error.message.includes('Batch was not applied')) this.#handleError(error)
  }

  #noteInsertError(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'INVALID_SIGNATURE') this.#fail({ kind: 'forked', reason: 'a block was pushed here that its writer did not sign' })
    else this.#handleError(error)
  }

  #handleError(error: unknown): void {
    // A closed session refuses what was under way: that is how closing, and going out of service, end it.
    if (this.#isClosing || this.#failure !== null) return
    this.#options.onError(error)
  }

  #fail(failure: LogFailure): void {
    if (this.#failure !== null) return
    this.#failure = failure
    this.#options.onFailure(failure)
  }
}
