/**
 * When a version with a deadline is gone (RG6). In a multi epoch every node goes by its own clock. In a
 * leader epoch none does, or a read by the clock of one leader could be contradicted by that of the
 * next: there the leader says in the chain that all versions are gone whose deadline is at most so much.
 * Such a *burial* is one tombstone over all keys. It has a rank as a version has, and buries
 * only what it outranks: a leader whose clock is ahead costs what was there, and nothing that is
 * written later. What is buried stays so in every later epoch, whatever the clocks say.
 *
 * Rejected: a tombstone for each key. At the end of a multi epoch a leader would have to
 * write one for every key that ever expired, and until then they would all be back.
 */

import type { Epoch, Key } from '../base/index.ts'
import { type Version, valueAt } from '../crdt/index.ts'
import { Deadlines } from './deadlines.ts'
import type { Item } from './requests.ts'

/** Every version of a lower (epoch, timestamp) whose deadline is at most `untilMs` is gone. */
export interface Burial {
  readonly epoch: Epoch
  /** Of a version, or 0: what was written before `epoch`. */
  readonly timestamp: number
  /** Milliseconds since 1970. */
  readonly untilMs: number
}

/** One is enough as long as the clocks of leaders rise. Past this the two oldest become one, which buries what either does, and more. */
const BURIALS_MAX = 64

export class Expiry {
  /** By rising rank. Invariant: `untilMs` falls, as what reaches less far and ranks lower buries nothing by itself. */
  #burials: Burial[] = []
  readonly #deadlines = new Deadlines()
  #goesByClock = true

  /** The first moment at which a deadline may have passed that no burial covers, in milliseconds since 1970, or null. */
  get dueMs(): number | null {
    return this.#deadlines.nextMs
  }

  /** From now on it goes by the clock as well, or by burials alone. */
  goByClock(goesByClock: boolean): void {
    this.#goesByClock = goesByClock
  }

  /** Must be told of every version that becomes the winner of its key. */
  note(version: Version): void {
    if (version.deadlineMs !== null && version.value !== null && !this.#isBuried(version)) this.#deadlines.add(version.deadlineMs)
  }

  /** A burial is committed: in the order of their ranks. */
  bury(burial: Burial): void {
    this.#burials = this.#burials.filter(({ untilMs }) => untilMs > burial.untilMs)
    this.#burials.push(burial)
    const [first, second, ...others] = this.#burials
    if (this.#burials.length > BURIALS_MAX && first !== undefined && second !== undefined)
      this.#burials = [{ ...second, untilMs: first.untilMs }, ...others]
    this.#deadlines.forgetThrough(burial.untilMs)
  }

  /** Time passes in a multi epoch, where nobody buries. */
  pass(wallMs: number): void {
    if (this.#goesByClock) this.#deadlines.mergeThrough(wallMs)
  }

  /** The item that a version is at `wallMs`, or null. */
  itemAt(key: Key, version: Version, wallMs: number): Item | null {
    return version.value === null || this.#isGone(version, wallMs) ? null : { key, version, value: version.value }
  }

  /** True if there is nothing to be read of a version, at `wallMs` by this node's clock. */
  #isGone(version: Version, wallMs: number): boolean {
    if (version.value === null || this.#isBuried(version)) return true
    return this.#goesByClock && valueAt(version, wallMs) === null
  }

  #isBuried(version: Version): boolean {
    const { deadlineMs } = version
    return deadlineMs !== null && this.#burials.some((burial) => deadlineMs <= burial.untilMs && outranks(burial, version))
  }
}

type Ranked = Pick<Version, 'epoch'> & { readonly timestamp: number }

function outranks(left: Ranked, right: Ranked): boolean {
  return left.epoch === right.epoch ? left.timestamp > right.timestamp : left.epoch > right.epoch
}
