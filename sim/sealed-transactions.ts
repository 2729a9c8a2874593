/**
 * Every transaction that any node sealed, by its dot and by its keys: what there is to be read,
 * applied or lost in a run. Nothing is ever taken out, since a partition, a pause or a disk that
 * was put back can bring anything up again.
 */

import { type Epoch, type Key, present, type WriterId } from '../base/index.ts'
import type { Change, Entry, Transaction } from '../core/index.ts'
import type { Dependencies, Dot, ReadonlyVersionVector, Version } from '../crdt/index.ts'
import type { NodeIndex } from './fault.ts'
import { KeyHistory } from './key-history.ts'

export interface SealedTransaction {
  readonly dot: Dot
  readonly timestamp: number
  /** What its writer had applied, its own log aside. */
  readonly dependencies: Dependencies
  readonly changes: readonly Change[]
  readonly idempotencyKey: string | null
  readonly node: NodeIndex
  /** Of the process that sealed it. */
  readonly life: number
  /** Number of the event in which it was sealed. */
  readonly sealedAt: number
  /** Its node's wall clock then, in milliseconds since 1970: deadlines count from it. */
  readonly sealedWallMs: number
  /** Its commit was reported durable. A commit in flight at a crash may be durable without that. */
  isDurable: boolean
  /** Number of the event in which a client was told that it is committed, or null. */
  acknowledgedAt: number | null
}

export interface SealedLog {
  readonly writer: WriterId
  readonly node: NodeIndex
  readonly life: number
  /** A transaction's place is its sequence less one. */
  readonly transactions: SealedTransaction[]
  /** Two lanes of a hash of the writer, for fingerprints of frontiers. */
  readonly hashLow: number
  readonly hashHigh: number
}

/** When and by whom an entry is sealed. */
export interface Sealing {
  readonly node: NodeIndex
  readonly life: number
  /** Number of the event. */
  readonly at: number
  /** The node's wall clock, in milliseconds since 1970. */
  readonly wallMs: number
}

/** A dot that was sealed before, with what was sealed under it then. */
export interface Clash {
  readonly dot: Dot
  readonly before: SealedTransaction
}

export class SealedTransactions {
  readonly #logs = new Map<WriterId, SealedLog>()
  readonly #keys = new Map<Key, KeyHistory>()
  /** In the order of their bytes. */
  readonly #sortedKeys: Key[] = []
  #latestTimestamp = 0
  #conflicts = 0

  /** The largest timestamp that was ever sealed. */
  get latestTimestamp(): number {
    return this.#latestTimestamp
  }

  /** Versions that were sealed without knowing the key's winner of that moment: one of the two loses. */
  get conflicts(): number {
    return this.#conflicts
  }

  log(writer: WriterId): SealedLog | undefined {
    return this.#logs.get(writer)
  }

  find(writer: WriterId, sequence: number): SealedTransaction | undefined {
    return this.#logs.get(writer)?.transactions[sequence - 1]
  }

  history(key: Key): KeyHistory | undefined {
    return this.#keys.get(key)
  }

  /** The winner of a key at a frontier, or null if it knows no version. */
  winnerAt(key: Key, frontier: ReadonlyVersionVector): Version | null {
    return this.#keys.get(key)?.winnerAt(frontier) ?? null
  }

  /** All keys with a version, in the order of their bytes. */
  get sortedKeys(): readonly Key[] {
    return this.#sortedKeys
  }

  /**
   * Files an entry. A transaction that is out of line, or there already and another one, is given
   * back instead of filed. One that is there as it is was carried on by a later life (JR8).
   */
  add(entry: Entry, sealing: Sealing, filed: SealedTransaction[]): Clash | Dot | null {
    const log = this.#logFor(entry.writer, sealing)
    for (const transaction of entry.transactions) {
      const before = log.transactions[transaction.sequence - 1]
      const dot = { writer: entry.writer, sequence: transaction.sequence }
      if (before !== undefined && isSame(before, transaction)) continue
      if (before !== undefined) return { dot, before }
      if (transaction.sequence !== log.transactions.length + 1) return dot
      filed.push(this.#file(log, dot, transaction, entry, sealing))
    }
    return null
  }

  #file(log: SealedLog, dot: Dot, transaction: Transaction, entry: Entry, { at, wallMs }: Sealing): SealedTransaction {
    const { changes, idempotencyKey } = transaction
    const timestamp = changes[0]?.version.timestamp ?? 0
    const sealed: SealedTransaction = {
      dot,
      timestamp,
      dependencies: entry.dependencies,
      changes,
      idempotencyKey,
      node: log.node,
      life: log.life,
      sealedAt: at,
      sealedWallMs: wallMs,
      isDurable: false,
      acknowledgedAt: null,
    }
    log.transactions.push(sealed)
    if (timestamp > this.#latestTimestamp) this.#latestTimestamp = timestamp
    for (const { key, version } of changes) this.#fileVersion(key, version)
    return sealed
  }

  #fileVersion(key: Key, version: Version): void {
    let history = this.#keys.get(key)
    if (history === undefined) {
      history = new KeyHistory()
      this.#keys.set(key, history)
      this.#sortedKeys.splice(placeOf(this.#sortedKeys, key), 0, key)
    }
    const { top } = history
    if (top !== null && top.dot.writer !== version.dot.writer && !version.dependencies.has(top.dot)) this.#conflicts += 1
    history.add(version)
  }

  #logFor(writer: WriterId, { node, life }: Sealing): SealedLog {
    let log = this.#logs.get(writer)
    if (log === undefined) {
      const [hashLow, hashHigh] = hashOf(writer)
      log = { writer, node, life, transactions: [], hashLow, hashHigh }
      this.#logs.set(writer, log)
    }
    return log
  }
}

/** The epoch of the log that it was written to. */
export function epochOf({ changes }: SealedTransaction): Epoch {
  return present(changes[0], 'a transaction has a change').version.epoch
}

/** Where the first key that is not before `key` stands among sorted ones. */
export function placeOf(keys: readonly Key[], key: Key): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = keys[middle]
    if (other !== undefined && other < key) low = middle + 1
    else high = middle
  }
  return low
}

function isSame(left: SealedTransaction, right: Transaction): boolean {
  if (left.changes.length !== right.changes.length) return false
  return left.changes.every(({ key, version }, place) => {
    const other = right.changes[place]
    if (other === undefined || other.key !== key || other.version.timestamp !== version.timestamp) return false
    return other.version.value?.data === version.value?.data && other.version.deadlineMs === version.deadlineMs
  })
}

/** FNV-1a, and the same with another prime. */
function hashOf(text: string): [low: number, high: number] {
  let low = 0x811c9dc5
  let high = 0x9e3779b9
  for (let place = 0; place < text.length; place++) {
    low = Math.imul(low ^ text.charCodeAt(place), 0x01000193)
    high = Math.imul(high ^ text.charCodeAt(place), 0x85ebca6b)
  }
  return [low >>> 0, high >>> 0]
}
