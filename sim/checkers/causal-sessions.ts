/**
 * Causal sessions, checked from inside: every answer tells which version it is and the frontier
 * that it reflects. With that, what a session has seen is known exactly, and no search is needed
 * (the black-box problem is polynomial only with unique writes: Bouajjani et al., "On verifying
 * causal consistency", 2017).
 *
 * A session has seen S, the join of the frontiers of its answers. A read of a key must return the
 * version of the highest rank (RG3) among those whose dots are in S: an older one breaks read your
 * writes, monotonic reads or writes follow reads, whichever brought that dot into S. O(n) lookups,
 * each logarithmic in the writes of a key for every writer of that key.
 */

import type { Key } from '../../base/index.ts'
import { compareRank, type Dot, formatDot, type ReadonlyVersionVector, sameDot, type Version, VersionVector } from '../../crdt/index.ts'
import type { Verdict } from './history.ts'

/** A version as it was written, acknowledged or not: from the logs, so that none is missing. */
export interface WrittenVersion {
  readonly key: Key
  readonly version: Version
}

/** One answer that a session got. */
export type SessionAnswer = {
  readonly session: number
  /** The frontier that the answer reflects. */
  readonly context: ReadonlyVersionVector
} & (
  | { readonly kind: 'wrote'; readonly version: Dot }
  /** Null: nothing was there. */
  | { readonly kind: 'read'; readonly key: Key; readonly version: Dot | null }
)

export type SessionViolation<Answer extends SessionAnswer> = {
  readonly answer: Answer
  readonly message: string
} /** The session had seen, or the answer's own frontier has, a version that outranks what was read. */ & (
  | { readonly kind: 'stale-read'; readonly missed: Version }
  /** It was never written, or not to this key. */
  | { readonly kind: 'thin-air' }
  /** The answer's frontier does not have its own version. */
  | { readonly kind: 'outside-frontier' }
  /** The answer's frontier lacks what the session had seen (SS1). */
  | { readonly kind: 'frontier-behind' }
)

export interface SessionResult<Answer extends SessionAnswer> {
  readonly verdict: Verdict
  /** At most one an answer. */
  readonly violations: readonly SessionViolation<Answer>[]
  readonly sessions: number
  readonly reads: number
}

/**
 * @param answers of each session in their order; sessions may be mixed. They may carry more, which
 *   the result hands back.
 */
export function checkCausalSessions<Answer extends SessionAnswer>(
  writes: Iterable<WrittenVersion>,
  answers: Iterable<Answer>,
): SessionResult<Answer> {
  const index = VersionIndex.of(writes)
  const seenBySession = new Map<number, VersionVector>()
  const violations: SessionViolation<Answer>[] = []
  let reads = 0
  for (const answer of answers) {
    let seen = seenBySession.get(answer.session)
    if (seen === undefined) {
      seen = new VersionVector()
      seenBySession.set(answer.session, seen)
    }
    const isBehind = !answer.context.covers(seen)
    seen.join(answer.context)
    if (answer.kind === 'read') reads += 1
    const violation = judge(answer, isBehind, seen, index)
    if (violation !== null) violations.push(violation)
    // The session knows of its write, whatever the frontier says.
    if (answer.kind === 'wrote') seen.advance(answer.version.writer, answer.version.sequence)
  }
  return { verdict: violations.length === 0 ? 'passed' : 'failed', violations, sessions: seenBySession.size, reads }
}

function judge<Answer extends SessionAnswer>(
  answer: Answer,
  isBehind: boolean,
  seen: ReadonlyVersionVector,
  index: VersionIndex,
): SessionViolation<Answer> | null {
  const { version } = answer
  if (version !== null && !answer.context.has(version)) {
    return { kind: 'outside-frontier', answer, message: `the frontier of the answer does not have its version ${formatDot(version)}` }
  }
  if (answer.kind === 'read') {
    const returned = version === null ? null : index.find(answer.key, version)
    if (returned === undefined) {
      const text = version === null ? '' : formatDot(version)
      return { kind: 'thin-air', answer, message: `a read of ${JSON.stringify(answer.key)} returned ${text}, which nobody wrote to it` }
    }
    const missed = index.highest(answer.key, seen)
    if (missed !== null && outranks(missed, returned)) {
      const text = returned === null ? 'nothing' : formatDot(returned.dot)
      const message = `a read of ${JSON.stringify(answer.key)} returned ${text} although the session had seen ${formatDot(missed.dot)}, which outranks it`
      return { kind: 'stale-read', answer, message, missed }
    }
  }
  if (!isBehind) return null
  return { kind: 'frontier-behind', answer, message: 'the frontier of the answer lacks what the session had seen before' }
}

/** True if reading `returned` means that `highest` was not applied. */
function outranks(highest: Version, returned: Version | null): boolean {
  // A tombstone and a version past its deadline read as nothing (RG6).
  if (returned === null) return highest.value !== null && highest.deadlineMs === null
  return compareRank(highest, returned) > 0
}

/** Versions of one key by one writer, in the order of their sequences. */
interface VersionsOfWriter {
  readonly versions: Version[]
  /** The one of the highest rank up to each. */
  readonly highest: Version[]
}

class VersionIndex {
  readonly #keys = new Map<Key, Map<string, VersionsOfWriter>>()

  static of(writes: Iterable<WrittenVersion>): VersionIndex {
    const index = new VersionIndex()
    for (const { key, version } of writes) index.#add(key, version)
    for (const writers of index.#keys.values()) for (const list of writers.values()) rank(list)
    return index
  }

  /** The version that a dot names, or undefined if it wrote nothing to the key. */
  find(key: Key, dot: Dot): Version | undefined {
    const list = this.#keys.get(key)?.get(dot.writer)
    const version = list?.versions[countUpTo(list.versions, dot.sequence) - 1]
    return version !== undefined && sameDot(version.dot, dot) ? version : undefined
  }

  /** The version of the highest rank among those that `frontier` has. */
  highest(key: Key, frontier: ReadonlyVersionVector): Version | null {
    let highest: Version | null = null
    for (const { versions, highest: prefix } of this.#keys.get(key)?.values() ?? []) {
      const [first] = versions
      if (first === undefined) continue
      const candidate = prefix[countUpTo(versions, frontier.get(first.dot.writer)) - 1]
      if (candidate !== undefined && (highest === null || compareRank(candidate, highest) > 0)) highest = candidate
    }
    return highest
  }

  #add(key: Key, version: Version): void {
    let writers = this.#keys.get(key)
    if (writers === undefined) {
      writers = new Map()
      this.#keys.set(key, writers)
    }
    const list = writers.get(version.dot.writer)
    if (list === undefined) writers.set(version.dot.writer, { versions: [version], highest: [] })
    else list.versions.push(version)
  }
}

/** Sorts a writer's versions and fills in the highest ones. */
function rank({ versions, highest }: VersionsOfWriter): void {
  // Stable: of several operations of one transaction on a key the last one counts, and comes last.
  versions.sort((left, right) => left.dot.sequence - right.dot.sequence)
  for (const version of versions) {
    const before = highest.at(-1)
    highest.push(before !== undefined && compareRank(before, version) > 0 ? before : version)
  }
}

/** How many of the versions have a sequence up to `sequence`. */
function countUpTo(versions: readonly Version[], sequence: number): number {
  let low = 0
  let high = versions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((versions[middle]?.dot.sequence ?? 0) <= sequence) low = middle + 1
    else high = middle
  }
  return low
}
