import { describe, expect, it } from 'vitest'
import { makeWriterId, parseNodeName } from '../../base/index.ts'
import { type ConcernWait, ConcernWaits } from '../../core/waiting.ts'

const VERSION = { writer: makeWriterId(parseNodeName('n1'), 1), sequence: 1 }

describe('waits for other nodes', () => {
  it('[WR4] are answered in the order in which they came, but those that were withdrawn', () => {
    const waits = waiting(1, 2, 3)
    waits.remove(2)
    waits.remove(7)
    expect(waits.size).toBe(2)
    expect(waits.takeReached(() => 2)).toEqual([
      { id: 1, reply: { kind: 'copies', nodes: 2 } },
      { id: 3, reply: { kind: 'copies', nodes: 2 } },
    ])
    expect(waits.size).toBe(0)
  })

  it('[WR4] are answered once: reached or expired', () => {
    const waits = waiting(1)
    expect(waits.takeReached(() => 1)).toEqual([])
    expect(waits.takeExpired(99, () => 1)).toEqual([])
    expect(waits.takeExpired(100, () => 1)).toEqual([{ id: 1, reply: { kind: 'copies', nodes: 1 } }])
    expect(waits.takeReached(() => 2)).toEqual([])
  })

  // When each looked through all the others, 20,000 took 4 s.
  it('[WR4] are withdrawn in no more time than they took to come', () => {
    const ids = Array.from({ length: 100_000 }, (_, id) => id)
    const waits = waiting(...ids)
    for (const id of ids) waits.remove(id)
    expect(waits.size).toBe(0)
  })
})

function waiting(...ids: number[]): ConcernWaits {
  const waits = new ConcernWaits()
  for (const id of ids) waits.add({ id, version: VERSION, needed: 2, reply: null, deadlineMs: 100 } satisfies ConcernWait)
  return waits
}
