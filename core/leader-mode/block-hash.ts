/**
 * The hash that binds an acknowledgement and a seal to what they speak of (LM3, LM4): of all blocks
 * of a leader's log up to a length, each folded into the hash of those before it.
 *
 * It is computed from the blocks as the replica sees them, so the simulator's logs have it as well
 * as hypercore's. Two lanes of 32 bits find a log that was written twice; who makes collisions on
 * purpose knows the cluster's secret, and hypercore's signed Merkle tree guards the bytes on
 * their way anyhow.
 */

declare const brand: unique symbol
/** Sixteen hexadecimal digits. */
export type BlockHash = string & { readonly [brand]: 'BlockHash' }

export const BLOCK_HASH_BYTES = 8
const LOW_PRIME = 2_654_435_761
const HIGH_PRIME = 1_597_334_677

/** Of a log without blocks. */
export const EMPTY_HASH = '0000000000000000' as BlockHash

export function hashBlock(previous: BlockHash, block: Uint8Array): BlockHash {
  let low = Number.parseInt(previous.slice(8), 16) ^ block.length
  let high = Number.parseInt(previous.slice(0, 8), 16) ^ 0x41c6ce57
  for (const byte of block) {
    low = Math.imul(low ^ byte, LOW_PRIME)
    low ^= low >>> 15
    high = Math.imul(high ^ byte, HIGH_PRIME)
    high ^= high >>> 13
  }
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  return (hex(high) + hex(low)) as BlockHash
}

export function isBlockHash(text: string): text is BlockHash {
  return text.length === 2 * BLOCK_HASH_BYTES
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0')
}
