/** `skein sim shrink`: the smallest run that still fails in the same way. */

import { explain, type FixedOptions, type RunResult, type ShrinkAttempt, type Shrunk, shrink, simulate } from '../sim/index.ts'
import type { Invocation } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Output, Terminal } from './output.ts'
import { ProgressLine } from './progress-line.ts'
import { formatPlural } from './quantities.ts'
import type { ShrinkOptions } from './sim.ts'
import { encodeCase, runOptionsOf, type SimCase } from './sim-case.ts'
import { readCase, simulateShown, writeText } from './sim-run.ts'
import { renderCase, renderFailure, seconds } from './sim-summary.ts'
import { loadWorkload } from './sim-workload.ts'

export async function shrinkCase({ operands: [what = ''], options, output, terminal }: Invocation<ShrinkOptions>): Promise<ExitCode> {
  const simCase = await readCase(what, options)
  const workload = await loadWorkload(simCase.workload)
  if (!output.isJson) output.line(renderCase(simCase, output.palette))
  const { result } = simulateShown(simCase, workload, false, terminal)
  if (result.passed) {
    if (output.isJson) output.json({ seed: simCase.seed, passed: true })
    else output.line(`\n  ${output.palette.good('passed')}  there is nothing to make smaller`)
    return EXIT.done
  }
  const first = runOptionsOf(simCase, workload, { keepTrace: false, onProgress: null })
  const shrunk = follow(shrink(first, result, simulate, options.attempts), output, terminal)
  const smallest: SimCase = { ...simCase, ...dataOf(shrunk.options) }
  tell(simCase, smallest, shrunk, output)
  if (options.output !== null) await writeText(options.output, [encodeCase(smallest)], output)
  return EXIT.no
}

/** Takes the attempts one by one, and shows them. */
function follow(attempts: Generator<ShrinkAttempt, Shrunk>, output: Output, terminal: Terminal): Shrunk {
  const progress = new ProgressLine(terminal)
  for (;;) {
    const step = attempts.next()
    if (step.done === true) {
      progress.clear()
      return step.value
    }
    const { number, what, isKept, smallest } = step.value
    progress.update(() => `  attempt ${number}: ${sizeOf(smallest)} · ${what}`)
    if (!isKept || output.isJson) continue
    progress.clear()
    output.line(`  ${output.palette.quiet(what.padEnd(40))} ${sizeOf(smallest)}`)
  }
}

function tell(simCase: SimCase, smallest: SimCase, { options, result, attempts }: Shrunk, output: Output): void {
  if (output.isJson) {
    const { violations, traceHash } = result
    output.json({ seed: simCase.seed, passed: false, attempts, violations, traceHash, case: smallest })
    return
  }
  output.line(`\n  ${output.palette.strong(sizeOf(options))}  ${output.palette.quiet(`after ${formatPlural(attempts, 'attempt')}`)}`)
  const traced: RunResult = simulate({ ...options, keepTrace: true })
  for (const line of renderFailure(smallest, explain(traced), output.palette)) output.line(line)
}

function sizeOf({ plan, callsMax, callsPerSecond, nodes, durationMs }: FixedOptions): string {
  const calls = callsMax === null ? `${callsPerSecond} calls/s` : formatPlural(callsMax, 'call')
  return `${formatPlural(plan.length, 'fault')} · ${calls} · ${formatPlural(nodes, 'node')} · ${seconds(durationMs)}`
}

function dataOf({ plan, weather, callsMax, callsPerSecond, nodes, durationMs }: FixedOptions): Partial<SimCase> {
  return { plan, weather, callsMax, callsPerSecond, nodes, durationMs }
}
