/** The weather and the plan that a seed gives: always the same, inside their ranges, and as told. */

import { describe, expect, it } from 'vitest'
import { Prng } from '../../base/index.ts'
import { between, exponential, pickSome, scaled } from '../../sim/draw.ts'
import { FAULT_KINDS, type Fault, type FaultKind } from '../../sim/fault.ts'
import { drawPartition } from '../../sim/partition-shapes.ts'
import { drawPlan } from '../../sim/plan.ts'
import type { Weather } from '../../sim/weather.ts'
import { drawWeather } from '../../sim/weather-draw.ts'

const NODES = 5
const DURATION_MS = 600_000
const SEEDS = Array.from({ length: 60 }, (_, seed) => seed)

const weatherOf = (seed: number, kinds: readonly FaultKind[] = FAULT_KINDS): Weather => drawWeather(new Prng(seed), NODES, kinds)
const planOf = (seed: number): readonly Fault[] => drawPlan(new Prng(seed), weatherOf(seed), NODES, DURATION_MS)

describe('draws', () => {
  it('[SIM] stay in their ranges', () => {
    const random = new Prng(1)
    for (let i = 0; i < 1000; i++) {
      expect(between(random, -3, 3)).toSatisfy((value: number) => Number.isInteger(value) && value >= -3 && value <= 3)
      expect(scaled(random, 0.02, 7)).toSatisfy((value: number) => value >= 0.02 && value <= 7)
      expect(pickSome(random, [1, 2, 3, 4], 2)).toHaveLength(2)
    }
  })

  it('[SIM] come at random times with the mean that was asked for', () => {
    const random = new Prng(2)
    const sum = Array.from({ length: 20_000 }, () => exponential(random, 50)).reduce((total, value) => total + value, 0)
    expect(sum / 20_000).toBeCloseTo(50, -0.5)
  })
})

describe('the weather of a seed', () => {
  it('[SIM] is the same every time, and another one for another seed', () => {
    expect(weatherOf(7)).toEqual(weatherOf(7))
    expect(weatherOf(7)).not.toEqual(weatherOf(8))
  })

  it('[SIM] has each kind of fault in some seeds and not in others', () => {
    for (const kind of FAULT_KINDS) {
      const present = SEEDS.filter((seed) => weatherOf(seed).faultIntervalsMs[kind] !== undefined)
      expect(present.length).toBeGreaterThan(SEEDS.length / 3)
      expect(present.length).toBeLessThan(SEEDS.length)
    }
  })

  it('[SIM] has the kinds that are named, all of them and no others', () => {
    for (let seed = 1; seed <= 20; seed++) {
      expect(Object.keys(weatherOf(seed, ['kill', 'partition']).faultIntervalsMs).sort()).toEqual(['kill', 'partition'])
    }
  })

  it('[SIM] stays in the ranges that are promised', () => {
    for (const seed of SEEDS) {
      const { network, disk, clockOffsetsMs } = weatherOf(seed)
      expect(network.delayMinMs).toBeLessThanOrEqual(30)
      expect(network.delayMeanMs).toBeLessThanOrEqual(100)
      expect(network.loss.numerator / network.loss.denominator).toBeLessThanOrEqual(0.3)
      expect(disk.writeMeanMs).toBeLessThanOrEqual(20)
      expect(clockOffsetsMs).toHaveLength(NODES)
    }
  })
})

