/**
 * Elections (LM1, LM2): Raft's, with pre-vote. A member that hears no leader asks whether it would
 * be elected; only if a majority says so does it promise an epoch and ask in earnest. A voter
 * promises one candidate an epoch, durably, and none whose chain is behind its own.
 *
 * The winner needs more than a majority of grants: it must hold all that those who granted had of
 * the multi logs (LM3), since its header makes that part of the chain.
 */

import { assert, type DirectoryId, type Epoch, FIRST_EPOCH, isLeaderEpoch, type NodeName, type Now, type Prng } from '../../base/index.ts'
import { type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import type { Chain } from './chain.ts'
import type { LeaderModeContext } from './context.ts'
import { highest, leaderEpochAbove } from './epochs.ts'
import type { Ballot, Canvass } from './message.ts'
import { Patience } from './patience.ts'
import { comparePositions, isFurther, NOWHERE, type Position } from './position.ts'
import type { PromiseKeeper } from './promise-keeper.ts'
import { isBound, majorityOf, type Voter } from './voters.ts'

/** After a failed attempt, so that two candidates part. */
const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 250

interface Grant {
  readonly directory: DirectoryId
  readonly frontier: ReadonlyVersionVector
}

type Role =
  | { readonly kind: 'follower' }
  /** Asks whether it would be elected, and asks again after `untilMs`. */
  | { readonly kind: 'canvassing'; readonly epoch: Epoch; readonly granted: Set<NodeName>; untilMs: number }
  /** Has promised itself the epoch. */
  | { readonly kind: 'candidate'; readonly epoch: Epoch; readonly grants: Map<NodeName, Grant>; readonly untilMs: number }
  /** Won. */
  | { readonly kind: 'leader'; readonly epoch: Epoch }

/** Why a member stands in a multi epoch. */
interface Wish {
  readonly epoch: Epoch
  /** Only to change who the members are (MB1); else an operator asked for a leader. */
  readonly isErrand: boolean
}

/** The leader that this member heard last. */
export interface KnownLeader {
  readonly node: NodeName
  readonly epoch: Epoch
  heardAtMs: number
}

export interface ElectionContext {
  readonly node: NodeName
  readonly directory: DirectoryId
  readonly random: Prng
  readonly chain: Chain
  readonly keeper: PromiseKeeper
  readonly frontier: ReadonlyVersionVector
  readonly around: Pick<LeaderModeContext, 'connected' | 'directoryOf' | 'isAble' | 'send' | 'dismiss'>
  now(): Now
  voters(): readonly Voter[]
  /** True if a peer was started with the same list of members. */
  hasSameFounders(peer: NodeName): boolean
  /** Elected by these, itself included. */
  win(epoch: Epoch, grants: ReadonlyMap<NodeName, DirectoryId>): void
}

export class Election {
  readonly #context: ElectionContext
  #role: Role = { kind: 'follower' }
  #leader: KnownLeader | null = null
  /** When this member stands if it hears nothing. */
  #dueMs = 0
  /** The highest epoch that anybody is known to have promised. */
  #seen = FIRST_EPOCH
  #wish: Wish | null = null
  readonly #patience = new Patience()
  /** The last epoch that was given up for want of a word: of a leader, or of those who were to answer this member. */
  #givenUp: Epoch | null = null
  /** The leader that was given up for a candidate. */
  #suspect: NodeName | null = null

  constructor(context: ElectionContext) {
    this.#context = context
  }

  get role(): Role['kind'] {
    return this.#role.kind
  }

  get leader(): KnownLeader | null {
    return this.#leader
  }

  /** True if a leader was heard so lately that a candidate is ignored. */
  get hearsLeader(): boolean {
    const leader = this.#leader
    return leader !== null && this.#nowMs - leader.heardAtMs < this.#patience.minMs(this.#nowMs)
  }

  /** For how long a silence is borne, at most (LM2). */
  get timeoutMs(): number {
    return this.#patience.maxMs(this.#nowMs)
  }

  /** Gives up the epoch for want of answers. */
  lapse(): void {
    if (this.#role.kind === 'candidate' || this.#role.kind === 'leader') this.#givenUp = this.#role.epoch
  }

  /** Somebody leads an epoch, or answers its leader or candidate. If that was given up, it was too early. */
  hearOf(epoch: Epoch): void {
    if (epoch !== this.#givenUp) return
    this.#givenUp = null
    this.#suspect = null
    this.#patience.lengthen(this.#nowMs)
  }

  /** True if this member may stand and vote: its directory is bound to its name. */
  get hasVote(): boolean {
    return this.#isVoter(this.#context.node, this.#context.directory)
  }

  /** True in a multi epoch above which nothing is promised (EP2). */
  get isFree(): boolean {
    const { entered, promised } = this.#promise
    return !isLeaderEpoch(entered) && promised === entered
  }

  /** A leader is needed in this multi epoch: stands at once, and again until there is one or `forgetWish`. */
  wish(epoch: Epoch, isErrand: boolean): void {
    if (this.#wish?.epoch === epoch && (isErrand || !this.#wish.isErrand)) return
    this.#wish = { epoch, isErrand }
    if (this.#role.kind === 'follower') this.#dueMs = this.#nowMs
  }

  forgetWish(): void {
    this.#wish = null
  }

  /** Time has passed. */
  tick(): void {
    const role = this.#role
    if (role.kind === 'leader') return
    if (role.kind !== 'follower') {
      if (this.#nowMs < role.untilMs) return this.check()
      this.lapse()
      if (role.kind === 'candidate') this.#retreat()
      else this.#role = { kind: 'follower' }
    }
    if (this.#nowMs >= this.#dueMs && this.#mayStand() && !this.hearsLeader) this.#canvass()
  }

  /** A leader speaks, of an epoch not below what is promised. */
  hear(node: NodeName, epoch: Epoch): void {
    assert(epoch >= this.#promise.promised, 'a leader of an older epoch is refused')
    this.#role = { kind: 'follower' }
    // Blocks that were asked of it are asked of others once it is gone, and the new leader's header may wait for them.
    if (this.#suspect !== null && this.#suspect !== node) this.#context.around.dismiss(this.#suspect)
    this.#suspect = null
    if (this.#leader?.node === node && this.#leader.epoch === epoch) this.#leader.heardAtMs = this.#nowMs
    else this.#leader = { node, epoch, heardAtMs: this.#nowMs }
    this.#wait()
  }

  /** Somebody has promised this epoch: who stands next stands above it. */
  see(promised: Epoch): void {
    this.#seen = highest(this.#seen, promised)
  }

  /** No leader any more. @param isUrgent stands again soon, above what it read (LM2) */
  stepDown(isUrgent: boolean): void {
    this.#role = { kind: 'follower' }
    this.#leader = null
    if (isUrgent) this.#retreat()
    else this.#wait()
  }

  /** The leader asks this member to take over (LM10). */
  takeOver(epoch: Epoch): void {
    if (this.#promise.promised === epoch && this.#mayStand() && this.#role.kind === 'follower') this.#stand(true)
  }

  receiveCanvass(from: NodeName, canvass: Canvass): void {
    this.see(canvass.promised)
    const { epoch, isTrial } = canvass
    const { keeper } = this.#context
    if (!this.#context.around.isAble() || !this.#isGranted(from, canvass)) {
      keeper.sendOnceDurable(from, () => this.#ballot(canvass, null))
      return
    }
    if (isTrial) {
      // Of two that would both be elected, this one lets the other.
      if (this.#isRival(canvass)) this.#retreat()
      return this.#context.around.send(from, this.#ballot(canvass, new VersionVector()))
    }
    // Another is elected: this one waits for it.
    this.#role = { kind: 'follower' }
    this.#wait()
    const { promised } = this.#promise
    if (promised < epoch && !canvass.isHandOver) this.#giveUpLeader()
    if (promised < epoch) keeper.change({ promised: epoch, elected: from, asked: canvass.asked })
    keeper.sendOnceDurable(from, () => (this.#promise.promised === epoch ? this.#ballot(canvass, this.#context.frontier.copy()) : null))
  }

  receiveBallot(from: NodeName, ballot: Ballot): void {
    this.see(ballot.promised)
    if (!ballot.isTrial && ballot.granted !== null) this.hearOf(ballot.epoch)
    const role = this.#role
    if ((role.kind !== 'canvassing' && role.kind !== 'candidate') || ballot.epoch !== role.epoch) return
    const directory = this.#context.around.directoryOf(from)
    if (ballot.granted === null) {
      if (ballot.promised >= role.epoch && !(role.kind === 'candidate' && ballot.promised === role.epoch)) this.#retreat()
      // It may have heard the leader a moment later than this member: that is no reason to wait for all others.
      else if (role.kind === 'canvassing') role.untilMs = Math.min(role.untilMs, this.#nowMs + this.#drawRetryMs())
      return
    }
    if (directory === null || !this.#isVoter(from, directory)) return
    if (role.kind === 'canvassing' && ballot.isTrial) {
      role.granted.add(from)
      if (role.granted.size >= this.#majority) this.#stand(false)
    } else if (role.kind === 'candidate' && !ballot.isTrial) {
      role.grants.set(from, { directory, frontier: ballot.granted })
      this.check()
    }
  }

  /** Wins if it can: the promise is durable, and what those that granted have is here. */
  check(): void {
    const role = this.#role
    const { keeper, node, directory, frontier } = this.#context
    if (role.kind !== 'candidate' || !keeper.isDurable || this.#promise.promised !== role.epoch) return
    // By the chain as it is held now: who was asked by name alone may not be bound in it.
    if (!this.#isVoter(node, directory)) return this.#retreat()
    const elected = new Map([[node, directory]])
    for (const [voter, grant] of role.grants)
      if (this.#isVoter(voter, grant.directory) && frontier.covers(grant.frontier)) elected.set(voter, grant.directory)
    if (elected.size < this.#majority) return
    this.#role = { kind: 'leader', epoch: role.epoch }
    this.#leader = { node, epoch: role.epoch, heardAtMs: this.#nowMs }
    this.#wish = null
    this.#context.win(role.epoch, elected)
  }

  #canvass(): void {
    const epoch = leaderEpochAbove(highest(this.#promise.promised, this.#seen))
    const granted = new Set([this.#context.node])
    this.#role = { kind: 'canvassing', epoch, granted, untilMs: this.#nowMs + this.#drawTimeoutMs() }
    if (granted.size >= this.#majority) this.#stand(false)
    else this.#askAll(true, false)
  }

  #stand(isHandOver: boolean): void {
    const { keeper, node } = this.#context
    const promisedBefore = this.#promise.promised
    const epoch = leaderEpochAbove(highest(promisedBefore, this.#seen))
    const asked = this.#asked
    if (!isHandOver) this.#giveUpLeader()
    this.#role = {
      kind: 'candidate',
      epoch,
      grants: new Map(),
      untilMs: this.#nowMs + this.#drawTimeoutMs(),
    }
    this.#leader = null
    keeper.change({ promised: epoch, elected: node, asked })
    this.#askAll(false, isHandOver)
  }

  #askAll(isTrial: boolean, isHandOver: boolean): void {
    const role = this.#role
    assert(role.kind === 'canvassing' || role.kind === 'candidate', 'a candidate asks')
    const { keeper, chain, around } = this.#context
    const names = new Set(this.#context.voters().map(({ node }) => node))
    const { epoch } = role
    const { promised } = this.#promise
    const asked = this.#asked
    const isErrand = isTrial && this.isFree && this.#wish?.isErrand === true
    for (const peer of around.connected()) {
      if (!names.has(peer)) continue
      keeper.sendOnceDurable(peer, () => ({
        kind: 'canvass',
        isTrial,
        isHandOver,
        isErrand,
        epoch,
        promised,
        asked,
        position: chain.position,
      }))
    }
  }

  #isGranted(from: NodeName, canvass: Canvass): boolean {
    const { epoch, isTrial, isHandOver, isErrand, position, promised: theirPromise, asked } = canvass
    const { promised, elected, entered } = this.#promise
    const isRepeated = !isTrial && epoch === promised && elected === from
    if (epoch <= promised && !isRepeated) return false
    if (this.#role.kind === 'leader' && !isHandOver) return false
    if (this.hearsLeader && !isHandOver && !isRepeated) return false
    if (!this.hasVote) return false
    if (!this.#agreesWith(from, position)) return false
    const own = this.#position
    if (isFurther(own, position)) return false
    // A cut-off member that comes back to a multi epoch is told of the chain's end, not elected.
    if (isTrial && this.isFree && asked !== entered && theirPromise <= entered && !(isErrand && theirPromise === entered)) return false
    // Where nothing else decides, the lower name does.
    return !(this.#isRival(canvass) && this.#context.node < from)
  }

  /** True if this member asks for the same and holds as much. */
  #isRival({ isTrial, position }: Canvass): boolean {
    return isTrial && this.#role.kind === 'canvassing' && comparePositions(position, this.#position) === 0
  }

  /** What it holds, or once held: a log store that was put back gives no votes away. */
  get #position(): Position {
    const [held, stored] = [this.#context.chain.position, this.#promise.position]
    return isFurther(stored, held) ? stored : held
  }

  #ballot({ isTrial, epoch }: Canvass, granted: ReadonlyVersionVector | null): Ballot {
    return { kind: 'ballot', isTrial, epoch, granted, promised: this.#promise.promised }
  }

  #mayStand(): boolean {
    if (!this.#context.around.isAble() || !this.hasVote) return false
    // Its own vote is for no candidate behind what it once held, either.
    if (isFurther(this.#promise.position, this.#context.chain.position)) return false
    return !this.isFree || this.#wish?.epoch === this.#promise.entered
  }

  get #asked(): Epoch | null {
    if (!this.isFree) return this.#promise.asked
    return this.#wish === null || this.#wish.isErrand ? null : this.#wish.epoch
  }

  /** Unbound names vote as well, until a header binds them: a candidate counts who they are. */
  #isVoter(node: NodeName, directory: DirectoryId): boolean {
    const voters = this.#context.voters()
    if (isBound(voters, node, directory)) return true
    // Only the first leader is elected by names alone (MB1).
    return this.#context.chain.end === null && voters.some((voter) => voter.node === node && voter.directory === null)
  }

  /** Before the first leader nobody is elected by a list of members that differs from this one's (MB1). */
  #agreesWith(candidate: NodeName, position: Position): boolean {
    return this.#context.chain.end !== null || comparePositions(position, NOWHERE) > 0 || this.#context.hasSameFounders(candidate)
  }

  get #majority(): number {
    return majorityOf(this.#context.voters().length)
  }

  #giveUpLeader(): void {
    if (this.#leader === null) return
    this.#givenUp = this.#leader.epoch
    this.#suspect = this.#leader.node
  }

  /** Failed: tries again after a short time that differs from others'. */
  #retreat(): void {
    this.#role = { kind: 'follower' }
    this.#dueMs = this.#nowMs + this.#drawRetryMs()
  }

  #drawRetryMs(): number {
    return this.#draw(RETRY_MIN_MS, RETRY_MAX_MS) * this.#patience.factor(this.#nowMs)
  }

  #wait(): void {
    this.#dueMs = this.#nowMs + this.#drawTimeoutMs()
  }

  #drawTimeoutMs(): number {
    return this.#draw(this.#patience.minMs(this.#nowMs), this.#patience.maxMs(this.#nowMs))
  }

  #draw(minMs: number, maxMs: number): number {
    return minMs + this.#context.random.below(maxMs - minMs + 1)
  }

  get #promise() {
    return this.#context.keeper.current
  }

  get #nowMs(): number {
    return this.#context.now().monotonicMs
  }
}
