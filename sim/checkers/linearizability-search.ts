/**
 * The search for a linearization (Wing and Gong 1993, with the memory of Lowe, "Testing for
 * linearizability", 2016; the loop is that of Porcupine): an order of the calls that keeps every
 * call which ended before another one started in front of it, and in which each call gives the
 * result that it gave.
 *
 * The history is a list of starts and ends in the order of time. From its head, a call may take
 * effect next if it started before the first end in the list. If the model allows its result, and
 * the same calls have not led to the same state before, it is taken out of the list and the search
 * begins at the head again. Nobody may pass an end, so there the latest choice is undone. The
 * stack is an array, not recursion: histories are long.
 *
 * Two rules keep it short. A call that only reads is taken where it can be, and that choice is
 * never tried the other way: it is in nobody's way. And calls of unknown outcome, which have no
 * end and may be taken at any time or never, are tried last.
 */

import { hasEnded, type Span, type Verdict } from './history.ts'
import { IMPOSSIBLE, type SequentialModel } from './sequential-model.ts'
import { VisitedConfigurations } from './visited-configurations.ts'

export interface SearchedCall<A> extends Span {
  readonly action: A
}

export interface SearchBudget {
  /** Steps of the model left; a search takes from it. */
  steps: number
  /** Words of 32 bits that the memory of a search may have: when it is full it is emptied, which costs time and no answer. */
  readonly memoryWords: number
}

export interface SearchResult<A> {
  /** `unknown`: out of steps. */
  readonly verdict: Verdict
  /** The last calls of the longest order found, at most `EVIDENCE_CALLS_MAX`, and how long it is. */
  readonly lastTaken: readonly SearchedCall<A>[]
  readonly takenCount: number
  /** The call that had ended and found no place behind them; null unless failed. */
  readonly stuck: SearchedCall<A> | null
}

/** Calls that a result shows of an order. */
export const EVIDENCE_CALLS_MAX = 16

/** No entry: the end of a list. */
const NONE = -1

export function searchLinearization<State, A>(
  model: SequentialModel<State, A>,
  calls: readonly SearchedCall<A>[],
  budget: SearchBudget,
): SearchResult<A> {
  const ended = sortedByStart(calls.filter(hasEnded))
  const open = sortedByStart(calls.filter((call) => !hasEnded(call)))
  return new Search(model, ended, open, budget).run()
}

/** A choice, with what it takes to undo it. */
interface Choice<State> {
  readonly call: number
  readonly stateBefore: State
  /** Nothing is gained by trying it the other way. */
  readonly isForced: boolean
  /** The first end in the list at that time, if the call was of unknown outcome. */
  readonly bound: number
}

class Search<State, A> {
  readonly #model: SequentialModel<State, A>
  readonly #budget: SearchBudget
  /** Calls that ended come first, then those of unknown outcome; both in the order of their starts. */
  readonly #calls: readonly SearchedCall<A>[]
  readonly #endedCount: number
  /**
   * Two lists in one pair of arrays. Entry i below `calls.length` is the start of call i, entry
   * `calls.length + i` its end. One list has starts and ends of calls that ended, the other one
   * the starts of the rest.
   */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  #head = NONE
  #openHead = NONE
  readonly #visited: VisitedConfigurations<State>

  constructor(model: SequentialModel<State, A>, ended: readonly SearchedCall<A>[], open: readonly SearchedCall<A>[], budget: SearchBudget) {
    const calls = [...ended, ...open]
    this.#model = model
    this.#budget = budget
    this.#calls = calls
    this.#endedCount = ended.length
    this.#next = new Int32Array(2 * calls.length).fill(NONE)
    this.#previous = new Int32Array(2 * calls.length).fill(NONE)
    this.#visited = new VisitedConfigurations(model, ended.length, open.length, budget.memoryWords)
  }

