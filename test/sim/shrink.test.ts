/** Shrinking, against runs whose failure is known: what they need must stay, everything else must go. */

import { describe, expect, it } from 'vitest'
import {
  type Counts,
  type Fault,
  type FaultPlan,
  type RunOptions,
  type RunResult,
  type ShrinkAttempt,
  type Shrunk,
  shrink,
  type Weather,
} from '../../sim/index.ts'

const WEATHER: Weather = {
  network: {
    delayMinMs: 1,
    delayMeanMs: 5,
    loss: { numerator: 1, denominator: 10 },
    retransmitMs: 200,
    clientLoss: { numerator: 1, denominator: 100 },
    reset: { numerator: 1, denominator: 1000 },
    detectMs: 3000,
    reconnectMs: 500,
  },
  disk: { writeMinMs: 1, writeMeanMs: 2, appendMinMs: 1, appendMeanMs: 1, readMeanMs: 1, syncIntervalMs: 1000, releaseIntervalMs: 5000 },
  clockOffsetsMs: [0, 20, -20, 5, 0],
  faultIntervalsMs: {},
  strike: { one: { numerator: 1, denominator: 2 }, all: { numerator: 0, denominator: 1 } },
}

const NO_COUNTS: Counts = {
  calls: 0,
  acknowledgedWrites: 0,
  reads: 0,
  failedCalls: 0,
  unknownOutcomes: 0,
  retries: 0,
  conflicts: 0,
  batches: 0,
  conditionalWrites: 0,
  messages: 0,
  pushes: 0,
  blocks: 0,
  disconnections: 0,
  partitions: 0,
  kills: 0,
  powerLosses: 0,
  wipedDisks: 0,
  restoredDisks: 0,
  elections: 0,
  leaders: 0,
  commits: 0,
  adoptions: 0,
  deadSuffixes: 0,
  switches: 0,
  voterChanges: 0,
  expiries: 0,
  faults: {},
  events: 0,
}

const kill = (atMs: number, ...nodes: number[]): Fault => ({ kind: 'kill', atMs, nodes, downMs: 500, point: null })
const cut = (atMs: number, ...directions: [number, number][]): Fault => ({
  kind: 'partition',
  shape: 'custom',
  atMs,
  durationMs: 1000,
  directions,
})

/** Thirty faults, two of which matter. */
const PLAN: FaultPlan = Array.from({ length: 30 }, (_, index) => {
  const atMs = index * 2000
  if (index === 11) return cut(atMs, [0, 1], [1, 0], [4, 0])
  if (index === 20) return kill(atMs, 1, 4)
  return kill(atMs, 2 + (index % 3))
})

const OPTIONS: RunOptions = {
  seed: 1,
  nodes: 5,
  durationMs: 60_000,
  callsPerSecond: 200,
  workload: { name: 'none', description: '', start: () => ({ next: () => null, ended: () => undefined, invariants: [] }) },
  faults: ['kill', 'partition'],
  plan: null,
  weather: null,
  callsMax: null,
  keepTrace: false,
  onProgress: null,
}

type Cause = (options: RunOptions) => { readonly invariant: string; readonly atMs: number } | null

/** Runs that fail where `cause` says so; the calls that they make are 200 a second up to the failure. */
function runnerOf(cause: Cause): (options: RunOptions) => RunResult {
  return (options) => {
    const found = cause(options)
    const endMs = found?.atMs ?? options.durationMs
    const calls = Math.min(options.callsMax ?? Number.POSITIVE_INFINITY, Math.ceil((endMs * options.callsPerSecond) / 1000))
    return {
      seed: options.seed,
      passed: found === null,
      violations: found === null ? [] : [{ ...found, message: 'as planned', events: [] }],
      counts: { ...NO_COUNTS, calls },
      traceHash: '0000000000000000',
      virtualMs: endMs,
      weather: options.weather ?? WEATHER,
      plan: options.plan ?? PLAN,
      trace: [],
    }
  }
}

