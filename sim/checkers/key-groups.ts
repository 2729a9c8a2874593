/**
 * Groups of keys that belong together because some call touched several of them: the connected
 * components by union-find, with path halving and union by size (Tarjan and van Leeuwen 1984).
 */

import type { Action } from './history.ts'

export interface KeyGroup<Member> {
  /** In the order in which they first appear. */
  readonly keys: readonly string[]
  /** All that touch one of the keys, in their order. */
  readonly members: readonly Member[]
}

/** Groups in the order of their first members. A member without keys is in none. */
export function groupKeys<Member>(
  members: readonly Member[],
  keysOf: (member: Member) => readonly Pick<Action, 'key'>[],
): readonly KeyGroup<Member>[] {
  const numbers = new Map<string, number>()
  const sets = new DisjointSets()
  for (const member of members) {
    let joined = -1
    for (const { key } of keysOf(member)) {
      let number = numbers.get(key)
      if (number === undefined) {
        number = sets.add()
        numbers.set(key, number)
      }
      if (joined >= 0) sets.join(joined, number)
      joined = number
    }
  }
  const groups = new Map<number, { keys: string[]; members: Member[] }>()
  for (const [key, number] of numbers) {
    const root = sets.rootOf(number)
    const group = groups.get(root)
    if (group === undefined) groups.set(root, { keys: [key], members: [] })
    else group.keys.push(key)
  }
  for (const member of members) {
    const number = numbers.get(keysOf(member)[0]?.key ?? '')
    if (number !== undefined) groups.get(sets.rootOf(number))?.members.push(member)
  }
  return [...groups.values()]
}

class DisjointSets {
  /** A root is its own parent. */
  readonly #parents: number[] = []
  readonly #sizes: number[] = []

  add(): number {
    const number = this.#parents.length
    this.#parents.push(number)
    this.#sizes.push(1)
    return number
  }

  rootOf(number: number): number {
    let at = number
    let parent = this.#parents[at] ?? at
    while (parent !== at) {
      const grandparent = this.#parents[parent] ?? parent
      this.#parents[at] = grandparent
      at = grandparent
      parent = this.#parents[at] ?? at
    }
    return at
  }

  join(left: number, right: number): void {
    const [one, other] = [this.rootOf(left), this.rootOf(right)]
    if (one === other) return
    const [oneSize, otherSize] = [this.#sizes[one] ?? 1, this.#sizes[other] ?? 1]
    const [small, large] = oneSize < otherSize ? [one, other] : [other, one]
    this.#parents[small] = large
    this.#sizes[large] = oneSize + otherSize
  }
}
