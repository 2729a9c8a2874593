/**
 * The replica of a group: a pure state machine. `step(input, now)` changes it and returns what is
 * to be done; it reads no clock, draws chance only from its seeded generator, and touches no file
 * or socket. The server and the simulator interpret the same effects (`effects.ts` has the
 * contract), which is what makes the simulator honest: it runs the code that ships.
 *
 * This file admits inputs and wires the parts; each rule lives in the part named for it: writing
 * in `write-path.ts`, applying what peers wrote in `delivery.ts`, what peers
 * say in `gossip.ts`, what is known of them in `peers.ts`.
 */

import { type DirectoryId, type LogKey, type NodeName, type Now, type Prng, unreachable, type WriterId } from '../base/index.ts'
import { HybridClock, type ReadonlyVersionVector, VersionVector } from '../crdt/index.ts'
import { Admission } from './admission.ts'
import { answerRead } from './answer-read.ts'
import { Delivery } from './delivery.ts'
import type { Effect, Input, RecoveredLog } from './effects.ts'
import { type Entry, lastOf } from './entry.ts'
import { Expiry } from './expiry.ts'
import { decodeFacts } from './facts.ts'
import { FactsKeeper } from './facts-keeper.ts'
import { Gossip } from './gossip.ts'
import { Health } from './health.ts'
import { IdempotencyTable } from './idempotency.ts'
import { LeaderMode } from './leader-mode/leader-mode.ts'
import { encodeMessage } from './message.ts'
import { HEARTBEAT_INTERVAL_MS, Peers } from './peers.ts'
import type { LogFailure, PeerRefusal, StateStore } from './ports.ts'
import { PushedBlocks } from './pushed-blocks.ts'
import type { ReplicaConfig } from './replica-config.ts'
import type { ReadRequest, Reply, RequestId } from './requests.ts'
import { State } from './state.ts'
import type { ReplicaState, Status } from './status.ts'
import { WritePath } from './write-path.ts'

export class Replica {
  readonly #config: ReplicaConfig
  readonly #state: State
  readonly #expiry = new Expiry()
  readonly #frontier = new VersionVector()
  readonly #clock = new HybridClock()
  readonly #idempotency = new IdempotencyTable()
  readonly #pushed: PushedBlocks
  readonly #peers: Peers
  readonly #delivery: Delivery
  readonly #writes: WritePath
  readonly #mode: LeaderMode
  readonly #admission: Admission
  readonly #facts = new FactsKeeper()
  readonly #health: Health
  readonly #gossip: Gossip
  /** A copy of the frontier that replies share until it moves. */
  #session: ReadonlyVersionVector | null = null
  #hasMoved = false
  #isStarted = false
  #isRecovered = false
  #isReportWanted = false
  #heartbeatDueMs = 0
  #now: Now = { wallMs: 0, monotonicMs: 0 }
  #effects: Effect[] = []

