/** Reads a command's words as what they stand for: keys, whole numbers, words of a list. */

import { type Key, keyFromBinary, SkeinError } from '../../../base/index.ts'
import type { Value } from '../../../crdt/index.ts'
import type { Arguments } from '../command.ts'
import { ArgumentError, NOT_AN_INTEGER } from './entry.ts'

/** @throws BAD_REQUEST, TOO_LARGE */
export function keyAt(words: Arguments, index: number): Key {
  return keyFromBinary(words.binary(index))
}

/** The keys from `first` on, every `step` words. @throws BAD_REQUEST, TOO_LARGE */
export function keysFrom(words: Arguments, first: number, step = 1): readonly Key[] {
  const keys: Key[] = []
  for (let i = first; i < words.length; i += step) keys.push(keyAt(words, i))
  return keys
}

/** A word as a value. The parser takes words as long as keys, where values may not be. @throws TOO_LARGE */
export function valueAt(words: Arguments, index: number, maxValueBytes: number): Value {
  const data = words.binary(index)
  if (data.length <= maxValueBytes) return { type: 'bytes', data }
  const message = `the value has ${data.length} bytes, at most ${maxValueBytes} are taken: split it over several keys`
  throw new SkeinError('TOO_LARGE', message)
}

/** A whole number of 64 bits. @throws ArgumentError with `refusal` */
export function integerAt(words: Arguments, index: number, refusal = NOT_AN_INTEGER): bigint {
  const value = words.integer(index)
  if (value === null) throw new ArgumentError(refusal)
  return value
}

/**
 * A whole number, brought between -2^53 and 2^53: for counts and positions, where what is larger
 * means no more.
 */
export function positionAt(words: Arguments, index: number): number {
  const value = Number(integerAt(words, index))
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}

/** The words from `first` on. */
export function binariesFrom(words: Arguments, first: number): readonly string[] {
  return Array.from({ length: Math.max(words.length - first, 0) }, (_, i) => words.binary(first + i))
}

/** Those of `choices`, in capitals, that the word is; null if none. */
export function choiceAt<Choice extends string>(words: Arguments, index: number, choices: readonly Choice[]): Choice | null {
  return choices.find((choice) => words.is(index, choice)) ?? null
}
