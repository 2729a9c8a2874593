/**
 * A set of calls that is copied at every step of a search. Whole, a copy would have a bit for each
 * call of the history, and all copies together n². But calls are taken nearly in the order of
 * their starts: all below some number are in, and none above another. A copy holds only the
 * window between the two.
 */

import { mixHash } from './sequential-model.ts'

export interface CallSetWindow {
  /** Words before this one are full. */
  readonly firstWord: number
  /** From there to the last word that is not empty. */
  readonly window: Uint32Array
}

const WORD_BITS = 32
const WORD_FULL = 0xffffffff
const NO_WORDS = new Uint32Array(0)

export class CallSet {
  /** Bit i stands for call i. */
  readonly #words: Uint32Array
  /** Invariant: all words before it are full. */
  #firstWord = 0
  /** Invariant: all words from it on are empty. */
  #endWord = 0
  #hash = 0
  /** The set as it is, until it changes: calls of unknown outcome are many and seldom taken. */
  #copy: CallSetWindow | null = null

  constructor(calls: number) {
    this.#words = calls === 0 ? NO_WORDS : new Uint32Array(Math.ceil(calls / WORD_BITS))
  }

  /** The exclusive or of the members' own hashes. */
  get hash(): number {
    return this.#hash
  }

  add(call: number): void {
    this.#copy = null
    const word = call >>> 5
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (call & 31))
    this.#hash ^= hashOfMember(call)
    if (word >= this.#endWord) this.#endWord = word + 1
    while (this.#words[this.#firstWord] === WORD_FULL) this.#firstWord += 1
  }

  delete(call: number): void {
    this.#copy = null
    const word = call >>> 5
    this.#words[word] = (this.#words[word] ?? 0) & ~(1 << (call & 31))
    this.#hash ^= hashOfMember(call)
    if (word < this.#firstWord) this.#firstWord = word
    while (this.#endWord > 0 && this.#words[this.#endWord - 1] === 0) this.#endWord -= 1
  }

  /** Equal to all other copies since the last change, by identity. */
  copy(): CallSetWindow {
    this.#copy ??= {
      firstWord: this.#firstWord,
      window: this.#firstWord < this.#endWord ? this.#words.slice(this.#firstWord, this.#endWord) : NO_WORDS,
    }
    return this.#copy
  }

  equals(copy: CallSetWindow): boolean {
    if (copy === this.#copy) return true
    const { firstWord, window } = copy
    if (firstWord !== this.#firstWord || window.length !== Math.max(0, this.#endWord - firstWord)) return false
    for (let index = 0; index < window.length; index++) {
      if (window[index] !== this.#words[firstWord + index]) return false
    }
    return true
  }
}

/** Each call's own random-looking number. */
function hashOfMember(call: number): number {
  return mixHash(call + 1, 0x9e3779b9)
}
