/**
 * ConflictsKept (RG2, RG3): of two versions of a key of which neither writer had seen the other,
 * the loser is in the conflict record of every node on which they met, with the winner that beat
 * it there; and nothing else is: who overwrites what it has seen makes no conflict. A record keeps
 * what it has: it grows at its end, and gives up its oldest alone, when it is full.
 *
 * Which versions meet depends on the order of arrival. So when a move of the frontier brought a
 * single version of a key, which then met the winner of before, the whole record is known; when it
 * brought several, only that what was there is kept and what is new can be. A step for each change
 * and node, and one for each conflict of its key.
 */

import { type Key, present } from '../../base/index.ts'
import { CONFLICTS_PER_KEY_MAX, type Conflict, formatDot, type Register, sameDot, type Version } from '../../crdt/index.ts'
import type { Finding, Invariant, NodeView } from '../invariant.ts'
import { outranks } from '../key-history.ts'
import type { Arrival } from '../node-shadow.ts'
import type { Oracle } from '../oracle.ts'

/** By key: its register at the end of the last move. */
type Registers = Map<Key, Register>

export function conflictsKept(oracle: Oracle): Invariant {
  const registers: Registers[] = []
  return {
    name: 'ConflictsKept',
    kinds: ['started', 'applied'],
    observe({ number, happening }, cluster) {
      if (happening.kind === 'started') registers[happening.node] = new Map()
      if (happening.kind !== 'applied') return null
      const node = cluster.nodes[happening.node]
      const known = present(registers[happening.node], 'a node starts before it applies')
      return node === undefined ? null : lookAtMove(oracle, node, known, number)
    },
    finish: () => null,
  }
}

function lookAtMove(oracle: Oracle, node: NodeView, registers: Registers, number: number): Finding | null {
  for (const [key, arrival] of oracle.shadow(node.index).move.arrivals) {
    const { register } = arrival
    if (register === undefined) continue
    const before = registers.get(key)
    registers.set(key, register)
    const message = findFault(before, arrival, register.conflicts)
    if (message === null) continue
    const where = `at node ${node.index}, ${JSON.stringify(key.slice(0, 40))}`
    return { message: `${where}: ${message}`, events: [arrival.sealedAt, number] }
  }
  return null
}

/** What is wrong with a record after `arrival`, or null. */
function findFault(before: Register | undefined, { version, count }: Arrival, record: readonly Conflict[]): string | null {
  if (before !== undefined && count === 1) {
    const fault = findWrongMeeting(before.winner, version, record.at(-1))
    if (fault !== null) return fault
  }
  const known = before?.conflicts ?? []
  for (let fresh = 0; fresh <= count; fresh++) {
    if (!isGrownBy(known, record, fresh)) continue
    const wrong = record.slice(record.length - fresh).find(({ winner, loser }) => !outranks(winner, loser) || !areConcurrent(winner, loser))
    return wrong === undefined
      ? null
      : `${formatDot(wrong.loser.dot)} is on record as beaten by ${formatDot(wrong.winner.dot)}, and was not`
  }
  return `its conflict record had ${known.length} conflicts, ${count} versions came, and now it has ${record.length}, not the same ones and theirs`
}

/** What is wrong with the latest record after `arriving` met `before`, or null. */
function findWrongMeeting(before: Version, arriving: Version, latest: Conflict | undefined): string | null {
  const [winner, loser] = outranks(arriving, before) ? [arriving, before] : [before, arriving]
  const isRecorded = latest !== undefined && sameDot(latest.winner.dot, winner.dot) && sameDot(latest.loser.dot, loser.dot)
  const isConcurrent = areConcurrent(winner, loser)
  if (isRecorded === isConcurrent) return null
  if (isConcurrent)
    return `${formatDot(loser.dot)} lost to ${formatDot(winner.dot)}, which had not seen it, and is not in the conflict record`
  return `${formatDot(winner.dot)} had seen ${formatDot(loser.dot)}, which is in the conflict record all the same`
}

/** True if `record` is `known` with so many more at its end, without the oldest if there are too many. */
function isGrownBy(known: readonly Conflict[], record: readonly Conflict[], fresh: number): boolean {
  if (record.length !== Math.min(known.length + fresh, CONFLICTS_PER_KEY_MAX)) return false
  const kept = Math.max(0, record.length - fresh)
  const dropped = known.length - kept
  for (let place = 0; place < kept; place++) {
    const [left, right] = [known[dropped + place], record[place]]
    if (left !== right && (left === undefined || right === undefined || !isSame(left, right))) return false
  }
  return true
}

function areConcurrent(left: Version, right: Version): boolean {
  return !hasSeen(left, right) && !hasSeen(right, left)
}

function hasSeen(version: Version, other: Version): boolean {
  if (version.dot.writer === other.dot.writer) return version.dot.sequence > other.dot.sequence
  return version.dependencies.has(other.dot)
}

function isSame(left: Conflict, right: Conflict): boolean {
  return sameDot(left.winner.dot, right.winner.dot) && sameDot(left.loser.dot, right.loser.dot)
}
