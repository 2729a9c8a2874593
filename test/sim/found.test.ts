/**
 * Bugs of the product that the simulator found, each fixed, with the plan that showed it. A plan
 * and its weather are written down, for a seed alone means another run when the simulator changes.
 */

import { describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import {
  FAULT_KINDS,
  type FaultKind,
  type FaultPlan,
  type RunMode,
  simulate,
  type Violation,
  type Weather,
  WORKLOADS,
} from '../../sim/index.ts'

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

/** Bugs of leader mode, by the seeds that showed them, with the faults and the weather that these give. */
const LED: readonly {
  readonly seed: number
  readonly mode: RunMode
  readonly nodes: number
  readonly faults?: readonly FaultKind[]
  readonly what: string
}[] = [
  { seed: 34, mode: 'leader', nodes: 5, what: '[LM6] of a log that was left out nothing is acknowledged' },
  { seed: 15, mode: 'leader', nodes: 5, what: '[LM7] a linearizable read joins no commit in flight' },
  { seed: 55, mode: 'leader', nodes: 5, what: '[EP1] whoever is in the first epoch of a cluster in leader mode admits nothing' },
  { seed: 57, mode: 'leader', nodes: 5, what: '[MB1] a leader counts itself only as a bound voter' },
  { seed: 59, mode: 'mixed', nodes: 3, what: '[EP4] adopted entries are reported once they are here' },
  { seed: 66, mode: 'mixed', nodes: 3, what: '[JR5] after a restart a node serves once it has applied what it can' },
  { seed: 44, mode: 'mixed', nodes: 3, what: '[LM4] what is acknowledged is in the durable promise' },
  { seed: 100_038, mode: 'mixed', nodes: 5, what: '[EP4] an epoch that is known to be over is passed through' },
  { seed: 100_047, mode: 'mixed', nodes: 5, what: '[HL2] what waited for the end of a leader epoch is applied before anything is written' },
  { seed: 100_153, mode: 'mixed', nodes: 5, what: '[EP4] who knows that its epoch is over acknowledges nothing more of it' },
  { seed: 100_022, mode: 'mixed', nodes: 5, what: '[LM2] where messages take longer than time-outs, those grow' },
  {
    seed: 66,
    mode: 'leader',
    nodes: 3,
    faults: ['logs-rollback', 'kill-leader', 'partition'],
    what: '[LM1] nobody stands behind what it once held',
  },
  // Of the simulated disk.
  { seed: 920_262, mode: 'leader', nodes: 5, what: '[JR4] behind a block for which there was no room nothing is appended' },
]

describe('what the simulator found', () => {
  it.each(LED)('$what ($mode, $nodes nodes, seed $seed)', ({ seed, mode, nodes, faults = FAULT_KINDS }) => {
    const workload = present(
      WORKLOADS.find(({ name }) => name === 'mixed'),
      'there is a mixed workload',
    )
    const { violations, counts } = simulate({
      seed,
      nodes,
      durationMs: 18_000,
      callsPerSecond: 60,
      workload,
      mode,
      faults,
      plan: null,
      weather: null,
      callsMax: null,
      keepTrace: false,
      onProgress: null,
    })
    expect(violations).toEqual([])
    expect(counts.leaders).toBeGreaterThan(0)
  })

  it.each([224, 225, 226])('[HL3] a clock that is put right stamps nothing ahead of all others (seed %i)', (seed) => {
    const plan: FaultPlan = [
      { kind: 'clock-step', atMs: 4000, node: 3, byMs: -101_000 },
      { kind: 'clock-step', atMs: 7000, node: 3, byMs: 101_000 },
    ]
    expect(violationsOf(seed, plan)).toEqual([])
  })
})
