/**
 * The clocks of a simulated machine. The wall clock is what people set: it starts off by an
 * offset, drifts, and jumps either way. The monotonic clock counts from the start of the process
 * and is right.
 */

import type { Now } from '../base/index.ts'
import type { EventQueue } from './event-queue.ts'

/** Where virtual time 0 lies: 2026-01-01 UTC. */
export const EPOCH_WALL_MS = 1_767_225_600_000
const MILLION = 1_000_000

export class SimulatedClock {
  readonly #queue: EventQueue
  /** Added to the true time, as it was when the drift began. */
  #offsetMs: number
  #partsPerMillion = 0
  #driftSinceMs = 0
  #processStartedMs = 0

  constructor(queue: EventQueue, offsetMs: number) {
    this.#queue = queue
    this.#offsetMs = offsetMs
  }

  now(): Now {
    const { nowMs } = this.#queue
    return { wallMs: Math.floor(EPOCH_WALL_MS + nowMs + this.#offsetAt(nowMs)), monotonicMs: nowMs - this.#processStartedMs }
  }

  /** A new process counts from here. */
  startProcess(): void {
    this.#processStartedMs = this.#queue.nowMs
  }

  step(byMs: number): void {
    this.#offsetMs += byMs
  }

  /** From now on a second takes so much less (or more, if negative). */
  drift(partsPerMillion: number): void {
    const { nowMs } = this.#queue
    this.#offsetMs = this.#offsetAt(nowMs)
    this.#driftSinceMs = nowMs
    this.#partsPerMillion = partsPerMillion
  }

  /** Right from now on. */
  correct(): void {
    this.#offsetMs = 0
    this.#partsPerMillion = 0
  }

  #offsetAt(nowMs: number): number {
    return this.#offsetMs + ((nowMs - this.#driftSinceMs) * this.#partsPerMillion) / MILLION
  }
}
