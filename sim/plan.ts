/**
 * Draws the plan of a run: faults of each kind arrive at random (a Poisson process with the
 * weather's rate), and each draws whom it strikes, for how long, and where in its work a process
 * dies. A plan is made whole before the run starts, so that a failing one can be cut down fault
 * by fault.
 *
 * Processes are stopped only while they are expected to be up, so that a plan happens as it is
 * written; the power goes whenever it goes, for what a dead process had not synced is lost with it,
 * too. Whether a stop costs data is left to the oracle, which knows what is on which disk.
 */

import { DAY_MS, MIB, MINUTE_MS, type Prng, present, SECOND_MS, unreachable } from '../base/index.ts'
import { forkPrng } from './chance.ts'
import { between, exponential, oneIn, pick, pickSome, scaled } from './draw.ts'
import { FAULT_KINDS, type Fault, type FaultKind, type FaultPlan, KILLED_WORK, type KillPoint, type NodeIndex } from './fault.ts'
import { drawPartition } from './partition-shapes.ts'
import type { Weather } from './weather.ts'

/** The last faults begin so long before the safety phase ends, as a share of it: they should be felt. */
const LAST_FAULT_AT = 0.97
/** A process that started again is not stopped before it had time to read its disk. */
const RECOVERY_MARGIN_MS = 2 * SECOND_MS
/** Takes away what was durable. */
const DAMAGING: readonly FaultKind[] = ['wipe', 'restore', 'logs-rollback', 'torn-tail']
const YEAR_MS = 365 * DAY_MS
/** One of so many clock steps is by a year. */
const YEAR_STEP_ONE_IN = 12
/** One of so many stops has the clock set back while the node is down. */
const STEP_WHILE_DOWN_ONE_IN = 6
/** A partition that flaps is one of so many; it comes and goes so often. */
const FLAPPING_ONE_IN = 5
const FLAPS_MAX = 6
/** What a disk that fills up still takes: from less than the writes that were admitted already to more than anybody writes meanwhile. */
const ROOM_BYTES_MIN = 64
const ROOM_BYTES_MAX = MIB

interface Arrival {
  readonly kind: FaultKind
  readonly atMs: number
}

interface Drawing {
  readonly random: Prng
  readonly weather: Weather
  readonly nodes: number
  /** Whose disks may be damaged. */
  readonly losable: readonly NodeIndex[]
  /** Until when a node is down, or may still be reading its disk. */
  readonly busyUntilMs: number[]
  readonly plan: Fault[]
}

/**
 * @param durationMs of the safety phase
 * @param wanted kinds that somebody named: each arrives once at least, however short the run
 * @param keepsMajority the disks of a minority alone are damaged, over the whole run
 */
export function drawPlan(
  random: Prng,
  weather: Weather,
  nodes: number,
  durationMs: number,
  wanted: readonly FaultKind[] = [],
  keepsMajority = false,
): FaultPlan {
  const arrivals = drawArrivals(forkPrng(random), weather, Math.floor(durationMs * LAST_FAULT_AT), wanted)
  const ofFaults = forkPrng(random)
  const all = Array.from({ length: nodes }, (_, node) => node)
  const losable = keepsMajority ? pickSome(forkPrng(random), all, (nodes - 1) >> 1) : all
  const drawing: Drawing = { random: ofFaults, weather, nodes, losable, busyUntilMs: new Array<number>(nodes).fill(0), plan: [] }
  for (const arrival of arrivals) drawFault(drawing, arrival)
  return drawing.plan.filter(({ atMs }) => atMs < durationMs).sort((left, right) => left.atMs - right.atMs)
}

