/**
 * The file of a simulated run: what `skein sim shrink` writes, and `replay`, `shrink` and `explain`
 * read. Each field is looked at, for such a file is also written and changed by hand: what is wrong
 * is named by its place (`plan[3].node`), and a field that means nothing is refused.
 */

import { DAY_MS, MINUTE_MS, SkeinError, unreachable } from '../base/index.ts'
import {
  type Direction,
  FAULT_KINDS,
  type Fault,
  type FaultPlan,
  KILLED_WORK,
  type KillPoint,
  type NodeIndex,
  PARTITION_SHAPES,
  RUN_MODES,
  Shape,
  type Weather,
} from '../sim/index.ts'
import type { SimCase } from './sim-case.ts'
import { MINUTES_MAX, NODES_MAX, RATE_MAX } from './sim-options.ts'

/** Says what a file holds, and in which form. */
const FILE_FORMAT = 'skein-simulation-1'
const CASE_FIELDS = ['format', 'seed', 'nodes', 'durationMs', 'callsPerSecond', 'workload', 'mode', 'faults', 'plan', 'weather', 'callsMax']
const FAULTS_MAX = 1_000_000
const RUN_MS_MAX = MINUTES_MAX * MINUTE_MS
/** Of delays and intervals. */
const WEATHER_MS_MAX = DAY_MS
const CLOCK_MS_MAX = 100 * 366 * DAY_MS
const PATH_LENGTH_MAX = 4096
const SLOW_FACTOR_MAX = 1_000_000
const DRIFT_MAX = 1_000_000

export function encodeCase(simCase: SimCase): string {
  return `${JSON.stringify({ format: FILE_FORMAT, ...simCase }, null, 2)}\n`
}

/** The case in a file. @throws BAD_REQUEST with the place of the first field that is wrong */
export function decodeCase(text: string, path: string): SimCase {
  const refuse = (problem: string): SkeinError =>
    new SkeinError('BAD_REQUEST', `${path} is no run of the simulator: ${problem}; "skein sim shrink SEED --output FILE" writes one`)
  const file = Shape.of(parseJson(text, refuse), '', refuse)
  if (file.field('format').value !== FILE_FORMAT) throw file.field('format').wrong(`"${FILE_FORMAT}"`)
  file.only(CASE_FIELDS)
  const nodes = file.field('nodes').integer(1, NODES_MAX)
  return {
    seed: file.field('seed').integer(0, Number.MAX_SAFE_INTEGER),
    nodes,
    durationMs: file.field('durationMs').number(1, RUN_MS_MAX),
    callsPerSecond: file.field('callsPerSecond').integer(1, RATE_MAX),
    workload: file.field('workload').text(PATH_LENGTH_MAX),
    // Files of before there were leaders do not say it.
    mode: file.field('mode').value === undefined ? 'multi' : file.field('mode').oneOf(RUN_MODES),
    faults: file
      .field('faults')
      .items(FAULT_KINDS.length)
      .map((kind) => kind.oneOf(FAULT_KINDS)),
    plan: file.field('plan').orNull((plan) => decodePlan(plan, nodes)),
    weather: file.field('weather').orNull((weather) => decodeWeather(weather, nodes)),
    callsMax: file.field('callsMax').orNull((calls) => calls.integer(0, Number.MAX_SAFE_INTEGER)),
  }
}

function parseJson(text: string, refuse: (problem: string) => SkeinError): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error))
  }
}

function decodePlan(plan: Shape, nodes: number): FaultPlan {
  return plan.items(FAULTS_MAX).map((fault) => decodeFault(fault, nodes))
}

function decodeFault(fault: Shape, nodes: number): Fault {
  const kind = fault.field('kind').oneOf(FAULT_KINDS)
  const atMs = fault.field('atMs').number(0, RUN_MS_MAX)
  const field = (name: string): Shape => fault.field(name)
  const only = (...names: string[]): unknown => fault.only(['kind', 'atMs', ...names])
  const durationMs = (): number => field('durationMs').number(0, Number.MAX_SAFE_INTEGER)
  const node = (): NodeIndex => field('node').integer(0, nodes - 1)
  switch (kind) {
    case 'partition': {
      only('durationMs', 'shape', 'directions')
      const directions = field('directions').items(nodes * nodes)
      const shape = field('shape').oneOf(PARTITION_SHAPES)
      return { kind, atMs, durationMs: durationMs(), shape, directions: directions.map((direction) => decodeDirection(direction, nodes)) }
    }
    case 'clog':
      only('durationMs', 'direction')
      return { kind, atMs, durationMs: durationMs(), direction: decodeDirection(field('direction'), nodes) }
    case 'pause':
      only('durationMs', 'node')
      return { kind, atMs, durationMs: durationMs(), node: node() }
    case 'disk-slow':
      only('durationMs', 'node', 'factor')
      return { kind, atMs, durationMs: durationMs(), node: node(), factor: field('factor').number(1, SLOW_FACTOR_MAX) }
    case 'disk-full':
      only('durationMs', 'node', 'roomBytes')
      return { kind, atMs, durationMs: durationMs(), node: node(), roomBytes: field('roomBytes').integer(0, Number.MAX_SAFE_INTEGER) }
    case 'clock-step':
      only('node', 'byMs')
      return { kind, atMs, node: node(), byMs: field('byMs').number(-CLOCK_MS_MAX, CLOCK_MS_MAX) }
    case 'clock-drift':
      only('node', 'partsPerMillion')
      return { kind, atMs, node: node(), partsPerMillion: field('partsPerMillion').number(-DRIFT_MAX, DRIFT_MAX) }
    case 'kill':
      only('nodes', 'downMs', 'point')
      return { kind, atMs, ...decodeStop(fault, nodes), point: field('point').orNull(decodeKillPoint) }
    case 'restore':
    case 'logs-rollback':
      only('nodes', 'downMs', 'ageMs')
      return { kind, atMs, ...decodeStop(fault, nodes), ageMs: field('ageMs').number(0, RUN_MS_MAX) }
    case 'power':
    case 'stop':
    case 'write-error':
    case 'wipe':
    case 'torn-tail':
      only('nodes', 'downMs')
      return { kind, atMs, ...decodeStop(fault, nodes) }
    case 'kill-leader':
      only('downMs', 'point')
      return { kind, atMs, downMs: field('downMs').number(0, Number.MAX_SAFE_INTEGER), point: field('point').orNull(decodeKillPoint) }
    case 'switch-mode':
      only('node', 'mode')
      return { kind, atMs, node: node(), mode: field('mode').oneOf(['multi', 'leader']) }
    case 'promote':
    case 'remove':
      only('node', 'target')
      return { kind, atMs, node: node(), target: field('target').integer(0, nodes - 1) }
    default:
      return unreachable(kind)
  }
}

