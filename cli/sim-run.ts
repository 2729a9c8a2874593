/** `skein sim run` and `skein sim replay`: one run, from its first event to its verdict. */

import { writeFile } from 'node:fs/promises'
import { MIB, SkeinError } from '../base/index.ts'
import { explain, type RunResult, renderReport, simulate, traceLine, type Workload } from '../sim/index.ts'
import type { Invocation } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { readTextInput } from './input.ts'
import type { Output, Terminal } from './output.ts'
import { ProgressLine } from './progress-line.ts'
import { formatAge, formatCount } from './quantities.ts'
import type { ReplayOptions, RunCommandOptions } from './sim.ts'
import { caseOf, commandLineOf, decodeCase, parseSeed, runOptionsOf, type SimCase } from './sim-case.ts'
import type { CaseOptions } from './sim-options.ts'
import { renderCase, renderFailure, renderResult } from './sim-summary.ts'
import { loadWorkload } from './sim-workload.ts'

const CASE_BYTES_MAX = 16 * MIB
/** Below this a seed is easy to say aloud. */
const DRAWN_SEED_LIMIT = 1_000_000
const TRACE_LINES_AT_ONCE = 10_000

export interface Files {
  readonly report: string | null
  readonly trace: string | null
}

export async function runOnce({ options, output, terminal }: Invocation<RunCommandOptions>): Promise<ExitCode> {
  const seed = options.seed ?? Math.floor(Math.random() * DRAWN_SEED_LIMIT)
  return runAndTell(caseOf(seed, options), options, output, terminal)
}

export async function replay({ operands: [what = ''], options, output, terminal }: Invocation<ReplayOptions>): Promise<ExitCode> {
  return runAndTell(await readCase(what, options), options, output, terminal)
}

/** A seed with the options of its run, or a file that holds a whole case. @throws BAD_REQUEST */
export async function readCase(seedOrFile: string, options: CaseOptions): Promise<SimCase> {
  if (/^\d+$/.test(seedOrFile)) return caseOf(parseSeed(seedOrFile, 'the operand'), options)
  const text = await readTextInput({ path: seedOrFile, stdin: NO_INPUT, bytesMax: CASE_BYTES_MAX })
  return decodeCase(text, seedOrFile)
}

/** A run with its progress shown, and how long it took. */
export function simulateShown(
  simCase: SimCase,
  workload: Workload,
  keepTrace: boolean,
  terminal: Terminal,
): { result: RunResult; elapsedMs: number } {
  const progress = new ProgressLine(terminal)
  const startedAtMs = performance.now()
  const onProgress = (atMs: number): void => {
    progress.update(() => {
      const speed = atMs / (performance.now() - startedAtMs)
      return `  ${formatAge(atMs)} of ${formatAge(simCase.durationMs)} · ${formatCount(speed)} × real time`
    })
  }
  try {
    const result = simulate(runOptionsOf(simCase, workload, { keepTrace, onProgress }))
    return { result, elapsedMs: performance.now() - startedAtMs }
  } finally {
    progress.clear()
  }
}

async function runAndTell(simCase: SimCase, { report, trace }: Files, output: Output, terminal: Terminal): Promise<ExitCode> {
  const workload = await loadWorkload(simCase.workload)
  if (!output.isJson) output.line(renderCase(simCase, output.palette))
  const wantsTrace = report !== null || trace !== null
  const first = simulateShown(simCase, workload, wantsTrace, terminal)
  // A failure is told with its events: the same run again gives them.
  const told = first.result.passed || wantsTrace ? first.result : simulateShown(simCase, workload, true, terminal).result
  if (output.isJson) printJson(simCase, told, output)
  else printResult(simCase, told, first.elapsedMs, output)
  if (report !== null) await writeText(report, [renderReport(told, { command: commandLineOf('replay', simCase) })], output)
  if (trace !== null) await writeText(trace, traceChunks(told), output)
  return told.passed ? EXIT.done : EXIT.no
}

function printResult(simCase: SimCase, result: RunResult, elapsedMs: number, output: Output): void {
  const { palette } = output
  for (const line of renderResult(result, elapsedMs, palette)) output.line(line)
  if (result.passed) return
  for (const line of renderFailure(simCase, explain(result), palette)) output.line(line)
}

function printJson(simCase: SimCase, { trace: _trace, ...result }: RunResult, output: Output): void {
  const { nodes, durationMs, callsPerSecond, workload } = simCase
  output.json({ ...result, nodes, durationMs, callsPerSecond, workload })
}

function* traceChunks({ trace }: RunResult): Generator<string> {
  for (let start = 0; start < trace.length; start += TRACE_LINES_AT_ONCE) {
    yield trace
      .slice(start, start + TRACE_LINES_AT_ONCE)
      .map((event) => `${traceLine(event)}\n`)
      .join('')
  }
}

/** @throws BAD_REQUEST if the file can't be written */
export async function writeText(path: string, chunks: Iterable<string>, output: Output): Promise<void> {
  try {
    await writeFile(path, chunks)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SkeinError('BAD_REQUEST', `${path} can't be written: ${reason}`, { cause: error })
  }
  if (!output.isJson) output.note(`wrote ${path}`)
}

const NO_INPUT: AsyncIterable<Uint8Array> = {
  async *[Symbol.asyncIterator]() {},
}
