/**
 * Histories: what clients asked and what they heard, each call with the times of its start and its
 * end. A history is all that the checkers of this folder know of a system, so they judge any
 * store, a simulated or a real one.
 *
 * Times only order calls: they may be milliseconds or event numbers. A call precedes another one
 * if it ended before the other started; calls that touch at one instant are concurrent, because a
 * clock that shows the same time twice does not tell which was first. A call whose outcome nobody
 * knows never ends: it may take effect at any time after its start, or never. A call that is known
 * to have failed did nothing and has no place in a history, except where a checker asks for it.
 */

/** What a checker can compare by value. Null stands for "nothing is there". */
export type Scalar = string | number | null

/** `unknown`: out of budget, or nothing to judge by. Never to be taken for `passed`. */
export type Verdict = 'passed' | 'failed' | 'unknown'

/** The end of a call whose outcome is unknown. */
export const UNKNOWN_END = Number.POSITIVE_INFINITY

export interface Span {
  /** Who called: one process calls one thing after the other. */
  readonly process: number
  readonly start: number
  /** `UNKNOWN_END` if nobody knows. Invariant: `start ≤ end`. */
  readonly end: number
}

interface Keyed {
  readonly key: string
}

export interface ReadAction extends Keyed {
  readonly kind: 'read'
  readonly value: Scalar
}

export interface WriteAction extends Keyed {
  readonly kind: 'write'
  readonly value: Scalar
}

export interface CompareAndSetAction extends Keyed {
  readonly kind: 'cas'
  readonly expected: Scalar
  readonly value: Scalar
  /** Whether it found what it expected; null if the outcome is unknown. */
  readonly swapped: boolean | null
}

export interface IncrementAction extends Keyed {
  readonly kind: 'increment'
  readonly by: number
  /** The sum after it, or null if it was not told. */
  readonly value: number | null
}

export interface AppendAction extends Keyed {
  readonly kind: 'append'
  readonly value: Scalar
}

export interface ReadListAction extends Keyed {
  readonly kind: 'read-list'
  readonly values: readonly Scalar[]
}

export type Action = ReadAction | WriteAction | CompareAndSetAction | IncrementAction | AppendAction | ReadListAction

/** Several actions that take effect at once, in their order. */
export interface Batch<A> extends Span {
  readonly kind: 'batch'
  readonly actions: readonly A[]
}

/** One call. */
export type Operation<A extends Action = Action> = (Span & A) | Batch<A>

/** A call of a process from `start` to `end`; without an end its outcome is unknown. */
export function span(process: number, start: number, end: number = UNKNOWN_END): Span {
  return { process, start, end }
}

export function hasEnded(call: Span): boolean {
  return call.end !== UNKNOWN_END
}

export function read(key: string, value: Scalar, { process, start, end }: Span): Span & ReadAction {
  return { process, start, end, kind: 'read', key, value }
}

export function write(key: string, value: Scalar, { process, start, end }: Span): Span & WriteAction {
  return { process, start, end, kind: 'write', key, value }
}

export function compareAndSet(
  key: string,
  expected: Scalar,
  value: Scalar,
  swapped: boolean | null,
  { process, start, end }: Span,
): Span & CompareAndSetAction {
  return { process, start, end, kind: 'cas', key, expected, value, swapped }
}

export function increment(key: string, by: number, value: number | null, { process, start, end }: Span): Span & IncrementAction {
  return { process, start, end, kind: 'increment', key, by, value }
}

export function append(key: string, value: Scalar, { process, start, end }: Span): Span & AppendAction {
  return { process, start, end, kind: 'append', key, value }
}

export function readList(key: string, values: readonly Scalar[], { process, start, end }: Span): Span & ReadListAction {
  return { process, start, end, kind: 'read-list', key, values }
}

export function batch<A>(actions: readonly A[], { process, start, end }: Span): Batch<A> {
  return { process, start, end, kind: 'batch', actions }
}
