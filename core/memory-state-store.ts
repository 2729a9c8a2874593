/**
 * The registers in memory, rebuilt from the logs at every start: a hash map for points, and beside
 * it the keys in order. A point read or a change of a known key, which is nearly all there is,
 * touches the map alone; only a key's first version and its first conflict touch an ordered set.
 *
 * An iteration holds a key, not a place in the tree, and asks for the next one at each step. So it
 * stays right whatever is put meanwhile. The tree's own iterators, which keep a place, were
 * rejected for that.
 */

import { EmptyBTree } from 'sorted-btree'
import { assert, type Key } from '../base/index.ts'
import type { DigestedRegister } from './digest.ts'
import type { StateStore } from './ports.ts'
import type { KeyRange } from './requests.ts'

/** Keys in the order of their bytes. */
interface OrderedKeys {
  readonly size: number
  has(key: Key): boolean
  set(key: Key, value: undefined): boolean
  delete(key: Key): boolean
  minKey(): Key | undefined
  maxKey(): Key | undefined
  nextHigherKey(key: Key): Key | undefined
  nextLowerKey(key: Key): Key | undefined
}

export class MemoryStateStore implements StateStore {
  readonly #registers = new Map<Key, DigestedRegister>()
  /** Invariant: the keys of the map. */
  readonly #order: OrderedKeys = EmptyBTree.clone()
  /** Invariant: the keys whose register has conflicts. */
  readonly #conflicted: OrderedKeys = EmptyBTree.clone()

  get size(): number {
    return this.#registers.size
  }

  get conflictedSize(): number {
    return this.#conflicted.size
  }

  get(key: Key): DigestedRegister | undefined {
    return this.#registers.get(key)
  }

  put(key: Key, register: DigestedRegister): void {
    const before = this.#registers.get(key)
    if (before === undefined) this.#order.set(key, undefined)
    this.#registers.set(key, register)
    const hadConflicts = before !== undefined && before.conflicts.length > 0
    const hasConflicts = register.conflicts.length > 0
    if (hasConflicts && !hadConflicts) this.#conflicted.set(key, undefined)
    else if (hadConflicts && !hasConflicts) this.#conflicted.delete(key)
  }

  *range(range: KeyRange): IterableIterator<[Key, DigestedRegister]> {
    const keys = range.reverse ? descending(this.#order, range) : ascending(this.#order, range)
    for (const key of keys) {
      const register = this.#registers.get(key)
      assert(register !== undefined, 'a key in order has a register')
      yield [key, register]
    }
  }

  *conflicted(after: Key | null): IterableIterator<Key> {
    let key = after === null ? this.#conflicted.minKey() : this.#conflicted.nextHigherKey(after)
    while (key !== undefined) {
      yield key
      key = this.#conflicted.nextHigherKey(key)
    }
  }
}

function* ascending(keys: OrderedKeys, { start, end }: KeyRange): Generator<Key> {
  let key = start === null ? keys.minKey() : keys.has(start) ? start : keys.nextHigherKey(start)
  while (key !== undefined && (end === null || key < end)) {
    yield key
    key = keys.nextHigherKey(key)
  }
}

function* descending(keys: OrderedKeys, { start, end }: KeyRange): Generator<Key> {
  let key = end === null ? keys.maxKey() : keys.nextLowerKey(end)
  while (key !== undefined && (start === null || key >= start)) {
    yield key
    key = keys.nextLowerKey(key)
  }
}
