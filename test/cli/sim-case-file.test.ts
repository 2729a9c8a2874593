/** Files of simulated runs: what is written is read again, and what is wrong with one is named by its place. */

import { describe, expect, it } from 'vitest'
import { caseOf, type SimCase } from '../../cli/sim-case.ts'
import { decodeCase, encodeCase } from '../../cli/sim-case-file.ts'
import { FAULT_KINDS, simulate, WORKLOADS } from '../../sim/index.ts'

const OPTIONS = { nodes: 3, minutes: 0.5, workload: 'mixed', mode: 'multi' as const, rate: 50, faults: ['all'] }

/** A case with a plan that has every kind of fault, and the weather of a seed. */
function wholeCase(): SimCase {
  const simCase = caseOf(7, OPTIONS)
  const [workload] = WORKLOADS
  if (workload === undefined) throw new Error('there is a workload')
  const { seed, nodes, callsPerSecond } = simCase
  const drawn = { durationMs: 1, plan: null, weather: null, callsMax: 0, keepTrace: false, onProgress: null }
  const { weather } = simulate({ ...drawn, seed, nodes, callsPerSecond, workload, faults: FAULT_KINDS })
  const stopping = { atMs: 10, nodes: [0, 2], downMs: 500 }
  const lasting = { atMs: 20, durationMs: 100 }
  return {
    ...simCase,
    callsMax: 12,
    weather,
    plan: [
      { kind: 'partition', shape: 'one-way', directions: [[0, 1]], ...lasting },
      { kind: 'clog', direction: [1, 2], ...lasting },
      { kind: 'kill', point: { when: 'after', what: 'seal' }, ...stopping },
      { kind: 'kill', point: null, ...stopping },
      { kind: 'power', ...stopping },
      { kind: 'stop', ...stopping },
      { kind: 'pause', node: 1, ...lasting },
      { kind: 'disk-slow', node: 1, factor: 10, ...lasting },
      { kind: 'disk-full', node: 1, roomBytes: 100, ...lasting },
      { kind: 'write-error', ...stopping },
      { kind: 'wipe', ...stopping },
      { kind: 'restore', ageMs: 5, ...stopping },
      { kind: 'logs-rollback', ageMs: 5, ...stopping },
      { kind: 'torn-tail', ...stopping },
      { kind: 'clock-step', atMs: 1, node: 0, byMs: -10 },
      { kind: 'clock-drift', atMs: 1, node: 0, partsPerMillion: -200 },
      { kind: 'kill-leader', atMs: 50, downMs: 500, point: null },
      { kind: 'switch-mode', atMs: 60, node: 1, mode: 'leader' },
      { kind: 'remove', atMs: 60, node: 1, target: 0 },
      { kind: 'promote', atMs: 70, node: 1, target: 2 },
    ],
  }
}

/** The text of the whole case with one field, named by its path, set to another value; undefined takes it away. */
function spoiled(path: readonly (string | number)[], value: unknown): string {
  const whole = JSON.parse(encodeCase(wholeCase())) as Record<string | number, unknown>
  const holder = path.slice(0, -1).reduce((at, name) => at[name] as Record<string | number, unknown>, whole)
  holder[path.at(-1) ?? ''] = value
  return JSON.stringify(whole)
}

describe('the file of a run', () => {
  it('[SIM] is read as it was written, every kind of fault included', () => {
    const whole = wholeCase()
    expect(new Set(whole.plan?.map(({ kind }) => kind)).size).toBe(FAULT_KINDS.length)
    expect(decodeCase(encodeCase(whole), 'x.json')).toEqual(whole)
  })

  it('[SIM] may leave plan, weather and calls to the seed', () => {
    const simCase = caseOf(7, OPTIONS)
    expect(decodeCase(encodeCase(simCase), 'x.json')).toEqual(simCase)
  })

  it.each([
    ['no JSON', '{', 'JSON'],
    ['a list', '[]', 'it is a list of 0, not an object'],
    ['another format', spoiled(['format'], 'x'), 'format is "x", not "skein-simulation-1"'],
    ['a field too many', spoiled(['minuets'], 2), 'minuets is none of format, seed, nodes'],
    ['a missing seed', spoiled(['seed'], undefined), 'seed is missing, not a whole number from 0 to'],
    ['too many nodes', spoiled(['nodes'], 10), 'nodes is 10, not a whole number from 1 to 9'],
    ['no time', spoiled(['durationMs'], 0), 'durationMs is 0, not a number from 1 to'],
    ['half a call', spoiled(['callsPerSecond'], 0.5), 'callsPerSecond is 0.5, not a whole number'],
    ['a workload that is no text', spoiled(['workload'], 7), 'workload is 7, not a text'],
    ['a kind that is none', spoiled(['faults', 1], 'meteor'), 'faults[1] is "meteor", not one of partition'],
    ['a plan that is none', spoiled(['plan'], 'x'), 'plan is "x", not a list'],
    ['a fault that is none', spoiled(['plan', 3], null), 'plan[3] is null, not an object'],
    ['a fault of no kind', spoiled(['plan', 3, 'kind'], 'crash'), 'plan[3].kind is "crash", not one of partition'],
    ['a fault without an end', spoiled(['plan', 1, 'durationMs'], undefined), 'plan[1].durationMs is missing'],
    ['a fault with a field of another', spoiled(['plan', 4, 'ageMs'], 1), 'plan[4].ageMs is none of kind, atMs, nodes, downMs'],
    ['a node that is not there', spoiled(['plan', 4, 'nodes', 1], 3), 'plan[4].nodes[1] is 3, not a whole number from 0 to 2'],
    ['half a direction', spoiled(['plan', 0, 'directions', 0], [1]), 'plan[0].directions[0] is a list of 1, not a pair of nodes'],
    ['a point that is none', spoiled(['plan', 2, 'point', 'what'], 'sleep'), 'plan[2].point.what is "sleep", not one of seal'],
    ['weather without a disk', spoiled(['weather', 'disk'], undefined), 'weather.disk is missing, not an object'],
    ['a negative delay', spoiled(['weather', 'network', 'delayMinMs'], -1), 'weather.network.delayMinMs is -1, not a number from 0'],
    ['a chance above one', spoiled(['weather', 'network', 'loss', 'numerator'], 2e9), 'weather.network.loss.numerator is 2000000000'],
    ['clocks of another cluster', spoiled(['weather', 'clockOffsetsMs'], [0]), 'weather.clockOffsetsMs is a list of 1, not a list of 3'],
    [
      'an interval of no fault',
      spoiled(['weather', 'faultIntervalsMs', 'meteor'], 1),
      'weather.faultIntervalsMs.meteor is none of partition',
    ],
    ['a number of calls that is none', spoiled(['callsMax'], 'all'), 'callsMax is "all", not a whole number'],
  ])('[SIM] %s is refused, and named', (_what, text, problem) => {
    expect(() => decodeCase(text, 'x.json')).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringContaining(`x.json is no run of the simulator: `) }),
    )
    expect(() => decodeCase(text, 'x.json')).toThrow(problem)
  })
})
