/**
 * What a door computes on the state in one go. A list of operations (`requests.ts`) says what to
 * write; a procedure reads first and decides then: append to a value, rename a key, run a queue of
 * commands. It is executed in its turn of the group commit, so nothing comes between its reads
 * and its writes on this node, and what it writes is one transaction (WR3, RG5).
 *
 * A procedure keeps what it learned for its door. It may be run again before its reply comes, on
 * another state: the last run counts, so every run starts from nothing. Or it is not run at all: a
 * request whose idempotency key was executed already is answered without it. Then what the
 * procedure remembers is of an earlier try of this very object, or nothing.
 *
 * Reading at the door and writing under a condition was rejected: a hot key would make most of the
 * tries fail, and each costs a durable write's time.
 */

import type { Key } from '../base/index.ts'
import type { Value } from '../crdt/index.ts'
import type { Item } from './requests.ts'

/** The live keys, at one moment. */
export interface KeyView {
  /** The moment, in milliseconds since 1970: deadlines count from here. */
  readonly wallMs: number
  /** The live version of a key, or null. */
  read(key: Key): Item | null
}

/** The live keys, with what the procedure has written so far. */
export interface KeyEditor extends KeyView {
  /** @param deadlineMs milliseconds since 1970 from which the key is gone, or null */
  set(key: Key, value: Value, deadlineMs: number | null): void
  /** True if there was such a key; else nothing is written. */
  delete(key: Key): boolean
}

/** Reads keys and remembers what it found. */
export interface Inspection {
  /** Every key that it reads. */
  readonly keys: readonly Key[]
  run(view: KeyView): void
}

/** Reads and writes keys. It must not fail: what it can't do it remembers as its answer. */
export interface Procedure {
  /** Every key that it reads or writes. */
  readonly keys: readonly Key[]
  /** About how much it will write, in bytes of keys and values: its share of an entry. */
  readonly bytes: number
  run(editor: KeyEditor): void
}
