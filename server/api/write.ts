/** A write as a client asked for it, and what came of it: the same through every door that speaks JSON (WR3). */

import type { Condition, Operation, WriteConcern } from '../../core/index.ts'
import type { Dot } from '../../crdt/index.ts'

export interface Write {
  readonly operations: readonly Operation[]
  readonly conditions: readonly Condition[]
  readonly concern: WriteConcern
}

export interface WriteResult {
  readonly version: Dot | null
  readonly deleted: number
  /** The session token. */
  readonly session: string
}
