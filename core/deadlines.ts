/**
 * The moments at which versions with a deadline are due, so that a leader knows when to look without
 * looking through the keys. A deadline is rounded up to a step and kept once, however many
 * versions share it; what became of the versions is not followed: a moment too many costs one look.
 *
 * A heap. Rejected: a set per key, which costs as much as the keys do.
 */

import { present } from '../base/index.ts'

/** A leader buries what is due at most so often, in ms. Smaller: a key is gone sooner after its deadline; larger: fewer blocks. */
export const DUE_STEP_MS = 250

export class Deadlines {
  /** Every moment is no later than the two at twice its place, less and more. Rounded, without repetition. */
  readonly #heap: number[] = []
  readonly #known = new Set<number>()

  /** The first moment at which something is due, in milliseconds since 1970, or null. */
  get nextMs(): number | null {
    return this.#heap[0] ?? null
  }

  add(deadlineMs: number): void {
    const dueMs = Math.ceil(deadlineMs / DUE_STEP_MS) * DUE_STEP_MS
    if (this.#known.has(dueMs)) return
    this.#known.add(dueMs)
    this.#heap.push(dueMs)
    this.#rise(this.#heap.length - 1)
  }

  /** Forgets the moments up to `ms`. */
  forgetThrough(ms: number): void {
    for (let first = this.nextMs; first !== null && first <= ms; first = this.nextMs) this.#takeFirst()
  }

  /**
   * Of the moments up to `ms` keeps the last alone. Where nobody has to act on them they would pile up; and one has
   * to stay, for the clock that says `ms` may be wrong.
   */
  mergeThrough(ms: number): void {
    let last: number | null = null
    for (let first = this.nextMs; first !== null && first <= ms; first = this.nextMs) last = this.#takeFirst()
    if (last !== null) this.add(last)
  }

  #takeFirst(): number {
    const first = present(this.#heap[0], 'there is a first moment')
    const last = present(this.#heap.pop(), 'there is a last moment')
    this.#known.delete(first)
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink(0)
    }
    return first
  }

  #rise(place: number): void {
    for (let child = place; child > 0; ) {
      const parent = (child - 1) >> 1
      if (this.#at(parent) <= this.#at(child)) return
      this.#swap(parent, child)
      child = parent
    }
  }

  #sink(place: number): void {
    for (let parent = place; ; ) {
      const left = 2 * parent + 1
      const right = left + 1
      let first = parent
      if (left < this.#heap.length && this.#at(left) < this.#at(first)) first = left
      if (right < this.#heap.length && this.#at(right) < this.#at(first)) first = right
      if (first === parent) return
      this.#swap(parent, first)
      parent = first
    }
  }

  #swap(left: number, right: number): void {
    const moved = this.#at(left)
    this.#heap[left] = this.#at(right)
    this.#heap[right] = moved
  }

  #at(place: number): number {
    return present(this.#heap[place], 'a place of the heap is taken')
  }
}
