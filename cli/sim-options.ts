/**
 * Options that the simulator's commands share. What they mean is in `sim-case.ts`: this file is
 * part of every start of the program, and must not load the simulator.
 */

import { choiceOption, integerOption, listOption, numberOption, type OptionSpec, type OptionValues, textOption } from './options.ts'

export const NODES_MAX = 9
export const MINUTES_MAX = 24 * 60
export const RATE_MAX = 10_000
export const CASE_DEFAULTS = { nodes: 5, minutes: 2, rate: 200, workload: 'mixed', mode: 'multi', faults: ['all'] } as const

/** A minute of virtual time is the least that `--minutes` is meant for; less serves tests. */
const MINUTES_MIN = 0.01

export const CASE_OPTIONS = {
  nodes: integerOption({ summary: 'how many nodes', placeholder: '<n>', min: 1, max: NODES_MAX }, CASE_DEFAULTS.nodes),
  minutes: numberOption(
    { summary: 'virtual minutes in which faults strike', placeholder: '<n>', min: MINUTES_MIN, max: MINUTES_MAX },
    CASE_DEFAULTS.minutes,
  ),
  workload: textOption(
    { summary: 'what clients do: one of "skein sim workloads", or a module such as ./mine.mjs', placeholder: '<name>' },
    CASE_DEFAULTS.workload,
  ),
  mode: choiceOption(
    { summary: 'all nodes write, one leads, or the cluster is switched to and fro', choices: ['multi', 'leader', 'mixed'] },
    CASE_DEFAULTS.mode,
  ),
  rate: integerOption(
    { summary: 'calls a virtual second, of all clients together', placeholder: '<n>', min: 1, max: RATE_MAX },
    CASE_DEFAULTS.rate,
  ),
  faults: listOption<string>(
    { summary: 'kinds of faults that may strike, such as partition,kill; or all, or none', placeholder: '<kinds>' },
    CASE_DEFAULTS.faults,
    'all',
    (text) => text,
  ),
}

/** The same where a file may say them instead: null if nobody gave them. */
export const GIVEN_CASE_OPTIONS = {
  nodes: orNotGiven(CASE_OPTIONS.nodes),
  minutes: orNotGiven(CASE_OPTIONS.minutes),
  workload: orNotGiven(CASE_OPTIONS.workload),
  mode: orNotGiven(CASE_OPTIONS.mode),
  rate: orNotGiven(CASE_OPTIONS.rate),
  faults: orNotGiven(CASE_OPTIONS.faults),
}

export type CaseOptions = OptionValues<typeof CASE_OPTIONS>
export type GivenCaseOptions = OptionValues<typeof GIVEN_CASE_OPTIONS>

function orNotGiven<Value>(option: OptionSpec<Value>): OptionSpec<Value | null> {
  return { ...option, fallback: null }
}
