/**
 * Entries that only the journal has, of a block that may be incomplete there (JR8): they are applied,
 * and a log of this life carries them to the peers, each commit as many as one block of theirs can hold.
 */

import { type Entry, lastOf } from './entry.ts'

export class CarriedEntries {
  /** In order. */
  #waiting: Entry[] = []
  #isInFlight = false

  /** True until all of them are durable in a log of this life. */
  get isCarrying(): boolean {
    return this.#waiting.length > 0 || this.#isInFlight
  }

  /** The next one to be sealed; null if there is none. */
  get next(): Entry | null {
    return this.#waiting[0] ?? null
  }

  add(entry: Entry): void {
    this.#waiting.push(entry)
  }

  /** Takes out those that are sealed together: they follow on one another in one log. */
  launch(): readonly Entry[] {
    const count = consecutive(this.#waiting)
    const launched = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    this.#isInFlight = true
    return launched
  }

  land(): void {
    this.#isInFlight = false
  }
}

/** How many of the first entries follow on one another in one log. */
function consecutive(entries: readonly Entry[]): number {
  let count = 1
  for (; count < entries.length; count++) {
    const [previous, next] = [entries[count - 1], entries[count]]
    if (previous === undefined || next === undefined || next.writer !== previous.writer) break
    if (next.transactions[0]?.sequence !== lastOf(previous).sequence + 1) break
  }
  return count
}
