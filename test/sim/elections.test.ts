/**
 * Elections in weather in which a message takes longer than a quick network's time-outs: packets get lost and
 * are sent again late, and all that is behind them waits.
 */

import { describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import { simulate, type Weather, WORKLOADS } from '../../sim/index.ts'

const NEVER = { numerator: 0, denominator: 1 }

const WEATHER: Weather = {
  network: {
    delayMinMs: 1,
    delayMeanMs: 60,
    loss: { numerator: 1, denominator: 4 },
    retransmitMs: 480,
    clientLoss: NEVER,
    reset: NEVER,
    detectMs: 2000,
    reconnectMs: 500,
  },
  disk: {
    writeMinMs: 0.2,
    writeMeanMs: 1,
    appendMinMs: 0.2,
    appendMeanMs: 2,
    readMeanMs: 0.5,
    syncIntervalMs: 500,
    releaseIntervalMs: 5000,
  },
  clockOffsetsMs: [0, 0, 0, 0, 0],
  faultIntervalsMs: {},
  strike: { one: { numerator: 1, denominator: 1 }, all: NEVER },
}
/** In the first minute and until all have answered. With time-outs that stay as they are it is 27 to 120. */
const ELECTIONS_MAX = 15

describe('in bad weather', () => {
  it.each([1, 2, 3, 4])('[LM2] members learn to wait, and a leader lasts (seed %i)', (seed) => {
    const workload = present(
      WORKLOADS.find(({ name }) => name === 'mixed'),
      'there is a mixed workload',
    )
    const { violations, counts } = simulate({
      seed,
      nodes: 5,
      durationMs: 60_000,
      callsPerSecond: 30,
      workload,
      mode: 'leader',
      faults: [],
      plan: [],
      weather: WEATHER,
      callsMax: null,
      keepTrace: false,
      onProgress: null,
    })
    expect(violations).toEqual([])
    expect(counts.leaders).toBeGreaterThan(0)
    expect(counts.elections).toBeLessThanOrEqual(ELECTIONS_MAX)
  })
})
