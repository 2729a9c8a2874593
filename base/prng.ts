/**
 * Seeded pseudo-random numbers: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state.
 * All chance in the pure folders comes from here, so a seed replays a run. It is no source of
 * secrets. `Math.random` was rejected: it can't be seeded.
 */

import { assert } from './assert.ts'

/** A probability as a ratio, so that 1 in 20 is written as it is said. */
export interface Chance {
  readonly numerator: number
  readonly denominator: number
}

const WARM_UP_ROUNDS = 15

export class Prng {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed any safe integer from 0 up */
  constructor(seed: number) {
    assert(Number.isSafeInteger(seed) && seed >= 0, 'a seed is an integer from 0 to 2^53 - 1')
    this.#a = seed >>> 0
    this.#b = Math.floor(seed / 2 ** 32) >>> 0
    this.#c = 0x9e3779b9
    for (let i = 0; i < WARM_UP_ROUNDS; i++) this.uint32()
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0
    this.#counter = (this.#counter + 1) >>> 0
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0
    this.#b = (this.#c + (this.#c << 3)) >>> 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0
    return sum
  }

  /** An integer from 0 to `limit - 1`, without bias. */
  below(limit: number): number {
    assert(Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 32, 'a limit is from 1 to 2^32')
    const fair = 2 ** 32 - (2 ** 32 % limit)
    let value = this.uint32()
    while (value >= fair) value = this.uint32()
    return value % limit
  }

  chance(chance: Chance): boolean {
    return this.below(chance.denominator) < chance.numerator
  }
}
