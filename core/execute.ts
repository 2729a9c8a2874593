/**
 * Executes one transaction on the pending state of its group commit. It decides and changes
 * nothing: its outcome is what the commit will write.
 */

import {
  BATCH_BYTES_MAX,
  BATCH_OPERATIONS_MAX,
  type Epoch,
  type Key,
  present,
  SkeinError,
  type Timestamp,
  unreachable,
} from '../base/index.ts'
import { currentConflicts, type Dependencies, type Dot, formatDot, sameDot, type Value, type Version } from '../crdt/index.ts'
import type { Change } from './entry.ts'
import type { PendingState } from './pending-state.ts'
import type { KeyEditor } from './procedure.ts'
import type { Condition, Item, Operation, WriteRequest } from './requests.ts'

/** The identity that the transaction's versions get. */
export interface Stamp {
  readonly dot: Dot
  readonly epoch: Epoch
  readonly timestamp: Timestamp
  readonly dependencies: Dependencies
  /** Deadlines count from here. */
  readonly wallMs: number
}

export type Outcome =
  /** `bytes` of keys and values. */
  | { readonly kind: 'changes'; readonly changes: readonly Change[]; readonly deleted: number; readonly bytes: number }
  /** There is nothing to write: all operations deleted what did not exist. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly error: SkeinError }

export function execute(request: WriteRequest, pending: PendingState, stamp: Stamp): Outcome {
  for (const condition of request.conditions) {
    const error = checkCondition(condition, pending, stamp.wallMs)
    if (error !== null) return { kind: 'failed', error }
  }
  if (request.kind === 'transaction' && request.operations.length === 1) {
    const only = present(request.operations[0], 'it has one operation')
    if (only.kind === 'set') return { kind: 'changes', changes: [setChange(only, stamp)], deleted: 0, bytes: bytesOf(only.key, only.value) }
  }
  const draft = new Draft(pending, stamp)
  if (request.kind === 'procedure') request.procedure.run(draft)
  else {
    for (const operation of request.operations) {
      const error = operate(operation, draft, pending, stamp)
      if (error !== null) return { kind: 'failed', error }
    }
  }
  return draft.outcome()
}

/** The changes of one transaction. A key that is written twice keeps its last change, as if the others had run before it. */
class Draft implements KeyEditor {
  readonly #pending: PendingState
  readonly #stamp: Stamp
  readonly #changes = new Map<Key, Change>()
  #deleted = 0

  constructor(pending: PendingState, stamp: Stamp) {
    this.#pending = pending
    this.#stamp = stamp
  }

  get wallMs(): number {
    return this.#stamp.wallMs
  }

  read(key: Key): Item | null {
    const version = this.#changes.get(key)?.version ?? this.#pending.winner(key)
    return version === null ? null : this.#pending.expiry.itemAt(key, version, this.wallMs)
  }

  set(key: Key, value: Value, deadlineMs: number | null): void {
    this.#put(stampedChange(key, value, deadlineMs, this.#stamp))
  }

  delete(key: Key): boolean {
    if (this.read(key) === null) return false
    this.bury(key)
    this.#deleted += 1
    return true
  }

  /** Writes a tombstone, whatever is there. */
  bury(key: Key): void {
    this.#put(stampedChange(key, null, null, this.#stamp))
  }

  outcome(): Outcome {
    if (this.#changes.size === 0) return { kind: 'nothing' }
    let bytes = 0
    for (const { key, version } of this.#changes.values()) bytes += bytesOf(key, version.value)
    const error = sizeError(this.#changes.size, bytes)
    if (error !== null) return { kind: 'failed', error }
    return { kind: 'changes', changes: [...this.#changes.values()], deleted: this.#deleted, bytes }
  }

  #put(change: Change): void {
    this.#changes.delete(change.key)
    this.#changes.set(change.key, change)
  }
}

/** Known only here, as a restore and a procedure write what the state holds. */
function sizeError(changes: number, bytes: number): SkeinError | null {
  if (changes > BATCH_OPERATIONS_MAX)
    return new SkeinError('TOO_LARGE', `the transaction writes ${changes} keys, at most ${BATCH_OPERATIONS_MAX} are possible: split it`)
  if (bytes <= BATCH_BYTES_MAX) return null
  const message = `the transaction writes ${bytes} bytes of keys and values, at most ${BATCH_BYTES_MAX} are possible: split it`
  return new SkeinError('TOO_LARGE', message)
}

function bytesOf(key: Key, value: Value | null): number {
  return key.length + (value?.data.length ?? 0)
}

function checkCondition(condition: Condition, pending: PendingState, wallMs: number): SkeinError | null {
  const live = pending.read(condition.key, wallMs)?.version ?? null
  const current = live === null ? null : formatDot(live.dot)
  switch (condition.kind) {
    case 'absent':
      if (live === null) return null
      return new SkeinError('CONFLICT', `the key exists already, as version ${current}: read it, or write without the condition`, {
        details: { current },
      })
    case 'version':
      if (live !== null && sameDot(live.dot, condition.version)) return null
      return new SkeinError(
        'CONFLICT',
        `the key is not at version ${formatDot(condition.version)} but ${current ?? 'absent'}: read it again and decide anew`,
        { details: { current } },
      )
    default:
      return unreachable(condition)
  }
}

function operate(operation: Operation, draft: Draft, pending: PendingState, stamp: Stamp): SkeinError | null {
  switch (operation.kind) {
    case 'set':
      draft.set(operation.key, operation.value, deadlineOf(operation.ttlMs, stamp))
      return null
    case 'delete':
      draft.delete(operation.key)
      return null
    case 'restore': {
      const loser = loserOf(operation.key, operation.version, pending, stamp)
      if (loser === null) {
        const message = `no conflict of this key has the loser ${formatDot(operation.version)}: list the key's conflicts`
        return new SkeinError('NOT_FOUND', message)
      }
      if (loser.value === null) draft.bury(operation.key)
      else draft.set(operation.key, loser.value, null)
      return null
    }
    default:
      return unreachable(operation)
  }
}

function loserOf(key: Key, loser: Dot, pending: PendingState, { wallMs }: Stamp): Version | null {
  const register = pending.register(key)
  const conflicts = register === undefined ? [] : currentConflicts(register, wallMs)
  return conflicts.find((conflict) => sameDot(conflict.loser.dot, loser))?.loser ?? null
}

function deadlineOf(ttlMs: number | null, { wallMs }: Stamp): number | null {
  return ttlMs === null ? null : Math.ceil(wallMs + ttlMs)
}

function setChange(operation: Extract<Operation, { kind: 'set' }>, stamp: Stamp): Change {
  return stampedChange(operation.key, operation.value, deadlineOf(operation.ttlMs, stamp), stamp)
}

function stampedChange(key: Key, value: Value | null, deadlineMs: number | null, stamp: Stamp): Change {
  const { dot, epoch, timestamp, dependencies } = stamp
  return { key, version: { dot, epoch, timestamp, value, deadlineMs, dependencies } }
}
