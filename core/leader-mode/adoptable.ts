/**
 * What a leader can adopt (LM8): multi entries that are durable here and wait only because a leader's
 * state is exactly its chain. Taken together they are causally closed: each has what it depends on
 * in the state or among the others.
 */

import { present } from '../../base/index.ts'
import { type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import { type Entry, lastOf } from '../entry.ts'

/**
 * @param queues what waits, by log, in order
 * @param isHeld true for an entry that must wait for another reason (HL3)
 * @returns null if there is nothing
 */
export function findAdoptable(
  queues: readonly (readonly Entry[])[],
  frontier: ReadonlyVersionVector,
  isHeld: (entry: Entry) => boolean,
): VersionVector | null {
  const reached = frontier.copy()
  const adopts = new VersionVector()
  for (let moved = true; moved; ) {
    moved = false
    for (const queue of queues) {
      for (const entry of queue) {
        const { sequence } = lastOf(entry)
        if (reached.get(entry.writer) >= sequence) continue
        const first = present(entry.transactions[0], 'an entry has a transaction').sequence
        if (reached.get(entry.writer) !== first - 1 || !entry.dependencies.coveredBy(reached) || isHeld(entry)) break
        reached.advance(entry.writer, sequence)
        adopts.advance(entry.writer, sequence)
        moved = true
      }
    }
  }
  return adopts.size === 0 ? null : adopts
}
