/**
 * The dependencies of an entry (CA1): the frontier on which it was sealed, without the writer's
 * own log, whose order already says it.
 *
 * Consecutive entries of a log have nearly the same dependencies, so each is coded as its
 * difference to the one before, and writers are named by their *slot* (`writer-slots.ts`). The same
 * idea keeps them small in memory: an entry holds pages of numbers by slot, and shares all pages but
 * those that changed with the entry before it; if nothing changed, they are the very same object.
 *
 * A `Map` per entry was rejected: at thirty writers it takes 1.5 KB. So was one array per entry: after
 * hundreds of restarts it names hundreds of writers, nearly all of which will never write again.
 */

import { assert, type ByteReader, type ByteWriter, MalformedError, type WriterId } from '../base/index.ts'
import type { Dot } from './dot.ts'
import { decodeWriterId, type ReadonlyVersionVector, VECTOR_WRITERS_MAX, VersionVector } from './version-vector.ts'
import { WriterSlots } from './writer-slots.ts'

/** Larger pages have more to copy for each number that changes, smaller ones are more to point at. */
const PAGE_BITS = 4
const PAGE_SLOTS = 1 << PAGE_BITS
const SLOT_IN_PAGE = PAGE_SLOTS - 1

/** Sequences by slot within the page. Slots past its end count as 0. */
type Page = readonly number[]

const NO_PAGE: Page = []

export class Dependencies {
  /** Shared by all entries of the log, only ever appended to. */
  readonly #writers: WriterSlots
  readonly #pages: readonly Page[]
  /** Slots that are told of. Invariant: at most those of the table; later ones count as 0. */
  readonly #count: number

  private constructor(writers: WriterSlots, pages: readonly Page[], count: number) {
    this.#writers = writers
    this.#pages = pages
    this.#count = count
  }

  /** Those of a log's first entry, before anything is known. */
  static none(): Dependencies {
    return new Dependencies(new WriterSlots(), [], 0)
  }

  get(writer: WriterId): number {
    const slot = this.#writers.slotOf(writer)
    return slot < 0 ? 0 : this.#at(slot)
  }

  has(dot: Dot): boolean {
    return this.get(dot.writer) >= dot.sequence
  }

  coveredBy(frontier: ReadonlyVersionVector): boolean {
    return this.firstMissing(frontier, null) === null
  }

  /**
   * The first one that `frontier` does not cover, or null.
   * @param covered those of an earlier entry of the same log that it is known to cover: what is the
   * same in both, which is nearly all, is not looked up again
   */
  firstMissing(frontier: ReadonlyVersionVector, covered: Dependencies | null): Dot | null {
    const known = covered !== null && covered.#writers === this.#writers ? covered.#pages : []
    for (let place = 0; place < this.#pages.length; place++) {
      const page = this.#pages[place] ?? NO_PAGE
      const knownPage = known[place]
      if (page === knownPage) continue
      for (let index = 0; index < page.length; index++) {
        const sequence = page[index] ?? 0
        if (sequence === knownPage?.[index]) continue
        const writer = this.#writerAt((place << PAGE_BITS) + index)
        if (frontier.get(writer) < sequence) return { writer, sequence }
      }
    }
    return null
  }

  toVector(): VersionVector {
    return this.joinInto(new VersionVector())
  }

