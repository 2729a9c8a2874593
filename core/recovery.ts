/**
 * What a node starts from (JR5): the logs that its log store holds, and the ends of its own logs
 * that only the journal has, to be appended byte for byte. Where the journal has a gap nothing is
 * appended: that log's rest, if it ever left this node, comes from the peers.
 */

import type { WriterId } from '../base/index.ts'
import type { RecoveredLog } from './effects.ts'
import type { GroupName } from './group.ts'
import type { JournalRecord, StoredLog } from './ports.ts'

export interface RecoveryPlan {
  readonly logs: readonly RecoveredLog[]
  /** The latest facts, or null if there are none. */
  readonly facts: Uint8Array | null
}

export function planRecovery(group: GroupName, stored: readonly StoredLog[], records: readonly JournalRecord[]): RecoveryPlan {
  const journaled = new Map<WriterId, Map<number, Uint8Array>>()
  let facts: Uint8Array | null = null
  for (const record of records) {
    if (record.group !== group) continue
    if (record.kind === 'facts') {
      facts = record.bytes
      continue
    }
    const blocks = journaled.get(record.writer) ?? new Map<number, Uint8Array>()
    journaled.set(record.writer, blocks.set(record.index, record.bytes))
  }
  const logs: RecoveredLog[] = stored.map(({ writer, key, length }) => ({
    writer,
    key,
    length,
    tail: tailFrom(length, journaled.get(writer)),
  }))
  for (const [writer, blocks] of journaled) {
    if (stored.every((log) => log.writer !== writer)) logs.push({ writer, key: null, length: 0, tail: tailFrom(0, blocks) })
  }
  return { logs, facts }
}

/** The journal's blocks from `length` on, up to the first gap. */
function tailFrom(length: number, blocks: ReadonlyMap<number, Uint8Array> | undefined): Uint8Array[] {
  const tail: Uint8Array[] = []
  for (let block = blocks?.get(length); block !== undefined; block = blocks?.get(length + tail.length)) tail.push(block)
  return tail
}
