/**
 * What a leader can adopt (LM8): multi entries that are durable here and wait only because a leader's
 * state is exactly its chain. Taken together they are causally closed: each has what it depends on
 * in the state or among the others.
 *
 * Whatever the chain adopts has to be held and applied by everybody. So an entry that nobody can
 * apply (RG2) is found here, before it is part of the chain, and not when the chain would apply it; and
 * what is left of a forked log, which no peer hands on, is left where it is.
 */

import { present } from '../../base/index.ts'
import { type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import { type Entry, lastOf } from '../entry.ts'
import type { Cursor, WaitingEntry } from '../log-cursor.ts'
import type { Outlook } from '../outlook.ts'

/** An entry that nobody can apply. */
export interface EntryFault {
  readonly cursor: Cursor
  readonly waiting: WaitingEntry
  readonly reason: string
}

export interface Adoptable {
  /** Null if there is nothing. */
  readonly adopts: VersionVector | null
  /** At most one of each log. */
  readonly faults: readonly EntryFault[]
}

/**
 * @param cursors logs with something that waits
 * @param isHeld true for an entry that must wait for another reason (HL3)
 * @param outlook on the state with nothing ahead of it
 */
export function findAdoptable(
  cursors: readonly Cursor[],
  frontier: ReadonlyVersionVector,
  isHeld: (entry: Entry) => boolean,
  outlook: Outlook,
): Adoptable {
  const reached = frontier.copy()
  const adopts = new VersionVector()
  const faults = new Map<Cursor, EntryFault>()
  for (let moved = true; moved; ) {
    moved = false
    for (const cursor of cursors) {
      if (cursor.failure?.kind === 'forked' || faults.has(cursor)) continue
      for (const waiting of cursor.waiting) {
        const { entry } = waiting
        const { sequence } = lastOf(entry)
        if (reached.get(entry.writer) >= sequence) continue
        const first = present(entry.transactions[0], 'an entry has a transaction').sequence
        if (reached.get(entry.writer) !== first - 1 || !entry.dependencies.coveredBy(reached) || isHeld(entry)) break
        const reason = outlook.findFault(entry)
        if (reason !== null) {
          faults.set(cursor, { cursor, waiting, reason })
          break
        }
        outlook.foresee(entry)
        reached.advance(entry.writer, sequence)
        adopts.advance(entry.writer, sequence)
        moved = true
      }
    }
  }
  return { adopts: adopts.size === 0 ? null : adopts, faults: [...faults.values()] }
}
