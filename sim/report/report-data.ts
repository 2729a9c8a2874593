/**
 * What the page gets of a run: columns of small integers instead of an object an event, so that
 * 200,000 events are a few megabytes of JSON that a browser parses in a blink. Whatever repeats
 * (keys, values, writers, digests) stands once in a table and is named by its row there; -1 is
 * "none". A column that mostly counts up holds differences.
 *
 * Rejected: the events as they are (ten times the size, seconds to parse), and bytes in base64
 * (half the size again, but nobody can look into the file).
 */

import type { FaultKind } from '../fault.ts'
import type { Happening, StopCause } from '../trace.ts'

/** Row of a table, or -1. */
export type Row = number

export const HAPPENING_KINDS = [
  'started',
  'recovered',
  'stopped',
  'sealed',
  'persisted',
  'appended',
  'applied',
  'room',
  'log-failed',
  'chain-sealed',
  'chain',
  'sent',
  'delivered',
  'dropped',
  'connected',
  'disconnected',
  'refused',
  'invoked',
  'answered',
  'unknown',
  'fault-began',
  'fault-ended',
  'disk-replaced',
  'phase',
] as const satisfies readonly Happening['kind'][]

export const TRANSFER_KINDS = [
  'blocks',
  'heartbeat',
  'announce',
  'canvass',
  'ballot',
  'lead',
  'acknowledge',
  'hand-over',
  'push',
  'message',
] as const
export const CALL_KINDS = [
  'get',
  'scan',
  'inspect',
  'transaction',
  'procedure',
  'copies',
  'conflicts',
  'status',
  'mode',
  'promote',
  'members',
] as const
export const OPERATION_KINDS = ['get', 'set', 'delete', 'restore', 'if-version', 'if-absent', 'scan', 'conflicts'] as const
export const REPLY_KINDS = [
  'value',
  'page',
  'inspected',
  'committed',
  'copies',
  'conflicts',
  'status',
  'mode',
  'members',
  'failed',
] as const

export interface EventColumns {
  /** Number of the first event, then for each further one by how much the number rises. */
  readonly number: number[]
  /** Microseconds since the event before. */
  readonly afterUs: number[]
  /** Position in `HAPPENING_KINDS`. */
  readonly kind: number[]
  /** The lane it belongs to, or -1. */
  readonly node: number[]
  /** By kind a row of some table, as a difference to the event of the same kind before. */
  readonly reference: number[]
}

export interface TransferColumns {
  readonly from: number[]
  readonly to: number[]
  /** Position in `TRANSFER_KINDS`. */
  readonly kind: number[]
  /** Bytes of a message, number of blocks. */
  readonly size: number[]
  /** Blocks: row of the writer, and index of the first. */
  readonly writer: Row[]
  readonly index: number[]
  /** Heartbeats: the sender's digest. */
  readonly digest: Row[]
}

export interface CallColumns {
  readonly client: number[]
  /** Position in `CALL_KINDS`. */
  readonly kind: number[]
  /** Row of a text with whatever else was asked, or -1. */
  readonly extra: Row[]
  /** Operations of this call, which follow those of the call before in `operations`. */
  readonly count: number[]
  /** Position in `REPLY_KINDS`, or -1 as long as nothing came. */
  readonly reply: number[]
  /** Row of a text: the value read, the error. */
  readonly detail: Row[]
  /** The dot written or read. */
  readonly writer: Row[]
  readonly sequence: number[]
}

export interface OperationColumns {
  /** Position in `OPERATION_KINDS`. */
  readonly kind: number[]
  readonly key: Row[]
  /** Row of a text. */
  readonly value: Row[]
}

export interface EntryColumns {
  readonly writer: Row[]
  readonly epoch: number[]
  readonly firstSequence: number[]
  readonly transactions: number[]
  /** Versions of this entry, which follow those of the entry before in `versions`. */
  readonly versions: number[]
  /** For each entry: how many dependencies rose since this writer's entry before, then (writer, sequence) of each. */
  readonly dependencies: number[]
}

export interface VersionColumns {
  readonly sequence: number[]
  readonly key: Row[]
  /** Row of a text; -1 is a tombstone. */
  readonly value: Row[]
  /** Hybrid timestamp, as a difference to the version before. */
  readonly timestamp: number[]
}

export interface AppendColumns {
  readonly writer: Row[]
  readonly index: number[]
  readonly blocks: number[]
}

export interface ReportFault {
  readonly kind: FaultKind
  /** In words, without its time. */
  readonly text: string
  /** The lanes it strikes. */
  readonly nodes: readonly number[]
  /** The directions it cuts or clogs. */
  readonly directions: readonly (readonly [number, number])[]
}

export interface ReportViolation {
  readonly invariant: string
  readonly message: string
  readonly atMs: number
  /** Numbers of the events that show it. */
  readonly events: readonly number[]
}

/** Which events are in the page. */
export interface Kept {
  readonly total: number
  readonly kept: number
  /** Inside this time every event is there; outside only what shapes the run and what the violation is about. */
  readonly fromMs: number
  readonly toMs: number
}

export interface ReportData {
  readonly seed: number
  readonly nodes: readonly string[]
  readonly endMs: number
  readonly kept: Kept
  readonly violations: readonly ReportViolation[]
  readonly kinds: typeof HAPPENING_KINDS
  readonly transferKinds: typeof TRANSFER_KINDS
  readonly callKinds: typeof CALL_KINDS
  readonly operationKinds: typeof OPERATION_KINDS
  readonly replyKinds: typeof REPLY_KINDS
  readonly events: EventColumns
  readonly transfers: TransferColumns
  readonly calls: CallColumns
  readonly operations: OperationColumns
  readonly entries: EntryColumns
  readonly versions: VersionColumns
  readonly appends: AppendColumns
  /** For each `applied` event: how many sequences changed since this node's event before, then (writer, sequence) of each. */
  readonly frontiers: number[]
  readonly faults: readonly ReportFault[]
  /** Keys as shown: text, or hexadecimal after `0x`. */
  readonly keys: readonly string[]
  readonly texts: readonly string[]
  readonly writers: readonly string[]
  readonly digests: readonly string[]
  readonly stopCauses: readonly StopCause[]
  /** Versions past the bound: their entries are there, their keys and values are not. */
  readonly versionsLeftOut: number
}
