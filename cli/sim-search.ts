/** `skein sim search`: many seeds, each in weather of its own; failures as they come, totals at the end. */

import { SECOND_MS } from '../base/index.ts'
import type { Counts } from '../sim/index.ts'
import type { Invocation } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Output } from './output.ts'
import { ProgressLine } from './progress-line.ts'
import { formatAge, formatCount, formatPlural } from './quantities.ts'
import type { SearchOptions } from './sim.ts'
import { caseOf, commandLineOf, type SimCase } from './sim-case.ts'
import { searchSeeds } from './sim-pool.ts'
import { addCounts, againLines, renderCounts, renderFailure, renderSeeds } from './sim-summary.ts'
import type { Outcome } from './sim-worker.ts'
import { loadWorkload } from './sim-workload.ts'

/** How often a line says how far it is, where the output is no terminal. */
const LINE_INTERVAL_MS = 10 * SECOND_MS

/** All outcomes so far. */
class Totals {
  readonly startedAtMs = performance.now()
  readonly failed: Outcome[] = []
  seeds = 0
  virtualMs = 0
  counts: Counts | null = null

  add(outcome: Outcome): void {
    this.seeds += 1
    this.virtualMs += outcome.result.virtualMs
    this.counts = this.counts === null ? outcome.result.counts : addCounts(this.counts, outcome.result.counts)
    if (!outcome.result.passed) this.failed.push(outcome)
  }

  get elapsedMs(): number {
    return performance.now() - this.startedAtMs
  }
}

export async function search({ options, output, terminal }: Invocation<SearchOptions>): Promise<ExitCode> {
  const { from, seeds, jobs, failFast, for: forMs } = options
  const template = caseOf(from, options)
  // A name that is wrong is said once, and not by every worker.
  await loadWorkload(template.workload)
  const totals = new Totals()
  const progress = new ProgressLine(terminal, LINE_INTERVAL_MS)
  const showProgress = (): void => progress.update(() => progressText(totals, seeds))
  if (!output.isJson) output.line(renderSeeds(template, seeds, output.palette))
  const timer = setInterval(showProgress, SECOND_MS)
  await searchSeeds({
    template,
    firstSeed: from,
    seeds,
    jobs,
    onOutcome: (outcome) => {
      totals.add(outcome)
      if (!outcome.result.passed) {
        progress.clear()
        tellFailure({ ...template, seed: outcome.seed }, outcome, output)
      }
      showProgress()
      const isTimeOver = forMs !== null && totals.elapsedMs >= forMs
      return !isTimeOver && (outcome.result.passed || !failFast)
    },
  }).finally(() => clearInterval(timer))
  progress.clear()
  tellTotals(totals, template, output)
  return totals.failed.length === 0 ? EXIT.done : EXIT.no
}

function progressText(totals: Totals, seeds: number): string {
  if (totals.seeds === 0) return `  0 of ${formatPlural(seeds, 'seed')} · ${formatAge(totals.elapsedMs)}`
  const perSecond = totals.seeds / (totals.elapsedMs / SECOND_MS)
  const left = ((seeds - totals.seeds) / perSecond) * SECOND_MS
  const failed = totals.failed.length === 0 ? '' : ` · ${totals.failed.length} failed`
  return `  ${formatCount(totals.seeds)} of ${formatPlural(seeds, 'seed')} · ${perSecond.toFixed(1)} a second · ${formatAge(left)} left${failed}`
}

function tellFailure(simCase: SimCase, { seed, result, stories }: Outcome, output: Output): void {
  const { violations, traceHash } = result
  if (output.isJson) {
    output.json({ seed, traceHash, passed: false, violations, reproduce: commandLineOf('replay', { simCase, file: null }) })
    return
  }
  output.line(`\n${output.palette.bad(`seed ${seed} failed`)}`)
  const again = againLines({ simCase, file: null }, output.palette)
  for (const line of [...renderFailure(stories, output.palette), ...again]) output.line(line)
}

function tellTotals(totals: Totals, template: SimCase, output: Output): void {
  const { counts, virtualMs, elapsedMs, failed } = totals
  const failedSeeds = failed.map(({ seed }) => seed).sort((left, right) => left - right)
  if (output.isJson) {
    const { nodes, durationMs, callsPerSecond, workload } = template
    output.json({
      seeds: totals.seeds,
      passed: failed.length === 0,
      failedSeeds,
      counts,
      virtualMs,
      elapsedMs,
      nodes,
      durationMs,
      callsPerSecond,
      workload,
    })
    return
  }
  const { palette } = output
  const verdict = failed.length === 0 ? palette.good('all passed') : palette.bad(`${failed.length} failed: ${failedSeeds.join(', ')}`)
  const speed = `${formatAge(virtualMs)} of virtual time in ${formatAge(elapsedMs)}, ${formatCount(virtualMs / elapsedMs)} × real time`
  output.line(`\n  ${palette.strong(formatPlural(totals.seeds, 'seed'))}  ${verdict}  ${palette.quiet(speed)}\n`)
  if (counts === null) return
  for (const line of renderCounts(counts, palette)) output.line(line)
}
