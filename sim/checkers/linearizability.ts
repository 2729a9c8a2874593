/**
 * Linearizability of any data type that has a `SequentialModel`, key by key. A history of several
 * objects is linearizable if and only if it is for each (Herlihy and Wing 1990), and small
 * histories are searched fast where a large one never ends. A batch that takes effect on several
 * keys at once makes one object of them.
 *
 * All keys share one budget of steps. A key may take half of what is left, so that one endless
 * search leaves something for the others. A key that runs out is `unknown`, and so is the whole
 * then, unless another key failed: that stands whatever the rest would say.
 */

import { type Action, type Batch, hasEnded, type Span, type Verdict } from './history.ts'
import { type JointAction, jointModel, onlyReads, singleModel } from './joint-model.ts'
import { groupKeys } from './key-groups.ts'
import { type SearchBudget, type SearchedCall, type SearchResult, searchLinearization } from './linearizability-search.ts'
import type { SequentialModel } from './sequential-model.ts'

export interface LinearizabilityOptions {
  /** Steps of the model over all keys. More time, fewer verdicts `unknown`. */
  readonly stepsMax?: number
  /** Words of 32 bits for the memory of one search. Less memory, more steps. */
  readonly memoryWordsMax?: number
}

/** Keys that batches join, and why no order of their calls was found. */
export interface UnorderedKeys<A> {
  readonly keys: readonly string[]
  readonly verdict: 'failed' | 'unknown'
  /** The last calls of the longest order that was found, and how many calls are in it. */
  readonly lastTaken: readonly SearchedCall<JointAction<A>>[]
  readonly takenCount: number
  /** The call that had ended and found no place behind them; null if the budget ran out. */
  readonly stuck: SearchedCall<JointAction<A>> | null
}

export interface LinearizabilityResult<A> {
  readonly verdict: Verdict
  /** Those that did not pass. */
  readonly unordered: readonly UnorderedKeys<A>[]
  /** Groups of keys searched. */
  readonly groups: number
  readonly stepsTaken: number
}

/** About half a minute. */
export const STEPS_MAX_DEFAULT = 50_000_000
/** 256 MiB. */
export const MEMORY_WORDS_MAX_DEFAULT = 64 * 1024 * 1024

export function checkLinearizable<State, A extends Pick<Action, 'key'>>(
  model: SequentialModel<State, A>,
  operations: readonly ((Span & A) | Batch<A>)[],
  options: LinearizabilityOptions = {},
): LinearizabilityResult<A> {
  const stepsMax = options.stepsMax ?? STEPS_MAX_DEFAULT
  const memoryWords = options.memoryWordsMax ?? MEMORY_WORDS_MAX_DEFAULT
  let stepsLeft = stepsMax
  const unordered: UnorderedKeys<A>[] = []
  const calls: SearchedCall<JointAction<A>>[] = []
  for (const operation of operations) {
    const call = callOf(operation)
    // A read that nobody heard the answer of says nothing and did nothing.
    if (hasEnded(call) || !onlyReads(model, call.action.parts)) calls.push(call)
  }
  const groups = groupKeys(calls, ({ action }) => action.parts)
  for (const [index, { keys, members }] of groups.entries()) {
    const isLast = index === groups.length - 1
    const share = isLast ? stepsLeft : Math.ceil(stepsLeft / 2)
    const budget = { steps: share, memoryWords }
    const result = searchGroup(model, keys, members, budget)
    stepsLeft -= share - budget.steps
    if (result.verdict === 'passed') continue
    const { verdict, lastTaken, takenCount, stuck } = result
    unordered.push({ keys, verdict, lastTaken, takenCount, stuck })
  }
  const hasFailed = unordered.some(({ verdict }) => verdict === 'failed')
  return {
    verdict: hasFailed ? 'failed' : unordered.length > 0 ? 'unknown' : 'passed',
    unordered,
    groups: groups.length,
    stepsTaken: stepsMax - stepsLeft,
  }
}

function callOf<A>(operation: (Span & A) | Batch<A>): SearchedCall<JointAction<A>> {
  const parts: readonly A[] = isBatch(operation) ? operation.actions : [operation]
  const { process, start, end } = operation
  return { process, start, end, action: { parts } }
}

function isBatch<A>(operation: (Span & A) | Batch<A>): operation is Batch<A> {
  return 'kind' in operation && operation.kind === 'batch'
}

function searchGroup<State, A extends Pick<Action, 'key'>>(
  model: SequentialModel<State, A>,
  keys: readonly string[],
  calls: readonly SearchedCall<JointAction<A>>[],
  budget: SearchBudget,
): SearchResult<JointAction<A>> {
  if (keys.length === 1) return searchLinearization(singleModel(model), calls, budget)
  return searchLinearization(jointModel(model, new Map(keys.map((key, position) => [key, position]))), calls, budget)
}
