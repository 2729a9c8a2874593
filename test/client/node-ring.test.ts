import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Prng } from '../../base/index.ts'
import { backOffMs } from '../../client/back-off.ts'
import { NodeRing } from '../../client/node-ring.ts'

const UNTRIED: ReadonlySet<string> = new Set()
const HALF = (): number => 0.5

function seeded(seed: number): () => number {
  const prng = new Prng(seed)
  return () => prng.uint32() / 2 ** 32
}

describe('back-off', () => {
  it('stays between nothing and the doubled bound, and never passes the cap', () => {
    const bounds = fc.record({ baseMs: fc.integer({ min: 1, max: 1000 }), capMs: fc.integer({ min: 1, max: 60_000 }) })
    fc.assert(
      fc.property(fc.nat(2000), bounds, fc.nat(), (failures, { baseMs, capMs }, seed) => {
        const delayMs = backOffMs(failures, { baseMs, capMs }, seeded(seed))
        expect(delayMs).toBeGreaterThanOrEqual(0)
        expect(delayMs).toBeLessThan(Math.min(capMs, baseMs * 2 ** failures))
      }),
    )
  })

  it.each([
    [0, 25],
    [1, 50],
    [2, 100],
    [9, 500],
  ])('after %i failures half of the bound is %i ms', (failures, expected) => {
    expect(backOffMs(failures, { baseMs: 50, capMs: 1000 }, HALF)).toBe(expected)
  })
})

describe('node ring', () => {
  it('begins with the first node', () => {
    expect(new NodeRing(['a', 'b'], HALF).next(UNTRIED, 0)).toBe('a')
  })

  it('prefers the node that answered last', () => {
    const ring = new NodeRing(['a', 'b', 'c'], HALF)
    ring.answered('b')
    expect(ring.next(UNTRIED, 0)).toBe('b')
  })

  it('passes over a node that failed, and comes back to it later', () => {
    const ring = new NodeRing(['a', 'b'], HALF)
    ring.failed('a', 0)
    expect(ring.next(UNTRIED, 49)).toBe('b')
    expect(ring.next(UNTRIED, 50)).toBe('a')
  })

  it('stays with a good node when the one that failed is due again', () => {
    const ring = new NodeRing(['a', 'b'], HALF)
    ring.failed('a', 0)
    ring.answered('b')
    expect(ring.next(UNTRIED, 10_000)).toBe('b')
  })

  it('passes over a node for longer, the more often it failed in a row', () => {
    const ring = new NodeRing(['a', 'b'], HALF)
    ring.failed('a', 0)
    ring.failed('a', 0)
    expect(ring.next(UNTRIED, 99)).toBe('b')
    ring.answered('a')
    ring.failed('a', 1000)
    expect(ring.next(UNTRIED, 1050)).toBe('a')
  })

  it('takes the node that is due first when all have failed', () => {
    const ring = new NodeRing(['a', 'b'], HALF)
    ring.failed('b', 0)
    ring.failed('a', 10)
    expect(ring.next(UNTRIED, 20)).toBe('b')
  })

  it('never names a node twice in a round, and names each once', () => {
    const script = fc.array(fc.record({ node: fc.constantFrom('a', 'b', 'c'), isGood: fc.boolean(), passMs: fc.nat(5000) }))
    fc.assert(
      fc.property(script, fc.nat(), (events, seed) => {
        const ring = new NodeRing(['a', 'b', 'c'], seeded(seed))
        let nowMs = 0
        for (const { node, isGood, passMs } of events) {
          nowMs += passMs
          if (isGood) ring.answered(node)
          else ring.failed(node, nowMs)
        }
        const tried = new Set<string>()
        for (let node = ring.next(tried, nowMs); node !== null; node = ring.next(tried, nowMs)) {
          expect(tried.has(node)).toBe(false)
          tried.add(node)
        }
        expect([...tried].sort()).toEqual(['a', 'b', 'c'])
      }),
    )
  })
})
