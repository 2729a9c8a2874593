/**
 * What every `StateStore` does. The model is the plainest one: an array of all keys, sorted anew.
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIRST_EPOCH, type Key, keyFromBinary, makeWriterId, parseNodeName, type Timestamp } from '../../base/index.ts'
import type { DigestedRegister, KeyRange, StateStore } from '../../core/index.ts'
import { Dependencies, newRegister, type Version } from '../../crdt/index.ts'

export function describeStateStore(name: string, open: () => StateStore): void {
  describe(`${name} as a StateStore`, () => {
    it('gives back what was put last', () => {
      const store = open()
      store.put(key('a'), plain(1))
      store.put(key('a'), plain(2))
      expect(store.get(key('a'))).toEqual(plain(2))
      expect(store.get(key('b'))).toBeUndefined()
      expect(store.size).toBe(1)
    })

    it.each([['__proto__'], ['constructor'], ['\0'], ['\xf0\x9f\x98\x80'], ['x'.repeat(1024)]])('takes %j like any other key', (text) => {
      const store = open()
      store.put(key(text), plain(1))
      expect([...store.range(everything)]).toEqual([[key(text), plain(1)]])
    })

    it.each([
      ['all', null, null, false, 'a,b,c,d'],
      ['backwards', null, null, true, 'd,c,b,a'],
      ['from a key on', 'b', null, false, 'b,c,d'],
      ['from between two', 'bb', null, false, 'c,d'],
      ['up to a key', null, 'c', false, 'a,b'],
      ['both', 'b', 'd', false, 'b,c'],
      ['both, backwards', 'b', 'd', true, 'c,b'],
      ['an empty range', 'b', 'b', false, ''],
      ['a range turned round', 'd', 'b', false, ''],
    ] as const)('ranges over %s', (_title, start, end, reverse, expected) => {
      const store = open()
      for (const text of ['c', 'a', 'd', 'b']) store.put(key(text), plain(1))
      const range = { start: start === null ? null : key(start), end: end === null ? null : key(end), reverse }
      expect([...store.range(range)].map(([found]) => found).join(',')).toBe(expected)
    })

    it('goes on with a range while keys are put before, at and after its place', () => {
      const store = open()
      for (let i = 0; i < 200; i++) store.put(numbered(2 * i), plain(1))
      const seen: Key[] = []
      for (const [found] of store.range(everything)) {
        seen.push(found)
        for (let i = 0; i < 5; i++) store.put(numbered(2 * ((seen.length * 37 + i * 11) % 200) + 1), plain(2))
      }
      expect(seen).toEqual([...seen].sort())
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.filter((found) => Number(found) % 2 === 0)).toHaveLength(200)
    })

    it('[RG3] lists the keys with a conflict record, and forgets them with their last conflict', () => {
      const store = open()
      store.put(key('b'), conflicted(1))
      store.put(key('a'), plain(1))
      store.put(key('a'), conflicted(2))
      store.put(key('c'), conflicted(3))
      expect([...store.conflicted(null)]).toEqual(['a', 'b', 'c'])
      expect([...store.conflicted(key('a'))]).toEqual(['b', 'c'])
      expect(store.conflictedSize).toBe(3)
      store.put(key('b'), plain(2))
      expect([...store.conflicted(null)]).toEqual(['a', 'c'])
      expect(store.conflictedSize).toBe(2)
    })

    it('does what a sorted array does', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
          const store = open()
          const model = new Map<Key, DigestedRegister>()
          for (const { put, register, range } of steps) {
            store.put(put, register)
            model.set(put, register)
            expect([...store.range(range)]).toEqual(modelRange(model, range))
          }
          const keysWithConflicts = modelRange(model, everything).filter(([, { conflicts }]) => conflicts.length > 0)
          expect([...store.conflicted(null)]).toEqual(keysWithConflicts.map(([found]) => found))
          expect(store.size).toBe(model.size)
        }),
        { numRuns: 60 },
      )
    })
  })
}

const everything: KeyRange = { start: null, end: null, reverse: false }
const writer = makeWriterId(parseNodeName('n1'), 1)

const anyKey = fc
  .string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 3 })
  .map(keyFromBinary)
const step = fc.record({
  put: anyKey,
  register: fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.boolean())
    .map(([sequence, hasConflict]) => (hasConflict ? conflicted(sequence) : plain(sequence))),
  range: fc.record({ start: fc.option(anyKey), end: fc.option(anyKey), reverse: fc.boolean() }),
})

function modelRange(model: ReadonlyMap<Key, DigestedRegister>, { start, end, reverse }: KeyRange): [Key, DigestedRegister][] {
  const inside = [...model].filter(([found]) => (start === null || found >= start) && (end === null || found < end))
  inside.sort(([left], [right]) => (left < right ? -1 : 1))
  return reverse ? inside.reverse() : inside
}

function key(text: string): Key {
  return keyFromBinary(text)
}

function numbered(number: number): Key {
  return key(String(number).padStart(4, '0'))
}

function version(sequence: number): Version {
  return {
    dot: { writer, sequence },
    epoch: FIRST_EPOCH,
    timestamp: sequence as Timestamp,
    value: { type: 'text', data: String.fromCharCode(sequence & 0xff) },
    deadlineMs: null,
    dependencies: Dependencies.none(),
  }
}

function plain(sequence: number): DigestedRegister {
  return { ...newRegister(version(sequence)), low: sequence, high: -sequence }
}

function conflicted(sequence: number): DigestedRegister {
  const winner = version(sequence + 1)
  return { winner, conflicts: [{ winner, loser: version(sequence), rule: 'timestamp' }], low: sequence, high: -sequence }
}