describe('the plan of a seed', () => {
  it('[SIM] is the same every time, in the order of its times', () => {
    const plan = planOf(7)
    expect(planOf(7)).toEqual(plan)
    expect(plan.map(({ atMs }) => atMs)).toEqual(plan.map(({ atMs }) => atMs).sort((left, right) => left - right))
  })

  it('[SIM] has the faults of its weather, about as often', () => {
    let expected = 0
    let planned = 0
    for (const seed of SEEDS) {
      const intervalMs = weatherOf(seed).faultIntervalsMs.clog
      if (intervalMs !== undefined) expected += DURATION_MS / intervalMs
      planned += planOf(seed).filter(({ kind }) => kind === 'clog').length
    }
    expect(planned / expected).toBeGreaterThan(0.9)
    expect(planned / expected).toBeLessThan(1.1)
  })

  it('[SIM] has each kind that was named, however short the run', () => {
    const named = ['wipe', 'clock-drift', 'power'] as const
    for (const seed of SEEDS) {
      const weather = drawWeather(new Prng(seed), NODES, named)
      const kinds = drawPlan(new Prng(seed), weather, NODES, 1000, named).map(({ kind }) => kind)
      expect(kinds).toEqual(expect.arrayContaining(['clock-drift', 'power']))
    }
  })

  it('[SIM] names nodes that exist, and times inside the run', () => {
    for (const fault of SEEDS.flatMap(planOf)) {
      const nodes = 'nodes' in fault ? fault.nodes : 'node' in fault ? [fault.node] : []
      expect(nodes.every((node) => node >= 0 && node < NODES)).toBe(true)
      expect(fault.atMs).toBeLessThan(DURATION_MS)
    }
  })

  it('[SIM] stops no node that is still down by the plan, but for a loss of power', () => {
    for (const seed of SEEDS) {
      const upAtMs = new Array<number>(NODES).fill(0)
      for (const fault of planOf(seed)) {
        if (!('nodes' in fault) || fault.kind === 'power') continue
        for (const node of fault.nodes) {
          expect(fault.atMs).toBeGreaterThanOrEqual(upAtMs[node] ?? 0)
          upAtMs[node] = fault.atMs + fault.downMs
        }
      }
    }
  })

  it('[SIM] strikes one, some and all nodes, and damages the disk of one at a time', () => {
    const sizes = new Set<number>()
    for (const fault of SEEDS.flatMap(planOf)) {
      if (fault.kind === 'kill') sizes.add(fault.nodes.length)
      if (fault.kind === 'wipe' || fault.kind === 'restore' || fault.kind === 'torn-tail') expect(fault.nodes).toHaveLength(1)
    }
    expect([...sizes].sort()).toEqual(expect.arrayContaining([1, 2, 3, 5]))
  })

  it('[SIM] sets clocks back while a node is down', () => {
    const isWhileDown = (step: Fault, plan: readonly Fault[]): boolean =>
      step.kind === 'clock-step' &&
      step.byMs < 0 &&
      plan.some(
        (fault) => 'nodes' in fault && fault.nodes.includes(step.node) && fault.atMs < step.atMs && step.atMs < fault.atMs + fault.downMs,
      )
    expect(SEEDS.map(planOf).some((plan) => plan.some((fault) => isWhileDown(fault, plan)))).toBe(true)
  })
})

describe('partitions', () => {
  const drawn = Array.from({ length: 300 }, (_, seed) => drawPartition(new Prng(seed), NODES))
  const cut = (directions: readonly (readonly [number, number])[], from: number, to: number): boolean =>
    directions.some(([source, target]) => source === from && target === to)

  it('[SIM] come in every shape', () => {
    expect(new Set(drawn.map(({ shape }) => shape))).toEqual(new Set(['halves', 'isolated', 'ring', 'bridge', 'one-way']))
  })

  it.each(['halves', 'isolated', 'ring', 'bridge'] as const)('[SIM] %s are cut both ways', (shape) => {
    for (const { directions } of drawn.filter((partition) => partition.shape === shape)) {
      expect(directions.every(([from, to]) => cut(directions, to, from))).toBe(true)
      expect(directions.length).toBeGreaterThan(0)
    }
  })

  it('[SIM] leave every node of a ring a majority, and no two the same one', () => {
    for (const { directions } of drawn.filter(({ shape }) => shape === 'ring')) {
      const seen = Array.from({ length: NODES }, (_, from) =>
        Array.from({ length: NODES }, (__, to) => to).filter((to) => from === to || !cut(directions, from, to)),
      )
      expect(seen.every((nodes) => nodes.length === 3)).toBe(true)
      expect(new Set(seen.map(String)).size).toBe(NODES)
    }
  })

  it('[SIM] leave one node of a bridge with everybody', () => {
    for (const { directions } of drawn.filter(({ shape }) => shape === 'bridge')) {
      const touched = new Set(directions.flat())
      expect(touched.size).toBe(NODES - 1)
    }
  })

  it('[SIM] are cut in one direction alone', () => {
    for (const { directions } of drawn.filter(({ shape }) => shape === 'one-way')) {
      expect(directions.some(([from, to]) => cut(directions, to, from))).toBe(false)
    }
  })
})
