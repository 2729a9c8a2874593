import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Epoch, Timestamp, WriterId } from '../../base/index.ts'
import {
  areConcurrent,
  breaksRank,
  CONFLICT_RETENTION_MS,
  CONFLICTS_PER_KEY_MAX,
  compareRank,
  currentConflicts,
  Dependencies,
  formatDot,
  hasSeen,
  mergeVersion,
  newRegister,
  type Register,
  timestampFromWall,
  type Version,
  VersionVector,
  valueAt,
} from '../../crdt/index.ts'
import { knows, type ModelStep, type ModelVersion, playHistory } from './causal-model.ts'

const NODES = 4
const DAY_MS = 86_400_000

/** Clocks jump back and forth by minutes: causality must win all the same. */
const steps: fc.Arbitrary<ModelStep[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('write' as const), node: fc.nat(NODES - 1), clockMs: fc.integer({ min: 0, max: 600_000 }) }),
    fc.record({ kind: fc.constant('learn' as const), node: fc.nat(NODES - 1), from: fc.nat(NODES - 1) }),
  ),
  { minLength: 1, maxLength: 40 },
)

const history = steps.map((list) => playHistory(NODES, list)).filter((versions) => versions.length >= 2)

function mergeAll(versions: readonly ModelVersion[]): Register {
  const [first, ...rest] = versions
  if (first === undefined) throw new Error('there is a version to merge')
  return rest.reduce((register, { version }) => mergeVersion(register, version), newRegister(first.version))
}

function shuffled<T>(items: readonly T[], seeds: readonly number[]): T[] {
  return items
    .map((item, index) => ({ item, rank: seeds[index % seeds.length] ?? 0, index }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ item }) => item)
}

