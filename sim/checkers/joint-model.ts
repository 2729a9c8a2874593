/**
 * Models for calls of several actions. Keys that batches join behave as one object, whose state
 * has a place for each key; on a lone key the state stays that of its model.
 */

import type { Action } from './history.ts'
import { IMPOSSIBLE, mixHash, type SequentialModel } from './sequential-model.ts'

/** What a call does, one action after the other and all at once. */
export interface JointAction<A> {
  readonly parts: readonly A[]
}

/** A model of one key, for calls of one or more actions on it. */
export function singleModel<State, A>(model: SequentialModel<State, A>): SequentialModel<State, JointAction<A>> {
  return {
    initial: model.initial,
    step(state, { parts }) {
      let stepped = state
      for (const action of parts) {
        const next = model.step(stepped, action)
        if (next === IMPOSSIBLE) return IMPOSSIBLE
        stepped = next
      }
      return stepped
    },
    onlyReads: ({ parts }) => onlyReads(model, parts),
    equal: (left, right) => model.equal(left, right),
    hash: (state) => model.hash(state),
  }
}

/** A model of several keys, each of which behaves as `model` says. `positions` has each key's place in the state. */
export function jointModel<State, A extends Pick<Action, 'key'>>(
  model: SequentialModel<State, A>,
  positions: ReadonlyMap<string, number>,
): SequentialModel<readonly State[], JointAction<A>> {
  return {
    initial: Array.from({ length: positions.size }, () => model.initial),
    step(states, { parts }) {
      const next = [...states]
      for (const action of parts) {
        const position = positions.get(action.key) ?? 0
        const stepped = model.step(next[position] ?? model.initial, action)
        if (stepped === IMPOSSIBLE) return IMPOSSIBLE
        next[position] = stepped
      }
      return next
    },
    onlyReads: ({ parts }) => onlyReads(model, parts),
    equal: (left, right) => left.every((state, position) => model.equal(state, right[position] ?? model.initial)),
    hash(states) {
      let hash = states.length
      for (const state of states) hash = mixHash(hash, model.hash(state))
      return hash
    },
  }
}

/** True if none of the actions ever changes a state. */
export function onlyReads<State, A>(model: SequentialModel<State, A>, parts: readonly A[]): boolean {
  for (const action of parts) if (!model.onlyReads(action)) return false
  return true
}
