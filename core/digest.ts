/**
 * The state digest (CA5): a sum of fingerprints, one for each winning version, so that it is kept
 * up by one addition and one subtraction a write and does not depend on the order of writes.
 *
 * It covers what must be equal on two nodes with equal frontiers. It leaves out tombstones and
 * versions with a deadline, which nodes drop at moments of their own; conflict records are not
 * versions that won. The fingerprint is two 32-bit lanes of a multiplicative hash (after
 * bryc's cyrb53): it finds differences, it is no defence against somebody who makes them. It is
 * kept beside the winner, as making it again for the subtraction would double its cost.
 */

import type { Key, WriterId } from '../base/index.ts'
import type { Register, Version } from '../crdt/index.ts'

const LOW_PRIME = 2_654_435_761
const HIGH_PRIME = 1_597_334_677

/** Two lanes of 32 bits, signed: a small integer takes no memory of its own. */
export interface Fingerprint {
  readonly low: number
  readonly high: number
}

/** A register with the fingerprint of its winner: zeros if the digest leaves that out. */
export interface DigestedRegister extends Register, Fingerprint {}

const NOTHING: Fingerprint = { low: 0, high: 0 }

export class Digest {
  #low = 0
  #high = 0
  /** Writers come in runs: the hash of the last one is kept. */
  #writer: WriterId | null = null
  #writerHash = 0

  add({ low, high }: Fingerprint): void {
    this.#low = (this.#low + low) | 0
    this.#high = (this.#high + high) | 0
  }

  remove({ low, high }: Fingerprint): void {
    this.#low = (this.#low - low) | 0
    this.#high = (this.#high - high) | 0
  }

  /**
   * The low lane reads the key and the value, the high one who wrote it and when. A dot and a key
   * name one version, so the high lane tells versions apart, and the low one what they hold.
   */
  fingerprint(key: Key, version: Version): Fingerprint {
    const { value, deadlineMs, epoch, timestamp } = version
    if (value === null || deadlineMs !== null) return NOTHING
    const { writer, sequence } = version.dot
    let high = this.#hashOf(writer) ^ epoch
    high = Math.imul(high ^ (sequence | 0), HIGH_PRIME) ^ Math.floor(sequence / 2 ** 32)
    high = Math.imul(high ^ (timestamp | 0), HIGH_PRIME) ^ Math.floor(timestamp / 2 ** 32)
    let low = 0xdeadbeef ^ key.length
    for (let i = 0; i < key.length; i++) low = Math.imul(low ^ key.charCodeAt(i), LOW_PRIME)
    low = hashData(Math.imul(low ^ value.type.charCodeAt(0), LOW_PRIME), value.data)
    low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
    high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
    return { low: low | 0, high: high | 0 }
  }

  /** Sixteen hexadecimal digits; all 0 for an empty state. */
  toString(): string {
    return hex(this.#high) + hex(this.#low)
  }

  #hashOf(writer: WriterId): number {
    if (writer === this.#writer) return this.#writerHash
    let hash = 0x41c6ce57
    for (let i = 0; i < writer.length; i++) hash = Math.imul(hash ^ writer.charCodeAt(i), HIGH_PRIME)
    this.#writer = writer
    this.#writerHash = hash
    return hash
  }
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0')
}

/** Four bytes at a time; the length tells apart what would look alike. */
function hashData(seed: number, data: string): number {
  let hash = seed ^ data.length
  const whole = data.length & ~3
  for (let i = 0; i < whole; i += 4) {
    const word = data.charCodeAt(i) | (data.charCodeAt(i + 1) << 8) | (data.charCodeAt(i + 2) << 16) | (data.charCodeAt(i + 3) << 24)
    hash = Math.imul(hash ^ word, LOW_PRIME)
    hash ^= hash >>> 15
  }
  for (let i = whole; i < data.length; i++) hash = Math.imul(hash ^ data.charCodeAt(i), LOW_PRIME)
  return hash
}
