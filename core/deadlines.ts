/**
 * The moments at which versions with a deadline are due, so that a leader knows when to look without
 * looking through the keys. A deadline is rounded up to a step and kept once, however many
 * versions share it; what became of the versions is not followed: a moment too many costs one block.
 *
 * Rejected: the keys of each moment, which cost as much as the keys do.
 */

import { EmptyBTree } from 'sorted-btree'

/** A leader buries what is due at most so often, in ms. Smaller: a key is gone sooner after its deadline; larger: fewer blocks. */
export const DUE_STEP_MS = 250

/** In rising order, each once. */
interface OrderedMoments {
  set(moment: number, value: undefined): boolean
  delete(moment: number): boolean
  minKey(): number | undefined
}

export class Deadlines {
  readonly #moments: OrderedMoments = EmptyBTree.clone()

  /** The first moment at which something is due, in milliseconds since 1970, or null. */
  get nextMs(): number | null {
    return this.#moments.minKey() ?? null
  }

  add(deadlineMs: number): void {
    this.#moments.set(Math.ceil(deadlineMs / DUE_STEP_MS) * DUE_STEP_MS, undefined)
  }

  /** Forgets the moments up to `ms`, and answers the last of them, or null. */
  forgetThrough(ms: number): number | null {
    let last: number | null = null
    for (let first = this.nextMs; first !== null && first <= ms; first = this.nextMs) {
      this.#moments.delete(first)
      last = first
    }
    return last
  }

  /**
   * Of the moments up to `ms` keeps the last alone. Where nobody has to act on them they would pile up; and one has
   * to stay, for the clock that says `ms` may be wrong.
   */
  mergeThrough(ms: number): void {
    const last = this.forgetThrough(ms)
    if (last !== null) this.add(last)
  }
}
