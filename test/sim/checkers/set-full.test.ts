import { describe, expect, it } from 'vitest'
import { Prng } from '../../../base/index.ts'
import { checkSetFull, type ElementFate, type SetAdd, type SetRead, span, UNKNOWN_END } from '../../../sim/checkers/index.ts'

function add(element: number, start: number, end: number = UNKNOWN_END): SetAdd {
  return { ...span(1, start, end), element, hasFailed: false }
}

function reading(elements: readonly number[], start: number, end: number): SetRead {
  return { ...span(2, start, end), elements }
}

describe('set-full (Jepsen)', () => {
  it('an element that every later read has is ok', () => {
    expect(checkSetFull([add(1, 0, 1)], [reading([1], 2, 3), reading([1], 4, 5)])).toMatchObject({
      verdict: 'passed',
      counts: { ok: 1, stale: 0, lost: 0, 'never-read': 0 },
    })
  })

  it('an acknowledged element that the last read misses is lost', () => {
    expect(checkSetFull([add(1, 0, 1)], [reading([1], 2, 3), reading([], 4, 5)])).toMatchObject({ verdict: 'failed', lost: [1] })
    expect(checkSetFull([add(1, 0, 1)], [reading([], 4, 5)])).toMatchObject({ verdict: 'failed', lost: [1] })
  })

  it('one of unknown outcome is known once it was read, and lost if it disappears then', () => {
    expect(checkSetFull([add(1, 0)], [reading([1], 2, 3), reading([], 4, 5)])).toMatchObject({ verdict: 'failed', lost: [1] })
    expect(checkSetFull([add(1, 0)], [reading([], 4, 5)])).toMatchObject({ verdict: 'passed', counts: { 'never-read': 1 } })
  })

  it('an element that comes back is stale: wrong only where reads must be current', () => {
    const history = [[add(1, 0, 1)], [reading([], 2, 3), reading([1], 4, 5)]] as const
    expect(checkSetFull(...history)).toMatchObject({ verdict: 'passed', stale: [1] })
    expect(checkSetFull(...history, { isLinearizable: true })).toMatchObject({ verdict: 'failed', stale: [1] })
  })

  it('a read that began before the acknowledgement may miss it', () => {
    expect(checkSetFull([add(1, 0, 5)], [reading([], 5, 6)], { isLinearizable: true })).toMatchObject({
      verdict: 'passed',
      counts: { 'never-read': 1 },
    })
  })

  it('elements that nobody added, whose add failed, or that are there twice are violations', () => {
    const failed: SetAdd = { ...add(2, 0, 1), hasFailed: true }
    expect(checkSetFull([add(1, 0, 1), failed], [reading([1, 1, 2, 3], 2, 3)])).toMatchObject({
      verdict: 'failed',
      unexpected: [2, 3],
      duplicated: [1],
    })
  })

  it('without a read nothing is known', () => {
    expect(checkSetFull([add(1, 0, 1)], [{ ...span(2, 2), elements: [] }]).verdict).toBe('unknown')
  })

  it('agrees with the definition on 2,000 random histories', () => {
    const random = new Prng(41)
    const seen: Record<ElementFate, number> = { ok: 0, stale: 0, lost: 0, 'never-read': 0 }
    for (let round = 0; round < 2000; round++) {
      const adds = [0, 1, 2].map((element) => add(element, random.below(10), random.below(3) === 0 ? UNKNOWN_END : 10 + random.below(5)))
      const reads = Array.from({ length: random.below(6) }, (_, number) => {
        // Starts differ, so that the last read is one.
        const start = 6 * random.below(5) + number
        const elements = [0, 1, 2].filter(() => random.below(2) === 0)
        return reading(elements, start, start + random.below(8))
      })
      const expected: Record<ElementFate, number> = { ok: 0, stale: 0, lost: 0, 'never-read': 0 }
      for (const one of adds) expected[fateByDefinition(one, reads)] += 1
      expect(checkSetFull(adds, reads).counts).toEqual(expected)
      for (const fate of ['ok', 'stale', 'lost', 'never-read'] as const) seen[fate] += expected[fate]
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(200)
  })
})

function fateByDefinition({ element, end }: SetAdd, reads: readonly SetRead[]): ElementFate {
  const having = reads.filter(({ elements }) => elements.includes(element))
  const missing = reads.filter(({ elements }) => !elements.includes(element))
  const knownAt = Math.min(end, ...having.map((read) => read.end))
  const lastPresent = Math.max(Number.NEGATIVE_INFINITY, ...having.map((read) => read.start))
  const lastAbsent = Math.max(Number.NEGATIVE_INFINITY, ...missing.map((read) => read.start))
  if (lastAbsent > knownAt) return lastPresent < lastAbsent ? 'lost' : 'stale'
  return having.length === 0 ? 'never-read' : 'ok'
}
