/**
 * What a node must hold in this life, told from its frontier alone: each time the frontier moves,
 * the transactions it newly covers are laid over a map of winners. Whatever the node itself did
 * to get there, its registers have to be these.
 *
 * Costs one comparison a change and node, and a step for each writer of the frontier.
 */

import type { Key } from '../base/index.ts'
import { type Dot, type ReadonlyVersionVector, type Register, type Version, VersionVector } from '../crdt/index.ts'
import { outranks } from './key-history.ts'
import type { SealedLog, SealedTransaction, SealedTransactions } from './sealed-transactions.ts'

const HIGH_LANE_SIZE = 2 ** 21
const LOW_LANE_SIZE = 2 ** 32

/** What a move brought of one key. */
export interface Arrival {
  /** The last of them, and the event in which it was sealed. */
  version: Version
  sealedAt: number
  count: number
  /** What the node has there after the move: looked up once for all who compare it. */
  register: Register | undefined
}

/** What became of a frontier's last move. */
export interface Move {
  /** Newly covered, log by log. */
  readonly applied: SealedTransaction[]
  /** By key, what was covered newly. */
  readonly arrivals: Map<Key, Arrival>
  /** Keys of versions that were covered newly and lost to a deletion that was there already. */
  readonly overruledByDeletion: Key[]
  /** A dot that nobody sealed, or null. */
  unknown: Dot | null
  /** A writer of whom less is covered than before, or null. */
  retreat: Dot | null
}

export class NodeShadow {
  readonly #transactions: SealedTransactions
  #frontier = new VersionVector()
  #winners = new Map<Key, Version>()
  #liveKeys = 0
  #latest = 0
  #low = 0
  #high = 0
  readonly move: Move = { applied: [], arrivals: new Map(), overruledByDeletion: [], unknown: null, retreat: null }

  constructor(transactions: SealedTransactions) {
    this.#transactions = transactions
  }

  /** What is applied in this life. */
  get frontier(): ReadonlyVersionVector {
    return this.#frontier
  }

  get winners(): ReadonlyMap<Key, Version> {
    return this.#winners
  }

  /** Keys whose winner is no deletion; one past its deadline counts. */
  get liveKeys(): number {
    return this.#liveKeys
  }

  /** The largest timestamp that is applied. */
  get latestTimestamp(): number {
    return this.#latest
  }

  /** Equal for equal frontiers, and for others with a chance of 1 in 2^53. */
  get fingerprint(): number {
    return (this.#high % HIGH_LANE_SIZE) * LOW_LANE_SIZE + this.#low
  }

  /** A new life starts from nothing. */
  restart(): void {
    this.#frontier = new VersionVector()
    this.#winners = new Map()
    this.#liveKeys = 0
    this.#latest = 0
    this.#low = 0
    this.#high = 0
    this.#forgetMove()
  }

  advance(frontier: ReadonlyVersionVector): Move {
    this.#forgetMove()
    let unseen = this.#frontier.size
    for (const [writer, sequence] of frontier.entries()) {
      const known = this.#frontier.get(writer)
      if (known > 0) unseen -= 1
      if (known === sequence) continue
      if (sequence < known) this.move.retreat = { writer, sequence }
      else this.#advanceLog({ writer, sequence }, known)
    }
    if (unseen > 0) this.move.retreat = this.#findMissing(frontier)
    return this.move
  }

  #advanceLog(last: Dot, known: number): void {
    const log = this.#transactions.log(last.writer)
    for (let sequence = known + 1; sequence <= last.sequence; sequence++) {
      const transaction = log?.transactions[sequence - 1]
      if (log === undefined || transaction === undefined) {
        this.move.unknown = { writer: last.writer, sequence }
        return
      }
      this.#apply(transaction)
    }
    if (log !== undefined) this.#refingerprint(log, known, last.sequence)
    this.#frontier.advance(last.writer, last.sequence)
  }

  #apply(transaction: SealedTransaction): void {
    this.move.applied.push(transaction)
    if (transaction.timestamp > this.#latest) this.#latest = transaction.timestamp
    for (const { key, version } of transaction.changes) {
      this.#noteArrival(key, version, transaction.sealedAt)
      const winner = this.#winners.get(key)
      if (winner === undefined || outranks(version, winner)) {
        this.#winners.set(key, version)
        this.#liveKeys += countLive(version) - countLive(winner)
      } else if (winner.value === null && version.value !== null) {
        this.move.overruledByDeletion.push(key)
      }
    }
  }

  #noteArrival(key: Key, version: Version, sealedAt: number): void {
    const known = this.move.arrivals.get(key)
    if (known === undefined) {
      this.move.arrivals.set(key, { version, sealedAt, count: 1, register: undefined })
      return
    }
    known.version = version
    known.sealedAt = sealedAt
    known.count += 1
  }

  /** A sum over the logs, so that it can be kept up and does not depend on an order. */
  #refingerprint(log: SealedLog, before: number, after: number): void {
    if (before > 0) {
      this.#low = (this.#low - mix(log.hashLow, before)) >>> 0
      this.#high = (this.#high - mix(log.hashHigh, before)) >>> 0
    }
    this.#low = (this.#low + mix(log.hashLow, after)) >>> 0
    this.#high = (this.#high + mix(log.hashHigh, after)) >>> 0
  }

  #findMissing(frontier: ReadonlyVersionVector): Dot | null {
    for (const [writer] of this.#frontier.entries()) if (frontier.get(writer) === 0) return { writer, sequence: 0 }
    return null
  }

  #forgetMove(): void {
    this.move.applied.length = 0
    this.move.arrivals.clear()
    this.move.overruledByDeletion.length = 0
    this.move.unknown = null
    this.move.retreat = null
  }
}

function countLive(version: Version | undefined): 0 | 1 {
  return version === undefined || version.value === null ? 0 : 1
}

function mix(hash: number, sequence: number): number {
  let mixed = Math.imul(hash ^ sequence, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
