/**
 * Linearizability of a register in O(n log n), where every write writes another value and nothing
 * is conditional (Gibbons and Korach, "Testing Shared Memories", SIAM J. Computing 26(4), 1997,
 * section 4).
 *
 * The idea: the write of a value and the reads of it form a cluster. With `f` its earliest end and
 * `s` its latest start, the register must hold the value throughout [f, s] if f < s (a forward
 * zone); else all of the cluster fits into one instant anywhere in [s, f] (a backward zone). The
 * history is linearizable if and only if every read has a write that does not start after the
 * read's end, no two forward zones overlap, and no backward zone lies inside a forward one.
 * Zones that only touch do not overlap: at an instant any number of calls may take effect.
 *
 * A write of unknown outcome needs no special case: its end is infinite, so that without reads its
 * zone reaches to infinity, where it can't be inside another one. The search of
 * `linearizability.ts` was rejected for every run: it is exponential where many calls overlap.
 */

import { SkeinError } from '../../base/index.ts'
import { hasEnded, type ReadAction, type Scalar, type Span, type Verdict, type WriteAction } from './history.ts'

export type RegisterOperation = Span & (ReadAction | WriteAction)

/** The cluster of a value: when the register holds it at least (forward), or when it could (backward). */
export interface Zone {
  readonly value: Scalar
  readonly direction: 'forward' | 'backward'
  readonly low: number
  readonly high: number
  /** The calls that bound it: the one that ends first and the one that starts last. The initial value has no write. */
  readonly bounds: readonly RegisterOperation[]
}

export type RegisterViolation =
  /** A value was read that nobody wrote. */
  | { readonly kind: 'thin-air'; readonly key: string; readonly read: RegisterOperation }
  /** A read ended before the write of what it read had started. */
  | { readonly kind: 'read-from-the-future'; readonly key: string; readonly read: RegisterOperation; readonly write: RegisterOperation }
  /** Both values had to be held at one time. */
  | { readonly kind: 'overlapping-zones'; readonly key: string; readonly zones: readonly [Zone, Zone] }
  /** The second zone's calls all took effect while the first one's value had to be held. */
  | { readonly kind: 'enclosed-zone'; readonly key: string; readonly zones: readonly [Zone, Zone] }

export interface RegisterResult {
  readonly verdict: Verdict
  /** At most one a key. */
  readonly violations: readonly RegisterViolation[]
  readonly keys: number
}

/** Calls that concern one value of one key. */
interface Cluster {
  readonly value: Scalar
  write: RegisterOperation | null
  /** True for the initial value: it was written before everything. */
  isInitial: boolean
  /** Earliest end of write and reads, and latest start. */
  firstEnd: number
  lastStart: number
  endsFirst: RegisterOperation | null
  startsLast: RegisterOperation | null
  /** The read that ends first. */
  firstRead: RegisterOperation | null
}

/**
 * Checks each key for itself: a history is linearizable if and only if it is on each key.
 * `initial` is what a key holds before its first write.
 * @throws BAD_REQUEST if a key is written the same value twice
 */
export function checkRegisters(operations: Iterable<RegisterOperation>, initial: Scalar = null): RegisterResult {
  const keys = new Map<string, Map<Scalar, Cluster>>()
  for (const operation of operations) {
    // A read that nobody heard the answer of says nothing.
    if (operation.kind === 'read' && !hasEnded(operation)) continue
    let clusters = keys.get(operation.key)
    if (clusters === undefined) {
      clusters = new Map([[initial, initialCluster(initial)]])
      keys.set(operation.key, clusters)
    }
    addToCluster(clusters, operation)
  }
  const violations: RegisterViolation[] = []
  for (const [key, clusters] of keys) {
    const violation = findViolation(key, clusters)
    if (violation !== null) violations.push(violation)
  }
  return { verdict: violations.length === 0 ? 'passed' : 'failed', violations, keys: keys.size }
}

