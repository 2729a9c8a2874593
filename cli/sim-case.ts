/**
 * A simulated run as data: everything that it depends on, and nothing else. This is what crosses
 * to a worker, what is written into a file (`sim-case-file.ts`), and what the line that reproduces
 * a failure spells out.
 */

import { resolve } from 'node:path'
import { MINUTE_MS, SkeinError } from '../base/index.ts'
import { FAULT_KINDS, type FaultKind, type FaultPlan, type RunMode, type RunOptions, type Weather, type Workload } from '../sim/index.ts'
import { CASE_DEFAULTS, type CaseOptions, type GivenCaseOptions } from './sim-options.ts'

export interface SimCase {
  readonly seed: number
  readonly nodes: number
  readonly durationMs: number
  readonly callsPerSecond: number
  /** The name of a workload, or the absolute path of a module. */
  readonly workload: string
  readonly mode: RunMode
  readonly faults: readonly FaultKind[]
  /** Null: what the seed gives. */
  readonly plan: FaultPlan | null
  readonly weather: Weather | null
  readonly callsMax: number | null
}

/** The case of a seed: plan and weather are what the seed gives. @throws BAD_REQUEST */
export function caseOf(seed: number, { nodes, minutes, workload, rate, faults, mode }: CaseOptions): SimCase {
  return {
    seed,
    nodes,
    durationMs: Math.round(minutes * MINUTE_MS),
    callsPerSecond: rate,
    workload: absoluteWorkload(workload),
    mode,
    faults: kindsOf(faults),
    plan: null,
    weather: null,
    callsMax: null,
  }
}

/** A case with how it can be called again. */
export interface GivenCase {
  readonly simCase: SimCase
  /** The file that holds it, or null: then its seed and its options say it. */
  readonly file: string | null
}

/** The case of a seed, with defaults for the options that were not given. @throws BAD_REQUEST */
export function caseOfGiven(seed: number, options: GivenCaseOptions): SimCase {
  const { nodes, minutes, workload, rate, faults, mode } = options
  return caseOf(seed, {
    nodes: nodes ?? CASE_DEFAULTS.nodes,
    minutes: minutes ?? CASE_DEFAULTS.minutes,
    workload: workload ?? CASE_DEFAULTS.workload,
    rate: rate ?? CASE_DEFAULTS.rate,
    faults: faults ?? CASE_DEFAULTS.faults,
    mode: mode ?? CASE_DEFAULTS.mode,
  })
}

/** What a run's options are besides its case. */
export interface Watching {
  readonly keepTrace: boolean
  readonly onProgress: ((atMs: number) => void) | null
}

export function runOptionsOf(simCase: SimCase, workload: Workload, watching: Watching): RunOptions {
  const { seed, nodes, durationMs, callsPerSecond, mode, faults, plan, weather, callsMax } = simCase
  return { seed, nodes, durationMs, callsPerSecond, workload, mode, faults, plan, weather, callsMax, ...watching }
}

/** The line that does the same run with `command`; what has its default is left out. */
export function commandLineOf(command: 'replay' | 'shrink', { simCase, file }: GivenCase): string {
  if (file !== null) return ['skein', 'sim', command, quoted(file)].join(' ')
  const { seed, nodes, durationMs, callsPerSecond, workload, mode, faults } = simCase
  const words = ['skein', 'sim', command, String(seed)]
  const minutes = durationMs / MINUTE_MS
  if (nodes !== CASE_DEFAULTS.nodes) words.push('--nodes', String(nodes))
  if (minutes !== CASE_DEFAULTS.minutes) words.push('--minutes', String(minutes))
  if (callsPerSecond !== CASE_DEFAULTS.rate) words.push('--rate', String(callsPerSecond))
  if (workload !== CASE_DEFAULTS.workload) words.push('--workload', quoted(workload))
  if (mode !== CASE_DEFAULTS.mode) words.push('--mode', mode)
  if (faults.length !== FAULT_KINDS.length) words.push('--faults', faults.length === 0 ? 'none' : faults.join(','))
  return words.join(' ')
}

/** @throws BAD_REQUEST */
export function parseSeed(text: string, name: string): number {
  const seed = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(seed) && seed >= 0) return seed
  throw new SkeinError('BAD_REQUEST', `${name} ${JSON.stringify(text.slice(0, 40))} is not a seed: give a whole number from 0 to 2^53 - 1`)
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

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
