/**
 * What a replica says of itself and of its peers. A plain value: the doors add what only the
 * process knows (storage, uptime) and show it as JSON.
 */

import type { DirectoryId, Epoch, NodeName, WriterId } from '../base/index.ts'
import type { ChainPlace, Position } from './leader-mode/position.ts'
import type { PeerRefusal } from './ports.ts'
import type { ReadOnlyReason } from './read-only.ts'

/** In words what the replica does: reading its logs, serving, or serving reads alone. */
export type ReplicaState =
  | { readonly kind: 'recovering'; readonly done: number; readonly total: number }
  | { readonly kind: 'serving' }
  | { readonly kind: 'read-only'; readonly reason: ReadOnlyReason }

/**
 * - `active`: this node writes it in this life
 * - `following`: copied from peers as it grows
 * - `sealed`: complete, its node has begun another log
 * - `waiting`: its next entry depends on others that are not here yet
 * - `skewed`: its next entry is too far ahead of the clocks (HL3)
 * - `corrupt`, `forked`: out of service (LG4, LG2)
 */
export type LogState = 'active' | 'following' | 'sealed' | 'waiting' | 'skewed' | 'corrupt' | 'forked'

export interface LogStatus {
  readonly writer: WriterId
  readonly node: NodeName
  readonly epoch: Epoch | null
  readonly state: LogState
  /** Blocks taken from it so far. */
  readonly length: number
  /** Transactions applied. */
  readonly applied: number
  /** Entries that are here and wait. */
  readonly waiting: number
  /** Why it is out of service, with the index of the block. */
  readonly reason: string | null
}

export type PeerState = 'alive' | 'suspect' | 'down'

export interface PeerStatus {
  readonly node: NodeName
  readonly state: PeerState
  readonly connected: boolean
  readonly directory: DirectoryId | null
  /** Transactions applied here that the peer has not reported durable. Null before its first report. */
  readonly lag: number | null
  /** Transactions that the peer reported and this node has not applied. */
  readonly behind: number | null
  readonly rttMs: number | null
  /** The peer's wall clock minus this node's. */
  readonly clockSkewMs: number | null
  /** The peer's digest by its last report. */
  readonly digest: string | null
  /** The peers that it said it reaches. */
  readonly reaches: readonly NodeName[]
  readonly secondsSinceHeard: number | null
  /** Set if two live processes use this name (ID5). */
  readonly nameContested: boolean
}

/** Where this member is in the chain of leaders' logs. */
export interface ChainStatus {
  readonly role: 'follower' | 'canvassing' | 'candidate' | 'leader'
  readonly promised: Epoch
  /** The highest block that it holds, with all below (LM1). */
  readonly position: Position
  readonly committed: ChainPlace | null
  readonly applied: ChainPlace | null
  readonly voters: readonly {
    readonly node: NodeName
    readonly directory: DirectoryId | null
    /** Blocks of the leader's log that it holds; known to the leader alone. */
    readonly length: number | null
  }[]
}

export interface Status {
  readonly node: NodeName
  readonly directory: DirectoryId
  /** The log that this life of the node writes; null before its first write (ID3). */
  readonly writer: WriterId | null
  readonly state: ReplicaState
  readonly mode: 'multi' | 'leader'
  readonly epoch: Epoch
  readonly leader: NodeName | null
  readonly chain: ChainStatus
  readonly members: readonly NodeName[]
  /** Nodes without a vote, this one included, that are here and are not among the members (MB2). */
  readonly learners: readonly NodeName[]
  /** Connected nodes that were started with another list of members, while no chain says who they are (MB1). */
  readonly foundersDiffer: Readonly<Record<string, readonly NodeName[]>>
  /** Connected nodes whose leaders are none here: their cluster was begun apart from this one (LM6). */
  readonly foreign: readonly NodeName[]
  /** Equal frontiers imply equal digests (CA5). */
  readonly digest: string
  readonly frontier: Readonly<Record<string, number>>
  /** Live keys, tombstones not counted. */
  readonly keys: number
  readonly keysWithConflicts: number
  readonly logs: readonly LogStatus[]
  readonly peers: readonly PeerStatus[]
  /** True if peers saw another process under this node's name (ID5). */
  readonly nameContested: boolean
  /** Peers that refused this node, and why. */
  readonly refusedBy: readonly { readonly node: NodeName; readonly reason: PeerRefusal }[]
  /** The reference clock minus this node's wall clock (HL3). */
  readonly clockOffsetMs: number
}
