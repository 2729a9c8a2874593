/** `skein sim shrink`: the smallest run that still fails in the same way. */

import { explain, type FixedOptions, type ShrinkAttempt, type Shrunk, shrink, simulate, simulateTold } from '../sim/index.ts'
import type { Invocation } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Output, Terminal } from './output.ts'
import { OutputFile } from './output-file.ts'
import { ProgressLine } from './progress-line.ts'
import { formatPlural } from './quantities.ts'
import type { ShrinkOptions } from './sim.ts'
import { commandLineOf, type GivenCase, runOptionsOf, type SimCase } from './sim-case.ts'
import { encodeCase } from './sim-case-file.ts'
import { readCase, simulateShown } from './sim-run.ts'
import { againLines, keepLines, renderCase, renderFailure, seconds } from './sim-summary.ts'
import { loadWorkload } from './sim-workload.ts'

export async function shrinkCase({ operands: [what = ''], options, output, terminal }: Invocation<ShrinkOptions>): Promise<ExitCode> {
  const given = await readCase(what, options)
  const { simCase } = given
  const workload = await loadWorkload(simCase.workload)
  const file = await OutputFile.openIf(options.output)
  if (!output.isJson) output.line(renderCase(simCase, output.palette))
  const { result } = simulateShown(simCase, workload, { isTold: false, keepTrace: false, onEvent: null }, terminal)
  if (result.passed) {
    await file?.close()
    if (output.isJson) output.json({ seed: simCase.seed, passed: true })
    else output.line(`\n  ${output.palette.good('passed')}  there is nothing to make smaller`)
    return EXIT.done
  }
  const first = runOptionsOf(simCase, workload, { keepTrace: false, onProgress: null })
  const shrunk = follow(shrink(first, result, simulate, options.attempts), output, terminal)
  const smallest: SimCase = { ...simCase, ...dataOf(shrunk.options) }
  await file?.finish(encodeCase(smallest))
  tell(given, { simCase: smallest, file: options.output }, shrunk, output)
  if (options.output !== null && !output.isJson) output.note(`wrote ${options.output}`)
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

function tell(original: GivenCase, smallest: GivenCase, { options, result, attempts }: Shrunk, output: Output): void {
  const { palette } = output
  if (output.isJson) {
    const { violations, traceHash } = result
    const reproduce = smallest.file === null ? null : commandLineOf('replay', smallest)
    output.json({ seed: options.seed, passed: false, attempts, violations, traceHash, case: smallest.simCase, reproduce })
    return
  }
  output.line(`\n  ${palette.strong(sizeOf(options))}  ${palette.quiet(`after ${formatPlural(attempts, 'attempt')}`)}`)
  const again = smallest.file === null ? keepLines(original, palette) : againLines(smallest, palette)
  for (const line of [...renderFailure(explain(simulateTold(options)), palette), ...again]) output.line(line)
}

function sizeOf({ plan, callsMax, callsPerSecond, nodes, durationMs }: FixedOptions): string {
  const calls = callsMax === null ? `${callsPerSecond} calls/s` : formatPlural(callsMax, 'call')
  return `${formatPlural(plan.length, 'fault')} · ${calls} · ${formatPlural(nodes, 'node')} · ${seconds(durationMs)}`
}

function dataOf({ plan, weather, callsMax, callsPerSecond, nodes, durationMs }: FixedOptions): Partial<SimCase> {
  return { plan, weather, callsMax, callsPerSecond, nodes, durationMs }
}
