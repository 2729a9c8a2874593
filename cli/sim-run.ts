/** `skein sim run` and `skein sim replay`: one run, from its first event to its verdict. */

import { MIB, SECOND_MS, SkeinError } from '../base/index.ts'
import { explain, type RunResult, renderReport, simulate, simulateTold, type TraceEvent, traceLine, type Workload } from '../sim/index.ts'
import type { Invocation } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { optionsForLongRun } from './heap-room.ts'
import { readTextInput } from './input.ts'
import { flagOf } from './options.ts'
import type { Output, Terminal } from './output.ts'
import { OutputFile } from './output-file.ts'
import { ProgressLine } from './progress-line.ts'
import { formatAge, formatCount } from './quantities.ts'
import type { ReplayOptions, RunCommandOptions } from './sim.ts'
import { caseOf, caseOfGiven, commandLineOf, type GivenCase, parseSeed, runOptionsOf, type SimCase } from './sim-case.ts'
import { decodeCase } from './sim-case-file.ts'
import { GIVEN_CASE_OPTIONS, type GivenCaseOptions } from './sim-options.ts'
import { againLines, renderCase, renderFailure, renderResult } from './sim-summary.ts'
import { loadWorkload } from './sim-workload.ts'

const CASE_BYTES_MAX = 16 * MIB
/** Below this a seed is easy to say aloud. */
const DRAWN_SEED_LIMIT = 1_000_000
/** How often a run whose output is no terminal says how far it is. */
const LINE_INTERVAL_MS = 10 * SECOND_MS
/** Of a trace, gathered for one write, in characters. */
const TRACE_CHUNK = 1 * MIB

export interface Files {
  readonly report: string | null
  readonly trace: string | null
}

/** What a run that is shown is to leave behind. */
export interface Telling {
  /** Whether a failure is told with its events; else the run is done once. */
  readonly isTold: boolean
  readonly keepTrace: boolean
  readonly onEvent: ((event: TraceEvent) => void) | null
}

export async function runOnce({ options, output, terminal }: Invocation<RunCommandOptions>): Promise<ExitCode> {
  const seed = options.seed ?? Math.floor(Math.random() * DRAWN_SEED_LIMIT)
  return runAndTell({ simCase: caseOf(seed, options), file: null }, options, output, terminal)
}

export async function replay({ operands: [what = ''], options, output, terminal }: Invocation<ReplayOptions>): Promise<ExitCode> {
  return runAndTell(await readCase(what, options), options, output, terminal)
}

/** A seed with the options of its run, or a file that holds a whole case. @throws BAD_REQUEST */
export async function readCase(seedOrFile: string, options: GivenCaseOptions): Promise<GivenCase> {
  if (/^\d+$/.test(seedOrFile)) return { simCase: caseOfGiven(parseSeed(seedOrFile, 'the operand'), options), file: null }
  const text = await readTextInput({ path: seedOrFile, stdin: NO_INPUT, bytesMax: CASE_BYTES_MAX })
  const simCase = decodeCase(text, seedOrFile)
  refuseBesideFile(seedOrFile, options)
  return { simCase, file: seedOrFile }
}

/** What a file says nobody says beside it: the run would be another one than the file's, or the option a lie. */
function refuseBesideFile(path: string, options: GivenCaseOptions): void {
  const names = Object.keys(GIVEN_CASE_OPTIONS) as (keyof GivenCaseOptions)[]
  const given = names.filter((name) => options[name] !== null).map(flagOf)
  if (given.length === 0) return
  throw new SkeinError('BAD_REQUEST', `${path} holds a whole run, ${given.join(' and ')} included: leave that out, or change the file`)
}

/** A run with its progress shown, and how long it took. */
export function simulateShown(
  simCase: SimCase,
  workload: Workload,
  { isTold, keepTrace, onEvent }: Telling,
  terminal: Terminal,
): { result: RunResult; elapsedMs: number } {
  const progress = new ProgressLine(terminal, LINE_INTERVAL_MS)
  const startedAtMs = performance.now()
  const onProgress = (atMs: number): void => {
    progress.update(() => {
      const speed = atMs / (performance.now() - startedAtMs)
      return `  ${formatAge(atMs)} of ${formatAge(simCase.durationMs)} · ${formatCount(speed)} × real time`
    })
  }
  const options = { ...runOptionsOf(simCase, workload, { keepTrace, onProgress }), ...(onEvent === null ? {} : { onEvent }) }
  try {
    const result = isTold ? simulateTold(options) : simulate(options)
    return { result, elapsedMs: performance.now() - startedAtMs }
  } finally {
    progress.clear()
  }
}

async function runAndTell(given: GivenCase, files: Files, output: Output, terminal: Terminal): Promise<ExitCode> {
  const { simCase } = given
  const roomy = optionsForLongRun(simCase.durationMs)
  if (roomy !== null && terminal.again !== undefined) return terminal.again(roomy)
  const workload = await loadWorkload(simCase.workload)
  const report = await OutputFile.openIf(files.report)
  const trace = await TraceFile.openIf(files.trace)
  if (!output.isJson) output.line(renderCase(simCase, output.palette))
  const telling = { isTold: report !== null || !output.isJson, keepTrace: report !== null, onEvent: trace?.onEvent ?? null }
  const { result, elapsedMs } = simulateShown(simCase, workload, telling, terminal)
  if (output.isJson) printJson(given, result, output)
  else printResult(given, result, elapsedMs, output)
  await trace?.finish()
  await report?.finish(renderReport(result, { command: commandLineOf('replay', given) }))
  for (const path of [files.report, files.trace]) if (path !== null && !output.isJson) output.note(`wrote ${path}`)
  return result.passed ? EXIT.done : EXIT.no
}

function printResult(given: GivenCase, result: RunResult, elapsedMs: number, output: Output): void {
  const { palette } = output
  for (const line of renderResult(result, elapsedMs, palette)) output.line(line)
  if (result.passed) return
  for (const line of [...renderFailure(explain(result), palette), ...againLines(given, palette)]) output.line(line)
}

function printJson(given: GivenCase, { trace: _trace, ...result }: RunResult, output: Output): void {
  const { nodes, durationMs, callsPerSecond, workload } = given.simCase
  output.json({ ...result, nodes, durationMs, callsPerSecond, workload, reproduce: commandLineOf('replay', given) })
}

/** Every event as a line, written as the run goes: no run is too long for it. */
class TraceFile {
  readonly #file: OutputFile
  #text = ''
  readonly onEvent = (event: TraceEvent): void => {
    this.#text += `${traceLine(event)}\n`
    if (this.#text.length >= TRACE_CHUNK) this.#flush()
  }

  private constructor(file: OutputFile) {
    this.#file = file
  }

  static async openIf(path: string | null): Promise<TraceFile | null> {
    if (path === null) return null
    const file = await OutputFile.open(path)
    await file.begin()
    return new TraceFile(file)
  }

  async finish(): Promise<void> {
    this.#flush()
    await this.#file.close()
  }

  #flush(): void {
    this.#file.writeNow(this.#text)
    this.#text = ''
  }
}

const NO_INPUT: AsyncIterable<Uint8Array> = {
  async *[Symbol.asyncIterator]() {},
}
