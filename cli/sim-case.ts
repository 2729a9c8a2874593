/**
 * A simulated run as data: everything that it depends on, and nothing else. This is what crosses
 * to a worker, what `skein sim shrink` writes into a file and `skein sim replay` reads from it,
 * and what the line that reproduces a failure spells out.
 */

import { resolve } from 'node:path'
import { MINUTE_MS, SkeinError } from '../base/index.ts'
import { FAULT_KINDS, type FaultKind, type FaultPlan, type RunOptions, type Weather, type Workload } from '../sim/index.ts'
import { CASE_DEFAULTS, type CaseOptions, MINUTES_MAX, NODES_MAX, RATE_MAX } from './sim-options.ts'

export interface SimCase {
  readonly seed: number
  readonly nodes: number
  readonly durationMs: number
  readonly callsPerSecond: number
  /** The name of a workload, or the absolute path of a module. */
  readonly workload: string
  readonly faults: readonly FaultKind[]
  /** Null: what the seed gives. */
  readonly plan: FaultPlan | null
  readonly weather: Weather | null
  readonly callsMax: number | null
}

/** Says what a file holds, and in which form. */
const FILE_FORMAT = 'skein-simulation-1'

/** The case of a seed: plan and weather are what the seed gives. @throws BAD_REQUEST */
export function caseOf(seed: number, { nodes, minutes, workload, rate, faults }: CaseOptions): SimCase {
  return {
    seed,
    nodes,
    durationMs: Math.round(minutes * MINUTE_MS),
    callsPerSecond: rate,
    workload: absoluteWorkload(workload),
    faults: kindsOf(faults),
    plan: null,
    weather: null,
    callsMax: null,
  }
}

/** What a run's options are besides its case. */
export interface Watching {
  readonly keepTrace: boolean
  readonly onProgress: ((atMs: number) => void) | null
}

export function runOptionsOf(simCase: SimCase, workload: Workload, watching: Watching): RunOptions {
  const { seed, nodes, durationMs, callsPerSecond, faults, plan, weather, callsMax } = simCase
  return { seed, nodes, durationMs, callsPerSecond, workload, faults, plan, weather, callsMax, ...watching }
}

/** The line that does the same run with `command`; what has its default is left out. */
export function commandLineOf(command: 'run' | 'replay' | 'shrink', simCase: SimCase): string {
  const { seed, nodes, durationMs, callsPerSecond, workload, faults } = simCase
  const words = ['skein', 'sim', command, ...(command === 'run' ? ['--seed', String(seed)] : [String(seed)])]
  const minutes = durationMs / MINUTE_MS
  if (nodes !== CASE_DEFAULTS.nodes) words.push('--nodes', String(nodes))
  if (minutes !== CASE_DEFAULTS.minutes) words.push('--minutes', String(minutes))
  if (callsPerSecond !== CASE_DEFAULTS.rate) words.push('--rate', String(callsPerSecond))
  if (workload !== CASE_DEFAULTS.workload) words.push('--workload', workload)
  if (faults.length !== FAULT_KINDS.length) words.push('--faults', faults.length === 0 ? 'none' : faults.join(','))
  return words.join(' ')
}

/** @throws BAD_REQUEST */
export function parseSeed(text: string, name: string): number {
  const seed = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(seed) && seed >= 0) return seed
  throw new SkeinError('BAD_REQUEST', `${name} ${JSON.stringify(text.slice(0, 40))} is not a seed: give a whole number from 0 to 2^53 - 1`)
}

export function encodeCase(simCase: SimCase): string {
  return `${JSON.stringify({ format: FILE_FORMAT, ...simCase }, null, 2)}\n`
}

/** The case in a file. @throws BAD_REQUEST */
export function decodeCase(text: string, path: string): SimCase {
  const fields = parseObject(text)
  if (fields === null || fields.format !== FILE_FORMAT) throw notACase(path, `its "format" is not "${FILE_FORMAT}"`)
  const number = (name: string, min: number, max: number): number => {
    const value = fields[name]
    if (typeof value === 'number' && value >= min && value <= max) return value
    throw notACase(path, `its "${name}" is not a number from ${min} to ${max}`)
  }
  const { workload, faults, plan, weather } = fields
  if (typeof workload !== 'string') throw notACase(path, 'its "workload" is no text')
  if (!isListOf(faults, (fault) => FAULT_KINDS.some((kind) => kind === fault))) throw notACase(path, 'its "faults" are no list of kinds')
  if (plan !== null && !isListOf(plan, isFault)) throw notACase(path, 'its "plan" is no list of faults')
  if (weather !== null && typeof weather !== 'object') throw notACase(path, 'its "weather" is none')
  return {
    seed: number('seed', 0, Number.MAX_SAFE_INTEGER),
    nodes: number('nodes', 1, NODES_MAX),
    durationMs: number('durationMs', 0, MINUTES_MAX * MINUTE_MS),
    callsPerSecond: number('callsPerSecond', 1, RATE_MAX),
    workload,
    // Kinds, faults and weather were looked at as far as a mistyped file needs it; this program wrote the rest.
    faults: faults as FaultKind[],
    plan: plan as FaultPlan | null,
    weather: weather as Weather | null,
    callsMax: fields.callsMax === null ? null : number('callsMax', 0, Number.MAX_SAFE_INTEGER),
  }
}

/** A module's path is told from a workload's name by its form. */
export function isModulePath(workload: string): boolean {
  return workload.includes('/') || workload.includes('\\') || /\.m?js$/.test(workload)
}

function absoluteWorkload(workload: string): string {
  return isModulePath(workload) ? resolve(workload) : workload
}

/** In the order of the table, each once, so that the same kinds give the same run. */
function kindsOf(faults: readonly string[]): FaultKind[] {
  const unknown = faults.find((fault) => fault !== 'all' && fault !== 'none' && FAULT_KINDS.every((kind) => kind !== fault))
  if (unknown !== undefined) {
    throw new SkeinError('BAD_REQUEST', `--faults ${JSON.stringify(unknown.slice(0, 40))} is none of all, none, ${FAULT_KINDS.join(', ')}`)
  }
  if (faults.includes('none') && faults.length > 1) {
    throw new SkeinError('BAD_REQUEST', '--faults names none and others: give "none" alone')
  }
  return FAULT_KINDS.filter((kind) => faults.includes('all') || faults.includes(kind))
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    // A JSON object is a record of unknowns.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): value is unknown[] {
  return Array.isArray(value) && value.every(isItem)
}

function isFault(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('atMs' in value)) return false
  return typeof value.atMs === 'number' && FAULT_KINDS.some((kind) => kind === value.kind)
}

function notACase(path: string, reason: string): SkeinError {
  return new SkeinError('BAD_REQUEST', `${path} is no run of the simulator: ${reason}; "skein sim shrink SEED --output FILE" writes one`)
}
