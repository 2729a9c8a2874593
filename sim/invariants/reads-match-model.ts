/**
 * ReadsMatchModel (WR2, RG3, RG6): an answer is exactly the state of the frontier that it carries:
 * the value of a key is that of its winner among all versions in the session, and a page has all
 * live keys of its range and no others.
 *
 * A version with a deadline is there before it and gone after it by the clock of the node, which
 * is looked at when the call is made and when it is answered; if the clock jumped between, both
 * are right. In a leader epoch it is gone once the chain says so, as far as the node has applied
 * that, and not before; and what the chain said once holds in every epoch.
 *
 * A read costs a step for each log that holds the key, a page so for each key of its range.
 */

import { FIRST_EPOCH, isLeaderEpoch, type Key } from '../../base/index.ts'
import type { GetRequest, Item, ScanRequest } from '../../core/index.ts'
import { formatDot, type ReadonlyVersionVector, sameDot, type Version } from '../../crdt/index.ts'
import type { ClusterView, Finding, Invariant } from '../invariant.ts'
import type { OpenCall, Oracle } from '../oracle.ts'
import { type Expired, isExpired, type SealedBlock } from '../sealed-chain.ts'
import { placeOf } from '../sealed-transactions.ts'
import type { Standing } from '../trace.ts'

/** By what a node tells whether a deadline has passed: while it answered it was somewhere between the two. */
interface ReadingTime {
  /** By its clock; null if that jumped. */
  readonly clock: { readonly fromMs: number; readonly toMs: number } | null
  /** Whether it went by its clock at all. */
  readonly isByClock: 'always' | 'never' | 'maybe'
  /** By the chain. */
  readonly expiredBefore: readonly Expired[]
  readonly expiredAfter: readonly Expired[]
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

function readingTime(oracle: Oracle, { node, wallMs, clockJumps, standing, life }: OpenCall, cluster: ClusterView): ReadingTime {
  const now = oracle.standing(node)
  const [before, after] = [standing?.epoch ?? FIRST_EPOCH, now?.epoch ?? FIRST_EPOCH]
  const isSame = before === after && oracle.life(node) === life
  // What the process had applied that answered and is gone, somebody took for committed.
  const end = oracle.life(node) === life ? appliedBy(oracle, now) : oracle.chain.committed
  return {
    clock:
      oracle.clockJumps(node) === clockJumps ? { fromMs: wallMs, toMs: cluster.nodes[node]?.wallMs ?? Number.POSITIVE_INFINITY } : null,
    isByClock: isSame ? (isLeaderEpoch(after) ? 'never' : 'always') : 'maybe',
    expiredBefore: appliedBy(oracle, standing)?.expired ?? [],
    expiredAfter: end?.expired ?? [],
  }
}

function appliedBy(oracle: Oracle, standing: Standing | null): SealedBlock | null {
  const applied = standing?.applied ?? null
  return applied === null ? null : oracle.chain.at(applied)
}

function findOtherValue(
  oracle: Oracle,
  { key }: GetRequest,
  item: Item | null,
  session: ReadonlyVersionVector,
  time: ReadingTime,
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
  time: ReadingTime,
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
  time: ReadingTime,
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

function mayBeAbsent(expected: Version | null, { clock, isByClock, expiredAfter }: ReadingTime): boolean {
  if (expected === null || expected.value === null) return true
  if (expected.deadlineMs === null) return false
  return isExpired(expected, expiredAfter) || (isByClock !== 'never' && (clock === null || expected.deadlineMs <= clock.toMs))
}

function mayBeThere(expected: Version, { clock, isByClock, expiredBefore }: ReadingTime): boolean {
  if (expected.value === null || isExpired(expected, expiredBefore)) return false
  return expected.deadlineMs === null || isByClock !== 'always' || clock === null || clock.fromMs < expected.deadlineMs
}