function decodeStop(fault: Shape, nodes: number): { nodes: readonly NodeIndex[]; downMs: number } {
  const struck = fault.field('nodes').items(nodes)
  return { nodes: struck.map((node) => node.integer(0, nodes - 1)), downMs: fault.field('downMs').number(0, Number.MAX_SAFE_INTEGER) }
}

function decodeKillPoint(point: Shape): KillPoint {
  point.only(['when', 'what'])
  return { when: point.field('when').oneOf(['before', 'after']), what: point.field('what').oneOf(KILLED_WORK) }
}

function decodeDirection(direction: Shape, nodes: number): Direction {
  const [from, to, ...rest] = direction.items(2)
  if (from === undefined || to === undefined || rest.length > 0) throw direction.wrong('a pair of nodes')
  return [from.integer(0, nodes - 1), to.integer(0, nodes - 1)]
}

function decodeWeather(weather: Shape, nodes: number): Weather {
  weather.only(['network', 'disk', 'clockOffsetsMs', 'faultIntervalsMs', 'strike'])
  const offsets = weather.field('clockOffsetsMs')
  const clockOffsetsMs = offsets.items(nodes).map((offset) => offset.number(-CLOCK_MS_MAX, CLOCK_MS_MAX))
  if (clockOffsetsMs.length !== nodes) throw offsets.wrong(`a list of ${nodes}, one for each node`)
  const strike = weather.field('strike').only(['one', 'all'])
  return {
    network: decodeNetwork(weather.field('network')),
    disk: decodeDisk(weather.field('disk')),
    clockOffsetsMs,
    faultIntervalsMs: decodeIntervals(weather.field('faultIntervalsMs')),
    strike: { one: strike.field('one').chance(), all: strike.field('all').chance() },
  }
}

function decodeNetwork(network: Shape): Weather['network'] {
  const chances = ['loss', 'clientLoss', 'reset'] as const
  const durations = ['delayMinMs', 'delayMeanMs', 'retransmitMs', 'detectMs', 'reconnectMs'] as const
  network.only([...chances, ...durations])
  const ms = (name: (typeof durations)[number]): number => network.field(name).number(0, WEATHER_MS_MAX)
  return {
    delayMinMs: ms('delayMinMs'),
    delayMeanMs: ms('delayMeanMs'),
    loss: network.field('loss').chance(),
    retransmitMs: ms('retransmitMs'),
    clientLoss: network.field('clientLoss').chance(),
    reset: network.field('reset').chance(),
    detectMs: ms('detectMs'),
    reconnectMs: ms('reconnectMs'),
  }
}

function decodeDisk(disk: Shape): Weather['disk'] {
  const durations = [
    'writeMinMs',
    'writeMeanMs',
    'appendMinMs',
    'appendMeanMs',
    'readMeanMs',
    'syncIntervalMs',
    'releaseIntervalMs',
  ] as const
  disk.only(durations)
  const ms = (name: (typeof durations)[number]): number => disk.field(name).number(0, WEATHER_MS_MAX)
  return {
    writeMinMs: ms('writeMinMs'),
    writeMeanMs: ms('writeMeanMs'),
    appendMinMs: ms('appendMinMs'),
    appendMeanMs: ms('appendMeanMs'),
    readMeanMs: ms('readMeanMs'),
    syncIntervalMs: ms('syncIntervalMs'),
    releaseIntervalMs: ms('releaseIntervalMs'),
  }
}

function decodeIntervals(intervals: Shape): Weather['faultIntervalsMs'] {
  intervals.only(FAULT_KINDS)
  return Object.fromEntries(intervals.entries().map(([kind, interval]) => [kind, interval.number(1, WEATHER_MS_MAX)]))
}
