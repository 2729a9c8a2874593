/**
 * Where delivery is in one log: what was taken of it, what waits, and what comes next.
 */

import { type LogKey, nodeOfWriter, type WriterId } from '../base/index.ts'
import type { Dependencies, Dot } from '../crdt/index.ts'
import type { TailBlock } from './effects.ts'
import type { Entry, EntryContext } from './entry.ts'
import { type ChainLink, UNLINKED } from './leader-mode/chain-link.ts'
import type { LogFailure } from './ports.ts'
import type { LogState, LogStatus } from './status.ts'

export interface WaitingEntry {
  readonly entry: Entry
  readonly index: number
  /** The block that goes to the log store once applied, if it came out of the journal and this is its last entry. */
  readonly unstored: TailBlock | null
  /** Only the journal has it: to be carried, unless another block brings it first. */
  readonly isCarried: boolean
}

export interface Cursor {
  readonly writer: WriterId
  key: LogKey | null
  /** True if it is a leader's log, which the chain applies: known once its header is. */
  isChained: boolean
  /** What its header says of the chain. */
  link: ChainLink
  /** `recovering` until its local blocks are taken, then `following`; `out` of service is final. */
  phase: 'active' | 'recovering' | 'following' | 'out'
  /** Index of the next block to take. */
  next: number
  /** Blocks in the log store at the start. */
  readonly localLength: number
  /** Blocks after those that only the journal has. Emptied when taken. */
  tail: readonly TailBlock[]
  /** The block after these, as far as the journal has it. Emptied when taken. */
  open: readonly Uint8Array[]
  isReading: boolean
  /** Where the decoding of the next entry starts; null before the header. */
  context: EntryContext | null
  /** Decoded, in order, not applied. Changed in place: of hundreds often only the first few can be taken. */
  readonly waiting: WaitingEntry[]
  /** A dependency that the first of these lacks: until it is here, nothing else has to be looked at (`blocked-logs.ts`). */
  missing: Dot | null
  /** Dependencies of the entry that was applied last. */
  covered: Dependencies | null
  failure: LogFailure | null
}

export function newCursor(writer: WriterId, key: LogKey | null, phase: Cursor['phase'], localLength: number): Cursor {
  return {
    writer,
    key,
    isChained: false,
    link: UNLINKED,
    phase,
    next: 0,
    localLength,
    tail: [],
    open: [],
    isReading: false,
    context: null,
    waiting: [],
    missing: null,
    covered: null,
    failure: null,
  }
}

/** @param applied the sequence up to which the log's entries are applied */
export function statusOf(cursor: Cursor, state: LogState, applied: number): LogStatus {
  const { writer, context, next, waiting, failure } = cursor
  return {
    writer,
    node: nodeOfWriter(writer),
    epoch: context?.epoch ?? null,
    state,
    length: next,
    applied,
    waiting: waiting.length,
    reason: failure?.reason ?? null,
  }
}

/** Of the last entry that was decoded. */
export function timestampOf(cursor: Cursor): number {
  return cursor.context?.timestamp ?? 0
}
