/**
 * The weather of a run: every probability and range, drawn once from the seed, so that different
 * seeds live in different weather. It is printed with every failure.
 */

import type { Chance } from '../base/index.ts'

export interface NetworkWeather {
  /** A packet takes at least this long, and on average so much more (exponential), in ms. */
  readonly delayMinMs: number
  readonly delayMeanMs: number
  /** A lost packet is sent again after a time-out: for the replica loss is delay. */
  readonly loss: Chance
  readonly retransmitMs: number
  /** How often a request of a client, or its answer, is lost for good: the outcome is unknown. */
  readonly clientLoss: Chance
  /** How often a connection breaks by itself when a message is sent; it comes back by itself. */
  readonly reset: Chance
  /** A cut link is noticed after this long without a packet, in ms. */
  readonly detectMs: number
  /** A connection that broke is tried again this often, in ms. */
  readonly reconnectMs: number
}

export interface DiskWeather {
  /** A durable write takes this long, in ms: at least, and on average more. */
  readonly writeMinMs: number
  readonly writeMeanMs: number
  /** An append to the log store takes this long, in ms: at least, and on average more. */
  readonly appendMinMs: number
  readonly appendMeanMs: number
  readonly readMeanMs: number
  /** The log store is synced this often by itself, in ms; what is not synced is lost with the power. */
  readonly syncIntervalMs: number
  /** Full segments of the journal are given up this often, where the logs have their blocks (JR7). */
  readonly releaseIntervalMs: number
}

export interface Weather {
  readonly network: NetworkWeather
  readonly disk: DiskWeather
  /** Offsets of the wall clocks at the start, by node, in ms. */
  readonly clockOffsetsMs: readonly number[]
  /** How often a fault of each kind begins, on average, in virtual ms; a kind that is not named does not happen. */
  readonly faultIntervalsMs: Readonly<Record<string, number>>
  /** The share of nodes that a kill or a power loss strikes together. */
  readonly strike: { readonly one: Chance; readonly all: Chance }
}
