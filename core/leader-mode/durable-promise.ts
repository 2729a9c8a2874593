/**
 * What a member must not forget over a restart (LM1, EP4): the highest epoch that it promised and
 * whom it elected there, how much of the chain it holds, the epoch that it entered, and what it
 * knows to be committed. It is part of the group's facts in the journal; nothing that depends on
 * a change of it leaves before the change is durable.
 */

import {
  type ByteReader,
  type ByteWriter,
  type DirectoryId,
  type Epoch,
  FIRST_EPOCH,
  isNodeName,
  MalformedError,
  NODE_NAME_LENGTH_MAX,
  type NodeName,
  type WriterId,
} from '../../base/index.ts'
import { decodeWriterOrNone } from '../../crdt/index.ts'
import { decodeChainPlace, encodeChainPlace } from './chain-link.ts'
import { type ChainPlace, NOWHERE, type Position } from './position.ts'
import { decodeNames, decodeVoters, encodeNames, encodeVoters } from './voters.ts'

export interface DurablePromise {
  /** Nothing older is acknowledged or written. */
  readonly promised: Epoch
  /** Whom this member elected in `promised`; null if it promised without a vote. */
  readonly elected: NodeName | null
  /** The multi epoch in which an operator asked for the candidate of `promised` (EP5). */
  readonly asked: Epoch | null
  /** The last epoch entered. */
  readonly entered: Epoch
  /** The highest block of the chain held at any time. */
  readonly position: Position
  /** The furthest block known to be committed. */
  readonly committed: ChainPlace | null
  /**
   * The directory under which each member was met first, until the first leader's header binds them
   * (MB1): a disk that was replaced before that elects nobody.
   */
  readonly met: ReadonlyMap<NodeName, DirectoryId>
  /** The members by `--peers` as of the first promise (MB1): from then on that list is not read any more. Empty before. */
  readonly founders: readonly NodeName[]
  /** The first log of this member's chain, once anything of that is applied: no other chain is ever followed. */
  readonly beginning: WriterId | null
}

export const NO_PROMISE: DurablePromise = {
  promised: FIRST_EPOCH,
  elected: null,
  asked: null,
  entered: FIRST_EPOCH,
  position: NOWHERE,
  committed: null,
  met: new Map(),
  founders: [],
  beginning: null,
}

export function encodePromise(output: ByteWriter, promise: DurablePromise): void {
  const { promised, elected, asked, entered, position, committed, met, founders, beginning } = promise
  output
    .uint(promised)
    .binary(elected ?? '')
    .uint(asked ?? 0)
    .uint(entered)
    .uint(position.epoch)
    .uint(position.length)
    .byte(committed === null ? 0 : 1)
  if (committed !== null) encodeChainPlace(output, committed)
  encodeVoters(
    output,
    [...met].map(([node, directory]) => ({ node, directory })),
  )
  encodeNames(output, founders)
  output.binary(beginning ?? '')
}

/** @throws MalformedError */
export function decodePromise(input: ByteReader): DurablePromise {
  const promised = decodeEpoch(input)
  const elected = input.binary(NODE_NAME_LENGTH_MAX)
  if (elected !== '' && !isNodeName(elected)) throw new MalformedError('no node was elected')
  const asked = input.uint()
  const entered = decodeEpoch(input)
  const position = { epoch: input.uint() as Epoch, length: input.uint() }
  const committed = input.byte() === 0 ? null : decodeChainPlace(input)
  const met = new Map<NodeName, DirectoryId>()
  for (const { node, directory } of decodeVoters(input)) if (directory !== null) met.set(node, directory)
  return {
    promised,
    elected: elected === '' ? null : elected,
    asked: asked === 0 ? null : (asked as Epoch),
    entered,
    position,
    committed,
    met,
    founders: decodeNames(input),
    beginning: decodeWriterOrNone(input),
  }
}

function decodeEpoch(input: ByteReader): Epoch {
  const epoch = input.uint() as Epoch
  if (epoch < FIRST_EPOCH) throw new MalformedError('epochs start at 1')
  return epoch
}
