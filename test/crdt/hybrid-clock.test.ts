import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Timestamp } from '../../base/index.ts'
import { HybridClock, timestampFromWall, wallFromTimestamp } from '../../crdt/index.ts'

const NOW_MS = Date.UTC(2026, 10, 21)

describe('hybrid clock', () => {
  it('[HL1] rises with every transaction, whatever the wall clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 2, maxLength: 50 }), (jumps) => {
        const clock = new HybridClock()
        let previous = -1
        for (const jump of jumps) {
          const timestamp = clock.next(NOW_MS + jump)
          expect(timestamp).toBeGreaterThan(previous)
          previous = timestamp
        }
      }),
    )
  })

  it('[HL2] a transaction after an applied timestamp is larger than it', () => {
    const clock = new HybridClock()
    const ahead = timestampFromWall(NOW_MS + 5000)
    clock.observe(ahead)
    expect(clock.next(NOW_MS)).toBe(ahead + 1)
    clock.observe(timestampFromWall(NOW_MS - 5000))
    expect(clock.next(NOW_MS)).toBe(ahead + 2)
  })

  it('[HL1] follows the wall clock where that is ahead', () => {
    const clock = new HybridClock()
    clock.next(NOW_MS)
    expect(wallFromTimestamp(clock.next(NOW_MS + 10))).toBe(NOW_MS + 10)
  })

  it.each([
    ['2020-01-01', Date.UTC(2020, 0, 1), 0],
    ['one millisecond later', Date.UTC(2020, 0, 1) + 1, 4096],
    ['before 2020', 0, 0],
    ['the far future', Number.MAX_SAFE_INTEGER, Math.floor(Number.MAX_SAFE_INTEGER / 4096) * 4096],
  ])('[HL1] a timestamp is milliseconds since 2020 × 4096: %s', (_, wallMs, expected) => {
    expect(timestampFromWall(wallMs)).toBe(expected as Timestamp)
    expect(Number.isSafeInteger(timestampFromWall(wallMs))).toBe(true)
  })
})
