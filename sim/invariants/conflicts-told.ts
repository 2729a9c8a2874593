/**
 * ConflictsTold (RG3): what a node says of the conflicts of a key is what its record has: in a
 * list of all keys, for one key, as a count beside a read, and to a restore that looks for a loser.
 * (That the record itself is right is ConflictsKept's.)
 *
 * - Each conflict that is told is one: both versions were sealed so, neither writer had seen the
 *   other, the loser lost, by the rule that is named.
 * - A record only grows, at its end, until it is full; so whatever was in it when the call was made
 *   and still is when it is answered has to be told, and nothing that is not in it now, unless the
 *   record is full and may have dropped it. Only within one life, and while the clock does not jump.
 *
 * A step for each conflict of the key that was asked for; a list of all keys copies the records of
 * all contested keys.
 */

import { type Key, present, type Timestamp } from '../../base/index.ts'
import type { ConflictsRequest, KeyConflicts, Reply, Request } from '../../core/index.ts'
import {
  CONFLICT_RETENTION_MS,
  CONFLICTS_PER_KEY_MAX,
  type Conflict,
  formatDot,
  type Register,
  sameDot,
  type Version,
  wallFromTimestamp,
} from '../../crdt/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { ClusterView, Invariant, NodeView } from '../invariant.ts'
import { outranks } from '../key-history.ts'
import type { OpenCall, Oracle } from '../oracle.ts'
import type { CallId } from '../trace.ts'
import { writtenVersion } from './no-thin-air.ts'

/** What the records were when a call was made. */
interface Before {
  readonly life: number
  /** Of the keys that the call is about. */
  readonly registers: ReadonlyMap<Key, Register | undefined>
}

/** What a true answer has to contain of one key, and what it may contain; null if anything. */
interface Bounds {
  readonly required: readonly Conflict[]
  readonly possible: readonly Conflict[] | null
}

