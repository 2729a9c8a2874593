/**
 * What a simulated disk holds, read off it block by block: of each log the transactions that the
 * store of the logs and the journal's records after it reach without a gap. Blocks that the platter
 * does not have yet do not count, as the power may go before the next start. It is read apart from
 * `core/recovery.ts`, which is what has to find the same.
 *
 * Only asked when a disk was damaged or put back. Then it says what must be found again all the
 * same, however much of the disk is another one than before.
 */

import { isLeaderEpoch, MalformedError, type WriterId } from '../base/index.ts'
import {
  contextAfter,
  contextAfterHeader,
  decodeChainBlock,
  decodeEntries,
  decodeHeader,
  type Entry,
  type EntryContext,
  type JournalRecord,
  lastOf,
} from '../core/index.ts'
import { VersionVector } from '../crdt/index.ts'
import type { SimulatedDisk } from './disk.ts'

type BlockRecord = Extract<JournalRecord, { readonly kind: 'block' }>
/** Sequences of one writer that were found, from the first to the last. */
type Span = readonly [first: number, last: number]
type Spans = Map<WriterId, Span[]>

/** What is on it, by writer up to the first gap; it need not be causally closed. */
export function contentsOf({ logs, journal }: Pick<SimulatedDisk, 'logs' | 'journal'>): VersionVector {
  const spans: Spans = new Map()
  const journaled = new Map<WriterId, BlockRecord[]>()
  for (const record of journal.records()) {
    if (record.kind !== 'block') continue
    const records = journaled.get(record.writer) ?? []
    records.push(record)
    journaled.set(record.writer, records)
  }
  for (const writer of new Set([...logs.keys(), ...journaled.keys()])) {
    const reader = new LogReader(writer, spans)
    const log = logs.get(writer)
    for (let index = 0; log !== undefined && index < log.durable; index++) reader.takeBlock(log.block(index))
    for (const record of journaled.get(writer) ?? []) reader.takeRecord(record)
  }
  return new VersionVector([...spans].map(([writer, found]) => [writer, reachOf(found)] as const).filter(([, reach]) => reach > 0))
}

/** Reads one log from its beginning. */
class LogReader {
  readonly #writer: WriterId
  readonly #spans: Spans
  #context: EntryContext | null = null
  /** Blocks that are read, the last one maybe in part. */
  #length = 0
  /** The last block comes from the journal: more of it may follow. */
  #isOpen = false
  #isBroken = false

  constructor(writer: WriterId, spans: Spans) {
    this.#writer = writer
    this.#spans = spans
  }

  takeBlock(bytes: Uint8Array): void {
    this.#take(bytes)
    this.#length += 1
  }

  /** Takes a record if it goes on where the log ends; one that does not is in the log, or behind a gap. */
  takeRecord({ index, joins, bytes }: BlockRecord): void {
    if (index === this.#length && joins !== true) {
      this.takeBlock(bytes)
      this.#isOpen = true
    } else if (index === this.#length - 1 && joins === true && this.#isOpen) {
      this.#take(bytes)
    }
  }

  #take(bytes: Uint8Array): void {
    if (this.#isBroken) return
    try {
      if (this.#context === null) this.#context = contextAfterHeader(decodeHeader(bytes))
      else for (const entry of entriesOf(bytes, this.#context)) this.#found(entry)
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.#isBroken = true
    }
  }

  #found(entry: Entry): void {
    if (entry.writer === this.#writer) this.#context = contextAfter(entry)
    const first = entry.transactions[0]?.sequence
    if (first === undefined) return
    const spans = this.#spans.get(entry.writer) ?? []
    spans.push([first, lastOf(entry).sequence])
    this.#spans.set(entry.writer, spans)
  }
}

/** Those of a block; of a leader's log a block may have none. */
function entriesOf(bytes: Uint8Array, context: EntryContext): Entry[] {
  if (!isLeaderEpoch(context.epoch)) return decodeEntries(bytes, context)
  const block = decodeChainBlock(bytes, context)
  return block.kind === 'entry' ? [block.entry] : []
}

/** How far spans reach from 1 on. */
function reachOf(spans: readonly Span[]): number {
  let reach = 0
  for (const [first, last] of [...spans].sort((left, right) => left[0] - right[0])) if (first <= reach + 1 && last > reach) reach = last
  return reach
}
