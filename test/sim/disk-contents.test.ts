/** What is read off a simulated disk: logs, and the journal after them, up to the first gap. */

import { describe, expect, it } from 'vitest'
import { ByteWriter, type DirectoryId, type Epoch, type Key, type LogKey, type Timestamp, type WriterId } from '../../base/index.ts'
import { DEFAULT_GROUP, type Entry, encodeCarried, encodeEntry, encodeHeader, type JournalRecord, UNLINKED } from '../../core/index.ts'
import { Dependencies, formatDot } from '../../crdt/index.ts'
import { contentsOf } from '../../sim/disk-contents.ts'
import { DiskJournal } from '../../sim/disk-journal.ts'
import { DiskLog } from '../../sim/disk-log.ts'
import { textValue } from '../../sim/workloads/index.ts'

const LOG = 'n1.00000001' as WriterId
const LATER = 'n1.00000002' as WriterId
const NONE = Dependencies.none()

function entryOf(writer: WriterId, sequence: number): Entry {
  const timestamp = (1000 + sequence) as Timestamp
  const dependencies = NONE
  const version = { dot: { writer, sequence }, epoch: 1 as Epoch, timestamp, value: textValue('v'), deadlineMs: null, dependencies }
  const transactions = [{ sequence, idempotencyKey: null, changes: [{ key: 'k' as Key, version }] }]
  return { writer, epoch: 1 as Epoch, dependencies, transactions, reportWanted: false }
}

/** The blocks of a log with one entry a block; block 0 is the header. */
function blockOf(writer: WriterId, index: number): Uint8Array {
  if (index > 0) return encodeEntry(new ByteWriter(), entryOf(writer, index), NONE)
  const directory = '0'.repeat(32) as DirectoryId
  return encodeHeader({ group: DEFAULT_GROUP, writer, directory, epoch: 1 as Epoch, continues: null, chain: UNLINKED })
}

function logOf(writer: WriterId, length: number, durable = length): DiskLog {
  const log = new DiskLog(writer, '0'.repeat(64) as LogKey)
  for (let index = 0; index < length; index++) log.sign(blockOf(writer, index))
  log.durable = durable
  return log
}

function record(index: number, writer: WriterId = LOG, bytes: Uint8Array = blockOf(writer, index), joins = false): JournalRecord {
  return { kind: 'block', group: DEFAULT_GROUP, writer, index, bytes, ...(joins ? { joins: true as const } : {}) }
}

function contents(logs: readonly DiskLog[], records: readonly JournalRecord[]): string[] {
  const journal = new DiskJournal()
  for (const one of records) journal.append([one])
  const held = contentsOf({ logs: new Map(logs.map((log) => [log.writer, log])), journal })
  return [...held.entries()].map(([writer, sequence]) => formatDot({ writer, sequence })).sort()
}

describe('the contents of a disk', () => {
  it('[JR5] are those of its logs', () => {
    expect(contents([logOf(LOG, 4)], [])).toEqual([`${LOG}:3`])
  })

  it('[JR6] have no block that is not on the platter, unless the journal has it', () => {
    expect(contents([logOf(LOG, 5, 3)], [])).toEqual([`${LOG}:2`])
    expect(contents([logOf(LOG, 5, 3)], [record(3)])).toEqual([`${LOG}:3`])
  })

  it('[JR5] go on in the journal', () => {
    expect(contents([logOf(LOG, 3)], [record(1), record(2), record(3), record(4)])).toEqual([`${LOG}:4`])
  })

  it('[JR5] are in the journal alone, where the logs are lost', () => {
    expect(contents([], [record(0), record(1)])).toEqual([`${LOG}:1`])
  })

  it('[JR5] end at a gap between the logs and the journal, and at one in the journal', () => {
    expect(contents([logOf(LOG, 3)], [record(4)])).toEqual([`${LOG}:2`])
    expect(contents([logOf(LOG, 3)], [record(3), record(5)])).toEqual([`${LOG}:3`])
  })

  it('[JR8] have the entries that joined the last block', () => {
    const joining = record(2, LOG, encodeEntry(new ByteWriter(), entryOf(LOG, 3), NONE), true)
    expect(contents([logOf(LOG, 2)], [record(2), joining])).toEqual([`${LOG}:3`])
  })

  it('[JR8] have nothing of a block whose beginning is gone', () => {
    const joining = record(2, LOG, encodeEntry(new ByteWriter(), entryOf(LOG, 3), NONE), true)
    expect(contents([logOf(LOG, 2)], [joining])).toEqual([`${LOG}:1`])
  })

  it('[JR8] have what a later log carries, where it goes on without a gap', () => {
    const carried = record(1, LATER, encodeCarried([entryOf(LOG, 2), entryOf(LOG, 3)]))
    expect(contents([logOf(LOG, 2)], [record(0, LATER), carried])).toEqual([`${LOG}:3`])
    expect(contents([logOf(LOG, 1)], [record(0, LATER), carried])).toEqual([])
  })
})
