/**
 * Draws in the shapes that weather, plans and clients need. Results are whole numbers or whole
 * thousandths, made without a logarithm (`chance.ts` says why): an order of magnitude is drawn as
 * a doubling, and the place inside it as a straight line.
 */

import { assert, type Chance, type Prng, present } from '../base/index.ts'
import { drawExponentialUs } from './chance.ts'

const MILLION = 1_000_000
const UINT32_SIZE = 2 ** 32
const US_PER_MS = 1000

/** From 0 to just below 1. */
export function fraction(random: Prng): number {
  return random.uint32() / UINT32_SIZE
}

/** A whole number from `min` to `max`, both included. */
export function between(random: Prng, min: number, max: number): number {
  assert(Number.isInteger(min) && Number.isInteger(max) && min <= max, 'a range is of whole numbers, the smaller first')
  return min + random.below(max - min + 1)
}

/** From `min` to `max` in thousandths: every doubling is as likely as the next. */
export function scaled(random: Prng, min: number, max: number): number {
  assert(min > 0 && min <= max, 'orders of magnitude start above 0')
  let doublings = 1
  while (min * 2 ** doublings < max) doublings += 1
  for (;;) {
    const value = min * 2 ** random.below(doublings) * (1 + fraction(random))
    if (value <= max) return Math.round(value * 1000) / 1000
  }
}

/** Milliseconds to the next of events that come at random, `meanMs` apart on average. */
export function exponential(random: Prng, meanMs: number): number {
  return drawExponentialUs(random, meanMs) / US_PER_MS
}

export function oneIn(random: Prng, count: number): boolean {
  return random.below(count) === 0
}

export function pick<T>(random: Prng, list: readonly T[]): T {
  return present(list[random.below(list.length)], 'a pick is from a list that is not empty')
}

/** `count` different ones, in the order of the list. */
export function pickSome<T>(random: Prng, list: readonly T[], count: number): T[] {
  const chosen = new Set<number>()
  while (chosen.size < Math.min(count, list.length)) chosen.add(random.below(list.length))
  return list.filter((_, position) => chosen.has(position))
}

/** A probability from a share of 1. */
export function chanceOf(share: number): Chance {
  return { numerator: Math.round(share * MILLION), denominator: MILLION }
}
