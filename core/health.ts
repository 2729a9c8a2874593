/**
 * Whether this node may write: room on the disk, its name its own, its clock near the others'.
 * What is found is kept until the next look, at each tick and change of peers.
 */

import type { NodeName, Now, Timestamp } from '../base/index.ts'
import { wallFromTimestamp } from '../crdt/index.ts'
import type { PeerRefusal } from './ports.ts'
import type { ReadOnlyReason } from './read-only.ts'
import { medianOffsetMs, OTHER_CLOCKS_MIN } from './reference-clock.ts'

/** A refusal that was not repeated for this long is over: a refused node asks again every few seconds. */
const REFUSAL_FRESH_MS = 15_000

export interface Refusal {
  /** Who refused this node. */
  readonly node: NodeName
  readonly reason: PeerRefusal
}

/** What a look at the health needs to know. */
export interface Surroundings {
  /** The clocks of the peers that are alive, as offsets to the own one. */
  readonly clockOffsetsMs: readonly number[]
  readonly connectedPeers: number
  /** The chain says that this node's directory is no member's any more (MB4). */
  readonly isRemoved: boolean
  /** The last timestamp given or seen. */
  readonly latest: Timestamp
  readonly now: Now
}

export class Health {
  readonly #maxClockDriftMs: number
  readonly #refusals = new Map<NodeName, { readonly reason: PeerRefusal; readonly atMs: number }>()
  #hasRoom = true
  /** Somebody refused it for that: it has applied a committed entry, which nothing undoes for this directory. */
  #wasRemoved = false
  /** The reference clock minus this node's monotonic one; null while its own wall clock is the reference. */
  #referenceMs: number | null = null
  #readOnly: ReadOnlyReason | null = null

  constructor(maxClockDriftMs: number) {
    this.#maxClockDriftMs = maxClockDriftMs
  }

  /** Why it refuses writes, or null. */
  get readOnly(): ReadOnlyReason | null {
    return this.#readOnly
  }

  /** The reference clock minus this node's wall clock. */
  referenceOffsetMs(now: Now): number {
    return this.#reference(now) - now.wallMs
  }

  noteRoom(hasRoom: boolean): void {
    this.#hasRoom = hasRoom
  }

  noteRefusal(by: NodeName, reason: PeerRefusal, now: Now): void {
    this.#refusals.set(by, { reason, atMs: now.monotonicMs })
    if (reason === 'REMOVED') this.#wasRemoved = true
  }

  noteAdmission(by: NodeName): void {
    this.#refusals.delete(by)
  }

  assess({ clockOffsetsMs, connectedPeers, isRemoved, latest, now }: Surroundings): void {
    this.#referenceMs = clockOffsetsMs.length < OTHER_CLOCKS_MIN ? null : now.wallMs - now.monotonicMs + medianOffsetMs(clockOffsetsMs)
    // Who is refused by some and connected to others may yet be in the right.
    const refusal = connectedPeers === 0 ? (this.refusals(now)[0]?.reason ?? null) : null
    if (isRemoved || this.#wasRemoved) this.#readOnly = 'REMOVED'
    else if (!this.#hasRoom) this.#readOnly = 'DISK_FULL'
    else if (refusal !== null) this.#readOnly = refusal
    else this.#readOnly = this.#isAhead(latest, now) ? 'CLOCK_SKEW' : null
  }

  refusals(now: Now): readonly Refusal[] {
    return [...this.#refusals]
      .filter(([, { atMs }]) => now.monotonicMs - atMs < REFUSAL_FRESH_MS)
      .map(([node, { reason }]) => ({ node, reason }))
  }

  /** True if a timestamp is too far ahead of the reference clock (HL3). */
  isSkewed(timestamp: Timestamp, now: Now): boolean {
    return wallFromTimestamp(timestamp) > this.#reference(now) + this.#maxClockDriftMs
  }

  /**
   * The wall clock to stamp with (HL3): a node that is far behind goes by the reference, and so does
   * what was admitted before its clock jumped far ahead.
   */
  stampingWallMs(now: Now): number {
    const reference = this.#reference(now)
    return Math.abs(reference - now.wallMs) > this.#maxClockDriftMs ? reference : now.wallMs
  }

  /** Rises with the monotonic clock between two looks: a jump of this node's wall clock moves it only if that is all there is. */
  #reference(now: Now): number {
    return this.#referenceMs === null ? now.wallMs : now.monotonicMs + this.#referenceMs
  }

  /** This node's entries would be held by its peers (HL3): for its wall clock, or for what that once was. */
  #isAhead(latest: Timestamp, now: Now): boolean {
    return now.wallMs - this.#reference(now) > this.#maxClockDriftMs || this.isSkewed(latest, now)
  }
}
