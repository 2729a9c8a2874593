/**
 * A member under a leader (LM4): it tells the leader how much of its log it holds, once that, and the
 * promise that it implies, is durable. So a member that acknowledged a block elects nobody who lacks it.
 */

import type { NodeName } from '../../base/index.ts'
import { EMPTY_HASH } from './block-hash.ts'
import type { Chain } from './chain.ts'
import type { Acknowledge, Lead } from './message.ts'
import { isFurther, NOWHERE, type Position } from './position.ts'
import type { PromiseKeeper } from './promise-keeper.ts'

export class Following {
  readonly #keeper: PromiseKeeper
  readonly #chain: Chain
  #leader: NodeName | null = null
  /** What the leader said last. */
  #lead: Lead | null = null
  /** The highest block that was held when it was last looked. */
  #held: Position = NOWHERE

  constructor(keeper: PromiseKeeper, chain: Chain) {
    this.#keeper = keeper
    this.#chain = chain
  }

  /** A leader speaks whose epoch is not below what is promised. */
  follow(leader: NodeName, lead: Lead): void {
    const isAnswered = this.#leader === leader && this.#lead?.epoch === lead.epoch && this.#lead.round === lead.round
    this.#leader = leader
    this.#lead = lead
    if (lead.epoch > this.#keeper.current.promised) this.#keeper.change({ promised: lead.epoch, elected: null, asked: lead.asked })
    if (!isAnswered) this.#acknowledge()
  }

  /** Nobody is followed: this member leads, or knows no leader. */
  stop(): void {
    this.#leader = null
    this.#lead = null
  }

  /** Follows up on what is held: a higher position is kept, and the leader told. */
  settle(): void {
    const { position, committed } = this.#chain
    if (!isFurther(position, this.#held)) return
    this.#held = position
    if (this.#leader !== null) {
      this.#keeper.bind(position, committed)
      this.#acknowledge()
      return
    }
    // A leader's own blocks are in the journal already, and promise nobody anything.
    this.#keeper.noteFurther(position)
  }

  #acknowledge(): void {
    const [leader, lead] = [this.#leader, this.#lead]
    if (leader === null || lead === null) return
    const { epoch, writer, round } = lead
    const held = this.#chain.heldOf(writer)
    // What is acknowledged is in the promise by then, and a candidate behind it is not elected.
    if (held !== null) this.#keeper.bind({ epoch: held.epoch, length: held.length }, this.#chain.committed)
    const message: Acknowledge = { kind: 'acknowledge', epoch, writer, length: held?.length ?? 0, hash: held?.hash ?? EMPTY_HASH, round }
    this.#keeper.sendOnceDurable(leader, () => (this.#keeper.current.promised === epoch ? message : null))
  }
}
