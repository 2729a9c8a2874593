import { describe, expect, it } from 'vitest'
import { Prng } from '../../base/index.ts'

const draw = (seed: number, count: number) => {
  const random = new Prng(seed)
  return Array.from({ length: count }, () => random.uint32())
}

describe('seeded chance', () => {
  it('the same seed draws the same numbers, and another one others', () => {
    expect(draw(7, 50)).toEqual(draw(7, 50))
    expect(draw(7, 50)).not.toEqual(draw(8, 50))
    expect(draw(1, 50)).not.toEqual(draw(1 + 2 ** 32, 50))
  })

  it('numbers below a limit are even within a few per cent', () => {
    const random = new Prng(42)
    const counts = new Array<number>(6).fill(0)
    for (let i = 0; i < 60_000; i++) {
      const value = random.below(6)
      counts[value] = (counts[value] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })

  it('a chance of 1 in 20 comes true about that often, one of 0 never, one of 1 always', () => {
    const random = new Prng(3)
    const hits = (numerator: number, denominator: number) =>
      Array.from({ length: 20_000 }, () => random.chance({ numerator, denominator })).filter(Boolean).length
    expect(Math.abs(hits(1, 20) - 1000)).toBeLessThan(150)
    expect(hits(0, 20)).toBe(0)
    expect(hits(20, 20)).toBe(20_000)
  })
})
