/** `skein sim scenario`: a script by hand, played in the simulator and held against what it expects. */

import { MIB } from '../base/index.ts'
import { runScenario, type ScenarioResult } from '../sim/index.ts'
import type { Invocation } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { readTextInput } from './input.ts'
import type { Output } from './output.ts'
import { formatPlural } from './quantities.ts'
import type { JsonOptions } from './sim.ts'
import { seconds } from './sim-summary.ts'

const SCRIPT_BYTES_MAX = 1 * MIB

export async function playScenario({ operands: [path = ''], output, terminal }: Invocation<JsonOptions>): Promise<ExitCode> {
  const text = await readTextInput({ path, stdin: terminal.stdin, bytesMax: SCRIPT_BYTES_MAX })
  const { trace: _trace, ...result } = runScenario(text)
  if (output.isJson) output.json(result)
  else printScenario(result, output)
  return result.passed ? EXIT.done : EXIT.no
}

/** The script as it went, then what should have been printed instead. */
function printScenario({ text, passed, mismatches, virtualMs }: Omit<ScenarioResult, 'trace'>, output: Output): void {
  const { palette } = output
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#')) output.line(palette.quiet(line))
    else output.line(line.startsWith(' ') ? palette.good(line) : line)
  }
  for (const { line, command, expected, actual } of mismatches) {
    output.line(`\n${palette.bad(`line ${line}: ${command}`)}`)
    for (const wanted of expected) output.line(`  ${palette.quiet('expected')}  ${wanted}`)
    for (const printed of actual) output.line(`  ${palette.quiet('printed ')}  ${palette.warning(printed)}`)
    if (actual.length === 0) output.line(`  ${palette.quiet('printed   nothing')}`)
  }
  const verdict = passed ? palette.good('passed') : palette.bad(`FAILED, ${formatPlural(mismatches.length, 'line')} came out otherwise`)
  output.line(`\n  ${verdict}  ${palette.quiet(`${seconds(virtualMs)} of virtual time`)}`)
}
