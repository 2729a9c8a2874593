/** What is kept of a run that is too long to be kept whole. */

import { describe, expect, it } from 'vitest'
import { type LogKey, makeWriterId, type NodeName, type WriterId } from '../../base/index.ts'
import { VersionVector } from '../../crdt/index.ts'
import { KeptTrace, TRACE_EVENTS_MAX, TRACE_WRITERS_MAX, wholePartOf } from '../../sim/kept-trace.ts'
import type { Happening } from '../../sim/trace.ts'
import { getRequest } from '../../sim/workloads/index.ts'

const WRITER = 'n1.00000001' as WriterId
const CONTENT = { kind: 'blocks', log: '00'.repeat(32) as LogKey, writer: WRITER, from: 1, count: 1 } as const
const LENGTH = 3 * TRACE_EVENTS_MAX

/** A great many events of no interest, with a few others among them. */
function keptOf(others: ReadonlyMap<number, Happening>, named: readonly number[] = []): KeptTrace {
  const kept = new KeptTrace(named)
  for (let number = 0; number < LENGTH; number++) {
    kept.add({ number, atMs: number, happening: others.get(number) ?? { kind: 'sent', id: number, from: 0, to: 1, content: CONTENT } })
  }
  return kept
}

function applied(node: number, sequence: number): Happening {
  return { kind: 'applied', node, frontier: new VersionVector([[WRITER, sequence]]) }
}

describe('a trace that is kept', () => {
  const others = new Map<number, Happening>([
    [0, { kind: 'connected', left: 0, right: 1 }],
    [10, applied(0, 1)],
    [11, applied(1, 1)],
    [20, applied(0, 2)],
    [30, { kind: 'invoked', call: 1, client: 0, node: 0, request: getRequest('k') }],
    [40, { kind: 'invoked', call: 2, client: 0, node: 0, request: getRequest('k') }],
    [50, { kind: 'invoked', call: 3, client: 0, node: 0, request: getRequest('other') }],
  ])

  it('[SIM] is bounded, and whole up to the end', () => {
    const { events } = keptOf(others)
    expect(events.length).toBeLessThanOrEqual(TRACE_EVENTS_MAX)
    const start = wholePartOf(events)
    expect(events.length - start).toBeGreaterThanOrEqual(TRACE_EVENTS_MAX / 2)
    expect(events.at(-1)?.number).toBe(LENGTH - 1)
    expect(events[start]?.number).toBe(LENGTH - (events.length - start))
  })

  it('[SIM] has from before what shapes the run, and what each node knew last', () => {
    const { events } = keptOf(others)
    expect(events.slice(0, wholePartOf(events)).map(({ number }) => number)).toEqual([0, 11, 20])
  })

  it('[SIM] has the events that were asked for, and what came after them to their keys', () => {
    const { events } = keptOf(others, [30])
    expect(events.slice(0, wholePartOf(events)).map(({ number }) => number)).toEqual([0, 11, 20, 30, 40])
  })

  it('[SIM] is bounded by what its frontiers take, too', () => {
    const kept = new KeptTrace([])
    const frontier = new VersionVector(Array.from({ length: 1000 }, (_, index) => [makeWriterId('n1' as NodeName, index), 1]))
    const count = (3 * TRACE_WRITERS_MAX) / frontier.size
    for (let number = 0; number < count; number++) kept.add({ number, atMs: 0, happening: { kind: 'applied', node: 0, frontier } })
    const { events } = kept
    expect(events.length).toBeLessThan((2 * TRACE_WRITERS_MAX) / frontier.size + 2)
    expect(events.length - wholePartOf(events)).toBeGreaterThanOrEqual(TRACE_WRITERS_MAX / frontier.size)
    expect(events.at(-1)?.number).toBe(count - 1)
  })

  it('[SIM] is all of a run that is no longer than that', () => {
    const kept = new KeptTrace([])
    for (let number = 0; number < 1000; number++) kept.add({ number, atMs: 0, happening: { kind: 'delivered', id: 1 } })
    expect(kept.events).toHaveLength(1000)
    expect(wholePartOf(kept.events)).toBe(0)
  })
})
