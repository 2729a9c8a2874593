/**
 * One leader's log as a piece of the chain: its header, and those of its blocks that are durable
 * here and not applied yet.
 */

import { assert, type Epoch, type WriterId } from '../../base/index.ts'
import { type BlockHash, EMPTY_HASH, hashBlock } from './block-hash.ts'
import type { ChainBlock } from './chain-block.ts'
import type { ChainEnd, Leadership } from './chain-link.ts'
import type { Voter } from './voters.ts'

/**
 * Blocks of a log kept in memory. A leader has one block at a time that is not committed, so more
 * than a few wait only while the chain below is being read; the rest stays in the log store.
 */
export const WAITING_BLOCKS_MAX = 1024

interface HashedBlock {
  readonly block: ChainBlock
  /** Of the log up to this block. */
  readonly hash: BlockHash
}

export class ChainLog {
  readonly writer: WriterId
  readonly epoch: Epoch
  readonly follows: ChainEnd | null
  readonly leadership: Leadership
  /** Written by this node in this life: its adopted entries are durable here, though not applied. */
  readonly isOwn: boolean
  /** How many of the first blocks are held, with all that is below and all that they adopt (LM1). Invariant: at most `length`. */
  held = 0
  /** Set once a committed header leaves its rest out, or all of it (LM6). */
  isDead = false
  /** The length at which it ends its epoch; null while it does not. Nothing follows in this log. */
  endsAt: number | null = null
  /** Blocks from `#applied` on. */
  #waiting: HashedBlock[] = []
  #applied = 0
  #appliedHash: BlockHash = EMPTY_HASH
  /** Who votes from a length on, in order. */
  readonly #voters: { readonly from: number; readonly voters: readonly Voter[] }[]

  constructor(writer: WriterId, epoch: Epoch, follows: ChainEnd | null, leadership: Leadership, isOwn: boolean) {
    this.writer = writer
    this.epoch = epoch
    this.follows = follows
    this.leadership = leadership
    this.isOwn = isOwn
    this.#voters = [{ from: 1, voters: leadership.voters }]
  }

  /** Blocks that are durable here. */
  get length(): number {
    return this.#applied + this.#waiting.length
  }

  get applied(): number {
    return this.#applied
  }

  get isFull(): boolean {
    return this.#waiting.length >= WAITING_BLOCKS_MAX
  }

  add(block: ChainBlock, bytes: Uint8Array): void {
    if (this.isDead) return
    const previous = this.#waiting.at(-1)?.hash ?? this.#appliedHash
    this.#waiting.push({ block, hash: hashBlock(previous, bytes) })
    if (block.kind === 'voters') this.#voters.push({ from: this.length, voters: block.voters })
    if (block.kind === 'end') this.endsAt = this.length
  }

  /** Null for a length that is not here, or was applied and left behind. */
  hashAt(length: number): BlockHash | null {
    if (length === this.#applied) return this.#appliedHash
    return this.#waiting[length - this.#applied - 1]?.hash ?? null
  }

  /** Null if it is not here, or applied. */
  blockAt(index: number): ChainBlock | null {
    return this.#waiting[index - this.#applied]?.block ?? null
  }

  votersAt(length: number): readonly Voter[] {
    return this.#voters.findLast(({ from }) => from <= length)?.voters ?? this.leadership.voters
  }

  /** The next block is applied, and nobody asks for it again. */
  advance(): void {
    const first = this.#waiting.shift()
    assert(first !== undefined, 'only what is here is applied')
    this.#applied += 1
    this.#appliedHash = first.hash
  }

  /** Nothing of it is applied any more: what waits is given back. */
  bury(): void {
    this.isDead = true
    this.#waiting = []
  }
}