function shrinkAll(cause: Cause, attemptsMax?: number): { attempts: ShrinkAttempt[]; shrunk: Shrunk } {
  const run = runnerOf(cause)
  const steps = shrink(OPTIONS, run(OPTIONS), run, attemptsMax)
  const attempts: ShrinkAttempt[] = []
  for (;;) {
    const step = steps.next()
    if (step.done === true) return { attempts, shrunk: step.value }
    attempts.push(step.value)
  }
}

const planOf = (options: RunOptions): FaultPlan => options.plan ?? PLAN
const strikesFirst = (fault: Fault): boolean => fault.kind === 'partition' && fault.directions.some(([from, to]) => from + to === 1)
const killsSecond = (fault: Fault): boolean => fault.kind === 'kill' && fault.nodes.includes(1)

/** Needs a cut between the first two nodes, then a kill of the second, and 400 calls. */
const cutThenKill: Cause = (options) => {
  const cutting = planOf(options).find(strikesFirst)
  const killing = planOf(options).find(killsSecond)
  const hasCalls = options.callsMax === null || options.callsMax >= 400
  const isMet = cutting !== undefined && killing !== undefined && hasCalls && options.nodes >= 2 && killing.atMs < options.durationMs
  return isMet ? { invariant: 'NoLostAck', atMs: killing.atMs + 250 } : null
}

describe('shrinking a failing run', () => {
  it('[SIM] keeps what the failure needs, and nothing else', () => {
    const { shrunk } = shrinkAll(cutThenKill)
    expect(shrunk.options.plan).toEqual([cut(22_000, [0, 1], [1, 0]), kill(40_000, 1)])
    expect(shrunk.options.nodes).toBe(2)
    expect(shrunk.options.callsMax).toBe(400)
    expect(shrunk.options.durationMs).toBeLessThanOrEqual(40_250)
    expect(shrunk.options.callsPerSecond).toBe(1)
    expect(shrunk.result.violations[0]?.invariant).toBe('NoLostAck')
  })

  it('[SIM] calms the weather where the failure does not need it', () => {
    const { shrunk } = shrinkAll((options) => {
      const isLossy = (options.weather ?? WEATHER).network.loss.numerator > 0
      return isLossy ? cutThenKill(options) : null
    })
    const { network, clockOffsetsMs } = shrunk.options.weather
    expect([network.loss.numerator, network.clientLoss.numerator, network.reset.numerator]).toEqual([1, 0, 0])
    expect(clockOffsetsMs).toEqual([0, 0])
  })

  it('[SIM] takes another failure for none', () => {
    const { shrunk } = shrinkAll((options) => cutThenKill(options) ?? { invariant: 'Liveness', atMs: options.durationMs })
    expect(shrunk.result.violations[0]?.invariant).toBe('NoLostAck')
    expect(shrunk.options.plan.some(strikesFirst) && shrunk.options.plan.some(killsSecond)).toBe(true)
  })

  it('[SIM] gives up after so many attempts, with the smallest so far', () => {
    const { attempts, shrunk } = shrinkAll(cutThenKill, 7)
    expect(attempts.length).toBe(7)
    expect(shrunk.attempts).toBe(7)
    expect(shrunk.options).toEqual(attempts.at(-1)?.smallest)
    expect(runnerOf(cutThenKill)(shrunk.options).passed).toBe(false)
  })

  it('[SIM] a failure that needs nothing is left with nothing', () => {
    const { shrunk } = shrinkAll(({ durationMs }) => ({ invariant: 'Bounded', atMs: Math.min(1000, durationMs) }))
    const { plan, nodes, callsMax, durationMs } = shrunk.options
    expect({ plan, nodes, callsMax, durationMs }).toEqual({ plan: [], nodes: 1, callsMax: 0, durationMs: 1 })
  })
})
