/**
 * The blocks of a leader's log after its header. Each holds one thing, so that a length of the log
 * says exactly what is held, acknowledged and committed:
 *
 *     entry    2 · …: a group commit, as in every log (`core/entry.ts`)
 *     adopt    4 · frontier: multi entries that become part of the chain here (LM8)
 *     end      5: nothing follows; the next multi epoch begins once it is committed (EP5)
 *     voters   6 · list · directories: who votes from here on (MB1), and who is removed (MB4)
 *     expire   7 · until · timestamp: versions with such a deadline, written before, are gone (RG6)
 */

import { BLOCK_BYTES_MAX, ByteReader, ByteWriter, type DirectoryId, MalformedError, type Timestamp, unreachable } from '../../base/index.ts'
import { decodeVector, encodeVector, isTimestamp, type ReadonlyVersionVector } from '../../crdt/index.ts'
import { decodeEntries, type Entry, type EntryContext, type Header } from '../entry.ts'
import { decodeDirectories, decodeVoters, encodeDirectories, encodeVoters, type Voter } from './voters.ts'

const ADOPT = 4
const END = 5
const VOTERS = 6
const EXPIRE = 7

/** What a leader writes besides the entries of its clients. */
export type ChainAct =
  | { readonly kind: 'adopt'; readonly adopts: ReadonlyVersionVector }
  | { readonly kind: 'end' }
  /** `removed`: directories that are refused from here on (MB4). */
  | { readonly kind: 'voters'; readonly voters: readonly Voter[]; readonly removed: readonly DirectoryId[] }
  /** `untilMs` in milliseconds since 1970; ranks by its epoch and `timestamp` (`core/expiry.ts`). */
  | { readonly kind: 'expire'; readonly untilMs: number; readonly timestamp: Timestamp }

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
    case 'expire':
      return output.byte(EXPIRE).uint(act.untilMs).uint(act.timestamp).finish()
    default:
      return unreachable(act)
  }
}

/** True of an `adopt`, told from its first byte. */
export function isAdopting(block: Uint8Array): boolean {
  return block[0] === ADOPT
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
  const act = decodeKindOfAct(input)
  if (act === null) return null
  if (act.kind === 'voters' && act.voters.length === 0) throw new MalformedError('nobody votes')
  input.end()
  return act
}

function decodeKindOfAct(input: ByteReader): ChainAct | null {
  switch (input.byte()) {
    case ADOPT:
      return { kind: 'adopt', adopts: decodeVector(input) }
    case END:
      return { kind: 'end' }
    case VOTERS:
      return { kind: 'voters', voters: decodeVoters(input), removed: decodeDirectories(input) }
    case EXPIRE:
      return { kind: 'expire', untilMs: input.uint(), timestamp: decodeTimestamp(input) }
    default:
      return null
  }
}

function decodeTimestamp(input: ByteReader): Timestamp {
  const timestamp = input.uint()
  if (!isTimestamp(timestamp)) throw new MalformedError(`${timestamp} is no timestamp`)
  return timestamp
}
