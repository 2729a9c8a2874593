/**
 * The blocks of a leader's log after its header. Each holds one thing, so that a length of the log
 * says exactly what is held, acknowledged and committed:
 *
 *     entry    2 · …: a group commit, as in every log (`core/entry.ts`)
 *     adopt    4 · frontier: multi entries that become part of the chain here (LM8)
 *     end      5: nothing follows; the next multi epoch begins once it is committed (EP5)
 *     voters   6 · list · directories: who votes from here on (MB1), and who is removed (MB4)
 */

import { BLOCK_BYTES_MAX, ByteReader, ByteWriter, type DirectoryId, MalformedError, unreachable } from '../../base/index.ts'
import { decodeVector, encodeVector, type ReadonlyVersionVector } from '../../crdt/index.ts'
import { decodeEntries, type Entry, type EntryContext, type Header } from '../entry.ts'
import { decodeDirectories, decodeVoters, encodeDirectories, encodeVoters, type Voter } from './voters.ts'

const ADOPT = 4
const END = 5
const VOTERS = 6

/** What a leader writes besides the entries of its clients. */
export type ChainAct =
  | { readonly kind: 'adopt'; readonly adopts: ReadonlyVersionVector }
  | { readonly kind: 'end' }
  /** `removed`: directories that are refused from here on (MB4). */
  | { readonly kind: 'voters'; readonly voters: readonly Voter[]; readonly removed: readonly DirectoryId[] }

export type ChainBlock = ChainAct | { readonly kind: 'header'; readonly header: Header } | { readonly kind: 'entry'; readonly entry: Entry }

export function encodeChainAct(act: ChainAct): Uint8Array {
  const output = new ByteWriter()
  switch (act.kind) {
    case 'adopt':
      encodeVector(output.byte(ADOPT), act.adopts)
      return output.finish()
    case 'end':
      return output.byte(END).finish()
    case 'voters':
      encodeDirectories(encodeVoters(output.byte(VOTERS), act.voters), act.removed)
      return output.finish()
    default:
      return unreachable(act)
  }
}

/** @throws MalformedError */
export function decodeChainBlock(block: Uint8Array, context: EntryContext): ChainBlock {
  if (block.length > BLOCK_BYTES_MAX) throw new MalformedError(`a block has ${block.length} bytes, at most ${BLOCK_BYTES_MAX} are allowed`)
  const act = decodeAct(block)
  if (act !== null) return act
  const [entry, ...more] = decodeEntries(block, context)
  if (entry === undefined || more.length > 0 || entry.writer !== context.writer)
    throw new MalformedError("a block of a leader's log holds one entry of its own")
  return { kind: 'entry', entry }
}

function decodeAct(block: Uint8Array): ChainAct | null {
  const input = new ByteReader(block)
  const kind = input.byte()
  if (kind !== ADOPT && kind !== END && kind !== VOTERS) return null
  const act: ChainAct =
    kind === ADOPT
      ? { kind: 'adopt', adopts: decodeVector(input) }
      : kind === END
        ? { kind: 'end' }
        : { kind: 'voters', voters: decodeVoters(input), removed: decodeDirectories(input) }
  if (act.kind === 'voters' && act.voters.length === 0) throw new MalformedError('nobody votes')
  input.end()
  return act
}
