/**
 * Every version of one key that was ever sealed, by the log that holds it, so that the winner of
 * any frontier can be told. It is written apart from `crdt/register.ts` on purpose: a mistake
 * there must not be repeated here.
 *
 * Along a log sequence and rank rise together (HL1), so each log offers one candidate, found by
 * bisection, and a log whose best is no better than what was found is skipped: a read costs about
 * as many steps as there are logs with the key.
 */

import type { WriterId } from '../base/index.ts'
import type { ReadonlyVersionVector, Version } from '../crdt/index.ts'

interface LogVersions {
  readonly writer: WriterId
  /** In the order of their sequences. */
  readonly versions: Version[]
}

export class KeyHistory {
  /** In the order in which their writers first wrote the key: the latest lives are last. */
  readonly #logs: LogVersions[] = []
  /** The largest of all that was sealed, or null. */
  #top: Version | null = null

  get top(): Version | null {
    return this.#top
  }

  add(version: Version): void {
    if (this.#top === null || outranks(version, this.#top)) this.#top = version
    const { writer } = version.dot
    for (let place = this.#logs.length - 1; place >= 0; place--) {
      const log = this.#logs[place]
      if (log?.writer === writer) {
        log.versions.push(version)
        return
      }
    }
    this.#logs.push({ writer, versions: [version] })
  }

  /** The winner among the versions that `frontier` knows (RG3), or null if it knows none. */
  winnerAt(frontier: ReadonlyVersionVector): Version | null {
    let best: Version | null = null
    for (let place = this.#logs.length - 1; place >= 0; place--) {
      const log = this.#logs[place]
      const last = log?.versions.at(-1)
      if (log === undefined || last === undefined || (best !== null && !outranks(last, best))) continue
      const candidate = lastUpTo(log.versions, frontier.get(log.writer))
      if (candidate !== null && (best === null || outranks(candidate, best))) best = candidate
    }
    return best
  }
}

/** True if `left` wins over `right`: the larger (epoch, timestamp, writer), and in one transaction's log the later. */
export function outranks(left: Version, right: Version): boolean {
  if (left.epoch !== right.epoch) return left.epoch > right.epoch
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp
  if (left.dot.writer !== right.dot.writer) return left.dot.writer > right.dot.writer
  return left.dot.sequence > right.dot.sequence
}

function lastUpTo(versions: readonly Version[], sequence: number): Version | null {
  let low = 0
  let high = versions.length
  while (low < high) {
    const middle = (low + high) >> 1
    const version = versions[middle]
    if (version !== undefined && version.dot.sequence <= sequence) low = middle + 1
    else high = middle
  }
  return versions[low - 1] ?? null
}
