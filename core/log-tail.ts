/**
 * The end of the log that this node writes: which block an entry goes into, and when blocks leave
 * for the log store (JR2, JR8).
 *
 * A block costs its writer and each of its readers nearly as much for one entry as for fifty, so
 * what is sealed while an append is under way shares the *open* block. A block leaves whole, once
 * every entry sealed into it is durable, and from then on it is *closed*: nothing joins it. Its
 * journal records carry its index, so a later life finds the same blocks. An idle log pays
 * nothing: its entry is a block of its own and leaves at once.
 *
 * Deciding what goes together when the append starts was rejected: then a crash could lose the
 * decision after peers have seen the block, and a block built differently is a fork.
 */

import { assert, concatBytes, ENTRY_BYTES_TARGET } from '../base/index.ts'

export interface ReadyBlocks {
  /** Of the first. */
  readonly index: number
  readonly blocks: readonly Uint8Array[]
}

interface Block {
  readonly parts: Uint8Array[]
  bytes: number
  /** Nothing joins it. */
  readonly isWhole: boolean
  /** Parts that are sealed and not durable yet. */
  pending: number
}

export class LogTail {
  /** Blocks that have not left, in order; only the last may be open. */
  readonly #blocks: Block[] = []
  /** Index of the first of them. */
  #first = 0
  #isOpen = false
  /** Appends under way. */
  #appending = 0
  #landed = 0

  /** Blocks with at least one durable part, those that have left included. */
  get length(): number {
    return this.#landed
  }

  get isEmpty(): boolean {
    return this.#first === 0 && this.#blocks.length === 0
  }

  /** True if everything that was sealed is in the log store. */
  get isDrained(): boolean {
    return this.#blocks.length === 0 && this.#appending === 0
  }

  /** Gives a sealed part its block: the block's index, and whether it joins one that is begun. */
  seal(part: Uint8Array): { readonly index: number; readonly joins?: true } {
    const open = this.#isOpen ? this.#blocks.at(-1) : undefined
    if (open !== undefined && open.bytes + part.length <= ENTRY_BYTES_TARGET) {
      open.parts.push(part)
      open.bytes += part.length
      open.pending += 1
      return { index: this.#first + this.#blocks.length - 1, joins: true }
    }
    this.#blocks.push({ parts: [part], bytes: part.length, isWhole: false, pending: 1 })
    const index = this.#first + this.#blocks.length - 1
    // The header is a block of its own: it names the log before anything else of it is here.
    this.#isOpen = index > 0
    return { index }
  }

  /** Gives a block that nothing joins its index. */
  sealWhole(block: Uint8Array): number {
    this.#blocks.push({ parts: [block], bytes: block.length, isWhole: true, pending: 1 })
    this.#isOpen = false
    return this.#first + this.#blocks.length - 1
  }

  /** Everything that was sealed is durable. */
  land(): void {
    for (const block of this.#blocks) block.pending = 0
    this.#landed = this.#first + this.#blocks.length
  }

  /** The blocks to append now, all of them durable, or null. One append is under way at a time, but for whole blocks: these gain nothing by waiting. */
  takeReady(): ReadyBlocks | null {
    if (this.#appending > 0 && this.#blocks[0]?.isWhole !== true) return null
    const firstPending = this.#blocks.findIndex((block) => block.pending > 0)
    const count = firstPending < 0 ? this.#blocks.length : firstPending
    if (count === 0) return null
    const index = this.#first
    const blocks = this.#blocks.splice(0, count).map(({ parts }) => joined(parts))
    this.#first += count
    this.#isOpen = this.#isOpen && this.#blocks.length > 0
    this.#appending += 1
    return { index, blocks }
  }

  /** What was taken first is in the log store. */
  appended(): void {
    assert(this.#appending > 0, 'an append ends that was begun')
    this.#appending -= 1
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  return only !== undefined && parts.length === 1 ? only : concatBytes(parts)
}
