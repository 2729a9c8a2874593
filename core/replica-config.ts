/** What a replica is told when it is made: who it is, with whom, and its limits. The same for its whole life. */

import type { DirectoryId, NodeName } from '../base/index.ts'
import type { GroupName } from './group.ts'

export interface ReplicaConfig {
  readonly group: GroupName
  readonly node: NodeName
  readonly directory: DirectoryId
  /** All members by name, this node included; the same on every node (MB1). Read at the first start; later the chain says who they are. */
  readonly members: readonly NodeName[]
  /** This node comes to a cluster that is there already: it has no vote until it is given one (MB2). */
  readonly joins: boolean
  /**
   * How far an entry may be ahead of the reference clock (HL3). Lower notices a wrong clock
   * sooner; it must stay above what clocks in the cluster really differ by.
   */
  readonly maxClockDriftMs: number
  /** The mode in which a new cluster begins (EP1); the same on every node. Later it is switched, and what the members agreed on counts. */
  readonly mode: 'multi' | 'leader'
  /** Where clients reach this node over HTTP, told to peers; null if nowhere. */
  readonly url: string | null
  /** The share of writes that fail on purpose, in millionths: for tests of clients. */
  readonly dropRateMillionths: number
  /**
   * Requests that may wait at once, for a commit, a session or other nodes; one more is refused with
   * UNAVAILABLE. Each holds its bytes in memory until it is answered.
   */
  readonly requestsMax: number
}

export const MAX_CLOCK_DRIFT_DEFAULT_MS = 60_000
export const REQUESTS_MAX_DEFAULT = 100_000
