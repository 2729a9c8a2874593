/**
 * What the header of a log says of the chain. A leader's log names the block that it follows, its
 * direct predecessor's length being the seal (LM3); a log of a multi epoch after a leader epoch
 * names the chain's end, which proves to readers that it was committed (EP5).
 *
 *     follows      flag · writer · epoch · length · hash
 *     leadership   voters · asked · adopts · expired, in leader epochs alone
 */

import {
  type ByteReader,
  type ByteWriter,
  type Epoch,
  FIRST_EPOCH,
  fromHex,
  isLeaderEpoch,
  MalformedError,
  present,
  toHex,
} from '../../base/index.ts'
import { decodeVector, decodeWriterId, encodeVector, type ReadonlyVersionVector } from '../../crdt/index.ts'
import { BLOCK_HASH_BYTES, type BlockHash, isBlockHash } from './block-hash.ts'
import type { ChainPlace } from './position.ts'
import { decodeVoters, encodeVoters, type Voter } from './voters.ts'

/** A block of the chain with the hash of its log up to it. */
export interface ChainEnd extends ChainPlace {
  readonly hash: BlockHash
}

export interface Leadership {
  readonly voters: readonly Voter[]
  /** The multi epoch in which an operator asked for this leader, handed on from candidacies; or null (EP5). */
  readonly asked: Epoch | null
  /** Multi entries that become part of the chain with this header (LM3). */
  readonly adopts: ReadonlyVersionVector
  /** What was written before, with a deadline up to this, is gone: milliseconds since 1970 (RG6). */
  readonly expiredMs: number
}

export interface ChainLink {
  /** Null in the first leader's header alone. */
  readonly follows: ChainEnd | null
  /** Null in multi epochs. */
  readonly leadership: Leadership | null
}

export const UNLINKED: ChainLink = { follows: null, leadership: null }

/** Nothing in the first epoch: there was no leader yet. */
export function encodeChainLink(output: ByteWriter, epoch: Epoch, { follows, leadership }: ChainLink): void {
  if (epoch === FIRST_EPOCH) return
  output.byte(follows === null ? 0 : 1)
  if (follows !== null) encodeChainEnd(output, follows)
  if (leadership === null) return
  encodeVoters(output, leadership.voters)
  output.uint(leadership.asked ?? 0)
  encodeVector(output, leadership.adopts)
  output.uint(leadership.expiredMs)
}

/** @throws MalformedError */
export function decodeChainLink(input: ByteReader, epoch: Epoch): ChainLink {
  if (epoch === FIRST_EPOCH) return UNLINKED
  const flag = input.byte()
  if (flag > 1) throw new MalformedError(`a flag is ${flag}`)
  const follows = flag === 0 ? null : decodeChainEnd(input)
  if (follows !== null && follows.epoch >= epoch) throw new MalformedError(`a log of epoch ${epoch} follows one of epoch ${follows.epoch}`)
  if (!isLeaderEpoch(epoch)) {
    if (follows === null) throw new MalformedError(`a log of the multi epoch ${epoch} names no end of the chain`)
    return { follows, leadership: null }
  }
  const voters = decodeVoters(input)
  if (voters.length === 0) throw new MalformedError('nobody votes')
  const asked = input.uint(epoch)
  const leadership = { voters, asked: asked === 0 ? null : (asked as Epoch), adopts: decodeVector(input), expiredMs: input.uint() }
  return { follows, leadership }
}

export function encodeChainEnd(output: ByteWriter, end: ChainEnd): void {
  encodeChainPlace(output, end)
  output.fixed(present(fromHex(end.hash), 'a hash is hexadecimal'))
}

/** @throws MalformedError */
export function decodeChainEnd(input: ByteReader): ChainEnd {
  return { ...decodeChainPlace(input), hash: decodeBlockHash(input) }
}

export function encodeChainPlace(output: ByteWriter, { writer, epoch, length }: ChainPlace): void {
  output.binary(writer).uint(epoch).uint(length)
}

/** @throws MalformedError */
export function decodeChainPlace(input: ByteReader): ChainPlace {
  const writer = decodeWriterId(input)
  const epoch = input.uint() as Epoch
  const length = input.uint()
  if (epoch < 1 || !isLeaderEpoch(epoch) || length === 0)
    throw new MalformedError(`length ${length} of epoch ${epoch} is no place in a chain`)
  return { writer, epoch, length }
}

/** @throws MalformedError */
export function decodeBlockHash(input: ByteReader): BlockHash {
  const hash = toHex(input.fixed(BLOCK_HASH_BYTES))
  if (!isBlockHash(hash)) throw new MalformedError('a hash is not 8 bytes')
  return hash
}
