/**
 * The words of one command, as places in the receive buffer: a word is copied out only when the
 * command asks for it, and most that are only compared never are.
 */

import { binaryFromBytes } from '../../base/index.ts'
import type { Arguments } from './command.ts'

/** Digits of the largest whole numbers, signs left out, that a JavaScript number holds exactly. */
const SAFE_DIGITS = 15
/** Digits of a whole number of 64 bits. */
const DIGITS_MAX = 19
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
/** Room for the places of this many words is kept between commands. */
const KEPT_WORDS_MAX = 64

const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const LOWER_CASE_BIT = 0x20
const NO_BYTES = new Uint8Array(0)

export class Words implements Arguments {
  #bytes: Uint8Array = NO_BYTES
  /** Where in `#bytes` the places count from. */
  #base = 0
  /** Start and end of each word, in turn. Invariant: the first `2 × length` are of this command. */
  #bounds: number[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Of all words and what stands between them. */
  get bytes(): number {
    return this.#length === 0 ? 0 : this.#end(this.#length - 1) - this.#start(0)
  }

  binary(index: number): string {
    return binaryFromBytes(this.#bytes, this.#start(index), this.#end(index))
  }

  is(index: number, word: string): boolean {
    const start = this.#start(index)
    const { length } = word
    if (this.#end(index) - start !== length) return false
    for (let i = 0; i < length; i++) if (inCapitals(this.#bytes[start + i] ?? 0) !== word.charCodeAt(i)) return false
    return true
  }

  integer(index: number): bigint | null {
    const start = this.#start(index)
    const end = this.#end(index)
    const small = parseLength(this.#bytes, start, end)
    if (small !== null) return BigInt(small)
    const digits = end - start - (this.#bytes[start] === MINUS ? 1 : 0)
    if (digits <= SAFE_DIGITS || digits > DIGITS_MAX || !isWholeNumber(this.#bytes, start, end)) return null
    const value = BigInt(this.binary(index))
    return value < INT64_MIN || value > INT64_MAX ? null : value
  }

  /** Of the first word, without regard to the case of letters: equal for equal names. */
  nameHash(): number {
    const end = this.#end(0)
    let hash = 0
    for (let i = this.#start(0); i < end; i++) hash = (Math.imul(hash, 31) + ((this.#bytes[i] ?? 0) | LOWER_CASE_BIT)) | 0
    return hash
  }

  /** Forgets the words: those of the next command follow. */
  clear(): void {
    this.#length = 0
    this.#bytes = NO_BYTES
    // A command of a million words must not cost its connection memory for ever.
    if (this.#bounds.length > 2 * KEPT_WORDS_MAX) this.#bounds = []
  }

  /** The next word. Its place counts from where the command will be said to begin. */
  add(start: number, end: number): void {
    this.#bounds[2 * this.#length] = start
    this.#bounds[2 * this.#length + 1] = end
    this.#length += 1
  }

  /** All words are there: the command begins at `base` of `bytes`. */
  place(bytes: Uint8Array, base: number): void {
    this.#bytes = bytes
    this.#base = base
  }

  #start(index: number): number {
    return this.#base + (this.#bounds[2 * index] ?? 0)
  }

  #end(index: number): number {
    return this.#base + (this.#bounds[2 * index + 1] ?? 0)
  }
}

/** As `Words.nameHash`, of a name. */
export function hashOfName(name: string): number {
  let hash = 0
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + (name.charCodeAt(i) | LOWER_CASE_BIT)) | 0
  return hash
}

/** A whole number of up to 15 digits as Redis takes it (no `+`, no leading zeros, no `-0`), or null. */
export function parseLength(bytes: Uint8Array, start: number, end: number): number | null {
  const isNegative = bytes[start] === MINUS
  const first = isNegative ? start + 1 : start
  if (end - first > SAFE_DIGITS || !isWholeNumber(bytes, start, end)) return null
  let value = 0
  for (let i = first; i < end; i++) value = value * 10 + ((bytes[i] ?? 0) - ZERO)
  return isNegative ? -value : value
}

function isWholeNumber(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start
  if (first >= end) return false
  if (bytes[first] === ZERO) return first === start && end === start + 1
  for (let i = first; i < end; i++) {
    const byte = bytes[i] ?? 0
    if (byte < ZERO || byte > NINE) return false
  }
  return true
}

function inCapitals(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - LOWER_CASE_BIT : byte
}
