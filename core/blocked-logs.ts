/**
 * Logs whose next entry lacks a dependency, by what it lacks: nothing else about them has to be
 * looked at until that is applied (nor was the entry applied with another log, which would need it
 * too). At a start all logs of all lives are read at once, and nearly
 * all of them wait for the few that are next in the order of causes; looking at each of them again
 * after every entry made a start slower than linear.
 *
 * A log stands in one list at most, so the lists are bounded by the logs that are known.
 */

import type { WriterId } from '../base/index.ts'
import type { Dot } from '../crdt/index.ts'

/** A log in which something waits. */
export interface Blockable {
  /** What its next entry lacks, as far as is known; null if it has to be looked at. */
  missing: Dot | null
}

interface Blocked {
  readonly log: Blockable
  readonly sequence: number
}

export class BlockedLogs {
  /** What each writer holds up: that which lacks the highest sequence first. */
  readonly #byWriter = new Map<WriterId, Blocked[]>()

  /** @param missing what the next entry of `log`, which is in no list, lacks */
  add(log: Blockable, missing: Dot): void {
    log.missing = missing
    const { writer, sequence } = missing
    const blocked = this.#byWriter.get(writer)
    if (blocked === undefined) this.#byWriter.set(writer, [{ log, sequence }])
    else blocked.splice(placeOf(blocked, sequence), 0, { log, sequence })
  }

  /** All of `writer` is applied up to `sequence`: who lacked that has to be looked at. */
  release(writer: WriterId, sequence: number): void {
    const blocked = this.#byWriter.get(writer)
    if (blocked === undefined) return
    for (let last = blocked.at(-1); last !== undefined && last.sequence <= sequence; last = blocked.at(-1)) {
      last.log.missing = null
      blocked.pop()
    }
    if (blocked.length === 0) this.#byWriter.delete(writer)
  }
}

/** Where the first stands that lacks no more than `sequence`. */
function placeOf(blocked: readonly Blocked[], sequence: number): number {
  let low = 0
  let high = blocked.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((blocked[middle]?.sequence ?? 0) > sequence) low = middle + 1
    else high = middle
  }
  return low
}