export function conflictsTold(oracle: Oracle): Invariant {
  const asked = new Map<CallId, Before>()
  /** By node: keys with a conflict record. */
  const contested: Set<Key>[] = []
  return {
    name: 'ConflictsTold',
    kinds: ['started', 'applied', 'invoked', 'answered', 'unknown'],
    observe({ number, happening }, cluster) {
      switch (happening.kind) {
        case 'started':
          contested[happening.node] = new Set()
          return null
        case 'applied':
          noteContested(oracle, nodeOf(cluster, happening.node), contested[happening.node])
          return null
        case 'invoked': {
          const { call, request } = happening
          const node = nodeOf(cluster, happening.node)
          const keys = node.isUp ? keysOf(request, contested[happening.node]) : []
          if (keys.length === 0 && request.kind !== 'conflicts') return null
          asked.set(call, { life: oracle.life(node.index), registers: new Map(keys.map((key) => [key, node.register(key)])) })
          return null
        }
        case 'unknown':
          asked.delete(happening.call)
          return null
        case 'answered': {
          const before = asked.get(happening.call)
          asked.delete(happening.call)
          const call = oracle.call(happening.call)
          if (call === undefined || before === undefined) return null
          const message = findFault(new Answer(oracle, call, before, nodeOf(cluster, call.node)), happening.reply)
          return message === null ? null : { message: `node ${call.node} ${message}`, events: [call.invokedAt, number] }
        }
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function noteContested(oracle: Oracle, node: NodeView, contested: Set<Key> | undefined): void {
  for (const [key, { register }] of oracle.shadow(node.index).move.arrivals) {
    if (register !== undefined && register.conflicts.length > 0) contested?.add(key)
  }
}

/** The keys of whose conflicts the answer may tell. */
function keysOf(request: Request, contested: ReadonlySet<Key> = new Set()): readonly Key[] {
  switch (request.kind) {
    case 'get':
      return [request.key]
    case 'conflicts':
      return request.key === null ? [...contested] : [request.key]
    case 'transaction':
      return request.operations.filter(({ kind }) => kind === 'restore').map(({ key }) => key)
    default:
      return []
  }
}

/** What is known when a call is answered. */
class Answer {
  readonly oracle: Oracle
  readonly request: Request
  readonly #before: Before
  readonly #node: NodeView
  readonly #askedWallMs: number
  readonly #isComparable: boolean

  constructor(oracle: Oracle, call: OpenCall, before: Before, node: NodeView) {
    this.oracle = oracle
    this.request = call.request
    this.#before = before
    this.#node = node
    this.#askedWallMs = call.wallMs
    this.#isComparable = oracle.life(call.node) === before.life && node.isUp && oracle.clockJumps(call.node) === call.clockJumps
  }

  /** The keys that the call is about. */
  get keys(): Iterable<Key> {
    return this.#before.registers.keys()
  }

  boundsOf(key: Key): Bounds {
    if (!this.#isComparable) return { required: [], possible: null }
    const now = this.#node.register(key)?.conflicts ?? []
    const required = (this.#before.registers.get(key)?.conflicts ?? [])
      .filter((conflict) => now.some((other) => isSame(other, conflict)))
      .filter((conflict) => isCurrent(conflict, this.#node.wallMs))
    const possible = now.length < CONFLICTS_PER_KEY_MAX ? now.filter((conflict) => isCurrent(conflict, this.#askedWallMs)) : null
    return { required, possible }
  }
}

/** What is wrong with an answer, or null. */
function findFault(answer: Answer, reply: Reply): string | null {
  const { request } = answer
  switch (reply.kind) {
    case 'value':
      return request.kind === 'get' ? findOtherCount(answer, request.key, reply.conflicts) : null
    case 'conflicts':
      return request.kind === 'conflicts' ? findOtherList(answer, request, reply.keys, reply.next) : null
    case 'failed':
      return request.kind === 'transaction' && reply.error.code === 'NOT_FOUND' ? findDeniedLoser(answer) : null
    default:
      return null
  }
}

function findOtherCount(answer: Answer, key: Key, count: number): string | null {
  const { required, possible } = answer.boundsOf(key)
  if (count >= required.length && count <= (possible?.length ?? CONFLICTS_PER_KEY_MAX)) return null
  return `says that ${show(key)} has ${count} conflicts, and has ${required.length} to ${possible?.length ?? CONFLICTS_PER_KEY_MAX} on record`
}

function findOtherList(
  answer: Answer,
  { key: only, after, limit }: ConflictsRequest,
  keys: readonly KeyConflicts[],
  next: Key | null,
): string | null {
  if (keys.length > limit) return `lists the conflicts of ${keys.length} keys, ${limit} were asked for`
  let last = only === null ? after : null
  for (const { key, conflicts } of keys) {
    if (last !== null && key <= last) return `lists ${show(key)} out of order`
    if (only !== null && key !== only) return `lists ${show(key)}, and ${show(only)} was asked for`
    const fault = findUntrue(answer, key, conflicts)
    if (fault !== null) return fault
    last = key
  }
  const told = new Map(keys.map(({ key, conflicts }) => [key, conflicts]))
  for (const key of answer.keys) {
    const isAskedFor = only !== null || ((after === null || key > after) && (next === null || key <= next))
    if (!isAskedFor) continue
    const list = told.get(key) ?? []
    const missing = answer.boundsOf(key).required.find((conflict) => !list.some((other) => isSame(other, conflict)))
    if (missing !== undefined) return `does not tell of ${formatDot(missing.loser.dot)}, which is in the conflict record of ${show(key)}`
  }
  return null
}

function findUntrue(answer: Answer, key: Key, conflicts: readonly Conflict[]): string | null {
  if (conflicts.length === 0 || conflicts.length > CONFLICTS_PER_KEY_MAX) return `lists ${conflicts.length} conflicts of ${show(key)}`
  const { possible } = answer.boundsOf(key)
  for (const conflict of conflicts) {
    const { winner, loser, rule } = conflict
    const what = `tells of a conflict of ${show(key)} in which ${formatDot(loser.dot)} lost to ${formatDot(winner.dot)}`
    if (!wasWritten(answer.oracle, key, winner) || !wasWritten(answer.oracle, key, loser)) return `${what}: they did not write that`
    if (!outranks(winner, loser)) return `${what}: it is the other way round`
    if (winner.dependencies.has(loser.dot) || winner.dot.writer === loser.dot.writer) return `${what}: it was overwritten knowingly`
    if (rule !== ruleOf(winner, loser)) return `${what} by ${rule}: it was by ${ruleOf(winner, loser)}`
    if (possible !== null && !possible.some((other) => isSame(other, conflict))) return `${what}: it is not on record`
  }
  return null
}

/** A restore that did not find its loser. */
function findDeniedLoser(answer: Answer): string | null {
  if (answer.request.kind !== 'transaction' || answer.request.operations.length !== 1) return null
  const [operation] = answer.request.operations
  if (operation?.kind !== 'restore') return null
  const { key, version } = operation
  if (!answer.boundsOf(key).required.some(({ loser }) => sameDot(loser.dot, version))) return null
  return `does not find ${formatDot(version)} to restore, which is in the conflict record of ${show(key)}`
}

function wasWritten(oracle: Oracle, key: Key, version: Version): boolean {
  const written = writtenVersion(oracle, key, version)
  return written !== undefined && written.timestamp === version.timestamp && written.value?.data === version.value?.data
}

function ruleOf(winner: Version, loser: Version): Conflict['rule'] {
  if (winner.epoch !== loser.epoch) return 'epoch'
  return winner.timestamp === loser.timestamp ? 'writer' : 'timestamp'
}

function isCurrent({ winner, loser }: Conflict, wallMs: number): boolean {
  const latest = Math.max(winner.timestamp, loser.timestamp) as Timestamp
  return wallMs - wallFromTimestamp(latest) < CONFLICT_RETENTION_MS
}

function isSame(left: Conflict, right: Conflict): boolean {
  return sameDot(left.loser.dot, right.loser.dot) && sameDot(left.winner.dot, right.winner.dot)
}

function nodeOf(cluster: ClusterView, node: NodeIndex): NodeView {
  return present(cluster.nodes[node], 'a node that is spoken of is one of the cluster')
}

function show(key: Key): string {
  return JSON.stringify(key.slice(0, 40))
}
