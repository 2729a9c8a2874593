/**
 * `skein sim …`: the deterministic simulator. A whole cluster runs in one thread under virtual
 * time, with every fault drawn from one seed; the same seed gives the same run, to the last event.
 *
 * Only names, options and help are here: the simulator itself is loaded when one of them runs.
 */

import { availableParallelism } from 'node:os'
import { type CommandGroup, defineCommand, JSON_OPTION } from './command.ts'
import { durationOption, integerOption, type OptionValues, switchOption, textOption } from './options.ts'
import { CASE_OPTIONS, GIVEN_CASE_OPTIONS } from './sim-options.ts'

const SEEDS_MAX = 10_000_000
const JOBS_MAX = 256
const ATTEMPTS_MAX = 100_000
const ATTEMPTS_DEFAULT = 400

const FILE_OPTIONS = {
  report: textOption({ summary: 'write a report to look at: one HTML file', placeholder: '<file>' }, null),
  trace: textOption({ summary: 'write every event, as a line of JSON', placeholder: '<file>' }, null),
}

const SEED_OR_FILE = {
  form: '<seed>',
  summary: 'a seed, with the options that its run had; or the file of a run that "skein sim shrink" wrote, which has them all',
}

const RUN_OPTIONS = {
  seed: integerOption({ summary: 'all chance of the run', placeholder: '<n>', min: 0, max: Number.MAX_SAFE_INTEGER }, null),
  ...CASE_OPTIONS,
  ...FILE_OPTIONS,
  json: JSON_OPTION,
}

const SEARCH_OPTIONS = {
  seeds: integerOption({ summary: 'how many seeds', placeholder: '<n>', min: 1, max: SEEDS_MAX }, 100),
  from: integerOption({ summary: 'the first of them', placeholder: '<seed>', min: 0, max: Number.MAX_SAFE_INTEGER - SEEDS_MAX }, 1),
  jobs: {
    ...integerOption({ summary: 'runs at a time', placeholder: '<n>', min: 1, max: JOBS_MAX }, availableParallelism()),
    shownFallback: 'one for each processor',
  },
  for: durationOption({ summary: 'begin no more seeds after this time, such as 60s', placeholder: '<duration>' }, null, null),
  failFast: switchOption('stop at the first failure'),
  ...CASE_OPTIONS,
  json: JSON_OPTION,
}

const REPLAY_OPTIONS = { ...GIVEN_CASE_OPTIONS, ...FILE_OPTIONS, json: JSON_OPTION }

const SHRINK_OPTIONS = {
  ...GIVEN_CASE_OPTIONS,
  attempts: integerOption({ summary: 'give up after so many runs', placeholder: '<n>', min: 1, max: ATTEMPTS_MAX }, ATTEMPTS_DEFAULT),
  output: textOption({ summary: 'write the smallest run, for "skein sim replay"', placeholder: '<file>' }, null),
  json: JSON_OPTION,
}

const EXPLAIN_OPTIONS = { ...GIVEN_CASE_OPTIONS, json: JSON_OPTION }
const JSON_ONLY = { json: JSON_OPTION }

export type RunCommandOptions = OptionValues<typeof RUN_OPTIONS>
export type SearchOptions = OptionValues<typeof SEARCH_OPTIONS>
export type ReplayOptions = OptionValues<typeof REPLAY_OPTIONS>
export type ShrinkOptions = OptionValues<typeof SHRINK_OPTIONS>
export type ExplainOptions = OptionValues<typeof EXPLAIN_OPTIONS>
export type JsonOptions = OptionValues<typeof JSON_ONLY>

const run = defineCommand({
  name: 'run',
  operands: [],
  summary: 'runs one seed and says what happened',
  details:
    'Faults strike for the minutes given, then they stop and the cluster has to answer and converge. Exits with 1 if an ' +
    'invariant was violated; then the events that matter are shown, and the line that does it again.',
  examples: [
    { line: 'skein sim run', meaning: 'a seed drawn now' },
    { line: 'skein sim run --seed 7 --nodes 5 --minutes 30 --report out.html', meaning: 'with a report to look at' },
    { line: 'skein sim run --seed 7 --faults partition,kill', meaning: 'these kinds of faults alone' },
    { line: 'skein sim run --seed 7 --workload ./mine.mjs', meaning: 'clients and invariants of your own' },
  ],
  options: RUN_OPTIONS,
  run: async (invocation) => (await import('./sim-run.ts')).runOnce(invocation),
})

