/**
 * What operators ask of the cluster as a whole and wait for: a switch of its mode (EP4, EP5), and a
 * leadership handed over (LM10).
 */

import { isLeaderEpoch, type NodeName, type Now, SkeinError } from '../../base/index.ts'
import { noVoteError } from '../refuse.ts'
import type { ModeRequest, PromoteRequest, Reply, RequestId } from '../requests.ts'
import { ELECTION_TIMEOUT_MAX_MS, type Election } from './election.ts'
import { highest } from './epochs.ts'
import { HandOver } from './hand-over.ts'
import type { LeaderMode } from './leader-mode.ts'
import type { Leading } from './leading.ts'
import type { LeaderMessage } from './message.ts'
import { ModeWaits } from './mode-waits.ts'

export interface OperationsContext {
  readonly node: NodeName
  readonly mode: LeaderMode
  readonly election: Election
  now(): Now
  leading(): Leading | null
  send(to: NodeName, message: LeaderMessage): void
  reply(id: RequestId, reply: Reply): void
  askGather(): void
}

export class Operations {
  readonly #context: OperationsContext
  readonly #modeWaits = new ModeWaits()
  #handOver: HandOver | null = null
  /** An operator asked for the multi mode: the leader ends its epoch. */
  #isEndAsked = false

  constructor(context: OperationsContext) {
    this.#context = context
  }

  /** Requests that wait here. */
  get size(): number {
    return this.#modeWaits.size + (this.#handOver === null ? 0 : 1)
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
      election.wish(mode.epoch)
    }
    this.#modeWaits.add(id, request, this.#nowMs)
    this.#context.askGather()
  }

  promote(id: RequestId, { node, timeoutMs }: PromoteRequest): void {
    const error = this.#promotionError(node)
    if (error !== null) return this.#fail(id, error)
    if (node === this.#context.node) return this.#context.reply(id, this.#modeReply())
    const patienceMs = Math.min(timeoutMs, ELECTION_TIMEOUT_MAX_MS)
    this.#handOver = new HandOver(id, node, this.#nowMs + patienceMs)
    this.#context.askGather()
  }

  withdraw(id: RequestId): void {
    this.#modeWaits.remove(id)
  }

  /** This member begins to lead. */
  won(): void {
    this.#isEndAsked = false
  }

  /** It does not lead any more, and did not end its epoch. */
  deposed(): void {
    this.#isEndAsked = false
    if (this.#handOver !== null && !this.#handOver.isSent) this.#failHandOver()
  }

  /** Follows up on what the step has changed. */
  settle(): void {
    this.#advanceHandOver()
    if (this.#modeWaits.size === 0) return
    const { mode } = this.#context
    const leading = this.#context.leading()
    const isLed = mode.leader !== null && (leading === null || leading.committed > 0)
    const isInLeaderEpoch = isLed && isLeaderEpoch(mode.epoch) && !mode.wantsEnd
    const reached = mode.permit === 'multi' ? 'multi' : isInLeaderEpoch ? 'leader' : null
    for (const id of this.#modeWaits.takeReached(reached)) this.#context.reply(id, this.#modeReply())
  }

  /** Answers what waited too long. */
  expire(): void {
    const nowMs = this.#nowMs
    if (this.#handOver?.isLate(nowMs) === true) this.#failHandOver()
    const expired = this.#modeWaits.takeExpired(nowMs)
    if (expired.length > 0 && !this.#modeWaits.wants('leader')) this.#context.election.forgetWish()
    for (const id of expired) this.#fail(id, this.#context.mode.lostError)
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
    if (mode.voters.some((voter) => voter.node === node && voter.directory !== null)) return null
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