function drawArrivals(random: Prng, weather: Weather, untilMs: number, wanted: readonly FaultKind[]): Arrival[] {
  const arrivals: Arrival[] = []
  for (const kind of FAULT_KINDS) {
    const ofKind = forkPrng(random)
    const intervalMs = weather.faultIntervalsMs[kind]
    if (intervalMs === undefined) continue
    for (let atMs = exponential(ofKind, intervalMs); atMs < untilMs; atMs += exponential(ofKind, intervalMs)) {
      arrivals.push({ kind, atMs: Math.round(atMs) })
    }
    const isMissing = wanted.includes(kind) && arrivals.at(-1)?.kind !== kind
    if (isMissing) arrivals.push({ kind, atMs: ofKind.below(untilMs + 1) })
  }
  return arrivals.sort((left, right) => left.atMs - right.atMs)
}

function drawFault(drawing: Drawing, { kind, atMs }: Arrival): void {
  const { random, nodes, plan } = drawing
  switch (kind) {
    case 'partition':
      if (nodes > 1) drawPartitions(drawing, atMs)
      return
    case 'clog':
      if (nodes > 1)
        plan.push({ kind, atMs, durationMs: roundScaled(random, 100, 10 * SECOND_MS), direction: drawDirection(random, nodes) })
      return
    case 'pause':
      return drawPause(drawing, atMs)
    case 'disk-slow': {
      const factor = Math.round(scaled(random, 10, 1000))
      plan.push({ kind, atMs, durationMs: roundScaled(random, SECOND_MS, 20 * SECOND_MS), node: random.below(nodes), factor })
      return
    }
    case 'disk-full': {
      const roomBytes = roundScaled(random, ROOM_BYTES_MIN, ROOM_BYTES_MAX)
      plan.push({ kind, atMs, durationMs: roundScaled(random, SECOND_MS, 20 * SECOND_MS), node: random.below(nodes), roomBytes })
      return
    }
    case 'clock-step':
      return drawClockStep(drawing, atMs)
    case 'clock-drift': {
      const partsPerMillion = Math.round(scaled(random, 10, 20_000)) * (oneIn(random, 2) ? 1 : -1)
      plan.push({ kind, atMs, node: random.below(nodes), partsPerMillion })
      return
    }
    case 'kill':
    case 'power':
    case 'stop':
    case 'write-error':
    case 'wipe':
    case 'restore':
    case 'logs-rollback':
    case 'torn-tail':
      return drawStop(drawing, kind, atMs)
    case 'kill-leader':
      plan.push({ kind, atMs, downMs: roundScaled(random, 50, 30 * SECOND_MS), point: drawKillPoint(random) })
      return
    case 'promote':
      plan.push({ kind, atMs, node: random.below(nodes), target: random.below(nodes) })
      return
    case 'remove': {
      const [first] = drawing.losable
      if (first !== undefined)
        plan.push({ kind, atMs, node: random.below(nodes), target: pick(random, [first, ...drawing.losable.slice(1)]) })
      return
    }
    case 'switch-mode':
      plan.push({ kind, atMs, node: random.below(nodes), mode: oneIn(random, 2) ? 'multi' : 'leader' })
      return
    default:
      return unreachable(kind)
  }
}

function drawPartitions({ random, nodes, plan }: Drawing, atMs: number): void {
  const partition = drawPartition(random, nodes)
  if (!oneIn(random, FLAPPING_ONE_IN)) {
    plan.push({ kind: 'partition', atMs, durationMs: roundScaled(random, 500, MINUTE_MS), ...partition })
    return
  }
  let flapAtMs = atMs
  for (let flaps = between(random, 2, FLAPS_MAX); flaps > 0; flaps--) {
    const durationMs = roundScaled(random, 200, 3 * SECOND_MS)
    plan.push({ kind: 'partition', atMs: flapAtMs, durationMs, ...partition })
    flapAtMs += durationMs + roundScaled(random, 100, 3 * SECOND_MS)
  }
}

function drawPause({ random, nodes, busyUntilMs, plan }: Drawing, atMs: number): void {
  const node = random.below(nodes)
  const durationMs = roundScaled(random, 100, 20 * SECOND_MS)
  if (present(busyUntilMs[node], 'every node has its time') > atMs) return
  busyUntilMs[node] = atMs + durationMs
  plan.push({ kind: 'pause', atMs, durationMs, node })
}

