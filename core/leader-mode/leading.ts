/**
 * What a leader keeps of its followers (LM4, LM5, LM7): how much of its log each holds, when it was
 * last heard, and which round it answered. From these follow what is committed, whether the leader
 * may go on, and which reads are confirmed. A majority is always one of the voters that the log's
 * own end names, each by name and directory.
 */

import { assert, type DirectoryId, type Epoch, type NodeName, type WriterId } from '../../base/index.ts'
import type { Chain } from './chain.ts'
import type { Acknowledge } from './message.ts'
import { isBound, majorityOf, rebindVoter, type Voter } from './voters.ts'

/** A member this close to the end of the log keeps up with it: what is missing is on its way. */
const CAUGHT_UP_BLOCKS = 16

interface Follower {
  directory: DirectoryId
  /** Blocks of the leader's log that it holds. */
  length: number
  /** The last round that it answered. */
  round: number
  heardAtMs: number
}

export interface LeadingContext {
  readonly node: NodeName
  readonly directory: DirectoryId
  readonly chain: Chain
  voters(): readonly Voter[]
}

export class Leading {
  readonly epoch: Epoch
  readonly writer: WriterId
  readonly #context: LeadingContext
  readonly #followers = new Map<NodeName, Follower>()
  readonly #sinceMs: number
  /** Of the log, by acknowledgements of its own epoch. */
  #committed = 0
  #round = 0

  constructor(epoch: Epoch, writer: WriterId, nowMs: number, context: LeadingContext) {
    this.epoch = epoch
    this.writer = writer
    this.#sinceMs = nowMs
    this.#context = context
  }

  /** Blocks of its log that are committed. */
  get committed(): number {
    return this.#committed
  }

  /** Blocks of its log that are durable here. */
  get length(): number {
    return this.#context.chain.heldOf(this.writer)?.length ?? 0
  }

  get round(): number {
    return this.#round
  }

  beginRound(): number {
    this.#round += 1
    return this.#round
  }

  /** The last round that a majority answered: what was asked before it began is confirmed. */
  get confirmedRound(): number {
    return this.#reachedByMajority(this.#round, ({ round }) => round)
  }

  acknowledge(from: NodeName, directory: DirectoryId, message: Acknowledge, nowMs: number): void {
    const { epoch, writer, length, hash, round } = message
    if (epoch !== this.epoch || writer !== this.writer || round > this.#round) return
    const known = this.#followers.get(from)
    const follower = known?.directory === directory ? known : { directory, length: 0, round: 0, heardAtMs: nowMs }
    this.#followers.set(from, follower)
    follower.heardAtMs = nowMs
    follower.round = Math.max(follower.round, round)
    // Another content under the same name, or a length that was applied long ago: it holds nothing new.
    if (length === 0 || length > this.length || this.#context.chain.hashAt(writer, length) !== hash) return
    follower.length = Math.max(follower.length, length)
  }

  /** Counts again. True if more is committed than before: everything up to `committed` (LM5). */
  advanceCommit(): boolean {
    const reached = this.#reachedByMajority(this.length, ({ length }) => length)
    if (reached <= this.#committed) return false
    assert(reached <= this.length, 'nobody holds more than the leader wrote')
    this.#committed = reached
    return true
  }

  /** True unless a majority was not heard for `timeoutMs` (LM2). */
  hearsMajority(nowMs: number, timeoutMs: number): boolean {
    if (nowMs - this.#sinceMs < timeoutMs) return true
    return this.reachesMajorityOf(this.#context.voters(), nowMs, timeoutMs)
  }

  /** How much of the leader's log a member holds; null if it was never heard. */
  lengthOf(node: NodeName): number | null {
    if (node === this.#context.node) return this.length
    return this.#followers.get(node)?.length ?? null
  }

  /**
   * The next change of the voters' directories (MB1), one at a time: a name whose directory is gone is
   * bound to none, which leaves every majority as large as it was; one that is bound to none is bound to
   * the directory that is there, once that has caught up.
   */
  nextVoters(directoryOf: (node: NodeName) => DirectoryId | null): readonly Voter[] | null {
    const voters = this.#context.voters()
    for (const { node, directory } of voters) {
      if (node === this.#context.node) continue
      const present = directoryOf(node)
      if (present === null || present === directory) continue
      if (directory !== null) return rebindVoter(voters, node, null)
      if (this.isCaughtUp(node, present)) return rebindVoter(voters, node, present)
    }
    return null
  }

  /** True if the directory that is connected under this name holds the log, but for what is on its way. */
  isCaughtUp(node: NodeName, directory: DirectoryId): boolean {
    const follower = this.#followers.get(node)
    return follower?.directory === directory && follower.length > 0 && follower.length + CAUGHT_UP_BLOCKS >= this.length
  }

  /** True if a majority of `voters` was heard within `timeoutMs`: with that list the leader could go on. */
  reachesMajorityOf(voters: readonly Voter[], nowMs: number, timeoutMs: number): boolean {
    return this.#reachedByMajority(1, ({ heardAtMs }) => (nowMs - heardAtMs < timeoutMs ? 1 : 0), voters) === 1
  }

  /** The highest figure that a majority of the voters reaches, `own` being this node's. */
  #reachedByMajority(own: number, figure: (follower: Follower) => number, voters = this.#context.voters()): number {
    const figures: number[] = []
    for (const { node } of voters) {
      const follower = this.#followers.get(node)
      if (node === this.#context.node) {
        if (isBound(voters, node, this.#context.directory)) figures.push(own)
      } else if (follower !== undefined && isBound(voters, node, follower.directory)) figures.push(figure(follower))
    }
    figures.sort((left, right) => right - left)
    return figures[majorityOf(voters.length) - 1] ?? 0
  }
}
