/**
 * Draws the weather of a run from its seed. Each class of fault is there or not, and where it is
 * there its rate is drawn over orders of magnitude: seeds with everything at once find other bugs
 * than seeds with one thing alone ("swarm testing", Groce et al., 2012). One fixed mix was
 * rejected: what happens often in it hides what needs quiet.
 */

import { type Chance, MINUTE_MS, type Prng, SECOND_MS } from '../base/index.ts'
import { forkPrng } from './chance.ts'
import { between, chanceOf, fraction, oneIn, scaled } from './draw.ts'
import { FAULT_KINDS, type FaultKind } from './fault.ts'
import type { DiskWeather, NetworkWeather, Weather } from './weather.ts'

/** Two of three kinds that are allowed are in a run. */
const KIND_PRESENT = chanceOf(2 / 3)

/** How often a fault of each kind begins, on average, in virtual ms: from the wildest to the calmest seeds. */
const FAULT_INTERVALS_MS: Readonly<Record<FaultKind, readonly [min: number, max: number]>> = {
  partition: [4 * SECOND_MS, 2 * MINUTE_MS],
  clog: [1 * SECOND_MS, MINUTE_MS],
  kill: [3 * SECOND_MS, 3 * MINUTE_MS],
  power: [5 * SECOND_MS, 5 * MINUTE_MS],
  stop: [10 * SECOND_MS, 5 * MINUTE_MS],
  pause: [3 * SECOND_MS, 2 * MINUTE_MS],
  'disk-slow': [5 * SECOND_MS, 2 * MINUTE_MS],
  'disk-full': [10 * SECOND_MS, 5 * MINUTE_MS],
  'write-error': [20 * SECOND_MS, 10 * MINUTE_MS],
  wipe: [20 * SECOND_MS, 10 * MINUTE_MS],
  restore: [8 * SECOND_MS, 5 * MINUTE_MS],
  'logs-rollback': [8 * SECOND_MS, 5 * MINUTE_MS],
  'torn-tail': [20 * SECOND_MS, 10 * MINUTE_MS],
  'clock-step': [5 * SECOND_MS, 5 * MINUTE_MS],
  'clock-drift': [10 * SECOND_MS, 5 * MINUTE_MS],
  'kill-leader': [3 * SECOND_MS, 2 * MINUTE_MS],
  promote: [2 * SECOND_MS, MINUTE_MS],
  'switch-mode': [2 * SECOND_MS, 20 * SECOND_MS],
  remove: [4 * SECOND_MS, MINUTE_MS],
}

/**
 * @param kinds those that may be in the run's plan
 * @param possible those that could be, in a run of its mode
 */
export function drawWeather(
  random: Prng,
  nodes: number,
  kinds: readonly FaultKind[],
  possible: readonly FaultKind[] = FAULT_KINDS,
): Weather {
  return {
    network: drawNetwork(forkPrng(random)),
    disk: drawDisk(forkPrng(random)),
    clockOffsetsMs: drawOffsets(forkPrng(random), nodes),
    faultIntervalsMs: drawIntervals(forkPrng(random), kinds, kinds.length < possible.length),
    strike: drawStrike(forkPrng(random)),
  }
}

function drawNetwork(random: Prng): NetworkWeather {
  return {
    delayMinMs: between(random, 0, 30),
    delayMeanMs: between(random, 5, 100),
    loss: sometimes(random, 0.001, 0.3),
    retransmitMs: between(random, 50, 500),
    clientLoss: sometimes(random, 0.001, 0.05),
    reset: sometimes(random, 0.000_01, 0.001),
    detectMs: between(random, 500, 5000),
    reconnectMs: between(random, 100, 2000),
  }
}

function drawDisk(random: Prng): DiskWeather {
  return {
    writeMinMs: scaled(random, 0.02, 2),
    writeMeanMs: scaled(random, 0.1, 20),
    appendMinMs: scaled(random, 0.02, 0.5),
    // The real store pauses after an append: what is sealed meanwhile shares a block (JR8).
    appendMeanMs: scaled(random, 0.05, 100),
    readMeanMs: scaled(random, 0.05, 5),
    syncIntervalMs: Math.round(scaled(random, 100, 10_000)),
    // The server waits for 5 s. Often finds a block that is given up too early, seldom leaves much to be rebuilt.
    releaseIntervalMs: Math.round(scaled(random, 100, 5000)),
  }
}

/** Most clusters keep time well; some badly; a few nodes are farther off than the drift that is allowed. */
function drawOffsets(random: Prng, nodes: number): number[] {
  const reach = oneIn(random, 8) ? 5 * MINUTE_MS : oneIn(random, 4) ? 30 * SECOND_MS : 50
  return Array.from({ length: nodes }, () => between(random, -reach, reach))
}

function drawIntervals(random: Prng, kinds: readonly FaultKind[], isChosen: boolean): Record<string, number> {
  const intervals: Record<string, number> = {}
  for (const kind of FAULT_KINDS) {
    // Drawn for kinds that are not allowed too, so that allowing one leaves the others as they were.
    // Who names some kinds wants them.
    const isPresent = random.chance(KIND_PRESENT) || isChosen
    const intervalMs = Math.round(scaled(random, ...FAULT_INTERVALS_MS[kind]))
    if (isPresent && kinds.includes(kind)) intervals[kind] = intervalMs
  }
  return intervals
}

function drawStrike(random: Prng): Weather['strike'] {
  const one = 0.4 + 0.5 * fraction(random)
  return { one: chanceOf(one), all: chanceOf((1 - one) * fraction(random)) }
}

/** Absent in every second seed. */
function sometimes(random: Prng, min: number, max: number): Chance {
  const share = scaled(random, min, max)
  return chanceOf(oneIn(random, 2) ? share : 0)
}
