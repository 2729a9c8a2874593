/**
 * ConflictsKept (RG2, RG3): of two versions of a key of which neither writer had seen the other,
 * the loser is in the conflict record of every node on which they met, with the winner that beat
 * it there; and nothing else is: who overwrites what it has seen makes no conflict.
 *
 * Which versions meet depends on the order of arrival. So a meeting is looked at only when a move
 * of the frontier brought a single version of the key: then it met the winner of before. A step for
 * each change and node.
 */

import { type Key, present } from '../../base/index.ts'
import { type Conflict, formatDot, type Version } from '../../crdt/index.ts'
import type { Finding, Invariant, NodeView } from '../invariant.ts'
import { outranks } from '../key-history.ts'
import type { Oracle } from '../oracle.ts'

/** By key: the winner at the end of the last move. */
type Winners = Map<Key, Version>

export function conflictsKept(oracle: Oracle): Invariant {
  const winners: Winners[] = []
  return {
    name: 'ConflictsKept',
    kinds: ['started', 'applied'],
    observe({ number, happening }, cluster) {
      if (happening.kind === 'started') winners[happening.node] = new Map()
      if (happening.kind !== 'applied') return null
      const node = cluster.nodes[happening.node]
      const known = present(winners[happening.node], 'a node starts before it applies')
      return node === undefined ? null : lookAtMove(oracle, node, known, number)
    },
    finish: () => null,
  }
}

function lookAtMove(oracle: Oracle, node: NodeView, winners: Winners, number: number): Finding | null {
  const arrivals = new Map<Key, { readonly version: Version; readonly sealedAt: number; isAlone: boolean }>()
  for (const { changes, sealedAt } of oracle.shadow(node.index).move.applied) {
    for (const { key, version } of changes) {
      const other = arrivals.get(key)
      if (other === undefined) arrivals.set(key, { version, sealedAt, isAlone: true })
      else other.isAlone = false
    }
  }
  for (const [key, { version, sealedAt, isAlone }] of arrivals) {
    const register = node.register(key)
    if (register === undefined) continue
    const before = winners.get(key)
    winners.set(key, register.winner)
    if (before === undefined || !isAlone) continue
    const message = findFault(before, version, register.conflicts.at(-1))
    if (message === null) continue
    const where = `at node ${node.index}, ${JSON.stringify(key.slice(0, 40))}`
    return { message: `${where}: ${message}`, events: [sealedAt, number] }
  }
  return null
}

/** What is wrong with the latest record after `arriving` met `before`, or null. */
function findFault(before: Version, arriving: Version, latest: Conflict | undefined): string | null {
  const [winner, loser] = outranks(arriving, before) ? [arriving, before] : [before, arriving]
  const isRecorded = latest !== undefined && isSame(latest.winner, winner) && isSame(latest.loser, loser)
  const isConcurrent = !hasSeen(winner, loser) && !hasSeen(loser, winner)
  if (isRecorded === isConcurrent) return null
  if (isConcurrent)
    return `${formatDot(loser.dot)} lost to ${formatDot(winner.dot)}, which had not seen it, and is not in the conflict record`
  return `${formatDot(winner.dot)} had seen ${formatDot(loser.dot)}, which is in the conflict record all the same`
}

function hasSeen(version: Version, other: Version): boolean {
  if (version.dot.writer === other.dot.writer) return version.dot.sequence > other.dot.sequence
  return version.dependencies.has(other.dot)
}

function isSame(left: Version, right: Version): boolean {
  return left.dot.writer === right.dot.writer && left.dot.sequence === right.dot.sequence
}
