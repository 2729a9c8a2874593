import { describe, expect, it } from 'vitest'
import type { Happening } from '../../sim/trace.ts'
import { TraceHash } from '../../sim/trace-hash.ts'

const HAPPENINGS: readonly Happening[] = [
  { kind: 'recovered', node: 1 },
  { kind: 'stopped', node: 1, cause: 'power', failure: null },
  { kind: 'sent', id: 7, from: 0, to: 2, content: { kind: 'message', bytes: Uint8Array.of(1, 2, 3) } },
  { kind: 'delivered', id: 7 },
  { kind: 'fault-began', fault: { kind: 'clock-step', atMs: 12.5, node: 1, byMs: -300_000 } },
]

describe('the hash of a trace', () => {
  it('[Determinism] is the same on every machine', () => {
    expect(hashOf(HAPPENINGS)).toBe('283d8eb5bb724c10')
  })

  it('[Determinism] tells apart what differs in kind, place, order, number or time', () => {
    const [first, ...rest] = HAPPENINGS
    const variants = [
      hashOf(HAPPENINGS),
      hashOf([]),
      hashOf(HAPPENINGS.slice(1)),
      hashOf([...rest, ...(first === undefined ? [] : [first])]),
      hashOf(HAPPENINGS, 0.001),
      hashOf(HAPPENINGS, 2 ** 33),
      hashOf([{ kind: 'persisted', node: 1 }, ...rest]),
      hashOf([{ kind: 'recovered', node: 2 }, ...rest]),
    ]
    expect(new Set(variants).size).toBe(variants.length)
  })
})

function hashOf(happenings: readonly Happening[], startMs = 0): string {
  const hash = new TraceHash()
  for (const [number, happening] of happenings.entries()) hash.add({ number, atMs: startMs + number, happening })
  return hash.digest()
}
