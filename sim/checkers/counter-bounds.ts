/**
 * Bounds for what a counter may read (Jepsen's `counter`). A read contains at least every
 * increment that had ended before it started, and at most every one that had started before it
 * ended; decrements the other way round. In O(n log n), where `counterModel` needs a search, and
 * right for a final read of any store that converges: [Σ acknowledged, Σ attempted].
 *
 * Bounds are necessary and not sufficient: two reads inside them may contradict each other.
 */

import { hasEnded, type Span, type Verdict } from './history.ts'

export interface CounterIncrement extends Span {
  /** Negative for a decrement. */
  readonly by: number
}

export interface CounterRead extends Span {
  readonly value: number
}

export interface CounterViolation {
  readonly read: CounterRead
  /** What it might have been, ends included. */
  readonly low: number
  readonly high: number
}

export interface CounterResult {
  /** `unknown` if no read ended. */
  readonly verdict: Verdict
  readonly violations: readonly CounterViolation[]
  readonly reads: number
}

/** Increments that are known to have failed are left out by the caller. `initial`: before everything. */
export function checkCounterBounds(increments: readonly CounterIncrement[], reads: readonly CounterRead[], initial = 0): CounterResult {
  const up = increments.filter(({ by }) => by > 0)
  const down = increments.filter(({ by }) => by < 0)
  const [upStarted, upEnded] = [RunningSum.of(up, startOf), RunningSum.of(up, endOf)]
  const [downStarted, downEnded] = [RunningSum.of(down, startOf), RunningSum.of(down, endOf)]
  const ended = reads.filter(hasEnded)
  const violations: CounterViolation[] = []
  for (const read of ended) {
    const low = initial + upEnded.before(read.start) + downStarted.upTo(read.end)
    const high = initial + upStarted.upTo(read.end) + downEnded.before(read.start)
    if (read.value < low || read.value > high) violations.push({ read, low, high })
  }
  return { verdict: violations.length > 0 ? 'failed' : ended.length === 0 ? 'unknown' : 'passed', violations, reads: ended.length }
}

/** The sum of increments by a moment of theirs: `sums[i]` is that of the first i. */
class RunningSum {
  readonly #times: Float64Array
  readonly #sums: Float64Array

  private constructor(times: Float64Array, sums: Float64Array) {
    this.#times = times
    this.#sums = sums
  }

  static of(increments: readonly CounterIncrement[], timeOf: (increment: CounterIncrement) => number): RunningSum {
    const sorted = [...increments].sort((left, right) => compareTimes(timeOf(left), timeOf(right)))
    const sums = new Float64Array(sorted.length + 1)
    for (const [index, { by }] of sorted.entries()) sums[index + 1] = (sums[index] ?? 0) + by
    return new RunningSum(Float64Array.from(sorted, timeOf), sums)
  }

  before(time: number): number {
    return this.#sums[this.#count((other) => other < time)] ?? 0
  }

  upTo(time: number): number {
    return this.#sums[this.#count((other) => other <= time)] ?? 0
  }

  /** How many times, from the first on, are inside. */
  #count(isInside: (time: number) => boolean): number {
    let low = 0
    let high = this.#times.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isInside(this.#times[middle] ?? 0)) low = middle + 1
      else high = middle
    }
    return low
  }
}

function startOf({ start }: Span): number {
  return start
}

function endOf({ end }: Span): number {
  return end
}

/** Not a difference: infinite ends have none. */
function compareTimes(left: number, right: number): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
