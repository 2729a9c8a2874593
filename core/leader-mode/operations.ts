/**
 * What operators ask of the cluster as a whole and wait for: a switch of its mode (EP4, EP5), a
 * leadership handed over (LM10), and a change of its members (MB1).
 */

import { type DirectoryId, isLeaderEpoch, type NodeName, type Now, SkeinError } from '../../base/index.ts'
import { noVoteError } from '../refuse.ts'
import type { MembersRequest, ModeRequest, PromoteRequest, Reply, RequestId } from '../requests.ts'
import type { Election } from './election.ts'
import { highest } from './epochs.ts'
import { HandOver } from './hand-over.ts'
import type { LeaderMode } from './leader-mode.ts'
import type { Leading } from './leading.ts'
import { MembersChange, type Seats } from './members-change.ts'
import type { LeaderMessage } from './message.ts'
import { ModeWaits } from './mode-waits.ts'
import { namesOf, withoutVoter } from './voters.ts'

export interface OperationsContext {
  readonly node: NodeName
  readonly mode: LeaderMode
  readonly election: Election
  now(): Now
  leading(): Leading | null
  directoryOf(peer: NodeName): DirectoryId | null
  send(to: NodeName, message: LeaderMessage): void
  reply(id: RequestId, reply: Reply): void
  askGather(): void
}

export class Operations {
  readonly #context: OperationsContext
  readonly #modeWaits = new ModeWaits()
  #handOver: HandOver | null = null
  /** One change is open at a time (MB1). */
  #change: MembersChange | null = null
  /** An operator asked for the multi mode: the leader ends its epoch. */
  #isEndAsked = false

  constructor(context: OperationsContext) {
    this.#context = context
  }

  /** Requests that wait here. */
  get size(): number {
    return this.#modeWaits.size + (this.#handOver === null ? 0 : 1) + (this.#change === null ? 0 : 1)
  }

  get isEndAsked(): boolean {
    return this.#isEndAsked
  }

  get isHandingOver(): boolean {
    return this.#handOver !== null
  }

