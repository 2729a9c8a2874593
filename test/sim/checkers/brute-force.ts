/**
 * The definition of linearizability, tried out: every order of the calls that respects real time,
 * with every choice of which calls of unknown outcome took effect. Slow, without memory or tricks,
 * and written apart from the checkers: a reference for small histories.
 */

import { type Action, type Batch, IMPOSSIBLE, type SequentialModel, type Span, UNKNOWN_END } from '../../../sim/checkers/index.ts'

export function isLinearizable<State, A extends Pick<Action, 'key'>>(
  model: SequentialModel<State, A>,
  operations: readonly ((Span & A) | Batch<A>)[],
): boolean {
  const tryFrom = (left: readonly ((Span & A) | Batch<A>)[], states: ReadonlyMap<string, State>): boolean => {
    if (left.every(({ end }) => end === UNKNOWN_END)) return true
    return left.some((next) => {
      // Somebody ended before it started: it can't be the next one.
      if (left.some((other) => other.end < next.start)) return false
      const after = new Map(states)
      for (const action of actionsOf(next)) {
        const stepped = model.step(after.get(action.key) ?? model.initial, action)
        if (stepped === IMPOSSIBLE) return false
        after.set(action.key, stepped)
      }
      return tryFrom(
        left.filter((other) => other !== next),
        after,
      )
    })
  }
  return tryFrom(operations, new Map())
}

function actionsOf<A>(operation: (Span & A) | Batch<A>): readonly A[] {
  return 'actions' in operation ? operation.actions : [operation]
}
