/**
 * What a node starts from: the logs that its log store holds, and the ends of its own logs that
 * only the journal has. Whole blocks are appended byte for byte (JR5). Where the journal has a gap
 * nothing is appended: that log's rest, if it ever left this node, comes from the peers.
 *
 * Blocks of other nodes' logs that were pushed here (LG5) are in the journal too, until the log store has
 * them: they are inserted there.
 *
 * The last block that the journal has of a log is not known to be whole: this directory may be a
 * copy, taken while entries still joined it. Appending it would fork the log. So its entries are
 * handed over apart, to be carried by the next log (JR8).
 */

import { concatBytes, type WriterId } from '../base/index.ts'
import type { RecoveredLog, TailBlock } from './effects.ts'
import type { GroupName } from './group.ts'
import type { JournalRecord, StoredLog } from './ports.ts'

export interface RecoveryPlan {
  readonly logs: readonly RecoveredLog[]
  /** The latest facts, or null if there are none. */
  readonly facts: Uint8Array | null
}

interface JournaledBlock {
  readonly parts: Uint8Array[]
  readonly isWhole: boolean
  readonly signature: Uint8Array | null
}

/** By their index, as the journal has them. */
type JournaledBlocks = ReadonlyMap<number, JournaledBlock>

export function planRecovery(group: GroupName, stored: readonly StoredLog[], records: readonly JournalRecord[]): RecoveryPlan {
  const journaled = new Map<WriterId, Map<number, JournaledBlock>>()
  let facts: Uint8Array | null = null
  for (const record of records) {
    if (record.group !== group) continue
    if (record.kind === 'facts') facts = record.bytes
    else addPart(journaled, record)
  }
  const logs: RecoveredLog[] = stored.map(({ writer, key, length }) => ({ writer, key, length, ...endOf(length, journaled.get(writer)) }))
  for (const [writer, blocks] of journaled) {
    // What was pushed has its beginning in the log store, or comes from the peers again.
    const isOwn = [...blocks.values()].some(({ signature }) => signature === null)
    if (isOwn && stored.every((log) => log.writer !== writer)) logs.push({ writer, key: null, length: 0, ...endOf(0, blocks) })
  }
  return { logs, facts }
}

function addPart(journaled: Map<WriterId, Map<number, JournaledBlock>>, record: Extract<JournalRecord, { kind: 'block' }>): void {
  const { writer, index, bytes, joins, whole, signature = null } = record
  const blocks = journaled.get(writer) ?? new Map<number, JournaledBlock>()
  journaled.set(writer, blocks)
  const block = blocks.get(index)
  if (block !== undefined) block.parts.push(bytes)
  // A block whose beginning was given up with its segment is none.
  else if (joins !== true) blocks.set(index, { parts: [bytes], isWhole: index === 0 || whole === true, signature })
}

/**
 * The journal's blocks from `length` on, up to the first gap. Its last block is open unless nothing
 * ever joins it: in another copy of this directory more may have.
 */
function endOf(length: number, blocks: JournaledBlocks = new Map()): Pick<RecoveredLog, 'tail' | 'open' | 'openIndex'> {
  let lastIndex = 0
  for (const index of blocks.keys()) lastIndex = Math.max(lastIndex, index)
  const last = blocks.get(lastIndex)
  const isOpen = last !== undefined && !last.isWhole && lastIndex >= length
  const tail: TailBlock[] = []
  for (let index = length; index < (isOpen ? lastIndex : lastIndex + 1); index++) {
    const block = blocks.get(index)
    if (block === undefined) break
    tail.push({ bytes: concatBytes(block.parts), signature: block.signature })
  }
  return { tail, open: isOpen ? last.parts : [], openIndex: lastIndex }
}
