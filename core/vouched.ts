/**
 * What this node had applied in earlier lives: its own entries and what they depend on. Those are
 * not held for their clock, whatever the clock says by now: they were answered once (HL3).
 */

import { type Dependencies, VersionVector } from '../crdt/index.ts'
import { type Entry, lastOf } from './entry.ts'

export class Vouched {
  readonly #known = new VersionVector()
  /** Of the entry that was noted last: the next one is mostly of the same log, and differs in little. */
  #last: Dependencies | null = null

  /** @param entry of an own log, found on the disk */
  note(entry: Entry): void {
    entry.dependencies.joinInto(this.#known, this.#last).advance(entry.writer, lastOf(entry).sequence)
    this.#last = entry.dependencies
  }

  has(entry: Entry): boolean {
    return this.#known.has({ writer: entry.writer, sequence: lastOf(entry).sequence })
  }
}