  switchMode(id: RequestId, request: ModeRequest): void {
    const { mode, election, node } = this.#context
    if (request.mode === 'multi' && mode.mode === 'leader') {
      const { elsewhere } = mode
      if (this.#context.leading() !== null) this.#isEndAsked = true
      else if (elsewhere !== null) return this.#fail(id, elsewhere)
    } else if (request.mode === 'leader' && mode.permit === 'multi') {
      if (!election.hasVote) return this.#fail(id, noVoteError(node))
      election.wish(mode.epoch, false)
    }
    this.#modeWaits.add(id, request, this.#nowMs)
    this.#context.askGather()
  }

  promote(id: RequestId, { node, timeoutMs }: PromoteRequest): void {
    const error = this.#promotionError(node)
    if (error !== null) return this.#fail(id, error)
    if (node === this.#context.node) return this.#context.reply(id, this.#modeReply())
    const patienceMs = Math.min(timeoutMs, this.#context.election.timeoutMs)
    this.#handOver = new HandOver(id, node, this.#nowMs + patienceMs)
    this.#context.askGather()
  }

  changeMembers(id: RequestId, request: MembersRequest): void {
    const { mode, election, node } = this.#context
    const leading = this.#context.leading()
    if (this.#change !== null) return this.#fail(id, new SkeinError('UNAVAILABLE', 'another change of the members is under way: try again'))
    if (leading === null && mode.elsewhere !== null) return this.#fail(id, mode.elsewhere)
    if (!election.hasVote) return this.#fail(id, noVoteError(node))
    const error = this.#changeError(request)
    if (error !== null) return this.#fail(id, error)
    if (request.isForced) mode.members.abandon(request.node)
    this.#change = new MembersChange(id, request, this.#nowMs)
    this.#context.askGather()
  }

  /** True while the leader of an errand has yet to do it. */
  get isOnErrand(): boolean {
    return this.#change !== null
  }

  /** What the leader changes next of who the members are; null if nothing, or not yet. */
  nextSeats(leading: Leading): Seats | null {
    const { directoryOf, mode } = this.#context
    return this.#change?.nextSeats(leading, mode.members.voters, mode.members.removed, directoryOf) ?? null
  }

  withdraw(id: RequestId): void {
    this.#modeWaits.remove(id)
    if (this.#change?.id !== id) return
    this.#change = null
    this.#context.mode.members.abandonNobody()
  }

  /** This member begins to lead: it ends the epoch if that is what was asked while nobody led. */
  won(): void {
    this.#isEndAsked = this.#modeWaits.wants('multi')
  }

  /** It does not lead any more, and did not end its epoch. */
  deposed(): void {
    this.#isEndAsked = false
    this.#refuseEnd(this.#context.mode.unavailable)
    if (this.#handOver !== null && !this.#handOver.isSent) this.#failHandOver()
  }

  /** Follows up on what the step has changed. */
  settle(): void {
    // What was asked of it as a leader concerns no other leader's epoch.
    if (this.#context.leading() === null) this.#isEndAsked = false
    this.#advanceHandOver()
    this.#advanceChange()
    if (this.#modeWaits.size === 0) return
    const { mode } = this.#context
    const leading = this.#context.leading()
    const isLed = mode.leader !== null && (leading === null || leading.committed > 0)
    const isInLeaderEpoch = isLed && isLeaderEpoch(mode.epoch) && !mode.wantsEnd
    const reached = mode.permit === 'multi' ? 'multi' : isInLeaderEpoch ? 'leader' : null
    for (const id of this.#modeWaits.take(reached)) this.#context.reply(id, this.#modeReply())
    // The epoch in which it was asked for may have ended for another reason.
    if (mode.permit === 'multi' && this.#modeWaits.wants('leader')) this.#context.election.wish(mode.epoch, false)
    if (leading === null && mode.mode === 'leader' && mode.elsewhere !== null) this.#refuseEnd(mode.elsewhere)
  }

  /** Answers what waited too long. */
  expire(): void {
    const nowMs = this.#nowMs
    if (this.#handOver?.isLate(nowMs) === true) this.#failHandOver()
    const change = this.#change
    if (change?.isLate(nowMs) === true) this.#endChange({ kind: 'failed', error: this.#lateChangeError(change) })
    const expired = this.#modeWaits.takeExpired(nowMs)
    if (expired.length > 0 && !this.#modeWaits.wants('leader')) this.#context.election.forgetWish()
    for (const id of expired) this.#fail(id, this.#context.mode.lostError)
  }

  /** Only a leader can end its epoch: who waits for that is told as soon as this member is not the one. */
  #refuseEnd(error: SkeinError): void {
    for (const id of this.#modeWaits.take('multi')) this.#fail(id, error)
  }

  #advanceChange(): void {
    const change = this.#change
    if (change === null) return
    const { mode, election, directoryOf } = this.#context
    const leading = this.#context.leading()
    if (mode.members.seated !== null && change.isDone(mode.members.seated, mode.members.removed, directoryOf))
      return this.#endChange({ kind: 'members', voters: namesOf(mode.members.seated) })
    if (leading !== null) {
      const error = leading.committed === 0 ? null : this.#quorumError(change.request, leading)
      if (error !== null) this.#endChange({ kind: 'failed', error })
    } else if (mode.elsewhere !== null) this.#endChange({ kind: 'failed', error: mode.elsewhere })
    else if (mode.permit === 'multi') election.wish(mode.epoch, true)
  }

  #endChange(reply: Reply): void {
    const change = this.#change
    if (change === null) return
    this.#change = null
    this.#context.mode.members.abandonNobody()
    if (!this.#modeWaits.wants('leader')) this.#context.election.forgetWish()
    this.#context.reply(change.id, reply)
    this.#context.askGather()
  }

  /** Why a change makes no sense, or null. */
  #changeError({ change, node, isForced }: MembersRequest): SkeinError | null {
    const { mode, directoryOf } = this.#context
    const isVoter = namesOf(mode.members.voters).includes(node)
    if (isForced) {
      const isLastOfTwo =
        change === 'remove' && isVoter && mode.members.voters.length === 2 && directoryOf(node) === null && this.#context.leading() === null
      const message = '--force lets the last of two voters go on alone when the other one is lost for good and not connected: leave it out'
      return isLastOfTwo ? null : new SkeinError('BAD_REQUEST', message)
    }
    if (change === 'join') {
      if (directoryOf(node) !== null || node === this.#context.node) return null
      return new SkeinError('NOT_FOUND', `${node} is not connected: start it with --join and the addresses of the members, then ask again`)
    }
    if (node === this.#context.node && this.#context.leading() !== null)
      return new SkeinError('CONFLICT', `${node} leads: hand over first, with \`skein promote\` and another node`)
    if (node === this.#context.node && mode.mode === 'multi')
      return new SkeinError('BAD_REQUEST', `${node} can't remove itself: ask another node`)
    if (isVoter || directoryOf(node) !== null) return null
    return new SkeinError('NOT_FOUND', `${node} is no member of this cluster: \`skein status\` lists them`)
  }

  /** A change after which nothing could be committed is refused. */
  #quorumError({ change, node }: MembersRequest, leading: Leading): SkeinError | null {
    const { voters } = this.#context.mode.members
    if (change === 'join' || !namesOf(voters).includes(node)) return null
    const left = withoutVoter(voters, node)
    if (leading.reachesMajorityOf(left, this.#nowMs, this.#context.election.timeoutMs)) return null
    const message = `without ${node} too few of ${namesOf(left).join(', ')} are reached to go on: start the others, or remove one that is down`
    return new SkeinError('NO_QUORUM', message, { details: { applied: false } })
  }

  #lateChangeError({ request: { change, node } }: MembersChange): SkeinError {
    const { mode } = this.#context
    if (this.#context.leading() === null) return mode.unavailable
    const message = change === 'join' ? `${node} has not caught up in time` : `the removal of ${node} did not reach a majority in time`
    return new SkeinError('UNAVAILABLE', `${message}: see \`skein status\`, and ask again`, { details: { applied: 'unknown' } })
  }

  #modeReply(): Reply {
    const { mode, epoch, promised, leader } = this.#context.mode
    return { kind: 'mode', mode, epoch: highest(epoch, promised), leader }
  }

  #advanceHandOver(): void {
    const handOver = this.#handOver
    if (handOver === null) return
    const leading = this.#context.leading()
    if (leading === null && this.#context.mode.leader === handOver.target) {
      this.#handOver = null
      this.#context.reply(handOver.id, this.#modeReply())
      return
    }
    if (leading !== null && handOver.takeReady(leading)) this.#context.send(handOver.target, { kind: 'hand-over', epoch: leading.epoch })
  }

  #promotionError(node: NodeName): SkeinError | null {
    const { mode } = this.#context
    if (mode.mode === 'multi')
      return new SkeinError('BAD_REQUEST', 'nobody leads in multi-leader mode: switch with `skein mode leader` first')
    if (this.#context.leading() === null) return mode.unavailable
    if (!mode.isServing) return new SkeinError('UNAVAILABLE', 'the leader is just beginning, ending or handing over: try again')
    if (mode.members.voters.some((voter) => voter.node === node && voter.directory !== null)) return null
    return new SkeinError('NOT_FOUND', `${node} is no voter of this cluster: \`skein status\` lists them`)
  }

  #failHandOver(): void {
    const handOver = this.#handOver
    if (handOver === null) return
    this.#handOver = null
    this.#fail(handOver.id, handOver.lateError)
    this.#context.askGather()
  }

  #fail(id: RequestId, error: SkeinError): void {
    this.#context.reply(id, { kind: 'failed', error })
  }

  get #nowMs(): number {
    return this.#context.now().monotonicMs
  }
}
