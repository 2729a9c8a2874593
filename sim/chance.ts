/**
 * Drawing durations and identities from a seed. Durations are whole microseconds and made without
 * a logarithm, whose last bit differs between machines: an exponential is read off the bits of one
 * random word. The leading zeros of the word are its whole part in base 2, and the bits behind
 * them, taken as a straight line, the rest; that is within a few percent of the real curve.
 */

import { type Chance, Prng } from '../base/index.ts'

/** Mean of leading zeros, plus one, minus the fraction behind them. */
const MEAN_OF_BITS = 1.5
const WORD = 2 ** 32
/** A packet that was lost so often gets through: the bound on one message's delay. */
const RETRANSMISSIONS_MAX = 8

/** A generator of its own, whose draws do not shift those of others. */
export function forkPrng(random: Prng): Prng {
  return new Prng(random.uint32())
}

/** Exponential with the given mean, in whole microseconds. */
export function drawExponentialUs(random: Prng, meanMs: number): number {
  const word = random.uint32()
  const zeros = Math.clz32(word)
  const fraction = zeros >= 31 ? 0 : ((word << (zeros + 1)) >>> 0) / WORD
  return Math.round(((zeros + 1 - fraction) * meanMs * 1000) / MEAN_OF_BITS)
}

/** At least `minMs`, and on average `meanMs` more, in whole microseconds. */
export function drawDurationUs(random: Prng, minMs: number, meanMs: number): number {
  return Math.round(minMs * 1000) + drawExponentialUs(random, meanMs)
}

/** Any duration up to `maxMs`, in whole microseconds. */
export function drawUniformUs(random: Prng, maxMs: number): number {
  return random.below(Math.round(maxMs * 1000) + 1)
}

/** What lost packets add to a message: each is sent again after `retransmitMs`. */
export function drawRetransmissionsUs(random: Prng, loss: Chance, retransmitMs: number): number {
  if (loss.numerator === 0) return 0
  let count = 0
  while (count < RETRANSMISSIONS_MAX && random.chance(loss)) count += 1
  return Math.round(count * retransmitMs * 1000)
}

/** So many hexadecimal digits, eight for each word drawn. */
export function drawHex(random: Prng, words: number): string {
  let text = ''
  for (let i = 0; i < words; i++) text += random.uint32().toString(16).padStart(8, '0')
  return text
}