  /**
   * Adds them to what `vector` knows.
   * @param known those of an earlier entry, mostly of the same log, that it knows already
   */
  joinInto(vector: VersionVector, known: Dependencies | null = null): VersionVector {
    const knownPages = known === null ? [] : known.#pages
    for (const [place, page] of this.#pages.entries()) {
      if (page === knownPages[place]) continue
      for (const [index, sequence] of page.entries()) {
        if (sequence > 0) vector.advance(this.#writerAt((place << PAGE_BITS) + index), sequence)
      }
    }
    return vector
  }

  /** The dependencies of the log's next entry, sealed on `frontier`; this object if nothing changed. */
  advance(frontier: ReadonlyVersionVector, own: WriterId): Dependencies {
    const next = new Successor(this.#pages, this.#count)
    // A frontier names writers in the order in which it came to know them, and so does the table.
    let expected = 0
    for (const [writer, sequence] of frontier.entries()) {
      if (writer === own) continue
      let slot = this.#writers.at(expected) === writer ? expected : this.#writers.slotOf(writer)
      if (slot < 0) slot = this.#writers.add(writer)
      expected = slot + 1
      if (this.#at(slot) !== sequence) next.set(slot, sequence)
    }
    return this.#succeededBy(next)
  }

  /** Writes what changed since `previous`, the dependencies of the same log's entry before. */
  encodeSince(previous: Dependencies, output: ByteWriter): void {
    assert(this.#writers === previous.#writers, 'dependencies of two logs are compared')
    const raised: [slot: number, by: number][] = []
    let slot = 0
    while (slot < previous.#count) {
      const place = slot >> PAGE_BITS
      const end = Math.min(previous.#count, (place + 1) << PAGE_BITS)
      if (this.#pages[place] === previous.#pages[place]) slot = end
      for (; slot < end; slot++) {
        const by = this.#at(slot) - previous.#at(slot)
        assert(by >= 0, 'dependencies never shrink along a log')
        if (by > 0) raised.push([slot, by])
      }
    }
    output.uint(raised.length)
    for (const [raisedSlot, by] of raised) output.uint(raisedSlot).uint(by)
    output.uint(this.#count - previous.#count)
    for (; slot < this.#count; slot++) output.binary(this.#writerAt(slot)).uint(this.#at(slot))
  }

  /** Reads the dependencies of the entry after the one that this belongs to. @throws MalformedError */
  decodeNext(input: ByteReader): Dependencies {
    const next = new Successor(this.#pages, this.#count)
    const raised = input.uint(this.#count)
    for (let i = 0; i < raised; i++) {
      const slot = input.uint(this.#count - 1)
      const by = input.uint()
      const sequence = next.at(slot) + by
      if (by === 0 || !Number.isSafeInteger(sequence)) throw new MalformedError('a dependency is raised by nothing or past 2^53')
      next.set(slot, sequence)
    }
    const added = input.uint(VECTOR_WRITERS_MAX - this.#count)
    for (let slot = this.#count; slot < this.#count + added; slot++) {
      this.#name(slot, decodeWriterId(input))
      next.set(slot, input.uint())
    }
    return this.#succeededBy(next)
  }

  /** An entry decoded a second time finds its writers in the table already. @throws MalformedError */
  #name(slot: number, writer: WriterId): void {
    const named = this.#writers.at(slot)
    if (named === writer) return
    if (named !== undefined) throw new MalformedError(`slot ${slot} is named twice`)
    if (this.#writers.slotOf(writer) >= 0) throw new MalformedError(`${writer} has two slots`)
    this.#writers.add(writer)
  }

  #succeededBy({ pages, count }: Successor): Dependencies {
    return pages === this.#pages ? this : new Dependencies(this.#writers, pages, count)
  }

  #at(slot: number): number {
    return this.#pages[slot >> PAGE_BITS]?.[slot & SLOT_IN_PAGE] ?? 0
  }

  #writerAt(slot: number): WriterId {
    const writer = this.#writers.at(slot)
    assert(writer !== undefined, 'a slot has no writer')
    return writer
  }
}

/** The pages of an entry that follows on another one: the very same until something is set. */
class Successor {
  pages: readonly Page[]
  count: number
  /** Once something was set: the list that `pages` then is, and by place the pages in it that are copies. */
  #copied: { readonly list: Page[]; readonly pages: number[][] } | null = null

  constructor(pages: readonly Page[], count: number) {
    this.pages = pages
    this.count = count
  }

  at(slot: number): number {
    return this.pages[slot >> PAGE_BITS]?.[slot & SLOT_IN_PAGE] ?? 0
  }

  set(slot: number, sequence: number): void {
    const page = this.#pageFor(slot >> PAGE_BITS)
    const index = slot & SLOT_IN_PAGE
    while (page.length < index) page.push(0)
    page[index] = sequence
    if (slot >= this.count) this.count = slot + 1
  }

  #pageFor(place: number): number[] {
    if (this.#copied === null) {
      this.#copied = { list: [...this.pages], pages: [] }
      this.pages = this.#copied.list
    }
    const { list, pages } = this.#copied
    const copy = pages[place]
    if (copy !== undefined) return copy
    while (list.length < place) list.push(NO_PAGE)
    const page = [...(list[place] ?? NO_PAGE)]
    list[place] = page
    pages[place] = page
    return page
  }
}
