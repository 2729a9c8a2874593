/**
 * Options that the simulator's commands share. What they mean is in `sim-case.ts`: this file is
 * part of every start of the program, and must not load the simulator.
 */

import { integerOption, listOption, numberOption, type OptionValues, textOption } from './options.ts'

export const NODES_MAX = 9
export const MINUTES_MAX = 24 * 60
export const RATE_MAX = 10_000
export const CASE_DEFAULTS = { nodes: 5, minutes: 2, rate: 200, workload: 'mixed' } as const

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
  rate: integerOption(
    { summary: 'calls a virtual second, of all clients together', placeholder: '<n>', min: 1, max: RATE_MAX },
    CASE_DEFAULTS.rate,
  ),
  faults: listOption<string>(
    { summary: 'kinds of faults that may strike, such as partition,kill; or all, or none', placeholder: '<kinds>' },
    ['all'],
    'all',
    (text) => text,
  ),
}

export type CaseOptions = OptionValues<typeof CASE_OPTIONS>
