/**
 * The replica's two vocabularies: inputs tell it what happened, effects say what it wants done.
 * Whoever runs a replica (the server's runtime, the simulator) interprets the same effects.
 *
 * The contract of an interpreter:
 * - effects are carried out in their order;
 * - one `persist` is in flight at a time. Once it is durable the interpreter gives the input
 *   `persisted`, carries out the effects of that step (the next write may start with them), then
 *   sends the persist's `replies`: so the state is visible before a reply leaves, and no reply
 *   leaves before it is durable (WR2);
 * - one `read` of a log is open at a time, and its blocks come back as the input `blocks`;
 * - `gather` is answered by the input `gathered`, after the requests that are at hand already.
 */

import type { DirectoryId, LogKey, NodeName, WriterId } from '../base/index.ts'
import type { JournalRecord, LogFailure, PeerRefusal } from './ports.ts'
import type { Reply, Request, RequestId } from './requests.ts'

export interface ReplyEffect {
  readonly kind: 'reply'
  readonly id: RequestId
  readonly reply: Reply
}

export type Effect =
  /** Make the records durable with one write; `replies` may leave only after that. */
  | { readonly kind: 'persist'; readonly records: readonly JournalRecord[]; readonly replies: readonly ReplyEffect[] }
  /** Blocks of an own log, durable in the journal, go to the log store and so to the peers (JR2). */
  | { readonly kind: 'append'; readonly writer: WriterId; readonly index: number; readonly blocks: readonly Uint8Array[] }
  /** A block that was pushed here goes into this node's copy of its log, if it fits (LG5). */
  | { readonly kind: 'insert'; readonly writer: WriterId; readonly index: number; readonly block: SignedBlock }
  | { readonly kind: 'follow'; readonly writer: WriterId; readonly key: LogKey }
  | { readonly kind: 'read'; readonly writer: WriterId; readonly from: number }
  | { readonly kind: 'send'; readonly to: NodeName; readonly message: Uint8Array }
  /** The peer sent what no correct node sends: close its connection. */
  | { readonly kind: 'expel'; readonly peer: NodeName; readonly reason: string }
  /** The peer is no member any more (MB4), or a leader that others have given up (LM2): close its connection. */
  | { readonly kind: 'dismiss'; readonly peer: NodeName }
  | { readonly kind: 'gather' }
  | ReplyEffect

export type Input =
  | { readonly kind: 'start'; readonly logs: readonly RecoveredLog[]; readonly facts: Uint8Array | null }
  | { readonly kind: 'request'; readonly id: RequestId; readonly request: Request }
  /** Nobody waits for the answer any more. What was gathered is executed all the same. */
  | { readonly kind: 'withdrawn'; readonly id: RequestId }
  | { readonly kind: 'gathered' }
  | { readonly kind: 'persisted' }
  /** The blocks of the oldest open `append` of this log have their signatures: they may be pushed to peers (LG5). */
  | {
      readonly kind: 'signed'
      readonly writer: WriterId
      readonly index: number
      readonly blocks: readonly Uint8Array[]
      readonly signatures: readonly Uint8Array[]
    }
  /** The log store takes what an `insert` gave. */
  | { readonly kind: 'inserted'; readonly writer: WriterId; readonly index: number; readonly block: SignedBlock }
  /** What the oldest open `append` of this log gave is in the log store. */
  | { readonly kind: 'appended'; readonly writer: WriterId; readonly key: LogKey }
  | { readonly kind: 'blocks'; readonly writer: WriterId; readonly from: number; readonly blocks: readonly Uint8Array[] }
  | { readonly kind: 'log-failed'; readonly writer: WriterId; readonly failure: LogFailure }
  | { readonly kind: 'connected'; readonly peer: NodeName; readonly directory: DirectoryId }
  | { readonly kind: 'disconnected'; readonly peer: NodeName }
  | { readonly kind: 'message'; readonly from: NodeName; readonly message: Uint8Array }
  | { readonly kind: 'refused'; readonly by: NodeName; readonly refusal: PeerRefusal }
  | { readonly kind: 'disk'; readonly hasRoom: boolean }
  | { readonly kind: 'tick' }

/** A block of another node's log, with its writer's signature over the log up to it. */
export interface SignedBlock {
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}

/** A block that the journal has and the log store may lack; of an own log it has no signature: this node can make it. */
export interface TailBlock {
  readonly bytes: Uint8Array
  readonly signature: Uint8Array | null
}

/** A log as found at the start, with what only the journal has of it (JR5). */
export interface RecoveredLog {
  readonly writer: WriterId
  /** Null: the journal has its first blocks, the log store has none. */
  readonly key: LogKey | null
  /** Blocks that the log store holds. */
  readonly length: number
  /** The blocks from `length` on, out of the journal; own ones are appended byte for byte, those with a signature inserted. */
  readonly tail: readonly TailBlock[]
  /** The parts of the journal's last block, in order. It may be incomplete, so it is never appended (JR8). */
  readonly open: readonly Uint8Array[]
  /** Its index: past a gap, if the journal has one. */
  readonly openIndex: number
}
