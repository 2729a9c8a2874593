/**
 * The state with what the transactions of a group commit have written so far laid over it: what
 * the next transaction of the commit sees, and what everybody sees once the commit is durable.
 */

import { assert, type Key } from '../base/index.ts'
import { mergeVersion, newRegister, type Register, type Version } from '../crdt/index.ts'
import type { ReadableState } from './answer-read.ts'
import type { Change } from './entry.ts'
import type { Expiry } from './expiry.ts'
import type { Item, KeyRange } from './requests.ts'
import type { State } from './state.ts'

export class PendingState implements ReadableState {
  readonly #state: State
  readonly #changes: (readonly Change[])[] = []
  /** What is written, by key; as far as `#indexed`, since most commits are never read before they land. */
  readonly #written = new Map<Key, Version>()
  #indexed = 0

  constructor(state: State) {
    this.#state = state
  }

  get expiry(): Expiry {
    return this.#state.expiry
  }

  winner(key: Key): Version | null {
    return this.#find(key) ?? this.#state.register(key)?.winner ?? null
  }

  /** The live version of a key at `wallMs`, or null. */
  read(key: Key, wallMs: number): Item | null {
    const version = this.winner(key)
    return version === null ? null : this.expiry.itemAt(key, version, wallMs)
  }

  /** With the conflicts that it has then. */
  register(key: Key): Register | undefined {
    const register = this.#state.register(key)
    const version = this.#find(key)
    if (version === undefined) return register
    return register === undefined ? newRegister(version) : mergeVersion(register, version)
  }

  /** Only before the first write: a page of what is laid over is never asked for (`GroupCommit.next`). */
  page(range: KeyRange, limit: number, wallMs: number): { items: Item[]; next: Key | null } {
    assert(this.#changes.length === 0, 'a scan comes before the writes of a commit')
    return this.#state.page(range, limit, wallMs)
  }

  write(changes: readonly Change[]): void {
    this.#changes.push(changes)
  }

  #find(key: Key): Version | undefined {
    for (; this.#indexed < this.#changes.length; this.#indexed++)
      for (const change of this.#changes[this.#indexed] ?? []) this.#written.set(change.key, change.version)
    return this.#written.get(key)
  }
}
