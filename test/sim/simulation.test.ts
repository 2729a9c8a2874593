/** Whole runs: the same seed is the same run, seeds pass, and a run that tested nothing does not. */

import { describe, expect, it } from 'vitest'
import {
  FAULT_KINDS,
  type FaultPlan,
  getRequest,
  type Invariant,
  type RunOptions,
  type RunResult,
  setOperation,
  simulate,
  textValue,
  transactionRequest,
  WORKLOADS,
  type Workload,
} from '../../sim/index.ts'
import { findVacuity } from '../../sim/vacuity.ts'

const [MIXED] = WORKLOADS

function options(seed: number, more: Partial<RunOptions> = {}): RunOptions {
  if (MIXED === undefined) throw new Error('there is a workload')
  return {
    seed,
    nodes: 3,
    durationMs: 6000,
    callsPerSecond: 60,
    workload: MIXED,
    faults: FAULT_KINDS,
    plan: null,
    weather: null,
    callsMax: null,
    keepTrace: false,
    onProgress: null,
    ...more,
  }
}

/** All that a run says but its weather and plan, which the options may have given. */
function outcomeOf({ passed, violations, counts, traceHash, virtualMs }: RunResult): unknown {
  return { passed, violations, counts, traceHash, virtualMs }
}

describe('a run', () => {
  it('[Determinism] is the same to the last event for the same seed', () => {
    expect(simulate(options(11))).toEqual(simulate(options(11)))
  })

  it('[Determinism] is another one for another seed', () => {
    expect(simulate(options(11)).traceHash).not.toBe(simulate(options(12)).traceHash)
  })

  it('[Determinism] is the same with its own plan and weather given, and with its trace kept', () => {
    const drawn = simulate(options(13))
    const given = simulate(options(13, { plan: drawn.plan, weather: drawn.weather, keepTrace: true }))
    expect(outcomeOf(given)).toEqual(outcomeOf(drawn))
    expect(given.trace).toHaveLength(drawn.counts.events)
  })

  it.each([1, 2, 3, 4, 5, 6])('[Liveness] of seed %i passes', (seed) => {
    const { violations, counts } = simulate(options(seed))
    expect(violations).toEqual([])
    expect(counts.acknowledgedWrites).toBeGreaterThan(0)
  })

  it.each(WORKLOADS)('[Liveness] with the workload $name passes', (workload) => {
    const { violations } = simulate(options(21, { workload, durationMs: 4000 }))
    expect(violations).toEqual([])
  })

  it.each([1, 2, 9])('[Liveness] with %i nodes passes', (nodes) => {
    const { violations } = simulate(options(31, { nodes, durationMs: 3000 }))
    expect(violations).toEqual([])
  })

  it('[SIM] makes no more calls than it may, and tells how far it is', () => {
    const seen: number[] = []
    const { counts } = simulate(options(41, { callsMax: 20, nodes: 2, faults: [], onProgress: (atMs) => seen.push(atMs) }))
    // Each node is asked once more for a write and a read when all is calm.
    expect(counts.calls).toBe(20 + counts.retries + 4)
    expect(seen.length).toBeGreaterThan(5)
  })

  it('[SIM] strikes the faults of a plan made by hand', () => {
    const plan: FaultPlan = [
      {
        kind: 'partition',
        atMs: 1000,
        durationMs: 2000,
        shape: 'isolated',
        directions: [
          [0, 1],
          [1, 0],
          [0, 2],
          [2, 0],
        ],
      },
      { kind: 'power', atMs: 1500, nodes: [1], downMs: 500 },
      { kind: 'wipe', atMs: 3500, nodes: [2], downMs: 100 },
    ]
    const { violations, counts } = simulate(options(51, { plan }))
    expect(violations).toEqual([])
    expect(counts.faults).toEqual({ partition: 1, power: 1, wipe: 1 })
    expect(counts).toMatchObject({ partitions: 1, powerLosses: 1, wipedDisks: 1 })
  })

  it('[HL3] holds nothing for ever when a clock was a year ahead while its node was alone', () => {
    const yearMs = 365 * 86_400_000
    const plan: FaultPlan = [
      {
        kind: 'partition',
        atMs: 500,
        durationMs: 3000,
        shape: 'isolated',
        directions: [
          [0, 1],
          [1, 0],
          [0, 2],
          [2, 0],
        ],
      },
      { kind: 'clock-step', atMs: 1000, node: 0, byMs: yearMs },
      { kind: 'clock-step', atMs: 4000, node: 0, byMs: -yearMs },
    ]
    expect(simulate(options(61, { plan })).violations).toEqual([])
  })
})

