/**
 * What happens in a run, event by event: invariants listen to it, the report draws it, and its
 * hash is what "the same seed, the same run" means.
 */

import type { DirectoryId, Epoch, LogKey, SkeinError, WriterId } from '../base/index.ts'
import type { BlockHash, ChainBlock, ChainStatus, Entry, LogFailure, Reply, Request } from '../core/index.ts'
import type { ReadonlyVersionVector } from '../crdt/index.ts'
import type { Fault, NodeIndex } from './fault.ts'
import type { MessageEssence } from './message-essence.ts'

/** Identity of one message or one block transfer, for the report's arrows. */
export type TransferId = number

/** Identity of one call of a client. */
export type CallId = number

export type StopCause = 'kill' | 'power' | 'stop' | 'failure'

/** What a node makes of the chain of leaders' logs. */
export interface Standing extends Pick<ChainStatus, 'role' | 'promised' | 'position' | 'committed' | 'applied'> {
  readonly epoch: Epoch
}

export type Happening =
  /** A process started: `life` counts the starts of this node. */
  | { readonly kind: 'started'; readonly node: NodeIndex; readonly life: number; readonly directory: DirectoryId }
  /** All that is on its disk was read: it serves. */
  | { readonly kind: 'recovered'; readonly node: NodeIndex }
  | { readonly kind: 'stopped'; readonly node: NodeIndex; readonly cause: StopCause; readonly failure: SkeinError | null }
  /** Sent to the disk: a group commit, not durable yet. */
  | { readonly kind: 'sealed'; readonly node: NodeIndex; readonly entry: Entry }
  /**
   * A block of a leader's log was sent to the disk, or the header of a log of a later multi epoch.
   * `hash` is of the log up to it. An entry comes as `sealed`, too, before it.
   */
  | {
      readonly kind: 'chain-sealed'
      readonly node: NodeIndex
      readonly writer: WriterId
      readonly index: number
      readonly hash: BlockHash
      readonly block: ChainBlock
    }
  /** Where a node stands in the chain has changed, before anything that its step wants done. */
  | { readonly kind: 'chain'; readonly node: NodeIndex; readonly standing: Standing }
  /** The group commit sealed last is durable. */
  | { readonly kind: 'persisted'; readonly node: NodeIndex }
  /** Blocks are in the node's log store and may travel. */
  | { readonly kind: 'appended'; readonly node: NodeIndex; readonly writer: WriterId; readonly index: number; readonly blocks: number }
  /** The frontier moved. `frontier` is a copy. */
  | { readonly kind: 'applied'; readonly node: NodeIndex; readonly frontier: ReadonlyVersionVector }
  /** The node was told that its disk is full, or that it is not any more: from now on it has to act on it (JR4). */
  | { readonly kind: 'room'; readonly node: NodeIndex; readonly hasRoom: boolean }
  | { readonly kind: 'log-failed'; readonly node: NodeIndex; readonly writer: WriterId; readonly failure: LogFailure }
  /** A message or blocks left. Blocks are of one log, `from` on. */
  | {
      readonly kind: 'sent'
      readonly id: TransferId
      readonly from: NodeIndex
      readonly to: NodeIndex
      readonly content:
        | { readonly kind: 'message'; readonly bytes: Uint8Array }
        /** What is left of a message in a trace that was kept. */
        | ({ readonly kind: 'essence' } & MessageEssence)
        | { readonly kind: 'blocks'; readonly log: LogKey; readonly writer: WriterId; readonly from: number; readonly count: number }
    }
  | { readonly kind: 'delivered'; readonly id: TransferId }
  /** It was on a connection that broke, or its receiver is gone. */
  | { readonly kind: 'dropped'; readonly id: TransferId }
  | { readonly kind: 'connected'; readonly left: NodeIndex; readonly right: NodeIndex }
  | { readonly kind: 'disconnected'; readonly left: NodeIndex; readonly right: NodeIndex }
  | { readonly kind: 'refused'; readonly node: NodeIndex; readonly by: NodeIndex }
  /** A client asks. */
  | { readonly kind: 'invoked'; readonly call: CallId; readonly client: number; readonly node: NodeIndex; readonly request: Request }
  | { readonly kind: 'answered'; readonly call: CallId; readonly client: number; readonly node: NodeIndex; readonly reply: Reply }
  /** The client gave up: it was done, or will be, or not. */
  | { readonly kind: 'unknown'; readonly call: CallId; readonly client: number; readonly node: NodeIndex }
  | { readonly kind: 'fault-began'; readonly fault: Fault }
  | { readonly kind: 'fault-ended'; readonly fault: Fault }
  /**
   * What was on no other disk is gone: a directory was wiped, or it (or its logs alone) is as it was at
   * `copiedAtMs`. `holds` is what can be read off it as it is now.
   */
  | { readonly kind: 'disk-replaced'; readonly node: NodeIndex; readonly by: 'wipe'; readonly copiedAtMs: null }
  | {
      readonly kind: 'disk-replaced'
      readonly node: NodeIndex
      readonly by: 'restore' | 'logs-rollback'
      readonly copiedAtMs: number
      readonly holds: ReadonlyVersionVector
    }
  /** The last frame of a journal is gone: its commit, if it was reported durable, is on this disk no more (JR3). */
  | {
      readonly kind: 'disk-replaced'
      readonly node: NodeIndex
      readonly by: 'torn-tail'
      readonly copiedAtMs: null
      readonly holds: ReadonlyVersionVector
    }
  | { readonly kind: 'phase'; readonly phase: Phase }

/** Faults strike; then they stop and the cluster has to answer and converge; then it is compared. */
export type Phase = 'safety' | 'liveness' | 'settled'

export interface TraceEvent {
  /** Its number in the run, from 0. */
  readonly number: number
  /** Virtual milliseconds since the start of the run. */
  readonly atMs: number
  readonly happening: Happening
}
