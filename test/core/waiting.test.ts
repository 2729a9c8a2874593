import { describe, expect, it } from 'vitest'
import { keyFromText, makeWriterId, parseNodeName, present } from '../../base/index.ts'
import type { ReadRequest } from '../../core/index.ts'
import { type ConcernWait, ConcernWaits, SessionWaits } from '../../core/waiting.ts'
import { VersionVector } from '../../crdt/index.ts'

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

describe('waits for a session', () => {
  const [a, b] = [makeWriterId(parseNodeName('n1'), 1), makeWriterId(parseNodeName('n2'), 2)]
  const read: ReadRequest = { kind: 'get', key: keyFromText('k'), consistency: 'session', session: null, timeoutMs: 100 }

  it('[SS1] end when all of it is here, in the order in which they came', () => {
    const frontier = new VersionVector()
    const waits = new SessionWaits()
    const wait = (id: number, ...session: [typeof a, number][]) => {
      const vector = new VersionVector(session)
      waits.add(id, read, vector, present(frontier.firstMissing(vector), 'it is not covered'), 0)
    }
    const taken = () => waits.takeCovered(frontier).map(({ id }) => id)
    wait(1, [a, 2], [b, 1])
    wait(2, [b, 1])
    wait(3, [a, 1], [b, 2])
    wait(4, [a, 3])
    expect(taken()).toEqual([])
    frontier.advance(b, 1)
    expect(taken()).toEqual([2])
    frontier.advance(a, 2)
    expect(taken()).toEqual([1])
    frontier.advance(b, 2)
    expect(taken()).toEqual([3])
    waits.remove(4)
    waits.remove(4)
    frontier.advance(a, 3)
    expect(taken()).toEqual([])
    expect(waits.size).toBe(0)
  })

  it('[SS1] end at their deadline with STALE, and not again', () => {
    const waits = new SessionWaits()
    waits.add(1, read, new VersionVector([[a, 1]]), { writer: a, sequence: 1 }, 50)
    expect(waits.takeExpired(149)).toEqual([])
    expect(waits.takeExpired(150)).toMatchObject([{ id: 1, reply: { kind: 'failed', error: { code: 'STALE' } } }])
    expect(waits.takeCovered(new VersionVector([[a, 1]]))).toEqual([])
  })
})
