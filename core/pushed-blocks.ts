/**
 * Blocks that their writers push to their peers in messages, ahead of their logs (LG5). The log store says whether
 * it can put one into this node's copy of its log; if so, the block is taken once it is durable in the journal.
 * A log's blocks are taken in their order, without a gap.
 *
 * What does not fit in is left: the log brings it all the same, only later.
 */

import { KIB, MIB, type WriterId } from '../base/index.ts'
import type { Effect, SignedBlock } from './effects.ts'
import type { GroupName } from './group.ts'
import type { JournalRecord } from './ports.ts'

/** A larger block would hold up the messages behind it: it comes by its log alone. */
export const PUSHED_BYTES_MAX = 128 * KIB
/** What is on its way through the journal. More is left to the logs. */
const HELD_BYTES_MAX = 8 * MIB
/** Of one durable write, which own entries may share: they do not wait long for it. */
const WRITE_BLOCKS_MAX = 256
const WRITE_BYTES_MAX = MIB

export interface PushedBlock {
  readonly writer: WriterId
  readonly index: number
  readonly block: SignedBlock
}

/** A pushed block in the journal. */
export type PushedRecord = Extract<JournalRecord, { kind: 'block' }>

export interface PushedBlocksContext {
  readonly group: GroupName
  /** False until all that is on this disk is taken. */
  isReady(): boolean
  /** Index of the next block of a log that is followed; null if none of it may be pushed. */
  nextOf(writer: WriterId): number | null
  /** True if so much of a log waits here that the rest stays in the log store. */
  isFull(writer: WriterId): boolean
  emit(effect: Effect): void
  /** A durable write is wanted. */
  askGather(): void
}

export class PushedBlocks {
  readonly #context: PushedBlocksContext
  /** Accepted by the log store, for the next durable write. */
  #waiting: PushedBlock[] = []
  #inFlight: PushedBlock[] = []
  #heldBytes = 0
  /** Of the logs of which blocks wait for the journal: the index after the last. */
  readonly #ends = new Map<WriterId, number>()

  constructor(context: PushedBlocksContext) {
    this.#context = context
  }

  /** True if a durable write is wanted. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** A peer has pushed a block. Whether it is the next one, the log store knows. */
  receive({ writer, index, block }: PushedBlock): void {
    const next = this.#context.nextOf(writer)
    if (next === null || index < next || !this.#context.isReady()) return
    if (this.#heldBytes >= HELD_BYTES_MAX || this.#context.isFull(writer)) return
    this.#context.emit({ kind: 'insert', writer, index, block })
  }

  /** The log store takes a block: so does the next durable write, unless the log brings it. */
  accept({ writer, index, block }: PushedBlock): void {
    const next = this.#context.nextOf(writer)
    if (next === null || index !== Math.max(next, this.#ends.get(writer) ?? 0)) return
    this.#waiting.push({ writer, index, block })
    this.#heldBytes += block.bytes.length
    this.#ends.set(writer, index + 1)
    this.#context.askGather()
  }

  /** What the durable write that starts now makes durable. */
  launch(): readonly PushedRecord[] {
    if (this.#waiting.length === 0) return []
    let count = 0
    for (let bytes = 0; count < Math.min(this.#waiting.length, WRITE_BLOCKS_MAX) && bytes < WRITE_BYTES_MAX; count++)
      bytes += this.#waiting[count]?.block.bytes.length ?? 0
    this.#inFlight = this.#waiting.splice(0, count)
    const { group } = this.#context
    return this.#inFlight.map(({ writer, index, block }) => ({ kind: 'block', group, writer, index, whole: true, ...block }))
  }

  /** The durable write has landed: what it made durable, in order. */
  land(): readonly PushedBlock[] {
    const landed = this.#inFlight
    if (landed.length === 0) return landed
    this.#inFlight = []
    for (const { writer, index, block } of landed) {
      this.#heldBytes -= block.bytes.length
      if (this.#ends.get(writer) === index + 1) this.#ends.delete(writer)
    }
    return landed
  }
}
