import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Epoch, type Key, keyFromText, type Timestamp, type WriterId } from '../../base/index.ts'
import { Expiry } from '../../core/expiry.ts'
import { type Entry, MemoryStateStore } from '../../core/index.ts'
import { State } from '../../core/state.ts'
import { Dependencies, type Version } from '../../crdt/index.ts'

const WRITER = 'n1.00000001' as WriterId
/** Lengths on both sides of what is fingerprinted at once, and more keys than may wait for it. */
const write = fc.record({
  key: fc.nat(150).map((key) => keyFromText(`key/${key}`)),
  length: fc.constantFrom(null, 0, 10, 1024, 1025, 5000),
  deadlineMs: fc.constantFrom(null, null, null, 9),
  isAsked: fc.boolean(),
})

function versionOf(sequence: number, length: number | null, deadlineMs: number | null): Version {
  return {
    dot: { writer: WRITER, sequence },
    epoch: 1 as Epoch,
    timestamp: sequence as Timestamp,
    value: length === null ? null : { type: 'text', data: String(sequence).padEnd(length, '.') },
    deadlineMs: length === null ? null : deadlineMs,
    dependencies: Dependencies.none(),
  }
}

function entryOf(key: Key, version: Version): Entry {
  const transactions = [{ sequence: version.dot.sequence, idempotencyKey: null, changes: [{ key, version }] }]
  return { writer: WRITER, epoch: version.epoch, dependencies: version.dependencies, transactions, reportWanted: false }
}

function digestOf(versions: Iterable<readonly [Key, Version]>): string {
  const state = new State(new MemoryStateStore(), new Expiry())
  for (const [key, version] of versions) state.apply(entryOf(key, version))
  return state.digest
}

describe('the state', () => {
  it('[CA5] has the digest of its winners alone, however large they are, whatever they overwrote and whenever it was asked for', () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 300 }), (writes) => {
        const state = new State(new MemoryStateStore(), new Expiry())
        const winners = new Map<Key, Version>()
        for (const [place, { key, length, deadlineMs, isAsked }] of writes.entries()) {
          const version = versionOf(place + 1, length, deadlineMs)
          state.apply(entryOf(key, version))
          winners.set(key, version)
          if (isAsked && place % 7 === 0) expect(state.digest).toBe(digestOf(winners))
        }
        expect(state.digest).toBe(digestOf(winners))
        expect(state.digest).toBe(digestOf([...winners].reverse()))
      }),
      { numRuns: 50 },
    )
  })

  it('[CA5] tells large values apart by any of their bytes', () => {
    const version = versionOf(1, 5000, null)
    const data = `${version.value?.data.slice(0, -1) ?? ''}!`
    const key = keyFromText('large')
    expect(digestOf([[key, { ...version, value: { type: 'text', data } }]])).not.toBe(digestOf([[key, version]]))
  })
})