function initialCluster(value: Scalar): Cluster {
  const before = Number.NEGATIVE_INFINITY
  return {
    value,
    write: null,
    isInitial: true,
    firstEnd: before,
    lastStart: before,
    endsFirst: null,
    startsLast: null,
    firstRead: null,
  }
}

function addToCluster(clusters: Map<Scalar, Cluster>, operation: RegisterOperation): void {
  let cluster = clusters.get(operation.value)
  if (cluster === undefined) {
    cluster = {
      value: operation.value,
      write: null,
      isInitial: false,
      firstEnd: Number.POSITIVE_INFINITY,
      lastStart: Number.NEGATIVE_INFINITY,
      endsFirst: null,
      startsLast: null,
      firstRead: null,
    }
    clusters.set(operation.value, cluster)
  }
  if (operation.kind === 'write') {
    if (cluster.isInitial || cluster.write !== null) throw notUnique(operation)
    cluster.write = operation
  } else if (cluster.firstRead === null || operation.end < cluster.firstRead.end) {
    cluster.firstRead = operation
  }
  if (operation.end < cluster.firstEnd || (cluster.endsFirst === null && !cluster.isInitial)) {
    cluster.firstEnd = operation.end
    cluster.endsFirst = operation
  }
  if (operation.start > cluster.lastStart) {
    cluster.lastStart = operation.start
    cluster.startsLast = operation
  }
}

function notUnique({ key, value }: RegisterOperation): SkeinError {
  return new SkeinError(
    'BAD_REQUEST',
    `key ${JSON.stringify(key)} gets the value ${JSON.stringify(value)} twice, or it is the initial one: zones need a value of its own for each write; use checkLinearizable instead`,
  )
}

function findViolation(key: string, clusters: ReadonlyMap<Scalar, Cluster>): RegisterViolation | null {
  const forward: Cluster[] = []
  const backward: Cluster[] = []
  for (const cluster of clusters.values()) {
    const { write, firstRead } = cluster
    if (firstRead !== null && !cluster.isInitial) {
      if (write === null) return { kind: 'thin-air', key, read: firstRead }
      if (firstRead.end < write.start) return { kind: 'read-from-the-future', key, read: firstRead, write }
    }
    if (isForward(cluster)) forward.push(cluster)
    else backward.push(cluster)
  }
  forward.sort((left, right) => left.firstEnd - right.firstEnd || left.lastStart - right.lastStart)
  for (let index = 1; index < forward.length; index++) {
    const [left, right] = [forward[index - 1], forward[index]]
    if (left === undefined || right === undefined) break
    // As long as none before overlap, the left neighbour is the one that reaches furthest.
    if (right.firstEnd < left.lastStart) return { kind: 'overlapping-zones', key, zones: [zoneOf(left), zoneOf(right)] }
  }
  for (const inner of backward) {
    const outer = lastStartingBefore(forward, inner.lastStart)
    if (outer !== null && inner.firstEnd < outer.lastStart) {
      return { kind: 'enclosed-zone', key, zones: [zoneOf(outer), zoneOf(inner)] }
    }
  }
  return null
}

function isForward(cluster: Cluster): boolean {
  return cluster.firstEnd < cluster.lastStart
}

/** Of forward zones that do not overlap and are sorted, the last that begins before `time`: no other can enclose what begins then. */
function lastStartingBefore(forward: readonly Cluster[], time: number): Cluster | null {
  let low = 0
  let high = forward.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((forward[middle]?.firstEnd ?? time) < time) low = middle + 1
    else high = middle
  }
  return forward[low - 1] ?? null
}

function zoneOf(cluster: Cluster): Zone {
  const { value, firstEnd, lastStart, endsFirst, startsLast } = cluster
  const bounds: RegisterOperation[] = []
  if (endsFirst !== null) bounds.push(endsFirst)
  if (startsLast !== null && startsLast !== endsFirst) bounds.push(startsLast)
  return {
    value,
    direction: isForward(cluster) ? 'forward' : 'backward',
    low: Math.min(firstEnd, lastStart),
    high: Math.max(firstEnd, lastStart),
    bounds,
  }
}
