/**
 * ReadsMatchModel (WR2, RG3, RG6): an answer is exactly the state of the frontier that it carries:
 * the value of a key is that of its winner among all versions in the session, and a page has all
 * live keys of its range and no others.
 *
 * A version with a deadline is there before it and gone after it by the clock of the node, which
 * is looked at when the call is made and when it is answered; if the clock jumped between, both
 * are right.
 *
 * A read costs a step for each log that holds the key, a page so for each key of its range.
 */

import type { Key } from '../../base/index.ts'
import type { GetRequest, Item, ScanRequest } from '../../core/index.ts'
import { formatDot, type ReadonlyVersionVector, sameDot, type Version } from '../../crdt/index.ts'
import type { ClusterView, Finding, Invariant } from '../invariant.ts'
import type { OpenCall, Oracle } from '../oracle.ts'
import { placeOf } from '../sealed-transactions.ts'

/** The node's clock was in this range while it answered; null if it jumped. */
interface ReadingTime {
  readonly fromMs: number
  readonly toMs: number
}

export function readsMatchModel(oracle: Oracle): Invariant {
  return {
    name: 'ReadsMatchModel',
    kinds: ['answered'],
    observe({ number, happening }, cluster) {
      if (happening.kind !== 'answered') return null
      const { reply } = happening
      const call = oracle.call(happening.call)
      if (call === undefined) return null
      const time = readingTime(oracle, call, cluster)
      const events = [call.invokedAt, number]
      if (reply.kind === 'value' && call.request.kind === 'get') {
        return findOtherValue(oracle, call.request, reply.item, reply.session, time, events)
      }
      if (reply.kind === 'page' && call.request.kind === 'scan') {
        return findOtherPage(oracle, call.request, reply.items, reply.next, reply.session, time, events)
      }
      return null
    },
    finish: () => null,
  }
}

function readingTime(oracle: Oracle, call: OpenCall, cluster: ClusterView): ReadingTime | null {
  if (oracle.clockJumps(call.node) !== call.clockJumps) return null
  return { fromMs: call.wallMs, toMs: cluster.nodes[call.node]?.wallMs ?? Number.POSITIVE_INFINITY }
}

function findOtherValue(
  oracle: Oracle,
  { key }: GetRequest,
  item: Item | null,
  session: ReadonlyVersionVector,
  time: ReadingTime | null,
  events: readonly number[],
): Finding | null {
  return compare(oracle.transactions.winnerAt(key, session), key, item, time, oracle, events)
}

function findOtherPage(
  oracle: Oracle,
  { range, limit }: ScanRequest,
  items: readonly Item[],
  next: Key | null,
  session: ReadonlyVersionVector,
  time: ReadingTime | null,
  events: readonly number[],
): Finding | null {
  if (items.length > limit) return { message: `a page has ${items.length} items, ${limit} were asked for`, events }
  const start = range.reverse && next !== null ? next : range.start
  const end = range.reverse || next === null ? range.end : next
  const byKey = new Map(items.map((item) => [item.key, item]))
  if (byKey.size !== items.length) return { message: 'a page has a key twice', events }
  const keys = oracle.transactions.sortedKeys
  for (let place = start === null ? 0 : placeOf(keys, start); place < keys.length; place++) {
    const key = keys[place]
    if (key === undefined || (end !== null && key >= end)) break
    const finding = compare(oracle.transactions.winnerAt(key, session), key, byKey.get(key) ?? null, time, oracle, events)
    if (finding !== null) return finding
    byKey.delete(key)
  }
  for (const key of byKey.keys()) return { message: `a page has ${JSON.stringify(key.slice(0, 40))}, which is not in its range`, events }
  return null
}

function compare(
  expected: Version | null,
  key: Key,
  item: Item | null,
  time: ReadingTime | null,
  oracle: Oracle,
  events: readonly number[],
): Finding | null {
  if (
    item === null ? mayBeAbsent(expected, time) : expected !== null && sameDot(item.version.dot, expected.dot) && mayBeThere(expected, time)
  ) {
    return null
  }
  const found = item === null ? 'nothing' : formatDot(item.version.dot)
  const wanted = expected === null ? 'nothing' : `${formatDot(expected.dot)}${expected.value === null ? ' (a deletion)' : ''}`
  const sealedAt = expected === null ? undefined : oracle.transactions.find(expected.dot.writer, expected.dot.sequence)?.sealedAt
  return {
    message: `${found} is read at ${JSON.stringify(key.slice(0, 40))}, and at the session of that answer ${wanted} wins`,
    events: sealedAt === undefined ? events : [sealedAt, ...events].sort((left, right) => left - right),
  }
}

function mayBeAbsent(expected: Version | null, time: ReadingTime | null): boolean {
  if (expected === null || expected.value === null) return true
  return expected.deadlineMs !== null && (time === null || expected.deadlineMs <= time.toMs)
}

function mayBeThere(expected: Version, time: ReadingTime | null): boolean {
  if (expected.value === null) return false
  return expected.deadlineMs === null || time === null || time.fromMs < expected.deadlineMs
}
