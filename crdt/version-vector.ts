/**
 * A version vector: for each writer the highest sequence known. As logs have no gaps, a vector
 * is an exact set of dots, and "knows at least as much" is a comparison of numbers.
 *
 * Vectors change in place (`advance`, `join`), because a frontier moves thousands of times a
 * second; whoever keeps one over time takes a `copy`. The compact text is what a session token
 * is: small enough for a header, opaque to users.
 */

import {
  ByteReader,
  ByteWriter,
  fromBase64,
  isWriterId,
  MalformedError,
  toBase64Url,
  WRITER_ID_LENGTH_MAX,
  type WriterId,
} from '../base/index.ts'
import type { Dot } from './dot.ts'

/** Writers in one vector: thousands of restarts before any log is closed, and a heartbeat that fits into a message. */
export const VECTOR_WRITERS_MAX = 8192

export type Ordering = 'equal' | 'before' | 'after' | 'concurrent'

export interface ReadonlyVersionVector {
  readonly size: number
  /** The highest sequence known of `writer`; 0 if none. */
  get(writer: WriterId): number
  has(dot: Dot): boolean
  /** True if every dot of `other` is known here. */
  covers(other: ReadonlyVersionVector): boolean
  /** A dot of `other` that is not known here, or null. */
  firstMissing(other: ReadonlyVersionVector): Dot | null
  entries(): IterableIterator<[WriterId, number]>
  /** In ascending order. */
  sortedWriters(): readonly WriterId[]
  copy(): VersionVector
}

export class VersionVector implements ReadonlyVersionVector {
  /** Invariant: no value is 0. */
  readonly #sequences: Map<WriterId, number>
  /** Its writers in ascending order, or null if one has come since: a frontier moves far more often than it learns of a writer. */
  #sorted: readonly WriterId[] | null = null

  constructor(entries: Iterable<readonly [WriterId, number]> = []) {
    this.#sequences = new Map(entries)
  }

  get size(): number {
    return this.#sequences.size
  }

  get(writer: WriterId): number {
    return this.#sequences.get(writer) ?? 0
  }

  has(dot: Dot): boolean {
    return this.get(dot.writer) >= dot.sequence
  }

  covers(other: ReadonlyVersionVector): boolean {
    return this.firstMissing(other) === null
  }

  firstMissing(other: ReadonlyVersionVector): Dot | null {
    for (const [writer, sequence] of other.entries()) if (this.get(writer) < sequence) return { writer, sequence }
    return null
  }

  entries(): IterableIterator<[WriterId, number]> {
    return this.#sequences.entries()
  }

  sortedWriters(): readonly WriterId[] {
    this.#sorted ??= [...this.#sequences.keys()].sort()
    return this.#sorted
  }

  copy(): VersionVector {
    return new VersionVector(this.#sequences)
  }

  /** Raises what is known of `writer` to `sequence`; a lower one changes nothing. */
  advance(writer: WriterId, sequence: number): void {
    const known = this.get(writer)
    if (sequence <= known) return
    this.#sequences.set(writer, sequence)
    if (known === 0) this.#sorted = null
  }

  /** Adds all that `other` knows: the least upper bound. */
  join(other: ReadonlyVersionVector): this {
    for (const [writer, sequence] of other.entries()) this.advance(writer, sequence)
    return this
  }
}

export function compareVectors(left: ReadonlyVersionVector, right: ReadonlyVersionVector): Ordering {
  const after = left.covers(right)
  const before = right.covers(left)
  if (after) return before ? 'equal' : 'after'
  return before ? 'before' : 'concurrent'
}

/** How many transactions `left` knows that `right` doesn't. */
export function countMissing(left: ReadonlyVersionVector, right: ReadonlyVersionVector): number {
  let missing = 0
  for (const [writer, sequence] of left.entries()) missing += Math.max(0, sequence - right.get(writer))
  return missing
}

/** Sorted by writer, so that equal vectors have equal bytes. */
export function encodeVector(writer: ByteWriter, vector: ReadonlyVersionVector): void {
  writer.uint(vector.size)
  for (const id of vector.sortedWriters()) writer.binary(id).uint(vector.get(id))
}

/** @throws MalformedError */
export function decodeVector(reader: ByteReader): VersionVector {
  const vector = new VersionVector()
  const count = reader.uint(VECTOR_WRITERS_MAX)
  for (let i = 0; i < count; i++) {
    const writer = decodeWriterId(reader)
    const sequence = reader.uint()
    vector.advance(writer, sequence)
    if (sequence === 0 || vector.size <= i) throw new MalformedError(`a vector names ${writer} twice or with 0`)
  }
  return vector
}

/** @throws MalformedError */
export function decodeWriterId(reader: ByteReader): WriterId {
  const text = reader.binary(WRITER_ID_LENGTH_MAX)
  if (!isWriterId(text)) throw new MalformedError('a writer is not of the form name.xxxxxxxx')
  return text
}

/** Empty: none. @throws MalformedError */
export function decodeWriterOrNone(reader: ByteReader): WriterId | null {
  const text = reader.binary(WRITER_ID_LENGTH_MAX)
  if (text !== '' && !isWriterId(text)) throw new MalformedError('a writer is neither none nor of the form name.xxxxxxxx')
  return text === '' ? null : text
}

const TOKEN_VERSION = 1

/** The session token of a vector (SS1): its binary form in URL base64. */
export function formatToken(vector: ReadonlyVersionVector): string {
  const writer = new ByteWriter().byte(TOKEN_VERSION)
  encodeVector(writer, vector)
  return toBase64Url(writer.finish())
}

/** The vector of a session token, or null if the text is none. */
export function parseToken(text: string): VersionVector | null {
  const bytes = fromBase64(text)
  if (bytes === null) return null
  try {
    const reader = new ByteReader(bytes)
    if (reader.byte() !== TOKEN_VERSION) return null
    const vector = decodeVector(reader)
    reader.end()
    return vector
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}
