/**
 * No element of a set is lost: elements are added one by one, and reads return the whole set
 * (Jepsen's `set-full`). Nothing is ever removed, so an element that is *known* to be in (its add
 * was acknowledged, or a read returned it) has to be in every read that starts later.
 *
 * An element that a later read misses and another one, later still, has again is *stale*: late in
 * a store that converges, wrong in a linearizable one. One that the last reads miss is *lost*.
 * Time is linear in what the reads return, plus sorting the reads.
 */

import { hasEnded, type Scalar, type Span, type Verdict } from './history.ts'

export interface SetAdd extends Span {
  readonly element: Scalar
  /** True if it is known that nothing was added. */
  readonly hasFailed: boolean
}

export interface SetRead extends Span {
  readonly elements: readonly Scalar[]
}

/** What became of an element: `never-read` if nothing says that it ever was in, and no read has it. */
export type ElementFate = 'ok' | 'stale' | 'lost' | 'never-read'

export interface SetFullOptions {
  /** Whether a stale element is a violation. Default false. */
  readonly isLinearizable?: boolean
}

export interface SetFullResult {
  /** `unknown` if no read ended. */
  readonly verdict: Verdict
  /** How many elements had each fate. */
  readonly counts: Readonly<Record<ElementFate, number>>
  readonly lost: readonly Scalar[]
  readonly stale: readonly Scalar[]
  /** Elements that a read returned and nobody added, or whose add had failed. */
  readonly unexpected: readonly Scalar[]
  /** Elements that one read returned twice. */
  readonly duplicated: readonly Scalar[]
}

interface Element {
  readonly value: Scalar
  /** The earliest time at which somebody knew that it is in; infinite if never. */
  knownAt: number
  /** The number, counted from the last read back, of the first read that misses it. */
  missedAt: number
  /** The number of the latest read that has it, counted from the last one back; infinite if none does. */
  foundAt: number
  /** The read that returned it last in the pass over the reads, to find duplicates. */
  seenIn: number
}

export function checkSetFull(adds: Iterable<SetAdd>, reads: readonly SetRead[], options: SetFullOptions = {}): SetFullResult {
  const elements = new Map<Scalar, Element>()
  for (const { element, end, hasFailed } of adds) {
    if (hasFailed) continue
    const known = elements.get(element)
    if (known === undefined)
      elements.set(element, { value: element, knownAt: end, missedAt: 0, foundAt: Number.POSITIVE_INFINITY, seenIn: -1 })
    else known.knownAt = Math.min(known.knownAt, end)
  }
  const latestFirst = reads.filter(hasEnded).sort((left, right) => right.start - left.start)
  const unexpected = new Set<Scalar>()
  const duplicated = new Set<Scalar>()
  for (const [number, { elements: found, end }] of latestFirst.entries()) {
    for (const value of found) {
      const element = elements.get(value)
      if (element === undefined) {
        unexpected.add(value)
        continue
      }
      if (element.seenIn === number) duplicated.add(value)
      element.seenIn = number
      element.knownAt = Math.min(element.knownAt, end)
      element.foundAt = Math.min(element.foundAt, number)
      // Only while no read missed it does the first miss move on.
      if (element.missedAt === number) element.missedAt = number + 1
    }
  }
  const counts = { ok: 0, stale: 0, lost: 0, 'never-read': 0 }
  const lost: Scalar[] = []
  const stale: Scalar[] = []
  for (const element of elements.values()) {
    const fate = fateOf(element, latestFirst)
    counts[fate] += 1
    if (fate === 'lost') lost.push(element.value)
    if (fate === 'stale') stale.push(element.value)
  }
  const hasFailed = lost.length + unexpected.size + duplicated.size > 0 || (options.isLinearizable === true && stale.length > 0)
  return {
    verdict: hasFailed ? 'failed' : latestFirst.length === 0 ? 'unknown' : 'passed',
    counts,
    lost,
    stale,
    unexpected: [...unexpected],
    duplicated: [...duplicated],
  }
}

function fateOf({ knownAt, missedAt, foundAt }: Element, latestFirst: readonly SetRead[]): ElementFate {
  const missedBy = latestFirst[missedAt]
  const wasMissed = missedBy !== undefined && missedBy.start > knownAt
  if (wasMissed) return missedAt < foundAt ? 'lost' : 'stale'
  return foundAt === Number.POSITIVE_INFINITY ? 'never-read' : 'ok'
}
