/**
 * The dependencies of an entry (CA1): the frontier on which it was sealed, without the writer's
 * own log, whose order already says it.
 *
 * Consecutive entries of a log have nearly the same dependencies, so each is coded as its
 * difference to the one before, and writers are named by their *slot*: the position at which the
 * log first mentioned them. The same idea keeps them small in memory: all entries of a log share
 * one growing table of writers and hold only an array of numbers, or, when nothing changed, the
 * very same object. A `Map` per entry was rejected: at thirty writers it takes 1.5 KB.
 */

import { assert, type ByteReader, type ByteWriter, MalformedError, type WriterId } from '../base/index.ts'
import type { Dot } from './dot.ts'
import { decodeWriterId, type ReadonlyVersionVector, VECTOR_WRITERS_MAX, VersionVector } from './version-vector.ts'

export class Dependencies {
  /** Writers by slot; shared by all entries of the log, only ever appended to. */
  readonly #writers: WriterId[]
  /** Invariant: no longer than the table of writers; later slots count as 0. */
  readonly #sequences: readonly number[]

  private constructor(writers: WriterId[], sequences: readonly number[]) {
    this.#writers = writers
    this.#sequences = sequences
  }

  /** Those of a log's first entry, before anything is known. */
  static none(): Dependencies {
    return new Dependencies([], [])
  }

  get(writer: WriterId): number {
    const slot = this.#writers.indexOf(writer)
    return slot < 0 ? 0 : (this.#sequences[slot] ?? 0)
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
    const known = covered !== null && covered.#writers === this.#writers ? covered.#sequences : []
    for (let slot = 0; slot < this.#sequences.length; slot++) {
      const sequence = this.#sequences[slot] ?? 0
      if (sequence === known[slot]) continue
      const writer = this.#writers[slot]
      assert(writer !== undefined, 'a slot has no writer')
      if (frontier.get(writer) < sequence) return { writer, sequence }
    }
    return null
  }

  toVector(): VersionVector {
    return this.joinInto(new VersionVector())
  }

  /** Adds them to what `vector` knows. */
  joinInto(vector: VersionVector): VersionVector {
    for (let slot = 0; slot < this.#sequences.length; slot++) {
      const writer = this.#writers[slot]
      const sequence = this.#sequences[slot] ?? 0
      if (writer !== undefined && sequence > 0) vector.advance(writer, sequence)
    }
    return vector
  }

  /** The dependencies of the log's next entry, sealed on `frontier`; this object if nothing changed. */
  advance(frontier: ReadonlyVersionVector, own: WriterId): Dependencies {
    let next: number[] | null = null
    // A frontier names writers in the order in which it came to know them, and so does the table.
    let expected = 0
    for (const [writer, sequence] of frontier.entries()) {
      if (writer === own) continue
      let slot = this.#writers[expected] === writer ? expected : this.#writers.indexOf(writer)
      if (slot < 0) slot = this.#writers.push(writer) - 1
      expected = slot + 1
      if ((this.#sequences[slot] ?? 0) === sequence) continue
      next ??= [...this.#sequences]
      while (next.length < slot) next.push(0)
      next[slot] = sequence
    }
    return next === null ? this : new Dependencies(this.#writers, next)
  }

  /** Writes what changed since `previous`, the dependencies of the same log's entry before. */
  encodeSince(previous: Dependencies, output: ByteWriter): void {
    assert(this.#writers === previous.#writers, 'dependencies of two logs are compared')
    const known = previous.#sequences.length
    const raised: [slot: number, by: number][] = []
    for (let slot = 0; slot < known; slot++) {
      const by = (this.#sequences[slot] ?? 0) - (previous.#sequences[slot] ?? 0)
      assert(by >= 0, 'dependencies never shrink along a log')
      if (by > 0) raised.push([slot, by])
    }
    output.uint(raised.length)
    for (const [slot, by] of raised) output.uint(slot).uint(by)
    output.uint(this.#sequences.length - known)
    for (let slot = known; slot < this.#sequences.length; slot++) {
      const writer = this.#writers[slot]
      assert(writer !== undefined, 'a slot has no writer')
      output.binary(writer).uint(this.#sequences[slot] ?? 0)
    }
  }

  /** Reads the dependencies of the entry after the one that this belongs to. @throws MalformedError */
  decodeNext(input: ByteReader): Dependencies {
    const raised = input.uint(this.#sequences.length)
    let next: number[] | null = null
    for (let i = 0; i < raised; i++) {
      const slot = input.uint(this.#sequences.length - 1)
      const by = input.uint()
      next ??= [...this.#sequences]
      const sequence = (next[slot] ?? 0) + by
      if (by === 0 || !Number.isSafeInteger(sequence)) throw new MalformedError('a dependency is raised by nothing or past 2^53')
      next[slot] = sequence
    }
    const added = input.uint(VECTOR_WRITERS_MAX - this.#sequences.length)
    for (let i = 0; i < added; i++) {
      const writer = decodeWriterId(input)
      const sequence = input.uint()
      next ??= [...this.#sequences]
      // An entry decoded a second time finds its writers in the table already.
      const slot = next.length
      if (this.#writers[slot] !== undefined && this.#writers[slot] !== writer) throw new MalformedError(`slot ${slot} is named twice`)
      if (this.#writers.indexOf(writer) !== -1 && this.#writers.indexOf(writer) !== slot)
        throw new MalformedError(`${writer} has two slots`)
      this.#writers[slot] = writer
      next.push(sequence)
    }
    return next === null ? this : new Dependencies(this.#writers, next)
  }
}
