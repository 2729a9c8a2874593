/** Values of workloads: each is unlike any other of the run, of every type, mostly small. */

import type { Prng } from '../../base/index.ts'
import type { Value, ValueType } from '../../crdt/index.ts'
import { between, oneIn, pick, scaled } from '../draw.ts'

const TYPES: readonly ValueType[] = ['text', 'json', 'bytes']
const SMALL_BYTES_MAX = 100
const MEDIUM_BYTES_MAX = 2_000
const ONE_IN_MEDIUM = 20
/** Of a value that is JSON text. */
const QUOTES_LENGTH = 2

export interface ValueSizes {
  /** The largest, in bytes. */
  readonly bytesMax: number
  /** One of so many is of any size up to that, each order of magnitude as likely as the next. */
  readonly bigOneIn: number
}

/** @param name unlike any other value's of the run */
export function drawValue(random: Prng, name: string, sizes: ValueSizes): Value {
  const type = pick(random, TYPES)
  const data = name.padEnd(drawLength(random, sizes) - QUOTES_LENGTH, 'x')
  return type === 'json' ? { type, data: `"${data}"` } : { type, data }
}

/** A single byte, which many writes share: so that no length is left out. */
export function drawByte(random: Prng): Value {
  return { type: 'bytes', data: String.fromCharCode(random.below(256)) }
}

function drawLength(random: Prng, { bytesMax, bigOneIn }: ValueSizes): number {
  if (oneIn(random, bigOneIn)) return Math.round(scaled(random, 1, bytesMax))
  return between(random, 1, oneIn(random, ONE_IN_MEDIUM) ? Math.min(MEDIUM_BYTES_MAX, bytesMax) : SMALL_BYTES_MAX)
}
