/**
 * Long forks: two reads that saw two writes in opposite orders (Jepsen's `long-fork`; Sovran et
 * al., "Transactional storage for geo-replicated systems", 2011). Parallel snapshot isolation and
 * causal consistency allow it; snapshot isolation and anything stronger do not.
 *
 * Each key is written once. So what a read of a group of keys saw is a set of keys, and of any two
 * reads of a group one has to contain the other: sorted by size, each contains the one before it.
 * Linear in the keys read, plus sorting the reads.
 */

import type { Scalar, Verdict } from './history.ts'

export interface SnapshotRead {
  /** Keys read at one moment; null if nothing was there yet. */
  readonly values: readonly (readonly [key: string, value: Scalar])[]
}

export interface LongFork<Read extends SnapshotRead> {
  readonly left: Read
  readonly right: Read
  /** Seen by the left and not by the right one, and the other way round. */
  readonly onlyLeft: string
  readonly onlyRight: string
}

export interface LongForkResult<Read extends SnapshotRead> {
  /** `unknown` if no group was read twice. */
  readonly verdict: Verdict
  /** The first of each group. */
  readonly forks: readonly LongFork<Read>[]
  /** Groups read at least twice. */
  readonly groups: number
}

interface Seen<Read> {
  readonly read: Read
  readonly keys: ReadonlySet<string>
}

/** Reads of the same keys are of one group. */
export function checkLongFork<Read extends SnapshotRead>(reads: Iterable<Read>): LongForkResult<Read> {
  const groups = new Map<string, Seen<Read>[]>()
  for (const read of reads) {
    const name = JSON.stringify(read.values.map(([key]) => key).sort())
    const seen = { read, keys: new Set(read.values.flatMap(([key, value]) => (value === null ? [] : [key]))) }
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [seen])
    else group.push(seen)
  }
  const forks: LongFork<Read>[] = []
  let groupsReadTwice = 0
  for (const group of groups.values()) {
    if (group.length < 2) continue
    groupsReadTwice += 1
    const fork = findFork(group)
    if (fork !== null) forks.push(fork)
  }
  return { verdict: forks.length > 0 ? 'failed' : groupsReadTwice === 0 ? 'unknown' : 'passed', forks, groups: groupsReadTwice }
}

function findFork<Read extends SnapshotRead>(group: Seen<Read>[]): LongFork<Read> | null {
  group.sort((left, right) => left.keys.size - right.keys.size)
  for (let index = 1; index < group.length; index++) {
    const [left, right] = [group[index - 1], group[index]]
    if (left === undefined || right === undefined) break
    const onlyLeft = firstMissing(left.keys, right.keys)
    // The right one is at least as large: what it lacks, it makes up for.
    const onlyRight = firstMissing(right.keys, left.keys)
    if (onlyLeft !== null && onlyRight !== null) return { left: left.read, right: right.read, onlyLeft, onlyRight }
  }
  return null
}

/** The first of `keys` that `others` lack. */
function firstMissing(keys: ReadonlySet<string>, others: ReadonlySet<string>): string | null {
  for (const key of keys) if (!others.has(key)) return key
  return null
}
