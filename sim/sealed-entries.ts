/**
 * Reads back what a node sends to its journal: each record is a header, an entry, entries that
 * are carried from an earlier log (JR8), or a block of a leader's log. It is decoded here as a peer would, so that an
 * observer learns of every transaction before anybody else has it, and a codec that loses something shows.
 */

import { assert, FIRST_EPOCH, isLeaderEpoch, type WriterId } from '../base/index.ts'
import {
  type BlockHash,
  type ChainBlock,
  contextAfter,
  contextAfterHeader,
  decodeChainBlock,
  decodeEntries,
  decodeHeader,
  EMPTY_HASH,
  type Entry,
  type EntryContext,
  hashBlock,
  type JournalRecord,
} from '../core/index.ts'

/** Something that was sealed. An entry of a leader's log comes as both, the entry first. */
export type Sealed =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | {
      readonly kind: 'block'
      readonly writer: WriterId
      readonly index: number
      /** Of the log up to this block; none of a log of a multi epoch. */
      readonly hash: BlockHash
      readonly block: ChainBlock
    }

type BlockRecord = Extract<JournalRecord, { readonly kind: 'block' }>

export class SealedEntries {
  /** What the next entry of a log is decoded against. */
  readonly #contexts = new Map<WriterId, EntryContext>()
  /** Of leaders' logs. */
  readonly #hashes = new Map<WriterId, BlockHash>()

  /** What is new among some records, in order; carried entries were sealed before. */
  read(records: readonly JournalRecord[]): Sealed[] {
    const sealed: Sealed[] = []
    for (const record of records) {
      // What a peer pushed was sealed there.
      if (record.kind !== 'block' || record.signature !== undefined) continue
      const context = this.#contexts.get(record.writer)
      if (context === undefined) this.#readHeader(record, sealed)
      else if (isLeaderEpoch(context.epoch)) this.#readChainBlock(record, context, sealed)
      else this.#readEntries(record, context, sealed)
    }
    return sealed
  }

  /** A log begins with its header in every life: none is continued (ID3). */
  #readHeader({ writer, index, bytes }: BlockRecord, sealed: Sealed[]): void {
    const header = decodeHeader(bytes)
    assert(header.writer === writer, 'a header names its writer')
    this.#contexts.set(writer, contextAfterHeader(header))
    if (header.epoch === FIRST_EPOCH) return
    const hash = isLeaderEpoch(header.epoch) ? hashBlock(EMPTY_HASH, bytes) : EMPTY_HASH
    this.#hashes.set(writer, hash)
    sealed.push({ kind: 'block', writer, index, hash, block: { kind: 'header', header } })
  }

  #readEntries({ writer, bytes }: BlockRecord, context: EntryContext, sealed: Sealed[]): void {
    for (const entry of decodeEntries(bytes, context)) {
      if (entry.writer !== writer) continue
      this.#contexts.set(writer, contextAfter(entry))
      sealed.push({ kind: 'entry', entry })
    }
  }

  #readChainBlock({ writer, index, bytes }: BlockRecord, context: EntryContext, sealed: Sealed[]): void {
    const block = decodeChainBlock(bytes, context)
    const hash = hashBlock(this.#hashes.get(writer) ?? EMPTY_HASH, bytes)
    this.#hashes.set(writer, hash)
    if (block.kind === 'entry') {
      this.#contexts.set(writer, contextAfter(block.entry))
      sealed.push({ kind: 'entry', entry: block.entry })
    }
    sealed.push({ kind: 'block', writer, index, hash, block })
  }
}
