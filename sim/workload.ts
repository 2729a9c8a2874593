/**
 * What clients do in a run. A workload hands out the calls of its clients one by one, hears how
 * each ended, and brings the invariants that only it can know (such as: the sum of all accounts).
 *
 * Users write their own against the same interface.
 */

import type { Prng } from '../base/index.ts'
import type { Reply, Request } from '../core/index.ts'
import type { NodeIndex } from './fault.ts'
import type { Invariant } from './invariant.ts'
import type { RunMode } from './mode.ts'

export interface WorkloadContext {
  /** Of this workload alone: nobody else draws from it. */
  readonly random: Prng
  readonly nodes: number
  readonly clients: number
  /** Of the run; multi unless told. */
  readonly mode?: RunMode
}

export interface Call {
  readonly request: Request
  /** Where it goes: `same` as the client's last call, `any`, or one node. A node that is down refuses. */
  readonly node: 'same' | 'any' | NodeIndex
  /** After an unknown outcome: ask again with the same idempotency key (at the same node or at any), or go on. */
  readonly onUnknown: 'retry-same' | 'retry-any' | 'go-on'
}

export type Outcome =
  | { readonly kind: 'answered'; readonly reply: Reply }
  /** No answer within the time-out: it was done, or will be, or not. */
  | { readonly kind: 'unknown' }
  /** The node was not there: it was not done. */
  | { readonly kind: 'unreachable' }

export interface RunningWorkload {
  /** The next call of a client that waits for nothing, or null if it has none for now. */
  next(client: number): Call | null
  ended(client: number, call: Call, outcome: Outcome): void
  /** Its own, besides those that hold for every run. */
  readonly invariants: readonly Invariant[]
}

export interface Workload {
  readonly name: string
  /** One line for `--help` and the report. */
  readonly description: string
  start(context: WorkloadContext): RunningWorkload
}
