/**
 * Executes one transaction against the state, with what earlier transactions of the same group
 * commit have done laid over it. It decides and changes nothing: its outcome is what the group
 * commit will write.
 */

import { BATCH_BYTES_MAX, type Epoch, type Key, SkeinError, type Timestamp, unreachable } from '../base/index.ts'
import { type Dependencies, type Dot, formatDot, sameDot, type Value, type Version, valueAt } from '../crdt/index.ts'
import type { Change } from './entry.ts'
import type { Condition, Operation, TransactionRequest } from './requests.ts'
import type { State } from './state.ts'

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
  | { readonly kind: 'changes'; readonly changes: readonly Change[]; readonly deleted: number }
  /** All operations deleted what did not exist. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly error: SkeinError }

/** Versions that earlier transactions of the commit wrote, by key. */
export type Overlay = ReadonlyMap<Key, Version>

export function execute(request: TransactionRequest, state: State, overlay: Overlay, stamp: Stamp): Outcome {
  for (const condition of request.conditions) {
    const error = checkCondition(condition, currentVersion(condition.key, state, overlay), stamp.wallMs)
    if (error !== null) return { kind: 'failed', error }
  }
  const only = request.operations[0]
  if (request.operations.length === 1 && only?.kind === 'set') {
    return { kind: 'changes', changes: [setChange(only, stamp)], deleted: 0 }
  }
  // A key that is written twice keeps its last operation, as if the others had run before it.
  const changes = new Map<Key, Change>()
  let deleted = 0
  for (const operation of request.operations) {
    const change = changeOf(operation, state, overlay, changes, stamp)
    if (change instanceof SkeinError) return { kind: 'failed', error: change }
    if (change === null) continue
    if (operation.kind === 'delete') deleted += 1
    changes.delete(operation.key)
    changes.set(operation.key, change)
  }
  const bytes = bytesOf(changes.values())
  if (bytes > BATCH_BYTES_MAX) {
    const message = `the transaction writes ${bytes} bytes of keys and values, at most ${BATCH_BYTES_MAX} are possible: split it`
    return { kind: 'failed', error: new SkeinError('TOO_LARGE', message) }
  }
  return changes.size === 0 ? { kind: 'nothing' } : { kind: 'changes', changes: [...changes.values()], deleted }
}

/** Known only here, as a restore brings back what the state holds. */
function bytesOf(changes: Iterable<Change>): number {
  let bytes = 0
  for (const { key, version } of changes) bytes += key.length + (version.value?.data.length ?? 0)
  return bytes
}

function checkCondition(condition: Condition, version: Version | null, wallMs: number): SkeinError | null {
  const live = version !== null && valueAt(version, wallMs) !== null ? version : null
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

function changeOf(
  operation: Operation,
  state: State,
  overlay: Overlay,
  earlier: ReadonlyMap<Key, Change>,
  stamp: Stamp,
): Change | SkeinError | null {
  switch (operation.kind) {
    case 'set':
      return setChange(operation, stamp)
    case 'delete': {
      const current = earlier.get(operation.key)?.version ?? currentVersion(operation.key, state, overlay)
      const exists = current !== null && valueAt(current, stamp.wallMs) !== null
      return exists ? stampedChange(operation.key, null, null, stamp) : null
    }
    case 'restore': {
      const record = state.conflictsOf(operation.key, stamp.wallMs)?.conflicts.find(({ loser }) => sameDot(loser.dot, operation.version))
      if (record !== undefined) return stampedChange(operation.key, record.loser.value, null, stamp)
      return new SkeinError('NOT_FOUND', `no conflict of this key has the loser ${formatDot(operation.version)}: list the key's conflicts`)
    }
    default:
      return unreachable(operation)
  }
}

function currentVersion(key: Key, state: State, overlay: Overlay): Version | null {
  return overlay.get(key) ?? state.register(key)?.winner ?? null
}

function setChange(operation: Extract<Operation, { kind: 'set' }>, stamp: Stamp): Change {
  const deadlineMs = operation.ttlMs === null ? null : Math.ceil(stamp.wallMs + operation.ttlMs)
  return stampedChange(operation.key, operation.value, deadlineMs, stamp)
}

function stampedChange(key: Key, value: Value | null, deadlineMs: number | null, stamp: Stamp): Change {
  const { dot, epoch, timestamp, dependencies } = stamp
  return { key, version: { dot, epoch, timestamp, value, deadlineMs, dependencies } }
}
