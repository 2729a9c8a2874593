/** A simulated run, or many of them, as text: what happened, what failed, how to see it again. */

import { SECOND_MS } from '../base/index.ts'
import type { Counts, RunResult, Story } from '../sim/index.ts'
import type { Palette } from './palette.ts'
import { formatAge, formatCount, formatPlural } from './quantities.ts'
import { commandLineOf, type GivenCase, isModulePath, type SimCase } from './sim-case.ts'
import { formatTable, pad } from './table.ts'

const TIME_WIDTH = 11
const MARGIN = '  '
const STACK_LINES_MAX = 12

/** `seed 7 · 5 nodes · 30 m 00 s of faults · mixed at 200 calls/s`; a run that was made small says that, too. */
export function renderCase({ seed, ...rest }: SimCase, palette: Palette): string {
  return `${palette.strong(`seed ${seed}`)} ${palette.quiet(conditions(rest))}`
}

/** `seeds 1 to 100 · 5 nodes · …` */
export function renderSeeds({ seed: first, ...rest }: SimCase, seeds: number, palette: Palette): string {
  return `${palette.strong(`seeds ${first} to ${first + seeds - 1}`)} ${palette.quiet(conditions(rest))}`
}

function conditions({ nodes, durationMs, callsPerSecond, workload, plan }: Omit<SimCase, 'seed'>): string {
  const what = isModulePath(workload) ? (workload.split('/').at(-1) ?? workload) : workload
  const faults = plan === null ? 'faults' : `${plan.length} faults`
  return `· ${formatPlural(nodes, 'node')} · ${formatAge(durationMs)} of ${faults} · ${what} at ${formatCount(callsPerSecond)} calls/s`
}

/** A run's verdict, counts and hash. */
export function renderResult(result: RunResult, elapsedMs: number, palette: Palette): string[] {
  const { counts, virtualMs, traceHash, passed } = result
  const verdict = passed ? palette.good('passed') : palette.bad('FAILED')
  const speed = `${formatCount(virtualMs / Math.max(1, elapsedMs))} × real time`
  const facts = `${formatAge(virtualMs)} of virtual time in ${(elapsedMs / SECOND_MS).toFixed(1)} s, ${speed}`
  return ['', `${MARGIN}${verdict}  ${palette.quiet(facts)}`, '', ...renderCounts(counts, palette), ...row('trace', traceHash, [], palette)]
}

/** What really happened, in a few lines; nothing is shown as 0 but what should not be. */
export function renderCounts(counts: Counts, palette: Palette): string[] {
  const faults = Object.values(counts.faults).reduce((sum, count) => sum + count, 0)
  return [
    ...row(
      'calls',
      formatCount(counts.calls),
      [
        [counts.acknowledgedWrites, 'acknowledged writes'],
        [counts.batches, 'batches'],
        [counts.conditionalWrites, 'conditional'],
        [counts.reads, 'reads'],
        [counts.failedCalls, 'refused'],
        [counts.unknownOutcomes, 'unknown outcomes'],
        [counts.retries, 'retries'],
      ],
      palette,
    ),
    ...row('conflicts', formatCount(counts.conflicts), [], palette),
    ...(counts.elections === 0 ? [] : leaderRow(counts, palette)),
    ...row('faults', formatCount(faults), sortedFaults(counts), palette),
    ...row(
      'losses',
      formatCount(counts.kills + counts.powerLosses + counts.wipedDisks + counts.restoredDisks),
      [
        [counts.kills, 'killed'],
        [counts.powerLosses, 'lost power'],
        [counts.wipedDisks, 'wiped'],
        [counts.restoredDisks, 'put back'],
      ],
      palette,
    ),
    ...row(
      'network',
      formatCount(counts.messages),
      [
        [counts.messages, 'messages'],
        [counts.pushes, 'pushed blocks'],
        [counts.blocks, 'fetched blocks'],
        [counts.disconnections, 'broken connections'],
        [counts.partitions, 'partitions'],
      ],
      palette,
    ),
    ...row('events', formatCount(counts.events), [], palette),
  ]
}

