/**
 * Bugs of the product that the simulator found, each fixed, with the plan that showed it. A plan
 * and its weather are written down, for a seed alone means another run when the simulator changes.
 */

import { describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import { type FaultPlan, simulate, type Violation, type Weather, WORKLOADS } from '../../sim/index.ts'

const NEVER = { numerator: 0, denominator: 1 }

const WEATHER: Weather = {
  network: {
    delayMinMs: 1,
    delayMeanMs: 60,
    loss: NEVER,
    retransmitMs: 100,
    clientLoss: NEVER,
    reset: NEVER,
    detectMs: 2000,
    reconnectMs: 200,
  },
  disk: {
    writeMinMs: 0.2,
    writeMeanMs: 1,
    appendMinMs: 0.2,
    appendMeanMs: 2,
    readMeanMs: 0.5,
    syncIntervalMs: 500,
    releaseIntervalMs: 5000,
  },
  clockOffsetsMs: [0, 0, 0, 0, 0],
  faultIntervalsMs: {},
  strike: { one: { numerator: 1, denominator: 1 }, all: NEVER },
}

function violationsOf(seed: number, plan: FaultPlan): readonly Violation[] {
  const workload = present(
    WORKLOADS.find(({ name }) => name === 'mixed'),
    'there is a mixed workload',
  )
  const faults = [...new Set(plan.map(({ kind }) => kind))]
  const { violations, counts } = simulate({
    seed,
    nodes: 5,
    durationMs: 12_000,
    callsPerSecond: 200,
    workload,
    faults,
    plan,
    weather: WEATHER,
    callsMax: null,
    keepTrace: false,
    onProgress: null,
  })
  expect(counts.acknowledgedWrites).toBeGreaterThan(100)
  return violations
}

describe('what the simulator found', () => {
  it.each([224, 225, 226])('[HL3] a clock that is put right stamps nothing ahead of all others (seed %i)', (seed) => {
    const plan: FaultPlan = [
      { kind: 'clock-step', atMs: 4000, node: 3, byMs: -101_000 },
      { kind: 'clock-step', atMs: 7000, node: 3, byMs: 101_000 },
    ]
    expect(violationsOf(seed, plan)).toEqual([])
  })
})
