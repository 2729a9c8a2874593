/**
 * What this replica knows of its peers, from their heartbeats. Liveness is shown, and never used
 * for safety (MB3). Who may speak under a name is decided here too: of two live processes with
 * one name the one that is known first keeps it (ID5).
 */

import { assert, type DirectoryId, type NodeName, type Now, type WriterId } from '../base/index.ts'
import { countMissing, type Dot, type ReadonlyVersionVector, type VersionVector } from '../crdt/index.ts'
import type { Heartbeat } from './message.ts'
import type { PeerRefusal } from './ports.ts'
import type { PeerState, PeerStatus } from './status.ts'

/** Lower finds a lost peer sooner; bandwidth is members × frontier bytes / interval. */
export const HEARTBEAT_INTERVAL_MS = 100
/** Three heartbeats missed: the connection may be dead. */
const SILENT_AFTER_MS = 3 * HEARTBEAT_INTERVAL_MS
/** Ten heartbeats missed. */
export const SUSPECT_AFTER_MS = 1000
/**
 * A peer not heard for this long is down, and its name is free for another directory. Longer
 * makes a wiped node wait at its return; shorter lets a second process take the name of one that
 * only paused.
 */
export const DOWN_AFTER_MS = 3000
/** How long a contested name is reported to its rightful node after the last attempt. */
const CONTESTED_FOR_MS = 30_000

interface Peer {
  connected: boolean
  directory: DirectoryId | null
  heardAtMs: number | null
  /** Its durable frontier by the last report. */
  report: VersionVector | null
  digest: string | null
  /** The first log of the chain that it follows; null before any. */
  beginning: WriterId | null
  /** The members as it knew them at its first start; null before it told. */
  founders: readonly NodeName[] | null
  /** Where clients reach it over HTTP. */
  url: string | null
  reaches: readonly NodeName[]
  rttMs: number | null
  /**
   * Its wall clock minus this node's monotonic one, by its last heartbeat. Not minus this node's
   * wall clock: that may jump, and what was heard before would then be wrong by the jump.
   */
  clockMs: number | null
  /** Its last heartbeat, to be echoed. */
  lastHeartbeat: { readonly sentAtMs: number; readonly receivedAtMs: number } | null
  contestedAtMs: number | null
}

export class Peers {
  readonly #self: NodeName
  readonly #directory: DirectoryId
  /** Who counts in a write concern; others may be connected too. */
  #members: ReadonlySet<NodeName> = new Set()
  readonly #peers = new Map<NodeName, Peer>()

  constructor(self: NodeName, directory: DirectoryId) {
    this.#self = self
    this.#directory = directory
  }