function leaderRow(counts: Counts, palette: Palette): string[] {
  return row(
    'leaders',
    formatCount(counts.leaders),
    [
      [counts.elections, 'candidacies'],
      [counts.commits, 'blocks committed'],
      [counts.adoptions, 'adoptions'],
      [counts.deadSuffixes, 'dead suffixes'],
      [counts.switches, 'switches of the mode'],
      [counts.voterChanges, 'changes of the voters'],
      [counts.expiries, 'expiries'],
    ],
    palette,
  )
}

/** What was violated, with the events that matter. */
export function renderFailure(stories: readonly Story[], palette: Palette): string[] {
  return stories.flatMap((story) => ['', ...renderStory(story, palette)])
}

/** The lines that do a failure again. */
export function againLines(given: GivenCase, palette: Palette): string[] {
  const { seed, plan } = given.simCase
  const again: [string, string][] = [
    ['again', commandLineOf('replay', given)],
    ['to look at', `${commandLineOf('replay', given)} --report ${seed}.html`],
  ]
  if (plan === null) again.push(['smaller', `${commandLineOf('shrink', given)} --output ${seed}.json`])
  return renderLines(again, palette)
}

/** A run that was made small is in no seed: it has to be kept to be done again. @param original what was made small */
export function keepLines(original: GivenCase, palette: Palette): string[] {
  const file = `${original.simCase.seed}.json`
  return renderLines(
    [
      ['keep it', `${commandLineOf('shrink', original)} --output ${file}`],
      ['then again', `skein sim replay ${file}`],
    ],
    palette,
  )
}

function renderLines(lines: readonly (readonly [what: string, line: string])[], palette: Palette): string[] {
  return ['', ...lines.map(([what, line]) => `${MARGIN}${palette.quiet(what.padEnd(TIME_WIDTH))}  ${palette.name(line)}`)]
}

export function renderStory({ violation, lines, omitted }: Story, palette: Palette): string[] {
  const head = `${MARGIN}${palette.bad(violation.invariant)} ${palette.quiet(`at ${seconds(violation.atMs)}:`)} ${violation.message}`
  const rows = lines.map(({ atMs, text, isWitness }) => {
    const time = palette.quiet(pad(seconds(atMs), TIME_WIDTH, 'right'))
    return `${MARGIN}${time}  ${isWitness ? palette.warning('▶') : ' '} ${isWitness ? text : palette.quiet(text)}`
  })
  if (omitted > 0)
    rows.unshift(`${MARGIN}${' '.repeat(TIME_WIDTH)}    ${palette.quiet(`… ${formatPlural(omitted, 'earlier event')} of it`)}`)
  const stack = (violation.stack ?? '').split('\n').slice(0, STACK_LINES_MAX)
  const shownStack = violation.stack === undefined ? [] : ['', ...stack.map((line) => `${MARGIN}${palette.quiet(line)}`)]
  return [head, ...shownStack, ...(rows.length === 0 ? [] : ['', ...rows])]
}

export function seconds(atMs: number): string {
  return `${(atMs / SECOND_MS).toFixed(3)} s`
}

/** The counts of two runs, or totals of many, added up. */
export function addCounts(left: Counts, right: Counts): Counts {
  const sum: Record<string, unknown> = { ...left }
  for (const [name, value] of Object.entries(right)) {
    const before = sum[name]
    if (typeof value === 'number') sum[name] = (typeof before === 'number' ? before : 0) + value
  }
  const faults: Record<string, number> = { ...left.faults }
  for (const [kind, count] of Object.entries(right.faults)) faults[kind] = (faults[kind] ?? 0) + count
  // Field by field the sum of two counts.
  return { ...sum, faults } as Counts
}

function row(title: string, total: string, parts: readonly (readonly [number, string])[], palette: Palette): string[] {
  const shown = parts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`)
  return formatTable(
    [
      { title: '', align: 'left' },
      { title: '', align: 'right' },
      { title: '', align: 'left' },
    ],
    [[`${MARGIN}${palette.quiet(title.padEnd(TIME_WIDTH))}`, palette.strong(total.padStart(TIME_WIDTH)), palette.quiet(shown.join(' · '))]],
    palette.quiet,
  )
}

/** Those that struck most often first. */
function sortedFaults(counts: Counts): [number, string][] {
  return Object.entries(counts.faults)
    .map(([kind, count]): [number, string] => [count, kind])
    .sort(([left], [right]) => right - left)
}
