/**
 * One log as it lies on a simulated disk: its blocks, how many of them are on the platter, and for
 * each length a hash over all blocks up to it. The hash stands for the signed tree of a hypercore:
 * it is made where the log is written and travels with the blocks, so that two versions of one
 * log show wherever they meet.
 *
 * A log only grows. What takes blocks away makes another `DiskLog`, so that an older copy of the
 * disk, which holds this one and a length, stays what it was.
 */

import { allocateBytes, assert, bytesEqual, isLogKey, type LogKey, Prng, present, type WriterId } from '../base/index.ts'
import { drawHex } from './chance.ts'

const HASH_PRIME = 0x01000193
const HASH_SEED = 0x811c9dc5
const KEY_WORDS = 8

export class DiskLog {
  readonly writer: WriterId
  readonly key: LogKey
  readonly #blocks: Uint8Array[] = []
  /** By index: the hash of all blocks up to and with it. */
  readonly #treeHashes: number[] = []
  /** Blocks that survive a loss of power. Invariant: at most `length`. */
  durable = 0

  constructor(writer: WriterId, key: LogKey) {
    this.writer = writer
    this.key = key
  }

  get length(): number {
    return this.#blocks.length
  }

  block(index: number): Uint8Array {
    return present(this.#blocks[index], 'a block that is read is there')
  }

  /** The blocks from `from` on up to `end`, which are `bytes` bytes, in memory of their own: all in one piece, as they are many and small. */
  copyOf(from: number, end: number, bytes: number): Uint8Array[] {
    const piece = allocateBytes(bytes)
    const blocks: Uint8Array[] = []
    let offset = 0
    for (let index = from; index < end; index++) {
      const block = this.block(index)
      piece.set(block, offset)
      blocks.push(piece.subarray(offset, offset + block.length))
      offset += block.length
    }
    return blocks
  }

  /** Stands for the signed root at a length; 0 for an empty log. */
  treeHash(length: number): number {
    return length === 0 ? 0 : present(this.#treeHashes[length - 1], 'a hash is asked for a length that is there')
  }

  isBlock(index: number, bytes: Uint8Array): boolean {
    return bytesEqual(this.block(index), bytes)
  }

  /** Adds a block of the log's own writer: signs it. */
  sign(bytes: Uint8Array): void {
    this.add(bytes, this.hashOf(bytes))
  }

  /** The hash of the log with one more block. */
  hashOf(bytes: Uint8Array): number {
    return hashBlock(this.treeHash(this.length), bytes)
  }

  /** Adds a block with the hash that it came with. The bytes are kept, and never changed: another disk may hold the same. */
  add(bytes: Uint8Array, treeHash: number): void {
    this.#blocks.push(bytes)
    this.#treeHashes.push(treeHash)
  }

  /** The same log with its first blocks alone, all of them durable. */
  cutTo(length: number): DiskLog {
    assert(length <= this.length, 'a log is cut, not lengthened')
    const cut = new DiskLog(this.writer, this.key)
    for (let index = 0; index < length; index++) cut.add(this.block(index), this.treeHash(index + 1))
    cut.durable = length
    return cut
  }
}

/** The key of an own log: a function of the directory's seed and the writer, so that a log that is lost is made again as the same. */
export function deriveLogKey(seed: number, writer: WriterId): LogKey {
  let hash = HASH_SEED ^ seed
  for (let i = 0; i < writer.length; i++) hash = Math.imul(hash ^ writer.charCodeAt(i), HASH_PRIME)
  // Two generators: a collision of 32 bits alone must not make two logs one.
  const low = drawHex(new Prng(hash >>> 0), KEY_WORDS / 2)
  const high = drawHex(new Prng((hash ^ Math.imul(seed, HASH_PRIME)) >>> 0), KEY_WORDS / 2)
  const key = high + low
  assert(isLogKey(key), 'a key has 64 hexadecimal digits')
  return key
}

/** Of some blocks after a hash: for each the hash up to it. */
export function hashesAfter(before: number, blocks: readonly Uint8Array[]): number[] {
  let hash = before
  return blocks.map((block) => {
    hash = hashBlock(hash, block)
    return hash
  })
}

function hashBlock(previous: number, bytes: Uint8Array): number {
  let hash = (previous ^ HASH_SEED ^ bytes.length) | 0
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), HASH_PRIME)
  // 0 is the empty log.
  return (hash ^ (hash >>> 15)) >>> 0 || 1
}