  /** @param random seeded; it mints writers and drops writes on purpose */
  constructor(config: ReplicaConfig, store: StateStore, random: Prng) {
    this.#config = config
    this.#state = new State(store, this.#expiry)
    this.#health = new Health(config.maxClockDriftMs)
    this.#peers = new Peers(config.node, config.directory)
    this.#peers.setMembers(config.members)
    this.#delivery = new Delivery({
      group: config.group,
      node: config.node,
      frontier: this.#frontier,
      emit: (effect) => this.#emit(effect),
      isSkewed: (entry) => !this.#mode.isAdopted(entry) && this.#health.isSkewed(lastOf(entry).timestamp, this.#now),
      mayApply: (entry) => this.#mode.mayApply(entry),
      state: this.#state,
      apply: (entry) => this.#applyForeign(entry),
      carry: (entry) => this.#carry(entry),
      chain: (writer, block, bytes) => this.#mode.take(writer, block, bytes, false),
      isChainFull: (writer) => this.#mode.isFull(writer),
      learnChainEnd: (end) => this.#mode.learnCommit(end),
    })
    this.#mode = new LeaderMode({
      config,
      random,
      frontier: this.#frontier,
      expiry: this.#expiry,
      clock: this.#clock,
      now: () => this.#now,
      apply: (entry) => this.#applyForeign(entry),
      drain: () => this.#delivery.drain(),
      resume: (writer) => this.#delivery.resume(writer),
      seat: () => this.#gossip.seat(),
      adoptable: () => this.#delivery.adoptable(),
      connected: () => this.#peers.connected(),
      directoryOf: (peer) => this.#peers.directoryOf(peer),
      foundersOf: (peer) => this.#peers.foundersOf(peer),
      urlOf: (node) => (node === config.node ? config.url : this.#peers.urlOf(node)),
      // What only the journal has is shared first: a header that adopted it could be held by nobody else.
      isAble: () => this.#isRecovered && this.#health.readOnly === null && !this.#writes.isCarrying,
      stampingWallMs: () => this.#health.stampingWallMs(this.#now),
      send: (to, message) => this.#emit({ kind: 'send', to, message: encodeMessage(message) }),
      // One that speaks is only slow to lead: its connection is good.
      dismiss: (peer) => this.#peers.isSilent(peer, this.#now) && this.#emit({ kind: 'dismiss', peer }),
      reply: (id, reply) => this.#reply(id, reply),
      read: (request) => this.#read(request),
      askGather: () => this.#writes.askGather(),
      persist: () => this.#writes.persist(),
      lead: (epoch, link) => this.#writes.lead(epoch, link),
      publishCommitted: () => this.#writes.publishCommitted(),
      depose: (error) => this.#writes.depose(error),
      refuseGathered: (error, which) => this.#writes.refuseGathered(error, which),
    })
    this.#pushed = new PushedBlocks({
      group: config.group,
      isReady: () => this.#isRecovered,
      nextOf: (writer) => this.#delivery.nextOf(writer),
      isFull: (writer) => this.#delivery.isFull(writer),
      emit: (effect) => this.#emit(effect),
      askGather: () => this.#writes.askGather(),
    })
    const mode = this.#mode
    this.#writes = new WritePath({
      group: config.group,
      node: config.node,
      directory: config.directory,
      get epoch() {
        return mode.epoch
      },
      get memberCount() {
        return mode.members.names.length
      },
      dropRateMillionths: config.dropRateMillionths,
      random,
      state: this.#state,
      frontier: this.#frontier,
      clock: this.#clock,
      idempotency: this.#idempotency,
      delivery: this.#delivery,
      pushed: this.#pushed,
      now: () => this.#now,
      stampingWallMs: () => this.#health.stampingWallMs(this.#now),
      emit: (effect) => this.#emit(effect),
      apply: (entry) => this.#apply(entry),
      read: (request) => this.#read(request),
      countPeersHolding: (version) => this.#peers.countHolding(version),
      isOutOfService: (writer) => this.#facts.forked.has(writer),
      mustWriteFacts: () => this.#facts.isChanged || mode.mustWritePromise,
      takeChangedFacts: (pushed) => this.#facts.take(mode.launchPromise(pushed)),
      factsLanded: () => mode.persisted(),
      permit: () => mode.permit,
      nextAct: () => mode.nextAct(),
      isServing: () => mode.isServing,
      multiLink: () => mode.multiLink,
      chain: (writer, block, bytes) => mode.take(writer, block, bytes, true),
      confirm: (replies) => mode.confirmAnswers(replies),
    })
    this.#gossip = new Gossip({
      peers: this.#peers,
      delivery: this.#delivery,
      mode,
      url: () => config.url,
      digest: () => this.#state.digest,
      now: () => this.#now,
      emit: (effect) => this.#emit(effect),
      failLog: (writer, failure) => this.#failLog(writer, failure),
      reported: () => this.#writes.releaseConcerns(),
      pushed: (block) => this.#pushed.receive(block),
    })
    this.#admission = new Admission({
      node: config.node,
      requestsMax: config.requestsMax,
      state: this.#state,
      frontier: this.#frontier,
      writes: this.#writes,
      mode,
      now: () => this.#now,
      status: () => this.status(this.#now),
      recovery: () => (this.#isRecovered ? null : (this.#delivery.recoveryProgress() ?? 'unknown')),
      readOnly: () => this.#health.readOnly,
      read: (request) => this.#read(request),
      reply: (id, reply) => this.#reply(id, reply),
    })
  }

  /** Takes one input and returns what is to be done, in order. The list is good until the next step: an empty one is filled again. */
  step(input: Input, now: Now): readonly Effect[] {
    this.#now = now
    // Most inputs cause nothing, and then the list is still empty.
    if (this.#effects.length > 0) this.#effects = []
    this.#handle(input)
    if (this.#isStarted) this.#settle()
    if (this.#hasMoved) this.#admission.admitCovered()
    this.#hasMoved = false
    if (this.#isReportWanted) this.#sendHeartbeats()
    return this.#effects
  }

  /** Follows up on what the input has changed. */
  #settle(): void {
    this.#mode.settle()
    if (this.#isRecovered) return
    // Only now is all applied that is here and can be: what a node answers after a restart reflects it.
    this.#checkRecovered()
    if (this.#isRecovered) this.#mode.settle()
  }

  /** Why a peer with a verified hello is refused, or null (ID5, MB4). */
  admit(peer: NodeName, directory: DirectoryId, now: Now): PeerRefusal | null {
    return this.#mode.members.removed.has(directory) ? 'REMOVED' : this.#peers.admit(peer, directory, now)
  }

  /** True once everything that is on this disk was read. */
  get isRecovered(): boolean {
    return this.#isRecovered
  }

  /** The state digest (CA5). */
  get digest(): string {
    return this.#state.digest
  }

  /** True if the log store has everything that was written in this life. */
  get isDrained(): boolean {
    return this.#writes.isDrained
  }

  /** Requests that wait. Invariant: at most `requestsMax`. */
  get heldRequests(): number {
    return this.#admission.heldRequests
  }

  /** The epoch that this member has entered, and where it is in the chain of leaders' logs: a part of its status. */
  get chain(): Pick<Status, 'epoch' | 'chain'> {
    return { epoch: this.#mode.epoch, chain: this.#mode.status() }
  }

  /** What is applied, and durable here: they are the same (JR6). */
  get frontier(): ReadonlyVersionVector {
    return this.#frontier
  }

  /**
   * How many blocks of each log the journal need not keep, given how many the log store has
   * durable (JR7): blocks that are carried are needed no more once their carrier is journaled.
   */
  releasable(durable: ReadonlyMap<WriterId, number>): ReadonlyMap<WriterId, number> {
    return this.#isRecovered && !this.#writes.isCarrying ? this.#delivery.releasable(durable) : durable
  }

  status(now: Now): Status {
    return {
      node: this.#config.node,
      directory: this.#config.directory,
      writer: this.#writes.writer,
      state: this.#describeState(),
      mode: this.#mode.mode,
      epoch: this.#mode.epoch,
      leader: this.#mode.leader,
      chain: this.#mode.status(),
      ...this.#mode.members.status(),
      foreign: this.#gossip.foreign,
      digest: this.digest,
      frontier: Object.fromEntries(this.#frontier.entries()),
      keys: this.#state.liveKeys,
      keysWithConflicts: this.#state.conflictedKeys,
      logs: this.#delivery.statuses(),
      peers: this.#peers.statuses(this.#frontier, now),
      nameContested: this.#gossip.isNameContested,
      refusedBy: this.#health.refusals(now),
      clockOffsetMs: Math.round(this.#health.referenceOffsetMs(now)),
    }
  }

  #handle(input: Input): void {
    switch (input.kind) {
      case 'start':
        return this.#start(input.logs, input.facts)
      case 'request':
        return this.#admission.request(input.id, input.request)
      case 'withdrawn':
        return this.#admission.withdraw(input.id)
      case 'gathered':
        this.#mode.gathered()
        return this.#writes.gathered()
      case 'persisted':
        return this.#writes.persisted()
      case 'signed':
        return this.#gossip.push(input.writer, input.index, input.blocks, input.signatures)
      case 'inserted':
        return this.#pushed.accept(input)
      case 'appended':
        return this.#appended(input.writer, input.key)
      case 'blocks':
        return this.#delivery.take(input.writer, input.from, input.blocks)
      case 'log-failed':
        return this.#failLog(input.writer, input.failure)
      case 'connected':
        return this.#connect(input.peer, input.directory)
      case 'disconnected':
        return this.#disconnect(input.peer)
      case 'message':
        return this.#gossip.receive(input.from, input.message)
      case 'refused':
        this.#health.noteRefusal(input.by, input.refusal, this.#now)
        return this.#assessHealth()
      case 'disk':
        this.#health.noteRoom(input.hasRoom)
        return this.#assessHealth()
      case 'tick':
        return this.#tick()
      default:
        return unreachable(input)
    }
  }

  #start(logs: readonly RecoveredLog[], facts: Uint8Array | null): void {
    const { forked, promise } = decodeFacts(facts)
    this.#facts.recover(forked)
    this.#mode.recover(promise)
    this.#isStarted = true
    this.#delivery.recover(logs, forked)
  }

  #checkRecovered(): void {
    if (this.#isRecovered || !this.#delivery.finishRecovery()) return
    this.#isRecovered = true
    if (this.#writes.isCarrying) this.#writes.askGather()
    // The hybrid clock may be far ahead by now: known before the first write is taken.
    this.#assessHealth()
  }

  // Requests

  #read(request: ReadRequest): Reply {
    this.#session ??= this.#frontier.copy()
    return answerRead(request, this.#state, this.#now.wallMs, this.#session)
  }

  // Applying

  #applyForeign(entry: Entry): void {
    this.#apply(entry)
    if (entry.reportWanted && this.#isRecovered) this.#isReportWanted = true
  }

  #apply(entry: Entry): void {
    const { sequence, timestamp } = lastOf(entry)
    this.#state.apply(entry)
    this.#idempotency.learn(entry)
    this.#clock.observe(timestamp)
    this.#frontier.advance(entry.writer, sequence)
    this.#delivery.noteApplied(entry.writer, sequence)
    this.#session = null
    this.#hasMoved = true
  }

  #carry(entry: Entry): void {
    this.#writes.carry(entry)
    if (this.#isRecovered) this.#writes.askGather()
  }

  #appended(writer: WriterId, key: LogKey): void {
    // Its first block gives a log its key.
    if (this.#delivery.known.keyOf(writer) === null) {
      this.#delivery.open(writer, key)
      this.#gossip.announceOwn(writer, key)
    }
    this.#writes.appended(writer)
  }

  #failLog(writer: WriterId, failure: LogFailure): void {
    this.#delivery.fail(writer, failure)
    this.#mode.logFailed(writer)
    if (this.#facts.fork(writer, failure)) this.#writes.askGather()
  }

  // Peers

  #connect(peer: NodeName, directory: DirectoryId): void {
    this.#gossip.connect(peer, directory)
    this.#health.noteAdmission(peer)
    this.#assessHealth()
  }

  #disconnect(peer: NodeName): void {
    this.#gossip.disconnect(peer)
    this.#assessHealth()
  }

  #sendHeartbeats(): void {
    this.#isReportWanted = false
    this.#gossip.sendHeartbeats()
  }

  // Time

  #tick(): void {
    const { monotonicMs } = this.#now
    this.#assessHealth()
    this.#admission.expire()
    this.#writes.expireConcerns()
    this.#writes.expireGathered(() => this.#mode.unavailable)
    this.#mode.tick()
    this.#expiry.pass(this.#now.wallMs)
    // An entry that was too far ahead may not be any more.
    this.#delivery.drain()
    if (monotonicMs < this.#heartbeatDueMs) return
    this.#heartbeatDueMs = monotonicMs + HEARTBEAT_INTERVAL_MS
    this.#mode.heartbeat()
    this.#sendHeartbeats()
  }

  #assessHealth(): void {
    this.#health.assess({
      clockOffsetsMs: this.#peers.clockOffsets(this.#now),
      connectedPeers: this.#peers.connected().length,
      isRemoved: this.#mode.members.removed.has(this.#config.directory),
      latest: this.#clock.latest,
      now: this.#now,
    })
  }

  #describeState(): ReplicaState {
    if (!this.#isRecovered) return { kind: 'recovering', ...(this.#delivery.recoveryProgress() ?? { done: 0, total: 0 }) }
    const { readOnly } = this.#health
    return readOnly === null ? { kind: 'serving' } : { kind: 'read-only', reason: readOnly }
  }

  #emit(effect: Effect): void {
    this.#effects.push(effect)
  }

  #reply(id: RequestId, reply: Reply): void {
    this.#emit({ kind: 'reply', id, reply })
  }
}
