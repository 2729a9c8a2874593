/** `skein sim explain` and `skein sim workloads`: what went wrong, and what can be tried. */

import { explain, WORKLOADS } from '../sim/index.ts'
import type { Invocation } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { ExplainOptions, JsonOptions } from './sim.ts'
import { readCase, simulateShown } from './sim-run.ts'
import { renderCase, renderStory } from './sim-summary.ts'
import { loadWorkload } from './sim-workload.ts'
import { formatTable } from './table.ts'

export async function explainCase({ operands: [what = ''], options, output, terminal }: Invocation<ExplainOptions>): Promise<ExitCode> {
  const { simCase } = await readCase(what, options)
  const workload = await loadWorkload(simCase.workload)
  if (!output.isJson) output.line(renderCase(simCase, output.palette))
  const { result } = simulateShown(simCase, workload, { isTold: true, keepTrace: false, onEvent: null }, terminal)
  const stories = explain(result)
  if (output.isJson) output.json({ seed: simCase.seed, passed: result.passed, stories })
  else if (result.passed) output.line(`\n  ${output.palette.good('passed')}  there is nothing to explain`)
  else for (const line of stories.flatMap((story) => ['', ...renderStory(story, output.palette)])) output.line(line)
  return result.passed ? EXIT.done : EXIT.no
}

export async function listWorkloads({ output }: Invocation<JsonOptions>): Promise<ExitCode> {
  const workloads = WORKLOADS.map(({ name, description }) => ({ name, description }))
  if (output.isJson) for (const workload of workloads) output.json(workload)
  const columns = [
    { title: '', align: 'left' },
    { title: '', align: 'left' },
  ] as const
  const rows = workloads.map(({ name, description }) => [output.palette.name(name), description])
  if (!output.isJson) for (const line of formatTable(columns, rows, output.palette.quiet)) output.line(line)
  return EXIT.done
}
