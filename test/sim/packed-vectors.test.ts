import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeWriterId, type NodeName, type WriterId } from '../../base/index.ts'
import { VersionVector } from '../../crdt/index.ts'
import { PackedVectors } from '../../sim/packed-vectors.ts'

const WRITERS = Array.from({ length: 80 }, (_, index): WriterId => makeWriterId('n1' as NodeName, index))
const someVector = fc
  .array(fc.tuple(fc.nat(WRITERS.length - 1), fc.integer({ min: 1, max: 1_000_000_000 })), { maxLength: 80 })
  .map((pairs) => new VersionVector(pairs.map(([place, sequence]) => [WRITERS[place] as WriterId, sequence])))

describe('a packed vector', () => {
  it('[SIM] says what the vector says that it was made from, whatever it was packed after', () => {
    fc.assert(
      fc.property(fc.array(someVector, { minLength: 2, maxLength: 6 }), (vectors) => {
        const together = new PackedVectors()
        let last = null
        for (const vector of vectors) {
          const packed = together.pack(vector, last)
          last = packed
          expect(packed.size).toBe(vector.size)
          expect(packed.sortedWriters()).toEqual(vector.sortedWriters())
          expect([...packed.copy().entries()].toSorted()).toEqual([...vector.entries()].toSorted())
          for (const writer of WRITERS) expect(packed.get(writer)).toBe(vector.get(writer))
          for (const other of vectors) {
            expect(packed.covers(other)).toBe(vector.covers(other))
            expect(packed.firstMissing(other)).toEqual(vector.firstMissing(other))
          }
        }
      }),
      { numRuns: 50 },
    )
  })

  it('[SIM] shares with the one before it what has not changed', () => {
    const together = new PackedVectors()
    const vector = new VersionVector(WRITERS.map((writer) => [writer, 5]))
    const first = together.pack(vector, null)
    expect(together.pack(vector, first).own).toBe(0)
    vector.advance(WRITERS[40] as WriterId, 6)
    const next = together.pack(vector, first)
    expect(next.own).toBeLessThan(first.own / 2)
    expect(next.has({ writer: WRITERS[40] as WriterId, sequence: 6 })).toBe(true)
    expect(first.has({ writer: WRITERS[40] as WriterId, sequence: 6 })).toBe(false)
  })
})
