/**
 * Exponential back-off with full jitter (Marc Brooker, "Exponential Backoff and Jitter", 2015):
 * a time drawn evenly from 0 to a bound that doubles with each failure up to a cap. Half jitter
 * was rejected: it leaves clients that failed together coming back together.
 */

export interface BackOffBounds {
  /** The bound after the first failure. */
  readonly baseMs: number
  /** The bound never passes this. */
  readonly capMs: number
}

/**
 * @param failures before this one, from 0
 * @param random evenly from 0 to below 1
 */
export function backOffMs(failures: number, bounds: BackOffBounds, random: () => number): number {
  return random() * Math.min(bounds.capMs, bounds.baseMs * 2 ** failures)
}
