/**
 * Latencies as counts in buckets that grow by 2 %: any number of measurements in the same few
 * kilobytes, and quantiles that are right to a per cent. Keeping every measurement was rejected,
 * for a long run would measure its own garbage collection.
 */

const GROWTH = Math.log(1.02)
const MICROSECONDS = 1000
/** Up to a day and a half. */
const BUCKETS = 1300

export class Latencies {
  readonly #buckets = new Float64Array(BUCKETS)
  #count = 0
  #maxMs = 0

  record(ms: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.floor(Math.log(Math.max(1, ms * MICROSECONDS)) / GROWTH))
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count += 1
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  get count(): number {
    return this.#count
  }

  get maxMs(): number {
    return this.#maxMs
  }

  /** The time that a `share` of the measurements stays within; 0 if there are none. */
  quantileMs(share: number): number {
    let rest = share * this.#count
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      rest -= this.#buckets[bucket] ?? 0
      if (rest <= 0) return Math.min(this.#maxMs, Math.exp((bucket + 0.5) * GROWTH) / MICROSECONDS)
    }
    return this.#maxMs
  }
}
