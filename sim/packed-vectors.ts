/**
 * Version vectors for keeping: a trace holds hundreds of thousands, each with hundreds of writers after as many
 * restarts, and the next of a node differs from the last in one number or two. So writers are numbered
 * once for all vectors, a vector is pages of sequences in that order, and a page that has not changed
 * is the same page.
 */

import type { WriterId } from '../base/index.ts'
import { type Dot, type ReadonlyVersionVector, VersionVector } from '../crdt/index.ts'

const PAGE_SIZE = 32

type Page = readonly number[]

/** The writers of all vectors that are packed together. */
export class PackedVectors {
  readonly writers: WriterId[] = []
  readonly #places = new Map<WriterId, number>()

  placeOf(writer: WriterId): number | undefined {
    return this.#places.get(writer)
  }

  /** @param like shares its pages */
  pack(vector: ReadonlyVersionVector, like: PackedVector | null): PackedVector {
    const sequences: number[] = []
    for (const [writer, sequence] of vector.entries()) sequences[this.#takePlace(writer)] = sequence
    const pages: Page[] = []
    let own = 0
    for (let start = 0; start < sequences.length; start += PAGE_SIZE) {
      const page = Array.from({ length: PAGE_SIZE }, (_, place) => sequences[start + place] ?? 0)
      const known = like?.pages[pages.length]
      const isSame = known?.every((sequence, place) => sequence === page[place]) === true
      if (!isSame) own += PAGE_SIZE
      pages.push(isSame ? known : page)
    }
    return new PackedVector(this, pages, vector.size, own)
  }

  #takePlace(writer: WriterId): number {
    const known = this.#places.get(writer)
    if (known !== undefined) return known
    this.#places.set(writer, this.writers.length)
    return this.writers.push(writer) - 1
  }
}

export class PackedVector implements ReadonlyVersionVector {
  readonly size: number
  readonly pages: readonly Page[]
  /** Numbers that it shares with none before. */
  readonly own: number
  readonly #among: PackedVectors

  constructor(among: PackedVectors, pages: readonly Page[], size: number, own: number) {
    this.#among = among
    this.pages = pages
    this.size = size
    this.own = own
  }

  get(writer: WriterId): number {
    const place = this.#among.placeOf(writer)
    return place === undefined ? 0 : (this.pages[Math.floor(place / PAGE_SIZE)]?.[place % PAGE_SIZE] ?? 0)
  }

  has({ writer, sequence }: Dot): boolean {
    return this.get(writer) >= sequence
  }

  covers(other: ReadonlyVersionVector): boolean {
    return this.copy().covers(other)
  }

  firstMissing(other: ReadonlyVersionVector): Dot | null {
    return this.copy().firstMissing(other)
  }

  *entries(): IterableIterator<[WriterId, number]> {
    for (const [index, writer] of this.#among.writers.entries()) {
      const sequence = this.pages[Math.floor(index / PAGE_SIZE)]?.[index % PAGE_SIZE] ?? 0
      if (sequence > 0) yield [writer, sequence]
    }
  }

  sortedWriters(): readonly WriterId[] {
    return this.copy().sortedWriters()
  }

  copy(): VersionVector {
    return new VersionVector(this.entries())
  }
}