  /** Who they are from here on: they are shown as down before they are ever heard; who is none any more is forgotten once it is gone. */
  setMembers(members: readonly NodeName[]): void {
    const former = this.#members
    this.#members = new Set(members)
    for (const member of members) if (member !== this.#self) this.#peer(member)
    for (const [name, peer] of this.#peers) if (former.has(name) && !this.#members.has(name) && !peer.connected) this.#peers.delete(name)
  }

  /** The reason to refuse a verified hello, or null (ID5). */
  admit(name: NodeName, directory: DirectoryId, now: Now): PeerRefusal | null {
    if (name === this.#self) return directory === this.#directory ? null : 'NAME_IN_USE'
    const peer = this.#peers.get(name)
    if (peer === undefined || peer.directory === null || peer.directory === directory) return null
    if (peer.heardAtMs === null || now.monotonicMs - peer.heardAtMs > DOWN_AFTER_MS) return null
    peer.contestedAtMs = now.monotonicMs
    return 'NAME_IN_USE'
  }

  connect(name: NodeName, directory: DirectoryId, now: Now): void {
    const peer = this.#peer(name)
    // It reports at once. What it had reported before may be gone, with another directory or an older copy of its own.
    peer.report = null
    peer.digest = null
    peer.founders = null
    peer.beginning = null
    peer.directory = directory
    peer.connected = true
    peer.heardAtMs = now.monotonicMs
    peer.lastHeartbeat = null
  }

  disconnect(name: NodeName): void {
    const peer = this.#peer(name)
    peer.connected = false
    peer.reaches = []
    peer.founders = null
  }

  /** It was removed (MB4), and is not shown any more. */
  forget(name: NodeName): void {
    this.#peers.delete(name)
  }

  hear(name: NodeName, heartbeat: Heartbeat & { readonly frontier: VersionVector }, now: Now): void {
    const peer = this.#peer(name)
    peer.heardAtMs = now.monotonicMs
    peer.report = heartbeat.frontier
    peer.digest = heartbeat.digest
    peer.founders = heartbeat.founders
    peer.beginning = heartbeat.beginning
    peer.url = heartbeat.url === '' ? null : heartbeat.url
    peer.reaches = heartbeat.reaches
    peer.lastHeartbeat = { sentAtMs: heartbeat.sentAtMs, receivedAtMs: now.monotonicMs }
    if (heartbeat.echo !== null) peer.rttMs = Math.max(0, now.monotonicMs - heartbeat.echo.sentAtMs - heartbeat.echo.heldMs)
    peer.clockMs = heartbeat.wallMs + (peer.rttMs ?? 0) / 2 - now.monotonicMs
  }

  connected(): NodeName[] {
    return [...this.#peers].filter(([, peer]) => peer.connected).map(([name]) => name)
  }

  /** The directory of a peer that is connected. */
  directoryOf(name: NodeName): DirectoryId | null {
    const peer = this.#peers.get(name)
    return peer?.connected === true ? peer.directory : null
  }

  /** The members by a connected peer's first start; empty if it has a chain that says who votes, null before it told. */
  foundersOf(name: NodeName): readonly NodeName[] | null {
    return this.#peers.get(name)?.founders ?? null
  }

  /** True if its last heartbeats are missing. */
  isSilent(name: NodeName, now: Now): boolean {
    const heardAtMs = this.#peers.get(name)?.heardAtMs ?? null
    return heardAtMs === null || now.monotonicMs - heardAtMs >= SILENT_AFTER_MS
  }

  beginningOf(name: NodeName): WriterId | null {
    return this.#peers.get(name)?.beginning ?? null
  }

  urlOf(name: NodeName): string | null {
    return this.#peers.get(name)?.url ?? null
  }

  echoFor(name: NodeName, now: Now): Heartbeat['echo'] {
    const last = this.#peer(name).lastHeartbeat
    return last === null ? null : { sentAtMs: last.sentAtMs, heldMs: now.monotonicMs - last.receivedAtMs }
  }

  isContested(name: NodeName, now: Now): boolean {
    const at = this.#peer(name).contestedAtMs
    return at !== null && now.monotonicMs - at < CONTESTED_FOR_MS
  }

  /** How many members besides this node reported a transaction as durable. */
  countHolding(version: Dot): number {
    let count = 0
    for (const [name, peer] of this.#peers) if (this.#members.has(name) && peer.report?.has(version) === true) count += 1
    return count
  }

  /** The clocks of the peers that are alive, as offsets to the own one. */
  clockOffsets(now: Now): number[] {
    const offsets: number[] = []
    for (const peer of this.#peers.values()) {
      const skewMs = skewOf(peer, now)
      if (skewMs !== null && stateOf(peer, now) === 'alive') offsets.push(skewMs)
    }
    return offsets
  }

  statuses(frontier: ReadonlyVersionVector, now: Now): PeerStatus[] {
    return [...this.#peers].map(([node, peer]) => ({
      node,
      state: stateOf(peer, now),
      connected: peer.connected,
      directory: peer.directory,
      lag: peer.report === null ? null : countMissing(frontier, peer.report),
      behind: peer.report === null ? null : countMissing(peer.report, frontier),
      rttMs: roundOrNull(peer.rttMs),
      clockSkewMs: roundOrNull(skewOf(peer, now)),
      digest: peer.digest,
      reaches: peer.reaches,
      secondsSinceHeard: peer.heardAtMs === null ? null : roundToTenth((now.monotonicMs - peer.heardAtMs) / 1000),
      nameContested: this.isContested(node, now),
    }))
  }

  #peer(name: NodeName): Peer {
    assert(name !== this.#self, 'a node is no peer of itself')
    let peer = this.#peers.get(name)
    if (peer === undefined) {
      peer = {
        connected: false,
        directory: null,
        heardAtMs: null,
        report: null,
        digest: null,
        founders: null,
        beginning: null,
        url: null,
        reaches: [],
        rttMs: null,
        clockMs: null,
        lastHeartbeat: null,
        contestedAtMs: null,
      }
      this.#peers.set(name, peer)
    }
    return peer
  }
}

/** The peer's wall clock minus this node's. */
function skewOf(peer: Peer, now: Now): number | null {
  return peer.clockMs === null ? null : peer.clockMs + now.monotonicMs - now.wallMs
}

function stateOf(peer: Peer, now: Now): PeerState {
  if (peer.heardAtMs === null) return 'down'
  const silentMs = now.monotonicMs - peer.heardAtMs
  if (silentMs > DOWN_AFTER_MS) return 'down'
  return peer.connected && silentMs <= SUSPECT_AFTER_MS ? 'alive' : 'suspect'
}

function roundOrNull(value: number | null): number | null {
  return value === null ? null : roundToTenth(value)
}

function roundToTenth(value: number): number {
  return Math.round(value * 10) / 10
}
