/**
 * Virtual time for suites that wait in real time: the queue is turned for as long as it has
 * events, beside whatever the test does.
 */

import { EventQueue } from '../../sim/event-queue.ts'
import type { DiskWeather, NetworkWeather, Weather } from '../../sim/weather.ts'

/** Events between two looks at what the test wants. */
const EVENTS_A_TURN = 50

export class TurningQueue {
  readonly queue = new EventQueue()
  #isOver = false

  static start(): TurningQueue {
    const turning = new TurningQueue()
    turning.#turn()
    return turning
  }

  stop(): void {
    this.#isOver = true
  }

  #turn(): void {
    if (this.#isOver) return
    for (let i = 0; i < EVENTS_A_TURN && this.queue.runNext(); i++);
    setImmediate(() => this.#turn())
  }
}

const NEVER = { numerator: 0, denominator: 1 }

export const QUICK_DISK: DiskWeather = {
  writeMinMs: 0.2,
  writeMeanMs: 0.5,
  appendMinMs: 0.1,
  appendMeanMs: 0.3,
  readMeanMs: 0.1,
  syncIntervalMs: 5000,
  releaseIntervalMs: 5000,
}

export const CALM_NETWORK: NetworkWeather = {
  delayMinMs: 0.5,
  delayMeanMs: 5,
  loss: { numerator: 1, denominator: 50 },
  retransmitMs: 100,
  clientLoss: NEVER,
  reset: NEVER,
  detectMs: 3000,
  reconnectMs: 300,
}

export const CALM: Weather = {
  network: CALM_NETWORK,
  disk: QUICK_DISK,
  clockOffsetsMs: [0, 3, -4, 10, 1],
  faultIntervalsMs: {},
  strike: { one: NEVER, all: NEVER },
}
