/**
 * What is certainly on each disk, so that exactly what a lost disk took with it may be missing,
 * and no more. What a node applied is durable there (JR6), and stays so whatever happens to the
 * process; only a fault that changes the disk itself lowers what is certain. Of what was certain
 * before it, it then still is
 *
 * - what the disk holds by a look at every block (`contentsOf`): a copy that was put back, the
 *   journal beside logs that were, all but a torn frame. That must be found again, and what depends
 *   on the rest waits until a peer has it;
 * - what has to be there, whether it is or not: of a directory that was put back, what was certain
 *   when the copy was made.
 *
 * Everything is an underestimate: a node may turn out to hold more.
 */

import type { WriterId } from '../base/index.ts'
import { type ReadonlyVersionVector, VersionVector } from '../crdt/index.ts'
import type { NodeIndex } from './fault.ts'
import type { SealedTransactions } from './sealed-transactions.ts'

/** Earlier states are remembered for so long, in ms; a disk put back to before them counts as empty. */
const STATES_AGE_MAX_MS = 300_000
/** One state in this many ms is enough: what was applied since the last one counts as not copied. */
const STATES_INTERVAL_MS = 100
/** Old states are dropped in bulk. */
const DROP_STATES_MIN = 1024

interface EarlierState {
  readonly atMs: number
  readonly frontier: ReadonlyVersionVector
}

class Disk {
  certain: ReadonlyVersionVector = new VersionVector()
  /** True once this life has applied all that is certain: its frontier is then what is certain. */
  isCaughtUp = false
  earlier: EarlierState[] = []
  /** Number of the event that last lowered what is certain; -1 if none did. */
  loweredAt = -1
}

export class DurableKnowledge {
  readonly #disks: readonly Disk[]
  readonly #transactions: SealedTransactions

  constructor(nodes: number, transactions: SealedTransactions) {
    this.#disks = Array.from({ length: nodes }, () => new Disk())
    this.#transactions = transactions
  }

  /** What is certainly on a node's disk: causally closed. */
  certain(node: NodeIndex): ReadonlyVersionVector {
    return this.#disk(node).certain
  }

  /** Number of the event that last took something off a node's disk; -1 if none did. */
  loweredAt(node: NodeIndex): number {
    return this.#disk(node).loweredAt
  }

  /** What is certainly on some disk: none of it may be lost. */
  guaranteed(): VersionVector {
    const all = new VersionVector()
    for (const disk of this.#disks) all.join(disk.certain)
    return all
  }

  restart(node: NodeIndex): void {
    this.#disk(node).isCaughtUp = false
  }

  /** @param frontier a copy, kept */
  applied(node: NodeIndex, frontier: ReadonlyVersionVector, atMs: number): void {
    const disk = this.#disk(node)
    disk.isCaughtUp ||= frontier.covers(disk.certain)
    this.#set(disk, disk.isCaughtUp ? frontier : disk.certain.copy().join(frontier), atMs)
  }

  wiped(node: NodeIndex, atMs: number, event: number): void {
    this.#lower(node, new VersionVector(), atMs, event)
  }

  /** The disk is as it was before `copiedAtMs`, and holds this. */
  putBack(node: NodeIndex, holds: ReadonlyVersionVector, copiedAtMs: number, atMs: number, event: number): void {
    this.#lower(node, this.#closed(this.#still(node, holds).join(this.#before(node, copiedAtMs))), atMs, event)
  }

  /**
   * Some of the disk is gone, and it holds this: the journal's last frame; or the store of the logs is an older copy,
   * beside a journal that has since given up what the store had by then.
   */
  lostSome(node: NodeIndex, holds: ReadonlyVersionVector, atMs: number, event: number): void {
    this.#lower(node, this.#closed(this.#still(node, holds)), atMs, event)
  }

  /** What was certain, and is there. */
  #still(node: NodeIndex, holds: ReadonlyVersionVector): VersionVector {
    const certain = [...this.#disk(node).certain.entries()]
    return toVector(new Map(certain.map(([writer, sequence]) => [writer, Math.min(sequence, holds.get(writer))])))
  }

  #before(node: NodeIndex, atMs: number): ReadonlyVersionVector {
    return this.#disk(node).earlier.findLast((earlier) => earlier.atMs < atMs)?.frontier ?? new VersionVector()
  }

  #lower(node: NodeIndex, frontier: ReadonlyVersionVector, atMs: number, event: number): void {
    const disk = this.#disk(node)
    disk.isCaughtUp = false
    disk.loweredAt = event
    disk.earlier.push({ atMs, frontier })
    this.#set(disk, frontier, atMs)
  }

  #set(disk: Disk, frontier: ReadonlyVersionVector, atMs: number): void {
    disk.certain = frontier
    const last = disk.earlier.at(-1)
    if (last !== undefined && atMs - last.atMs < STATES_INTERVAL_MS) return
    disk.earlier.push({ atMs, frontier })
    const oldestMs = atMs - STATES_AGE_MAX_MS
    if ((disk.earlier[DROP_STATES_MIN]?.atMs ?? atMs) >= oldestMs) return
    // The youngest of those that are too old stays: it was the state when the window begins.
    disk.earlier = disk.earlier.slice(disk.earlier.findLastIndex((earlier) => earlier.atMs < oldestMs))
  }

  /** The largest causally closed part. */
  #closed(open: ReadonlyVersionVector): VersionVector {
    const sequences = new Map(open.entries())
    let vector = toVector(sequences)
    for (let moved = true; moved; vector = toVector(sequences)) {
      moved = false
      for (const [writer, sequence] of sequences) {
        let last = sequence
        while (last > 0 && this.#transactions.find(writer, last)?.dependencies.coveredBy(vector) !== true) last -= 1
        if (last === sequence) continue
        sequences.set(writer, last)
        moved = true
      }
    }
    return vector
  }

  #disk(node: NodeIndex): Disk {
    const disk = this.#disks[node]
    if (disk === undefined) throw new RangeError(`there is no node ${node}`)
    return disk
  }
}

function toVector(sequences: ReadonlyMap<WriterId, number>): VersionVector {
  return new VersionVector([...sequences].filter(([, sequence]) => sequence > 0))
}
