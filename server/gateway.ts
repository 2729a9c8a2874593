/**
 * What a door sees of a node: one call that takes a request of the replica's vocabulary and
 * answers its reply. Failures come back as the reply `failed`; a gateway never throws for what a
 * client did.
 */

import type { Reply, Request, Status } from '../core/index.ts'

export interface StorageStatus {
  readonly journalBytes: number
  readonly journalSegments: number
  readonly logs: number
  readonly freeBytes: number
  readonly memoryBytes: number
}

/** A replica's status with what only the process knows. */
export interface NodeStatus extends Status {
  readonly version: string
  /** Seconds since the process's node started. */
  readonly uptime: number
  readonly storage: StorageStatus
  readonly network: {
    readonly gossipAddress: string | null
    readonly connections: number
    /** Connections refused since the start, by reason (see `RefusalReason` of gossip/). */
    readonly refused: Readonly<Record<string, number>>
  }
}

export interface Gateway {
  /** Calls back once with the reply. Returns a function that withdraws the call: then no reply comes. */
  request(request: Request, done: (reply: Reply) => void): () => void
  status(): NodeStatus
  /** True once the node has read its logs and serves. */
  readonly isReady: boolean
}
