/**
 * The state as it will be once entries that wait are applied: a leader adopts many at a time, and each
 * has to be looked at for a fault (RG2) before any of them is part of the chain. An entry that nobody
 * can apply would hold up everything that the chain adopts with it, for good.
 *
 * All versions of a key are kept, and not their winner alone, because entries of different logs may be
 * applied in another order than the one in which they were looked at.
 */

import type { Key } from '../base/index.ts'
import { breaksRank, type Version } from '../crdt/index.ts'
import type { Entry } from './entry.ts'

export class Outlook {
  readonly #winnerOf: (key: Key) => Version | undefined
  readonly #ahead = new Map<Key, Version[]>()

  /** @param winnerOf what is applied */
  constructor(winnerOf: (key: Key) => Version | undefined) {
    this.#winnerOf = winnerOf
  }

  /** Why no node can apply `entry`, or null. */
  findFault(entry: Entry): string | null {
    return findRankFault(entry, (key, version) => {
      const winner = this.#winnerOf(key)
      if (winner !== undefined && breaksRank(version, winner)) return true
      return this.#ahead.get(key)?.some((other) => breaksRank(version, other)) === true
    })
  }

  /** `entry` will be applied. */
  foresee(entry: Entry): void {
    for (const { changes } of entry.transactions) {
      for (const { key, version } of changes) {
        const versions = this.#ahead.get(key)
        if (versions === undefined) this.#ahead.set(key, [version])
        else versions.push(version)
      }
    }
  }
}

/** What is wrong with `entry` if one of its versions claims to have seen one that it loses to; else null. */
export function findRankFault(entry: Entry, isBroken: (key: Key, version: Version) => boolean): string | null {
  for (const { sequence, changes } of entry.transactions) {
    if (changes.some(({ key, version }) => isBroken(key, version)))
      return `transaction ${sequence} claims to follow a version that outranks it`
  }
  return null
}
