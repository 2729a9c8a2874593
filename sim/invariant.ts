/**
 * What must always hold. An invariant listens to everything that happens, may look at every node
 * at any moment, and says what is wrong with the events that show it.
 *
 * Users write their own against the same interface.
 */

import type { DirectoryId, Key, NodeName, WriterId } from '../base/index.ts'
import type { DurablePromise, Status } from '../core/index.ts'
import type { ReadonlyVersionVector, Register } from '../crdt/index.ts'
import type { NodeIndex } from './fault.ts'
import type { Happening, TraceEvent } from './trace.ts'

/** A node, as an invariant may see it. Reading changes nothing. */
export interface NodeView {
  readonly index: NodeIndex
  readonly name: NodeName
  readonly directory: DirectoryId
  readonly isUp: boolean
  /** True once it has read all that is on its disk, and is up. */
  readonly isServing: boolean
  /** Its wall clock now, in milliseconds since 1970: what it stamps and reads deadlines with. */
  readonly wallMs: number
  /** What is applied and durable; empty while it is down. */
  readonly frontier: ReadonlyVersionVector
  readonly digest: string
  /** Requests that wait in it, for a commit, a session or other nodes. */
  readonly heldRequests: number
  /** What its journal has of what it promised, whether it is up or not. */
  readonly promise: DurablePromise
  /** Blocks of a log that its store of logs has on the platter, whether it is up or not. */
  durableLength(writer: WriterId): number
  /** The register of a key in its state: for comparing, without the detour over a request. */
  register(key: Key): Register | undefined
  status(): Status
}

export interface ClusterView {
  readonly nodes: readonly NodeView[]
  /** Virtual milliseconds since the start of the run. */
  readonly atMs: number
}

export interface Violation {
  readonly invariant: string
  readonly atMs: number
  /** What is wrong, in a sentence that names nodes, keys and versions. */
  readonly message: string
  /** Numbers of the events that show it, in order; the last is where it was noticed. */
  readonly events: readonly number[]
  /** Where the code stood, if the run ended with something that was thrown. */
  readonly stack?: string
}

/** What an invariant found: the reporter adds its name and the time. */
export interface Finding {
  readonly message: string
  readonly events: readonly number[]
  readonly stack?: string
}

export interface Invariant {
  readonly name: string
  /** Only these are told to it; all, if it names none. A run has thousands of events a second. */
  readonly kinds?: readonly Happening['kind'][]
  /** Told each event after it happened. */
  observe(event: TraceEvent, cluster: ClusterView): Finding | null
  /** Asked once, after the cluster has healed and settled. */
  finish(cluster: ClusterView): Finding | null
}
