/** Answers a read from the state, or from the pending state of the commit in which it has its place. */

import { type Key, unreachable } from '../base/index.ts'
import { currentConflicts, type ReadonlyVersionVector, type Register } from '../crdt/index.ts'
import type { ConflictsRequest, Item, KeyRange, ReadRequest, Reply } from './requests.ts'
import type { State } from './state.ts'

/** What `State` and `PendingState` have in common. */
export interface ReadableState {
  register(key: Key): Register | undefined
  /** The live version of a key at `wallMs`, or null. */
  read(key: Key, wallMs: number): Item | null
  page(range: KeyRange, limit: number, wallMs: number): { items: Item[]; next: Key | null }
}

/** @param session what the answer reflects */
export function answerRead(request: ReadRequest, state: ReadableState, wallMs: number, session: ReadonlyVersionVector): Reply {
  switch (request.kind) {
    case 'get': {
      const register = state.register(request.key)
      const conflicts = register === undefined ? 0 : currentConflicts(register, wallMs).length
      return { kind: 'value', item: state.read(request.key, wallMs), conflicts, session }
    }
    case 'scan':
      return { kind: 'page', ...state.page(request.range, request.limit, wallMs), session }
    case 'inspect':
      request.inspection.run({ wallMs, read: (key) => state.read(key, wallMs) })
      return { kind: 'inspected' }
    default:
      return unreachable(request)
  }
}

export function answerConflicts({ key, after, limit }: ConflictsRequest, state: State, wallMs: number): Reply {
  if (key === null) return { kind: 'conflicts', ...state.conflictsAfter(after, limit, wallMs) }
  const found = state.conflictsOf(key, wallMs)
  return { kind: 'conflicts', keys: found === null ? [] : [found], next: null }
}
