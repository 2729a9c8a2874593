/**
 * Sequential models: what one key does if calls come one after the other. A model is all that the
 * search of `linearizability-search.ts` knows of a data type. States are values: a step makes a new one
 * and leaves the old one as it was, because the search comes back to it.
 *
 * A call whose outcome is unknown has no result to compare (null in its action): the model then
 * says what would happen if it took effect, and the search tries it both ways.
 */

import {
  type AppendAction,
  type Batch,
  type CompareAndSetAction,
  hasEnded,
  type IncrementAction,
  type ReadAction,
  type ReadListAction,
  type Scalar,
  type Span,
  type WriteAction,
} from './history.ts'

export interface SequentialModel<State, A> {
  /** The state of a key before anything is done to it. */
  readonly initial: State
  /** The state after an action that had this result, or `IMPOSSIBLE`. */
  step(state: State, action: A): State | typeof IMPOSSIBLE
  /** True if the action, with this result, never changes a state. Such calls cost the search nothing. */
  onlyReads(action: A): boolean
  equal(left: State, right: State): boolean
  /** 32 bits; equal states have equal hashes. */
  hash(state: State): number
}

/** The action can't have its result in this state. A symbol, so that null can be a state. */
export const IMPOSSIBLE: unique symbol = Symbol('impossible')

export type RegisterAction = ReadAction | WriteAction | CompareAndSetAction

/** A register with compare-and-set; writing null deletes, and expecting null is "if absent". */
export function registerModel(initial: Scalar = null): SequentialModel<Scalar, RegisterAction> {
  return {
    initial,
    step(state, action) {
      switch (action.kind) {
        case 'read':
          return action.value === state ? state : IMPOSSIBLE
        case 'write':
          return action.value
        case 'cas': {
          const swaps = state === action.expected
          if (action.swapped !== null && action.swapped !== swaps) return IMPOSSIBLE
          return swaps ? action.value : state
        }
      }
    },
    onlyReads: (action) => action.kind === 'read' || (action.kind === 'cas' && action.swapped === false),
    equal: (left, right) => left === right,
    hash: hashOfScalar,
  }
}

export type CounterAction = ReadAction | IncrementAction

/** A counter that answers an increment with the new sum, or with nothing. */
export function counterModel(initial = 0): SequentialModel<number, CounterAction> {
  return {
    initial,
    step(state, action) {
      switch (action.kind) {
        case 'read':
          return action.value === state ? state : IMPOSSIBLE
        case 'increment': {
          const sum = state + action.by
          return action.value === null || action.value === sum ? sum : IMPOSSIBLE
        }
      }
    },
    onlyReads: (action) => action.kind === 'read',
    equal: (left, right) => left === right,
    hash: hashOfScalar,
  }
}

export type ListAction = AppendAction | ReadListAction

/** A list that shares its front with the lists that it was made from. */
export interface ListState {
  readonly last: Scalar
  /** Null: nothing is in it. */
  readonly before: ListState | null
  readonly length: number
  readonly hash: number
}

const EMPTY_LIST: ListState = { last: null, before: null, length: 0, hash: 0 }

/**
 * A list to append to, read whole. Every state of a list is a beginning of each longer one, so the
 * longest list that a history read tells the order of its elements: given the history, appends in
 * another order are impossible at once, and the search need not find out by trying them all.
 *
 * @param history what is going to be searched; empty for the bare model
 */
export function listModel(history: readonly ((Span & ListAction) | Batch<ListAction>)[] = []): SequentialModel<ListState, ListAction> {
  const longest = longestReads(history)
  return {
    initial: EMPTY_LIST,
    step(state, action) {
      switch (action.kind) {
        case 'append': {
          const known = longest.get(action.key)
          if (known !== undefined && state.length < known.length && known[state.length] !== action.value) return IMPOSSIBLE
          return { last: action.value, before: state, length: state.length + 1, hash: mixHash(state.hash, hashOfScalar(action.value)) }
        }
        case 'read-list':
          return holds(state, action.values) ? state : IMPOSSIBLE
      }
    },
    onlyReads: (action) => action.kind === 'read-list',
    equal: sameList,
    hash: (state) => state.hash,
  }
}

function longestReads(history: readonly ((Span & ListAction) | Batch<ListAction>)[]): ReadonlyMap<string, readonly Scalar[]> {
  const longest = new Map<string, readonly Scalar[]>()
  for (const call of history) {
    if (!hasEnded(call)) continue
    for (const action of call.kind === 'batch' ? call.actions : [call]) {
      if (action.kind !== 'read-list') continue
      if (action.values.length > (longest.get(action.key)?.length ?? 0)) longest.set(action.key, action.values)
    }
  }
  return longest
}

function sameList(left: ListState, right: ListState): boolean {
  if (left.length !== right.length || left.hash !== right.hash) return false
  let [one, other]: [ListState | null, ListState | null] = [left, right]
  // From the node that both were made from, they are one list.
  while (one !== other && one !== null && other !== null) {
    if (one.last !== other.last) return false
    one = one.before
    other = other.before
  }
  return true
}

function holds(state: ListState, values: readonly Scalar[]): boolean {
  if (state.length !== values.length) return false
  let node: ListState | null = state
  for (let index = values.length - 1; index >= 0 && node !== null; index--) {
    if (node.last !== values[index]) return false
    node = node.before
  }
  return true
}

/** FNV-1a over the characters of text, and over both halves of a number. */
export function hashOfScalar(value: Scalar): number {
  if (value === null) return 0
  if (typeof value === 'number') return mixHash(value | 0, Math.floor(value / 2 ** 32) | 0)
  let hash = 0x811c9dc5
  for (let index = 0; index < value.length; index++) hash = Math.imul(hash ^ value.charCodeAt(index), 0x01000193)
  return hash
}

/** Mixes a second hash into a first; the order matters (the finalizer of MurmurHash3). */
export function mixHash(hash: number, more: number): number {
  let mixed = (Math.imul(hash, 31) + more) | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
