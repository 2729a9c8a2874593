/**
 * Reads back what a node sends to its journal: each record is a header, an entry, or entries that
 * are carried from an earlier log (JR8). It is decoded here as a peer would, so that an observer learns of every transaction before anybody
 * else has it, and a codec that loses something shows.
 */

import { assert, type WriterId } from '../base/index.ts'
import {
  contextAfter,
  contextAfterHeader,
  decodeEntries,
  decodeHeader,
  type Entry,
  type EntryContext,
  type JournalRecord,
} from '../core/index.ts'

export class SealedEntries {
  /** What the next entry of a log is decoded against. */
  readonly #contexts = new Map<WriterId, EntryContext>()

  /** The new entries among some records, in order; carried ones were sealed before. */
  read(records: readonly JournalRecord[]): Entry[] {
    const entries: Entry[] = []
    for (const record of records) {
      if (record.kind !== 'block') continue
      const { writer, bytes } = record
      const context = this.#contexts.get(writer)
      if (context === undefined) {
        this.#contexts.set(writer, contextOfHeader(writer, bytes))
        continue
      }
      for (const entry of decodeEntries(bytes, context)) {
        if (entry.writer !== writer) continue
        this.#contexts.set(writer, contextAfter(entry))
        entries.push(entry)
      }
    }
    return entries
  }
}

/** A log begins with its header in every life: none is continued (ID3). */
function contextOfHeader(writer: WriterId, block: Uint8Array): EntryContext {
  const header = decodeHeader(block)
  assert(header.writer === writer, 'a header names its writer')
  return contextAfterHeader(header)
}