function drawStop(
  drawing: Drawing,
  kind: 'kill' | 'power' | 'stop' | 'write-error' | 'wipe' | 'restore' | 'logs-rollback' | 'torn-tail',
  atMs: number,
): void {
  const { random, busyUntilMs, plan } = drawing
  const downMs = roundScaled(random, 50, 30 * SECOND_MS)
  const isBusy = (node: NodeIndex): boolean => present(busyUntilMs[node], 'every node has its time') > atMs
  const nodes = drawStruck(drawing, kind).filter((node) => kind === 'power' || !isBusy(node))
  const first = nodes[0]
  if (first === undefined) return
  for (const node of nodes)
    busyUntilMs[node] = Math.max(present(busyUntilMs[node], 'every node has its time'), atMs + downMs + RECOVERY_MARGIN_MS)
  switch (kind) {
    case 'kill':
      plan.push({ kind, atMs, nodes, downMs, point: drawKillPoint(random) })
      break
    case 'restore':
    case 'logs-rollback':
      plan.push({ kind, atMs, nodes, downMs, ageMs: roundScaled(random, 50, 30 * SECOND_MS) })
      break
    default:
      plan.push({ kind, atMs, nodes, downMs })
  }
  if (drawing.weather.faultIntervalsMs['clock-step'] === undefined || !oneIn(random, STEP_WHILE_DOWN_ONE_IN)) return
  plan.push({ kind: 'clock-step', atMs: atMs + (downMs >> 1), node: first, byMs: -roundScaled(random, SECOND_MS, 5 * MINUTE_MS) })
}

/** One, a minority, a majority or all; only one where a disk is lost or damaged, so that copies are left. */
function drawStruck({ random, weather, nodes, losable }: Drawing, kind: FaultKind): NodeIndex[] {
  const all = Array.from({ length: nodes }, (_, node) => node)
  if (DAMAGING.includes(kind) && losable.length === 0) return []
  const one = [pick(random, DAMAGING.includes(kind) ? losable : all)]
  const isOne = random.chance(weather.strike.one)
  const isAll = random.chance(weather.strike.all)
  const minority = Math.max(1, (nodes - 1) >> 1)
  const some = pickSome(random, all, oneIn(random, 2) ? minority : Math.min(nodes, minority + 1))
  if (isOne || (kind !== 'kill' && kind !== 'power' && kind !== 'stop')) return one
  return isAll ? all : some
}

function drawKillPoint(random: Prng): KillPoint | null {
  const when = oneIn(random, 2) ? 'before' : 'after'
  const what = pick(random, KILLED_WORK)
  return oneIn(random, 2) ? null : { when, what }
}

/**
 * Far steps are taken back soon, as an operator would: a node that is ahead takes no writes, and
 * what one wrote while it was alone is held by the others until their clocks are there (HL3).
 */
function drawClockStep({ random, nodes, plan }: Drawing, atMs: number): void {
  const node = random.below(nodes)
  const sign = oneIn(random, 2) ? 1 : -1
  const byMs = oneIn(random, YEAR_STEP_ONE_IN) ? YEAR_MS : sign * roundScaled(random, 100, 5 * MINUTE_MS)
  plan.push({ kind: 'clock-step', atMs, node, byMs })
  if (Math.abs(byMs) < MINUTE_MS || oneIn(random, 4)) return
  plan.push({ kind: 'clock-step', atMs: atMs + roundScaled(random, SECOND_MS, 15 * SECOND_MS), node, byMs: -byMs })
}

function drawDirection(random: Prng, nodes: number): readonly [NodeIndex, NodeIndex] {
  const from = random.below(nodes)
  return [from, (from + 1 + random.below(nodes - 1)) % nodes]
}

function roundScaled(random: Prng, min: number, max: number): number {
  return Math.round(scaled(random, min, max))
}