describe('a run of a user', () => {
  /** Counts up one key, and says what it saw. */
  const counting = (limit: number): Workload => ({
    name: 'counting',
    description: 'a counter of a user',
    start: ({ clients }) => {
      let count = 0
      const tooHigh: Invariant = {
        name: 'CountBelowLimit',
        observe: ({ number, happening }) => {
          if (happening.kind !== 'answered' || happening.reply.kind !== 'value' || happening.reply.item?.key !== 'count') return null
          const found = Number(happening.reply.item.value.data)
          return found < limit ? null : { message: `the count is ${found}`, events: [number] }
        },
        finish: () => null,
      }
      return {
        invariants: [tooHigh],
        next: (client) =>
          client === clients - 1
            ? { request: getRequest('count'), node: 'any', onUnknown: 'go-on' }
            : { request: transactionRequest([setOperation('count', textValue(String(++count)))]), node: 'same', onUnknown: 'go-on' },
        ended: () => {},
      }
    },
  })

  it('[SIM] passes with what holds', () => {
    expect(simulate(options(71, { workload: counting(1_000_000), faults: [] })).violations).toEqual([])
  })

  it('[SIM] ends at the first violation of its own invariant, with the event that shows it', () => {
    const result = simulate(options(71, { workload: counting(50), faults: [], keepTrace: true }))
    expect(result.passed).toBe(false)
    expect(result.violations).toMatchObject([{ invariant: 'CountBelowLimit', message: expect.stringMatching(/^the count is \d+$/) }])
    const [shown = -1] = result.violations[0]?.events ?? []
    expect(result.trace[shown]?.happening.kind).toBe('answered')
    expect(result.virtualMs).toBeLessThan(6000)
  })
})

describe('NonVacuous', () => {
  const run = {
    nodes: 3,
    workload: { name: 'mixed', description: '', start: () => ({ next: () => null, ended: () => {}, invariants: [] }) },
    callsMax: null,
  }
  const plan: FaultPlan = [1, 2, 3].map((second) => ({ kind: 'pause', atMs: second * 1000, durationMs: 10, node: 0 }))
  const { counts } = simulate(options(81, { faults: [], durationMs: 1000 }))

  it('[SIM] fails a run whose clients asked nothing', () => {
    const result = simulate(options(82, { workload: run.workload, plan: [] }))
    // The probes of the liveness phase are calls, but nothing that was promised.
    expect(result.violations).toMatchObject([{ invariant: 'NonVacuous', message: 'no client asked anything' }])
  })

  it('[SIM] fails a run in which no planned fault of a kind struck', () => {
    expect(findVacuity(run, plan, counts)).toBe('none of 3 planned faults of the kind pause struck')
    expect(findVacuity(run, plan, { ...counts, faults: { pause: 1 } })).toBeNull()
    expect(findVacuity(run, plan.slice(1), counts)).toBeNull()
  })

  it('[SIM] fails a run without acknowledged writes, or without conflicts', () => {
    expect(findVacuity(run, [], { ...counts, calls: 500, acknowledgedWrites: 0 })).toContain('acknowledged write')
    expect(findVacuity(run, [], { ...counts, calls: 9000, acknowledgedWrites: 5000, conflicts: 0 })).toContain('no conflict')
    expect(findVacuity({ ...run, nodes: 1 }, [], { ...counts, calls: 9000, acknowledgedWrites: 5000, conflicts: 0 })).toBeNull()
  })
})
