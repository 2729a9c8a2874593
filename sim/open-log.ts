/** A log in use by a simulated store: what lies on the disk, and what this life does with it. */

import type { LogFailure, SignedBlock } from '../core/index.ts'
import type { DiskLog } from './disk-log.ts'

export interface PendingRead {
  readonly from: number
  readonly done: (from: number, blocks: readonly Uint8Array[]) => void
}

/** A block that was pushed and not taken yet. */
export interface PushedAhead {
  readonly index: number
  readonly block: SignedBlock
  readonly taken: () => void
}

/** A log in use. */
export interface OpenLog {
  readonly log: DiskLog
  /** Asked for from peers. */
  isFollowed: boolean
  /** Appended to or followed in this life: it takes part in replication. */
  isShared: boolean
  /** Appended to in this life: its key was found to be ours. */
  isWritable: boolean
  /** Set for good once it is out of service. */
  failure: LogFailure | null
  /** The index after the last block that was taken for the copy, maybe not put in yet. */
  insertEnd: number
  /** When that will be put in. */
  insertDueUs: number
  /** Blocks that were pushed while others before them were still to come. */
  readonly ahead: PushedAhead[]
  /** Nothing is fetched: what comes is pushed. */
  isPushed: boolean
  /** It will be looked whether what is pushed arrives. */
  isNudged: boolean
  /** Whoever is fetching its next blocks from a peer: one at a time. */
  fetch: object | null
  /** While that went on, another peer had more too. */
  isOfferedMore: boolean
  read: PendingRead | null
  isServing: boolean
}

export function newOpenLog(log: DiskLog): OpenLog {
  return {
    log,
    isFollowed: false,
    isShared: false,
    isWritable: false,
    failure: null,
    insertEnd: 0,
    ahead: [],
    insertDueUs: 0,
    isPushed: false,
    isNudged: false,
    fetch: null,
    isOfferedMore: false,
    read: null,
    isServing: false,
  }
}

/** True if the replica has all blocks below `index`: what it recovers from its journal is put in before the log is followed, or read on. */
export function isReached({ read, isFollowed }: OpenLog, index: number): boolean {
  return read === null ? !isFollowed : read.from >= index
}