describe('register', () => {
  it('[RG2] causally later means larger, whatever the clocks said', () => {
    fc.assert(
      fc.property(history, (versions) => {
        for (const later of versions) {
          for (const earlier of versions) {
            if (knows(later, earlier)) expect(compareRank(later.version, earlier.version)).toBeGreaterThan(0)
          }
        }
      }),
    )
  })

  it('[RG2] dependencies and the order of a log say exactly what a whole history says', () => {
    fc.assert(
      fc.property(history, (versions) => {
        for (const left of versions) {
          for (const right of versions) {
            expect(hasSeen(left.version, right.version)).toBe(left !== right && knows(left, right))
            expect(areConcurrent(left.version, right.version)).toBe(left !== right && !knows(left, right) && !knows(right, left))
          }
        }
      }),
    )
  })

  it('[RG3] the winner is the largest (epoch, timestamp, writer), in every order of arrival', () => {
    fc.assert(
      fc.property(history, fc.array(fc.integer(), { minLength: 1, maxLength: 40 }), (versions, seeds) => {
        const expected = versions.reduce((best, next) => (compareRank(next.version, best.version) > 0 ? next : best))
        expect(mergeAll(shuffled(versions, seeds)).winner).toBe(expected.version)
      }),
    )
  })

  it('[RG4] merging is associative, commutative and idempotent', () => {
    fc.assert(
      fc.property(history, fc.array(fc.integer(), { minLength: 1, maxLength: 40 }), (versions, seeds) => {
        const once = mergeAll(versions).winner
        expect(mergeAll(shuffled(versions, seeds)).winner).toBe(once)
        expect(mergeAll([...versions, ...shuffled(versions, seeds)]).winner).toBe(once)
      }),
    )
  })

  it('[RG3] delivered in causal order, every recorded loser was concurrent to the version that beat it', () => {
    fc.assert(
      fc.property(history, (versions) => {
        const byDot = new Map(versions.map((item) => [formatDot(item.version.dot), item]))
        for (const { winner, loser } of mergeAll(versions).conflicts) {
          const [left, right] = [byDot.get(formatDot(winner.dot)), byDot.get(formatDot(loser.dot))]
          expect(left !== undefined && right !== undefined && !knows(left, right) && !knows(right, left)).toBe(true)
          expect(compareRank(winner, loser)).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('[RG3] a version that nobody overwrote knowingly is the winner or on record', () => {
    fc.assert(
      fc.property(history, (versions) => {
        const { winner, conflicts } = mergeAll(versions)
        if (conflicts.length === CONFLICTS_PER_KEY_MAX) return
        const kept = new Set([winner, ...conflicts.map(({ loser }) => loser)])
        for (const candidate of versions) {
          const wasSeen = versions.some((other) => knows(other, candidate))
          if (!wasSeen) expect(kept.has(candidate.version)).toBe(true)
        }
      }),
    )
  })

  it.each`
    decided by     | epochs    | timestamps | writers       | rule
    ${'epoch'}     | ${[3, 1]} | ${[5, 9]}  | ${['a', 'b']} | ${'epoch'}
    ${'timestamp'} | ${[1, 1]} | ${[9, 5]}  | ${['a', 'b']} | ${'timestamp'}
    ${'writer'}    | ${[1, 1]} | ${[5, 5]}  | ${['b', 'a']} | ${'writer'}
  `('[RG3] the record names the rule: $rule', ({ epochs, timestamps, writers, rule }) => {
    const [winner, loser] = [0, 1].map((index) => plainVersion(epochs[index], timestamps[index], writers[index])) as [Version, Version]
    for (const [first, second] of [
      [winner, loser],
      [loser, winner],
    ] as const) {
      expect(mergeVersion(newRegister(first), second)).toEqual({ winner, conflicts: [{ winner, loser, rule }] })
    }
  })

  it('[RG3] a record holds the last losers of a key and no more', () => {
    let register = newRegister(plainVersion(1, 1, 'a'))
    for (let i = 0; i < CONFLICTS_PER_KEY_MAX + 5; i++) register = mergeVersion(register, plainVersion(1, 10 + i, `w${i}`))
    expect(register.conflicts).toHaveLength(CONFLICTS_PER_KEY_MAX)
    expect(register.conflicts.at(-1)?.winner).toBe(register.winner)
  })

  it('[RG3] a conflict is listed for seven days', () => {
    const at = Date.UTC(2026, 5, 1)
    const register = mergeVersion(
      newRegister(plainVersion(1, timestampFromWall(at), 'a')),
      plainVersion(1, timestampFromWall(at - DAY_MS), 'b'),
    )
    expect(currentConflicts(register, at + CONFLICT_RETENTION_MS - 1)).toHaveLength(1)
    expect(currentConflicts(register, at + CONFLICT_RETENTION_MS)).toHaveLength(0)
  })

  it('[RG2] a version that has seen one it loses to is found out', () => {
    const stored = plainVersion(1, 9, 'a')
    const knowing = Dependencies.none().advance(new VersionVector([[stored.dot.writer, 1]]), 'b.00000001' as WriterId)
    expect(breaksRank({ ...plainVersion(1, 5, 'b'), dependencies: knowing }, stored)).toBe(true)
    expect(breaksRank({ ...plainVersion(1, 10, 'b'), dependencies: knowing }, stored)).toBe(false)
    expect(breaksRank(plainVersion(1, 5, 'b'), stored)).toBe(false)
  })

  it('[RG6] past its deadline a version reads as a tombstone', () => {
    const version = { ...plainVersion(1, 5, 'a'), deadlineMs: 1000 }
    expect(valueAt(version, 999)).toBe(version.value)
    expect(valueAt(version, 1000)).toBeNull()
  })
})

function plainVersion(epoch: number, timestamp: number, writer: string): Version {
  return {
    dot: { writer: `${writer}.00000001` as WriterId, sequence: 1 },
    epoch: epoch as Epoch,
    timestamp: timestamp as Timestamp,
    value: { type: 'text', data: 'v' },
    deadlineMs: null,
    dependencies: Dependencies.none(),
  }
}
