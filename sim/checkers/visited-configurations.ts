/**
 * Where a search for a linearization has been: sets of calls taken, each with the state that they
 * led to. Which order led there does not matter for what can come next, so a second visit is cut
 * off (Lowe 2016).
 *
 * Sets are compared in full. A hash alone would be shorter, and would one day cut off the one
 * right way and report a violation that is none.
 */

import { CallSet, type CallSetWindow } from './call-set.ts'
import { mixHash, type SequentialModel } from './sequential-model.ts'

interface Configuration<State> {
  readonly ended: CallSetWindow
  readonly open: CallSetWindow
  readonly state: State
  /** Another one with the same hash. */
  readonly next: Configuration<State> | undefined
}

/** What a configuration takes besides its sets, in words: objects, the place in the map. */
const CONFIGURATION_WORDS = 32

export class VisitedConfigurations<State> {
  readonly #model: Pick<SequentialModel<State, never>, 'equal' | 'hash'>
  readonly #wordsMax: number
  readonly #known = new Map<number, Configuration<State>>()
  #words = 0
  readonly #endedCount: number
  /** Calls taken so far that ended, and those of unknown outcome: apart, since the latter are taken in no order. */
  readonly #ended: CallSet
  readonly #open: CallSet
  #lastOpen: CallSetWindow | null = null

  /** Calls from 0 to `ended - 1` have ended, the `open` ones after them have not. */
  constructor(model: Pick<SequentialModel<State, never>, 'equal' | 'hash'>, ended: number, open: number, wordsMax: number) {
    this.#model = model
    this.#wordsMax = wordsMax
    this.#endedCount = ended
    this.#ended = new CallSet(ended)
    this.#open = new CallSet(open)
  }

  /**
   * Adds a call to the set if that, with `state`, is new; else leaves the set and says false. One
   * that `isForced` is added without a look: the search does not come this way twice by it.
   */
  enter(call: number, state: State, isForced: boolean): boolean {
    if (call < this.#endedCount) this.#ended.add(call)
    else this.#open.add(call - this.#endedCount)
    if (isForced) return true
    const hash = mixHash(mixHash(this.#ended.hash, this.#open.hash), this.#model.hash(state))
    const sameHash = this.#known.get(hash)
    for (let known = sameHash; known !== undefined; known = known.next) {
      if (this.#ended.equals(known.ended) && this.#open.equals(known.open) && this.#model.equal(known.state, state)) {
        this.leave(call)
        return false
      }
    }
    const [ended, open] = [this.#ended.copy(), this.#open.copy()]
    // One copy of the open ones mostly serves many configurations.
    const words = ended.window.length + (open === this.#lastOpen ? 0 : open.window.length) + CONFIGURATION_WORDS
    this.#lastOpen = open
    this.#words += words
    if (this.#words <= this.#wordsMax) {
      this.#known.set(hash, { ended, open, state, next: sameHash })
    } else {
      this.#known.clear()
      this.#words = words
      this.#known.set(hash, { ended, open, state, next: undefined })
    }
    return true
  }

  /** Takes a call out of the set. */
  leave(call: number): void {
    if (call < this.#endedCount) this.#ended.delete(call)
    else this.#open.delete(call - this.#endedCount)
  }
}
