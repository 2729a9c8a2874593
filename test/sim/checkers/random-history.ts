/**
 * Small random histories of a real object: each call takes effect at a moment drawn between its
 * start and its end and returns what the object says then, so the history is linearizable. Bent a
 * little, it may not be any more. Times are small integers, so that calls often touch.
 */

import type { Prng } from '../../../base/index.ts'
import { type Span, span, UNKNOWN_END } from '../../../sim/checkers/index.ts'

export interface Shape {
  readonly calls: number
  readonly processes: number
  /** The longest time of a call, and between two calls of a process. */
  readonly lengthMax: number
}

/** Calls of processes that each do one thing after the other; about one in eight has an unknown outcome. */
export function randomSpans(random: Prng, { calls, processes, lengthMax }: Shape): Span[] {
  const free = Array.from({ length: processes }, (_, number) => ({ process: number, at: random.below(lengthMax + 1) }))
  const spans: Span[] = []
  for (let call = 0; call < calls; call++) {
    const place = free[random.below(processes)]
    if (place === undefined) break
    const start = place.at
    const end = start + random.below(lengthMax + 1)
    const isUnknown = random.below(8) === 0
    spans.push(isUnknown ? span(place.process, start) : span(place.process, start, end))
    // Who does not hear the outcome goes on under another name, as a client that reconnects does.
    place.at = end + 1 + random.below(lengthMax + 1)
    if (isUnknown) place.process += processes
  }
  return spans
}

/** Runs `perform` for each call in the order of moments drawn inside the calls; some of unknown outcome never take effect. */
export function performAll<Result>(
  random: Prng,
  spans: readonly Span[],
  perform: (span: Span, number: number) => Result,
  neverPerformed: (span: Span, number: number) => Result,
): Result[] {
  const moments = spans.map(({ start, end }, number) => {
    const length = end === UNKNOWN_END ? 20 : end - start
    return {
      number,
      at: start + random.below(length + 1),
      among: random.below(1000),
      isSkipped: end === UNKNOWN_END && random.below(2) === 0,
    }
  })
  const results = new Map<number, Result>()
  for (const { number, isSkipped } of [...moments].sort((left, right) => left.at - right.at || left.among - right.among)) {
    const call = spans[number]
    if (call !== undefined) results.set(number, isSkipped ? neverPerformed(call, number) : perform(call, number))
  }
  return [...results].sort(([left], [right]) => left - right).map(([, result]) => result)
}

/** One of a list. */
export function oneOf<T>(random: Prng, values: readonly T[]): T {
  const value = values[random.below(values.length)]
  if (value === undefined) throw new Error('there is something to choose from')
  return value
}

/** A copy with one element changed; unchanged if there is none that `isEligible`. */
export function bend<T>(random: Prng, values: readonly T[], isEligible: (value: T) => boolean, change: (value: T) => T): T[] {
  const eligible = values.flatMap((value, index) => (isEligible(value) ? [index] : []))
  if (eligible.length === 0) return [...values]
  const bent = oneOf(random, eligible)
  return values.map((value, index) => (index === bent ? change(value) : value))
}
