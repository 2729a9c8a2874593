/**
 * Hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014), HL1 and HL2. A
 * timestamp is one integer below 2^53: milliseconds since 2020 × 4096 + counter. It follows the
 * wall clock where that moves forward, and counts where it stands still or goes back, so that
 * whatever happened later in the causal order has the larger timestamp.
 *
 * Rejected: wall clocks alone, which lose acknowledged writes as soon as two clocks differ.
 */

import type { Timestamp } from '../base/index.ts'

const EPOCH_2020_MS = Date.UTC(2020, 0, 1)
const COUNTER_SIZE = 4096
/** 2^53 / 4096 milliseconds reach into the year 2089. */
const TIMESTAMP_MAX = Number.MAX_SAFE_INTEGER

export function timestampFromWall(wallMs: number): Timestamp {
  const ms = Math.min(Math.max(0, Math.floor(wallMs) - EPOCH_2020_MS), Math.floor(TIMESTAMP_MAX / COUNTER_SIZE))
  return (ms * COUNTER_SIZE) as Timestamp
}

/** Milliseconds since 1970 that a timestamp stands for. */
export function wallFromTimestamp(timestamp: Timestamp): number {
  return Math.floor(timestamp / COUNTER_SIZE) + EPOCH_2020_MS
}

export function isTimestamp(value: number): value is Timestamp {
  return Number.isSafeInteger(value) && value >= 0
}

export class HybridClock {
  /** The largest timestamp given out or seen. Invariant: never falls. */
  #latest = 0 as Timestamp

  get latest(): Timestamp {
    return this.#latest
  }

  /** A timestamp for a transaction of this node: larger than any before. */
  next(wallMs: number): Timestamp {
    this.#latest = Math.max(timestampFromWall(wallMs), this.#latest + 1) as Timestamp
    return this.#latest
  }

  /** Learns a timestamp that was applied here. */
  observe(timestamp: Timestamp): void {
    if (timestamp > this.#latest) this.#latest = timestamp
  }
}
