/**
 * The replicated state: a register for each key, with the digest over all of them kept as they
 * change. Everything is written through `apply`, whether it comes from this node's own commit or
 * from a peer's log, so there is one way in which versions meet.
 */

import { type Key, PAGE_BYTES_MAX } from '../base/index.ts'
import { breaksRank, currentConflicts, mergeVersion, newRegister, type Register } from '../crdt/index.ts'
import { Digest, type Fingerprint } from './digest.ts'
import type { Change, Entry } from './entry.ts'
import type { Expiry } from './expiry.ts'
import { findRankFault, Outlook } from './outlook.ts'
import type { StateStore } from './ports.ts'
import type { Item, KeyConflicts, KeyRange } from './requests.ts'

/** Registers that one page visits: past this it ends early, so that a range of tombstones can't hold up the node. */
const PAGE_VISITS_MAX = 10_000
/** Longer values are fingerprinted when the digest is asked for: of those that are overwritten before, as nearly all are at a start, never. */
const LARGE_BYTES = 1024
/** So many wait for that at most: more would make whoever asks wait. */
const UNDIGESTED_MAX = 64
/** Of a winner that waits for its fingerprint. */
const NOT_YET: Fingerprint = { low: 0, high: 0 }

export class State {
  readonly #store: StateStore
  readonly expiry: Expiry
  readonly #digest = new Digest()
  /** Keys whose winner is large and may not be in the digest yet. */
  readonly #undigested = new Set<Key>()
  #liveKeys = 0

  /** @param expiry told of every winner; asked what is gone */
  constructor(store: StateStore, expiry: Expiry) {
    this.#store = store
    this.expiry = expiry
  }

  get digest(): string {
    this.#digestLarge()
    return this.#digest.toString()
  }

  /** Keys whose winner is no tombstone; one past its deadline counts until it is collected. */
  get liveKeys(): number {
    return this.#liveKeys
  }

  get conflictedKeys(): number {
    return this.#store.conflictedSize
  }

  register(key: Key): Register | undefined {
    return this.#store.get(key)
  }

  /** The live version of a key at `wallMs`, or null. */
  read(key: Key, wallMs: number): Item | null {
    const register = this.#store.get(key)
    return register === undefined ? null : this.expiry.itemAt(key, register.winner, wallMs)
  }

  /** Why no node can apply `entry`, or null: it claims to have seen a version that it loses to (RG2). */
  findFault(entry: Entry): string | null {
    return findRankFault(entry, (key, version) => {
      const register = this.#store.get(key)
      return register !== undefined && breaksRank(version, register.winner)
    })
  }

  /** For looking at entries together before they are applied. */
  outlook(): Outlook {
    return new Outlook((key) => this.#store.get(key)?.winner)
  }

  apply(entry: Entry): void {
    for (const transaction of entry.transactions) {
      for (const change of transaction.changes) this.#merge(change)
    }
  }

  page(range: KeyRange, limit: number, wallMs: number): { items: Item[]; next: Key | null } {
    const items: Item[] = []
    let bytes = 0
    let visits = 0
    let last: Key | null = null
    for (const [key, register] of this.#store.range(range)) {
      const isFull = items.length === limit || bytes >= PAGE_BYTES_MAX || visits === PAGE_VISITS_MAX
      // A range's end is exclusive, so a reversed page goes on at the last key it visited.
      if (isFull) return { items, next: range.reverse ? last : key }
      visits += 1
      last = key
      const item = this.expiry.itemAt(key, register.winner, wallMs)
      if (item === null) continue
      items.push(item)
      bytes += key.length + item.value.data.length
    }
    return { items, next: null }
  }

  conflictsOf(key: Key, wallMs: number): KeyConflicts | null {
    const register = this.#store.get(key)
    if (register === undefined) return null
    const conflicts = currentConflicts(register, wallMs)
    return conflicts.length === 0 ? null : { key, conflicts }
  }

  conflictsAfter(after: Key | null, limit: number, wallMs: number): { keys: KeyConflicts[]; next: Key | null } {
    const keys: KeyConflicts[] = []
    let visits = 0
    let last = after
    for (const key of this.#store.conflicted(after)) {
      if (keys.length === limit || visits === PAGE_VISITS_MAX) return { keys, next: last }
      visits += 1
      last = key
      const found = this.conflictsOf(key, wallMs)
      if (found !== null) keys.push(found)
    }
    return { keys, next: null }
  }

  #merge({ key, version }: Change): void {
    const before = this.#store.get(key)
    const after = before === undefined ? newRegister(version) : mergeVersion(before, version)
    if (after === before) return
    const { winner, conflicts } = after
    if (before !== undefined && winner === before.winner) {
      this.#store.put(key, { winner, conflicts, low: before.low, high: before.high })
      return
    }
    if (before !== undefined) {
      this.#digest.remove(before)
      if (before.winner.value !== null) this.#liveKeys -= 1
    }
    const isLarge = winner.value !== null && winner.value.data.length > LARGE_BYTES
    const { low, high } = isLarge ? NOT_YET : this.#digest.fingerprint(key, winner)
    const digested = { winner, conflicts, low, high }
    this.#digest.add(digested)
    this.expiry.note(winner)
    if (winner.value !== null) this.#liveKeys += 1
    this.#store.put(key, digested)
    if (isLarge) this.#digestLater(key)
  }

  #digestLater(key: Key): void {
    this.#undigested.add(key)
    if (this.#undigested.size > UNDIGESTED_MAX) this.#digestLarge()
  }

  #digestLarge(): void {
    for (const key of this.#undigested) {
      const register = this.#store.get(key)
      // It may have been overwritten since by one that is digested.
      if (register === undefined || register.low !== NOT_YET.low || register.high !== NOT_YET.high) continue
      const { winner, conflicts } = register
      const { low, high } = this.#digest.fingerprint(key, winner)
      const digested = { winner, conflicts, low, high }
      this.#digest.add(digested)
      this.#store.put(key, digested)
    }
    this.#undigested.clear()
  }
}
