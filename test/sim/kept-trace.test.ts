/** What is kept of a run that is too long to be kept whole. */

import { describe, expect, it } from 'vitest'
import { type LogKey, makeWriterId, type NodeName, type WriterId } from '../../base/index.ts'
import { VersionVector } from '../../crdt/index.ts'
import { KeptTrace, TRACE_EVENTS_MAX, TRACE_NUMBERS_MAX, wholePartOf } from '../../sim/kept-trace.ts'
import type { Happening } from '../../sim/trace.ts'
import { getRequest } from '../../sim/workloads/index.ts'

const WRITER = 'n1.00000001' as WriterId
const CONTENT = { kind: 'blocks', log: '00'.repeat(32) as LogKey, writer: WRITER, from: 1, count: 1 } as const
const LENGTH = 3 * TRACE_EVENTS_MAX
const NO_MESSAGE = Uint8Array.of(99, 1, 2)

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

  it('[SIM] is bounded by what its frontiers take, too, where each is another altogether', () => {
    const kept = new KeptTrace([])
    const writers = Array.from({ length: 4096 }, (_, index) => makeWriterId('n1' as NodeName, index))
    const count = Math.ceil((3 * TRACE_NUMBERS_MAX) / writers.length)
    for (let number = 0; number < count; number++) {
      const frontier = new VersionVector(writers.map((writer) => [writer, number + 1]))
      kept.add({ number, atMs: 0, happening: { kind: 'applied', node: 0, frontier } })
    }
    const { events } = kept
    expect(events.length).toBeLessThan((2 * TRACE_NUMBERS_MAX) / writers.length + 2)
    expect(events.length - wholePartOf(events)).toBeGreaterThanOrEqual(Math.floor(TRACE_NUMBERS_MAX / writers.length))
    expect(events.at(-1)?.number).toBe(count - 1)
  })

  it('[SIM] tells of each vector what it was, and of a message what it was and no more', () => {
    const kept = new KeptTrace([])
    const session = new VersionVector([[WRITER, 7]])
    kept.add({ number: 0, atMs: 0, happening: { kind: 'invoked', call: 1, client: 0, node: 0, request: getRequest('k', { session }) } })
    kept.add({ number: 1, atMs: 0, happening: applied(0, 8) })
    kept.add({ number: 2, atMs: 0, happening: { kind: 'sent', id: 1, from: 0, to: 1, content: { kind: 'message', bytes: NO_MESSAGE } } })
    const [invoked, moved, sent] = kept.events.map(({ happening }) => happening)
    expect(invoked?.kind === 'invoked' && 'session' in invoked.request && invoked.request.session?.get(WRITER)).toBe(7)
    expect(moved?.kind === 'applied' && [...moved.frontier.entries()]).toEqual([[WRITER, 8]])
    expect(sent).toMatchObject({ content: { kind: 'essence', of: 'message', digest: null, bytes: NO_MESSAGE.length } })
  })

  it('[SIM] is all of a run that is no longer than that', () => {
    const kept = new KeptTrace([])
    for (let number = 0; number < 1000; number++) kept.add({ number, atMs: 0, happening: { kind: 'delivered', id: 1 } })
    expect(kept.events).toHaveLength(1000)
    expect(wholePartOf(kept.events)).toBe(0)
  })
})
