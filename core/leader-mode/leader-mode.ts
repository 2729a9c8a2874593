/**
 * The modes of a group (EP, LM): which epoch this member is in, what it has promised, who leads, and
 * so whether it may write, apply or answer. It wires the parts, each of which has a file: the
 * `Chain` of leaders' logs, the `Election`, the leader's own books in `Leading`, what it writes besides its clients' entries in the
 * `Agenda`, the reads that
 * wait in `ReadIndex`, what operators ask in `Operations`, who
 * the members are in `Members`, and the durable promise in the
 * `PromiseKeeper`.
 *
 * A leader has one block at a time that is not committed: requests gather meanwhile, as they do
 * for the disk. A pipeline of blocks was rejected: it needs a state for each block that may die,
 * and group commit already makes the next block as large as the load.
 */

import {
  type DirectoryId,
  type Epoch,
  FIRST_EPOCH,
  isLeaderEpoch,
  type NodeName,
  type Now,
  type SkeinError,
  unreachable,
  type WriterId,
} from '../../base/index.ts'
import { type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import type { ReplyEffect } from '../effects.ts'
import { type Entry, lastOf } from '../entry.ts'
import type { PushedRecord } from '../pushed-blocks.ts'
import { foundersDifferError, noLeaderError, noQuorumError, notLeaderError } from '../refuse.ts'
import { isWrite, type ReadRequest, type RequestId, type WriteRequest } from '../requests.ts'
import type { ChainStatus } from '../status.ts'
import { Agenda } from './agenda.ts'
import { Chain } from './chain.ts'
import type { ChainAct, ChainBlock } from './chain-block.ts'
import type { ChainLink } from './chain-link.ts'
import type { LeaderModeContext } from './context.ts'
import type { DurablePromise } from './durable-promise.ts'
import { DurableReport } from './durable-report.ts'
import { Election } from './election.ts'
import { highest, multiEpochAfter } from './epochs.ts'
import { Following } from './following.ts'
import { Leading } from './leading.ts'
import { Members } from './members.ts'
import type { Acknowledge, Lead, LeaderMessage } from './message.ts'
import { Operations } from './operations.ts'
import type { ChainPlace } from './position.ts'
import { PromiseKeeper } from './promise-keeper.ts'
import { ReadIndex, type UnconfirmedRead } from './read-index.ts'
import { bindVoters } from './voters.ts'

const CONFIRM_TIMEOUT_MS = 5000

/** What this member may write now. */
export type WritePermit = 'none' | 'multi' | 'leader'

/** What becomes of a request now: it is served, or waits for a leader to be there, or is refused. */
export type Route = 'serve' | 'wait' | SkeinError

export class LeaderMode {
  readonly #context: LeaderModeContext
  readonly #keeper: PromiseKeeper
  readonly #report: DurableReport
  readonly #chain: Chain
  readonly #election: Election
  readonly #following: Following
  readonly #reads: ReadIndex
  readonly operations: Operations
  readonly members: Members
  readonly #agenda: Agenda
  #leading: Leading | null = null

  constructor(context: LeaderModeContext) {
    const { config, frontier, random } = context
    this.#context = context
    this.#reads = new ReadIndex(context)
    const now = (): Now => context.now()
    const send = (to: NodeName, message: LeaderMessage): void => context.send(to, message)
    this.#keeper = new PromiseKeeper({ founders: config.joins ? [] : config.members, changed: () => this.#promiseChanged(), send })
    this.#chain = new Chain({
      frontier,
      apply: (entry) => context.apply(entry),
      drain: () => {
        context.drain()
        // What waited for the end of the chain can be written.
        if (this.permit === 'multi') context.askGather()
      },
      resume: (writer) => context.resume(writer),
      enterLeaderEpoch: (epoch) => this.#enter(epoch),
      begin: (beginning) => this.#keeper.change({ beginning }),
      bury: (burial) => context.expiry.bury(burial),
      seat: (voters, removed) => {
        this.members.seat(voters, removed)
        context.seat()
      },
      endLeaderEpoch: (epoch) => this.#enter(multiEpochAfter(epoch)),
    })
    this.#report = new DurableReport(frontier, this.#chain)
    this.#following = new Following(this.#keeper, this.#chain)
    this.members = new Members({
      config,
      chain: this.#chain,
      keeper: this.#keeper,
      connected: () => context.connected(),
      foundersOf: (peer) => context.foundersOf(peer),
    })
    this.#election = new Election({
      node: config.node,
      directory: config.directory,
      random,
      chain: this.#chain,
      keeper: this.#keeper,
      frontier,
      now,
      around: context,
      voters: () => this.members.voters,
      hasSameFounders: (peer) => this.members.hasSameFounders(peer),
      win: (epoch, grants) => this.#win(epoch, grants),
    })
    this.operations = new Operations({
      node: config.node,
      mode: this,
      election: this.#election,
      now,
      leading: () => this.#leading,
      directoryOf: (peer) => (peer === config.node ? config.directory : context.directoryOf(peer)),
      send,
      reply: (id, reply) => context.reply(id, reply),
      askGather: () => context.askGather(),
    })
    this.#agenda = new Agenda(context, this, this.operations)
  }

  /** Takes up what the journal has. */
  recover(promise: DurablePromise): void {
    this.#keeper.recover(promise)
    this.#chain.recover(promise.beginning, promise.committed)
    this.#context.expiry.goByClock(!isLeaderEpoch(promise.entered))
    this.#election.see(promise.promised)
    if (!this.#election.isFree) this.#report.forget()
  }

  /** The epoch that this member has entered. */
  get epoch(): Epoch {
    return this.#keeper.current.entered
  }

  get promised(): Epoch {
    return this.#keeper.current.promised
  }

  get committed(): ChainPlace | null {
    return this.#chain.committed
  }

  get mode(): 'multi' | 'leader' {
    return this.#election.isFree && !this.#awaitsFirstLeader ? 'multi' : 'leader'
  }

  /** Requests that wait here. */
  get heldRequests(): number {
    return this.#reads.size + this.operations.size
  }

  /** What this member reports as durable (EP4). */
  get report(): ReadonlyVersionVector {
    return this.#report.current
  }

  /** True if others wait for the promise to be durable. */
  get mustWritePromise(): boolean {
    return this.#keeper.isUnwritten
  }

  /** The promise as of the durable write that starts now, with what the blocks beside it bring, and whether that has to carry it. */
  launchPromise(pushed: readonly PushedRecord[]): { readonly promise: DurablePromise; readonly isChanged: boolean } {
    this.#keeper.noteFurther(this.#chain.positionWith(pushed))
    return { isChanged: this.#keeper.launch(), promise: this.#keeper.current }
  }

  /** A durable write has landed. */
  persisted(): void {
    this.#keeper.land()
  }

  // Writing and applying

  get permit(): WritePermit {
    if (this.#leading !== null) return 'leader'
    if (!this.#election.isFree || this.#awaitsFirstLeader) return 'none'
    // A log's header names the end of the chain: it has to be here.
    return this.epoch === FIRST_EPOCH || this.#chain.isUpToDate ? 'multi' : 'none'
  }

  /** What the header of a log of this multi epoch says of the chain (EP5). */
  get multiLink(): ChainLink {
    return { follows: this.epoch === FIRST_EPOCH ? null : this.#chain.applied, leadership: null }
  }

  /** True if the leader takes writes: its header is committed, and it does not end or hand over its epoch. */
  get isServing(): boolean {
    const leading = this.#leading
    return leading !== null && leading.committed > 0 && !this.operations.isHandingOver && !this.wantsEnd
  }

  /** What the leader writes next besides its clients' entries; null if nothing. Called with no block under way. */
  nextAct(): ChainAct | null {
    return this.#leading === null || this.#leading.committed === 0 ? null : this.#agenda.next(this.#leading)
  }

  /** A leader's state is exactly its chain (LM8); others may be ahead of it. */
  mayApply(entry: Entry): boolean {
    if (this.#leading === null) return entry.epoch <= this.epoch
    return this.#chain.contents.has({ writer: entry.writer, sequence: lastOf(entry).sequence })
  }

  isAdopted(entry: Entry): boolean {
    return this.#chain.isAdopted(entry)
  }

  isFull(writer: WriterId): boolean {
    return this.#chain.isFull(writer)
  }

  /** A block of a leader's log is durable here. @param isOwn written in this life */
  take(writer: WriterId, block: ChainBlock, bytes: Uint8Array, isOwn: boolean): void {
    if (block.kind === 'header') this.#chain.begin(block.header, bytes, isOwn)
    else this.#chain.add(writer, block, bytes)
  }

  /** Somebody knows this block to be committed. */
  learnCommit(place: ChainPlace): void {
    this.#chain.commit(place)
    // Its own epoch is over: nothing more of that is written or acknowledged (EP4).
    if (place.epoch <= this.promised) return
    this.hearPromise(place.epoch)
    this.#keeper.change({ promised: place.epoch, elected: null, asked: null })
  }

  // Requests

  route(request: ReadRequest | WriteRequest): Route {
    if (!isWrite(request) && request.consistency !== 'linearizable') return 'serve'
    // Also while the chain is yet to be fetched: what waited would be answered with no leader asked.
    if (!isWrite(request) && this.mode === 'multi') return noLeaderError()
    if (this.permit === 'multi' || this.isServing) return 'serve'
    return this.elsewhere ?? 'wait'
  }

  /** A read, or answers, that a majority has to confirm before they leave. */
  confirm(read: UnconfirmedRead): void {
    const leading = this.#leading
    if (leading === null) return this.#reads.refuse(read, this.unavailable)
    this.#reads.add(read, leading.round)
    this.#context.askGather()
  }

  /** What the leader answers from its state leaves within a while, or with an error: it has lost its majority long before. */
  confirmAnswers(replies: readonly ReplyEffect[]): void {
    if (replies.length > 0) this.confirm({ kind: 'answers', replies, deadlineMs: this.#nowMs + CONFIRM_TIMEOUT_MS })
  }

  /** The requests at hand are in. */
  gathered(): void {
    const leading = this.#leading
    if (leading !== null && this.#reads.wantsRoundAfter(leading.round)) this.#sendLead(leading)
  }

  withdraw(id: RequestId): void {
    this.#reads.remove(id)
    this.operations.withdraw(id)
  }

  // Peers

  receive(from: NodeName, message: LeaderMessage): void {
    if (message.kind === 'lead' || message.kind === 'acknowledge') this.#election.hearOf(message.epoch)
    switch (message.kind) {
      case 'canvass':
        this.#election.receiveCanvass(from, message)
        return this.hearPromise(message.promised)
      case 'ballot':
        this.hearPromise(message.promised)
        return this.#election.receiveBallot(from, message)
      case 'lead':
        return this.#follow(from, message)
      case 'acknowledge':
        return this.#acknowledged(from, message)
      case 'hand-over':
        return this.#election.takeOver(message.epoch)
      default:
        return unreachable(message)
    }
  }

  /** A log went out of service: its writer can't lead with it. */
  logFailed(writer: WriterId): void {
    if (this.#leading?.writer === writer) this.#stepDown(this.lostError, false)
  }

  /** Somebody promised a higher epoch: this leader can't be acknowledged there, so it stands above (LM2). */
  hearPromise(promised: Epoch): void {
    this.#election.see(promised)
    const leading = this.#leading
    if (leading !== null && promised > leading.epoch) this.#stepDown(this.lostError, true)
  }

  // Time

  tick(): void {
    const leading = this.#leading
    if (leading !== null) {
      if (!leading.hearsMajority(this.#nowMs, this.#election.timeoutMs) || !this.#context.isAble()) this.#stepDown(this.lostError, false)
      else this.#agenda.tick()
    }
    if (this.#awaitsFirstLeader) this.#election.wish(this.epoch, false)
    this.#election.tick()
    const { committed } = this.#chain
    if (committed !== this.#keeper.current.committed) this.#keeper.note({ committed })
    this.#reads.refuseExpired(this.#nowMs, () => this.lostError)
    this.operations.expire()
    if (leading !== null) this.#context.askGather()
  }

  /** Time for a heartbeat: the leader speaks to all. */
  heartbeat(): void {
    if (this.#leading !== null) this.#sendLead(this.#leading)
  }

  /** Follows up on what the step has changed. */
  settle(): void {
    this.#chain.advance()
    this.#election.check()
    const leading = this.#leading
    if (leading?.advanceCommit() === true) this.#commit(leading)
    this.#following.settle()
    if (this.#leading !== null && this.#leading.committed > 0 && this.#reads.size > 0) this.#reads.confirm(this.#leading.confirmedRound)
    this.operations.settle()
    // Others wait for it, and nothing gathers that could share the write.
    if (this.mustWritePromise && this.permit === 'none') this.#context.persist()
  }

  status(): ChainStatus {
    const { promised, position } = this.#keeper.current
    const leading = this.#leading
    return {
      role: this.#election.role,
      promised,
      position,
      committed: this.#chain.committed,
      applied: this.#chain.applied,
      voters: this.members.voters.map(({ node, directory }) => ({ node, directory, length: leading?.lengthOf(node) ?? null })),
    }
  }

  /** Who leads; null in a multi epoch, and once it falls silent: requests wait for the next one, rather than go to one that is gone. */
  get leader(): NodeName | null {
    if (this.mode === 'multi') return null
    const { leader, hearsLeader } = this.#election
    if (leader === null || leader.epoch < this.promised) return null
    return leader.node === this.#context.config.node || hearsLeader ? leader.node : null
  }

  /** Where to go with what only a leader can do; null if nobody is known to lead. */
  get elsewhere(): SkeinError | null {
    const { leader } = this
    return leader === null || leader === this.#context.config.node ? null : notLeaderError(leader, this.#context.urlOf(leader))
  }

  get lostError(): SkeinError {
    const { node } = this.#context.config
    const { founders, otherFounders } = this.members
    if (otherFounders.size > 0) return foundersDifferError(node, founders, otherFounders)
    return noQuorumError(node, this.promised)
  }

  /** Why what waited for a leader did not find one. */
  get unavailable(): SkeinError {
    return this.elsewhere ?? this.lostError
  }

  /** True if the leader ends its epoch as soon as it can (EP5). */
  get wantsEnd(): boolean {
    return this.operations.isEndAsked || this.#chain.wantsMulti
  }

  /** True in a cluster that begins in leader mode, until a leader's epoch is entered (EP1). */
  get #awaitsFirstLeader(): boolean {
    return this.#context.config.mode === 'leader' && this.epoch === FIRST_EPOCH
  }

  #promiseChanged(): void {
    this.#report.follow(this.#election.isFree)
    this.#context.askGather()
  }

  #enter(epoch: Epoch): void {
    const { entered, promised } = this.#keeper.current
    if (epoch <= entered) return
    const { committed } = this.#chain
    // An epoch that is known to be over is passed through: nothing of it is written or acknowledged.
    const reached = committed === null ? epoch : highest(epoch, committed.epoch)
    const raised = reached > promised ? { promised: reached, elected: null, asked: null } : {}
    this.#keeper.change({ entered: epoch, committed, ...raised })
    this.#election.forgetWish()
    this.#context.expiry.goByClock(!isLeaderEpoch(epoch))
    if (!isLeaderEpoch(epoch)) this.#context.refuseGathered(noLeaderError(), 'linearizable-reads')
    this.#context.drain()
  }

  #win(epoch: Epoch, grants: ReadonlyMap<NodeName, DirectoryId>): void {
    const voters = this.#chain.end === null ? bindVoters(this.members.voters, grants) : this.members.voters
    const adopts = new VersionVector()
    for (const [writer, sequence] of this.#context.frontier.entries())
      if (this.#chain.contents.get(writer) < sequence) adopts.advance(writer, sequence)
    const { expiredMs } = this.#agenda
    const link = { follows: this.#chain.end, leadership: { voters, asked: this.#keeper.current.asked, adopts, expiredMs } }
    const writer = this.#context.lead(epoch, link)
    this.operations.won()
    this.#following.stop()
    const { node, directory } = this.#context.config
    this.#leading = new Leading(epoch, writer, this.#nowMs, { node, directory, chain: this.#chain, voters: () => this.members.voters })
    this.#sendLead(this.#leading)
    this.#context.askGather()
  }

  /** A leader's block reached a majority: it is applied, answered and told. */
  #commit(leading: Leading): void {
    const { writer, epoch, committed } = leading
    this.#chain.commitOwn({ writer, epoch, length: committed })
    const isEnded = this.epoch > epoch
    if (isEnded) {
      this.#leading = null
      this.#election.stepDown(false)
      this.#reads.refuseAll(noLeaderError())
      // What waited for the chain is applied before anything is written on top of it.
      this.#context.drain()
    }
    this.#context.publishCommitted()
    // Only to tell what is committed nobody need answer.
    this.#sendLead(leading, this.#reads.wantsRoundAfter(leading.round) ? leading.beginRound() : leading.round)
  }

  #stepDown(error: SkeinError, isUrgent: boolean): void {
    this.#leading = null
    this.#following.stop()
    this.#election.lapse()
    this.#election.stepDown(isUrgent)
    this.#context.depose(error)
    this.#reads.refuseAll(error)
    this.operations.deposed()
    this.#context.drain()
  }

  #follow(from: NodeName, lead: Lead): void {
    if (lead.committed !== null) this.learnCommit(lead.committed)
    if (lead.epoch < this.promised) {
      const { epoch } = lead
      return this.#keeper.sendOnceDurable(from, () => ({ kind: 'ballot', isTrial: false, epoch, granted: null, promised: this.promised }))
    }
    if (this.#leading !== null) this.#stepDown(notLeaderError(from, this.#context.urlOf(from)), false)
    this.#election.hear(from, lead.epoch)
    this.#following.follow(from, lead)
    const elsewhere = this.elsewhere
    if (elsewhere !== null) this.#context.refuseGathered(elsewhere, 'all')
  }

  #acknowledged(from: NodeName, message: Acknowledge): void {
    const directory = this.#context.directoryOf(from)
    if (directory !== null) this.#leading?.acknowledge(from, directory, message, this.#nowMs)
  }

  #sendLead(leading: Leading, round = leading.beginRound()): void {
    const { epoch, writer } = leading
    const { committed } = this.#chain
    const { asked } = this.#keeper.current
    for (const peer of this.#context.connected()) this.#context.send(peer, { kind: 'lead', epoch, writer, committed, asked, round })
  }

  get #nowMs(): number {
    return this.#context.now().monotonicMs
  }
}
