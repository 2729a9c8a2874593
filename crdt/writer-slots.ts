/**
 * The writers that a log has named, by their slot: the position at which it first did. All
 * dependencies of a log share one table, which only grows.
 *
 * Slots are looked up in a map: a log that follows hundreds of restarts names hundreds of writers,
 * and a search through them for each version that is compared was most of the cost of a start.
 */

import type { WriterId } from '../base/index.ts'

export class WriterSlots {
  readonly #writers: WriterId[] = []
  /** Invariant: each writer of the list with its index. */
  readonly #slots = new Map<WriterId, number>()

  get size(): number {
    return this.#writers.length
  }

  at(slot: number): WriterId | undefined {
    return this.#writers[slot]
  }

  /** -1 if it was never named. */
  slotOf(writer: WriterId): number {
    return this.#slots.get(writer) ?? -1
  }

  /** Names a writer that was not named before; it gets the next slot. */
  add(writer: WriterId): number {
    const slot = this.#writers.push(writer) - 1
    this.#slots.set(writer, slot)
    return slot
  }
}