const search = defineCommand({
  name: 'search',
  operands: [],
  summary: 'runs many seeds, looking for one that fails',
  details: 'Every seed has weather and faults of its own. Exits with 1 if any of them failed.',
  examples: [
    { line: 'skein sim search --seeds 1000', meaning: 'seeds 1 to 1000' },
    { line: 'skein sim search --seeds 100000 --for 60s', meaning: 'as many as a minute allows' },
    { line: 'skein sim search --seeds 1000 --from 5000 --jobs 2 --fail-fast', meaning: 'others, two at a time, up to the first failure' },
  ],
  options: SEARCH_OPTIONS,
  run: async (invocation) => (await import('./sim-search.ts')).search(invocation),
})

const replay = defineCommand({
  name: 'replay',
  operands: [SEED_OR_FILE],
  summary: 'does a run again',
  details: 'The same seed and options give the same run, to the last event, on every machine.',
  examples: [
    { line: 'skein sim replay 7', meaning: 'seed 7 of "skein sim search"' },
    { line: 'skein sim replay 7 --report 7.html --trace 7.jsonl', meaning: 'to look at, and for other programs' },
    { line: 'skein sim replay small.json', meaning: 'what "skein sim shrink" wrote' },
  ],
  options: REPLAY_OPTIONS,
  run: async (invocation) => (await import('./sim-run.ts')).replay(invocation),
})

const shrink = defineCommand({
  name: 'shrink',
  operands: [SEED_OR_FILE],
  summary: 'makes a failing run as small as it gets',
  details:
    'Takes away time, faults, calls and nodes as long as the same invariant is violated. Exits with 1 if the run fails, with 0 ' +
    'if it passes and there is nothing to do.',
  examples: [{ line: 'skein sim shrink 7 --output small.json', meaning: 'then: skein sim replay small.json' }],
  options: SHRINK_OPTIONS,
  run: async (invocation) => (await import('./sim-shrink.ts')).shrinkCase(invocation),
})

const explain = defineCommand({
  name: 'explain',
  operands: [SEED_OR_FILE],
  summary: 'tells the history of a failure in words',
  details: 'The events that an invariant names, and those around them that they make no sense without.',
  examples: [{ line: 'skein sim explain 7', meaning: 'what went wrong, step by step' }],
  options: EXPLAIN_OPTIONS,
  run: async (invocation) => (await import('./sim-explain.ts')).explainCase(invocation),
})

const workloads = defineCommand({
  name: 'workloads',
  operands: [],
  summary: 'lists what clients can be made to do',
  details: '',
  examples: [{ line: 'skein sim workloads', meaning: 'names for --workload' }],
  options: JSON_ONLY,
  run: async (invocation) => (await import('./sim-explain.ts')).listWorkloads(invocation),
})

const scenario = defineCommand({
  name: 'scenario',
  operands: [{ form: '<file>', summary: 'a script; - reads the standard input' }],
  summary: 'plays a script written by hand, and checks what it expects',
  details:
    'A command a line (nodes, set, get, cut, heal, kill, start …), and below it, indented, what it should print. Shows what it ' +
    'printed, with a mark where that is something else; then it exits with 1.',
  examples: [{ line: 'skein sim scenario partition.txt', meaning: 'a partition, step by step' }],
  options: JSON_ONLY,
  run: async (invocation) => (await import('./sim-scenario.ts')).playScenario(invocation),
})

export const sim: CommandGroup = {
  name: 'sim',
  summary: 'runs whole clusters under virtual time, with faults drawn from a seed',
  details:
    'The code that ships, with its network, disks, clocks and processes replaced by simulated ones. The same seed gives the ' +
    'same run, to the last event, so that a failure found once can be looked at for ever.',
  commands: [run, search, replay, shrink, explain, workloads, scenario],
}
