/**
 * Lines out of the bytes that a client sends. A line that arrives whole is a view of what arrived;
 * one that is cut is gathered in a buffer that grows by doubling, so any input, cut anywhere,
 * costs time and memory in proportion to its length: keeping the pieces was rejected, because a
 * client that sends single bytes would make each cost an object. A line over the limit is skipped
 * as it arrives, and the line after it is read as if nothing had been.
 */

import { allocateBytes, assert } from '../../base/index.ts'
import type { HeldBytes } from '../tcp/held-bytes.ts'

export type LineRead =
  /** Without its end. Valid until the next call. */
  | { readonly kind: 'line'; readonly bytes: Uint8Array }
  /** A line that was skipped: it was too long, or all connections together hold too much. */
  | { readonly kind: 'too-long' | 'no-room' }
  /** More has to arrive. */
  | { readonly kind: 'incomplete' }

const LF = 0x0a
const NO_BYTES = new Uint8Array(0)
const INCOMPLETE = { kind: 'incomplete' } as const
/** What is kept of an unfinished line takes at least this much. */
const BUFFER_BYTES_MIN = 512

export class LineReader {
  readonly #lineBytesMax: number
  readonly #held: HeldBytes
  /** Arrived and not yet looked at, from `#at` of the first on. */
  readonly #chunks: Uint8Array[] = []
  #at = 0
  /** The line that is being gathered. Its room is what this reader holds of `#held`. */
  #buffer: Uint8Array = NO_BYTES
  #gathered = 0
  /** Why the line that is arriving is skipped, or null. Invariant: nothing of it is gathered. */
  #skipped: 'too-long' | 'no-room' | null = null

  /** @param held what all connections hold of unfinished lines together */
  constructor(lineBytesMax: number, held: HeldBytes) {
    this.#lineBytesMax = lineBytesMax
    this.#held = held
  }

  /** True if something has arrived that was not looked at. */
  get hasInput(): boolean {
    return this.#chunks.length > 0
  }

  /** True if part of a line has arrived. */
  get isUnfinished(): boolean {
    return this.#gathered > 0 || this.#skipped !== null
  }

  /** What has arrived. It belongs to the reader from now on. */
  feed(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#chunks.push(chunk)
  }

  next(): LineRead {
    for (;;) {
      const [chunk] = this.#chunks
      if (chunk === undefined) return INCOMPLETE
      const end = chunk.indexOf(LF, this.#at)
      const piece = chunk.subarray(this.#at, end < 0 ? chunk.length : end)
      this.#at = end < 0 ? chunk.length : end + 1
      if (this.#at === chunk.length) {
        this.#chunks.shift()
        this.#at = 0
      }
      // Most lines arrive whole and need no copy.
      if (end >= 0 && !this.isUnfinished && piece.length <= this.#lineBytesMax) return { kind: 'line', bytes: piece }
      this.#gather(piece)
      if (end >= 0) return this.#finish()
    }
  }

  /** The client sends nothing more: what it sent behind the last line's end is a line, too. */
  last(): LineRead {
    assert(!this.hasInput, 'all that arrived has been read')
    return this.isUnfinished ? this.#finish() : INCOMPLETE
  }

  /** Forgets everything: the connection is over. */
  close(): void {
    this.#chunks.length = 0
    this.#at = 0
    this.#skipped = null
    this.#release()
  }

  #gather(piece: Uint8Array): void {
    if (this.#skipped !== null) return
    const bytes = this.#gathered + piece.length
    if (bytes > this.#lineBytesMax) return this.#skip('too-long')
    if (bytes > this.#buffer.length && !this.#grow(bytes)) return this.#skip('no-room')
    this.#buffer.set(piece, this.#gathered)
    this.#gathered = bytes
  }

  #grow(bytes: number): boolean {
    const room = Math.min(this.#lineBytesMax, Math.max(2 * this.#buffer.length, bytes, BUFFER_BYTES_MIN))
    if (!this.#held.change(this.#buffer.length, room)) {
      this.#held.change(room, this.#buffer.length)
      return false
    }
    const larger = allocateBytes(room)
    larger.set(this.#buffer.subarray(0, this.#gathered))
    this.#buffer = larger
    return true
  }

  #skip(reason: 'too-long' | 'no-room'): void {
    this.#skipped = reason
    this.#release()
  }

  /** The line that was gathered or skipped. An idle connection keeps no buffer. */
  #finish(): LineRead {
    const skipped = this.#skipped
    this.#skipped = null
    if (skipped !== null) return { kind: skipped }
    const bytes = this.#buffer.subarray(0, this.#gathered)
    this.#release()
    return { kind: 'line', bytes }
  }

  #release(): void {
    this.#held.change(this.#buffer.length, 0)
    this.#buffer = NO_BYTES
    this.#gathered = 0
  }
}