  /** Once. */
  run(): SearchResult<A> {
    this.#linkEnded()
    this.#linkOpen()
    const choices: Choice<State>[] = []
    let state = this.#model.initial
    let stuck: SearchedCall<A> | null = null
    let takenMost = -1
    let lastTaken: readonly SearchedCall<A>[] = []
    let bound = NONE
    let entry = this.#head
    // The list is empty when each call that ended has a place.
    while (this.#head !== NONE) {
      if (entry >= this.#calls.length) {
        // An end: what may still go first are calls of unknown outcome.
        bound = entry
        entry = this.#openHead
      }
      const call = this.#candidate(entry, bound)
      if (call !== undefined) {
        if (this.#budget.steps <= 0) return { verdict: 'unknown', lastTaken, takenCount: Math.max(takenMost, 0), stuck: null }
        this.#budget.steps -= 1
        const stepped = this.#model.step(state, call.action)
        const isForced = entry < this.#endedCount && this.#model.onlyReads(call.action)
        if (stepped !== IMPOSSIBLE && this.#visited.enter(entry, stepped, isForced)) {
          choices.push({ call: entry, stateBefore: state, isForced, bound })
          state = stepped
          this.#lift(entry)
          entry = this.#head
        } else {
          entry = this.#next[entry] ?? NONE
        }
        continue
      }
      if (choices.length > takenMost) {
        takenMost = choices.length
        stuck = this.#calls[bound - this.#calls.length] ?? null
        lastTaken = this.#lastOf(choices)
      }
      let undone: Choice<State> | undefined
      do {
        undone = choices.pop()
        if (undone === undefined) return { verdict: 'failed', lastTaken, takenCount: takenMost, stuck }
        this.#visited.leave(undone.call)
        this.#unlift(undone.call)
      } while (undone.isForced)
      state = undone.stateBefore
      bound = undone.bound
      entry = this.#next[undone.call] ?? NONE
    }
    return { verdict: 'passed', lastTaken: this.#lastOf(choices), takenCount: choices.length, stuck: null }
  }

  /** The call that starts at an entry, if it may go before the end at `bound`. */
  #candidate(entry: number, bound: number): SearchedCall<A> | undefined {
    if (entry === NONE) return undefined
    const call = this.#calls[entry]
    if (entry < this.#endedCount) return call
    const end = this.#calls[bound - this.#calls.length]?.end ?? Number.NEGATIVE_INFINITY
    return call !== undefined && call.start <= end ? call : undefined
  }

  #lastOf(choices: readonly Choice<State>[]): readonly SearchedCall<A>[] {
    return choices.slice(-EVIDENCE_CALLS_MAX).flatMap(({ call }) => this.#calls[call] ?? [])
  }

  /** Starts come before ends of the same time: calls that touch are concurrent. */
  #linkEnded(): void {
    const calls = this.#calls
    const count = this.#endedCount
    const ends = Array.from({ length: count }, (_, index) => index)
    const endOf = (index: number): number => calls[index]?.end ?? 0
    ends.sort((left, right) => endOf(left) - endOf(right) || left - right)
    let last = NONE
    let started = 0
    for (const end of ends) {
      for (; started < count && (calls[started]?.start ?? 0) <= endOf(end); started++) {
        this.#previous[started] = last
        this.#insert(started)
        last = started
      }
      const entry = calls.length + end
      this.#previous[entry] = last
      this.#insert(entry)
      last = entry
    }
  }

  #linkOpen(): void {
    for (let index = this.#calls.length - 1; index >= this.#endedCount; index--) {
      this.#next[index] = this.#openHead
      this.#insert(index)
    }
  }

  /** Takes a call out of its list. */
  #lift(index: number): void {
    this.#remove(index)
    if (index < this.#endedCount) this.#remove(this.#calls.length + index)
  }

  /** Puts back the call that was lifted last. */
  #unlift(index: number): void {
    if (index < this.#endedCount) this.#insert(this.#calls.length + index)
    this.#insert(index)
  }

  #remove(entry: number): void {
    const previous = this.#previous[entry] ?? NONE
    const next = this.#next[entry] ?? NONE
    if (previous === NONE) this.#setHead(entry, next)
    else this.#next[previous] = next
    if (next !== NONE) this.#previous[next] = previous
  }

  /** Between the neighbours that it knows, still from its removal. */
  #insert(entry: number): void {
    const previous = this.#previous[entry] ?? NONE
    const next = this.#next[entry] ?? NONE
    if (previous === NONE) this.#setHead(entry, entry)
    else this.#next[previous] = entry
    if (next !== NONE) this.#previous[next] = entry
  }

  /** Sets the head of the list that `member` is of. */
  #setHead(member: number, head: number): void {
    if (member >= this.#endedCount && member < this.#calls.length) this.#openHead = head
    else this.#head = head
  }
}

function sortedByStart<A>(calls: readonly SearchedCall<A>[]): readonly SearchedCall<A>[] {
  // Recorders write calls down as they start: mostly there is nothing to sort.
  const isSorted = calls.every((call, index) => index === 0 || (calls[index - 1]?.start ?? 0) <= call.start)
  return isSorted ? calls : [...calls].sort((left, right) => left.start - right.start)
}
