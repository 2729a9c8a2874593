/**
 * The vocabulary of a run: what it is asked for and what comes out. `simulate` in `simulation.ts`
 * goes from one to the other, and the same options give the same result, to the last event.
 */

import type { FaultKind, FaultPlan } from './fault.ts'
import type { Violation } from './invariant.ts'
import type { RunMode } from './mode.ts'
import type { TraceEvent } from './trace.ts'
import type { Weather } from './weather.ts'
import type { Workload } from './workload.ts'

export interface RunOptions {
  /** 0 to 2^53 - 1: all chance of the run. */
  readonly seed: number
  /** 1 to 9. */
  readonly nodes: number
  /** Virtual milliseconds with faults; the run ends when it has settled afterwards. */
  readonly durationMs: number
  /** Calls a virtual second, of all clients together. */
  readonly callsPerSecond: number
  readonly workload: Workload
  /** Multi unless told. */
  readonly mode?: RunMode
  /** Kinds that may be in the plan. A run in which one of them never happens, though its weather asked for it, is an error. */
  readonly faults: readonly FaultKind[]
  /** Instead of the plan and the weather that the seed gives: for shrinking and for scenarios by hand. */
  readonly plan: FaultPlan | null
  readonly weather: Weather | null
  /** No more calls than this: for shrinking. */
  readonly callsMax: number | null
  /** Keep the events for a report, as many as it can show (`TRACE_EVENTS_MAX`). Without, only their hash is kept. */
  readonly keepTrace: boolean
  /** Numbers of events that are kept, however long the run is. */
  readonly keepEvents?: readonly number[]
  /** Told every event after it happened: for a trace that is longer than what is kept. */
  readonly onEvent?: (event: TraceEvent) => void
  /** Told now and then how far the run is, in virtual milliseconds. */
  readonly onProgress: ((atMs: number) => void) | null
}

/** What really happened, so that a run that tested nothing can't pass for one that did. */
export interface Counts {
  readonly calls: number
  readonly acknowledgedWrites: number
  readonly reads: number
  readonly failedCalls: number
  readonly unknownOutcomes: number
  readonly retries: number
  /** Versions that lost to a concurrent one. */
  readonly conflicts: number
  readonly batches: number
  readonly conditionalWrites: number
  readonly messages: number
  /** Messages that push a block (LG5). */
  readonly pushes: number
  /** Blocks that were fetched. */
  readonly blocks: number
  readonly disconnections: number
  readonly partitions: number
  readonly kills: number
  readonly powerLosses: number
  readonly wipedDisks: number
  readonly restoredDisks: number
  /** Of runs that may have a leader, else 0. Candidates that promised an epoch to themselves. */
  readonly elections: number
  /** Those that won: headers of leaders' logs. */
  readonly leaders: number
  /** Blocks of leaders' logs that somebody learned to be committed first. */
  readonly commits: number
  /** Headers and blocks that adopted entries of multi logs. */
  readonly adoptions: number
  /** Leaders' logs with blocks that a later header left out. */
  readonly deadSuffixes: number
  /** Multi epochs and leader epochs that were entered, after the first. */
  readonly switches: number
  /** Blocks that change who votes. */
  readonly voterChanges: number
  /** Blocks that say which deadlines have passed. */
  readonly expiries: number
  /** By kind, as begun. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  readonly events: number
}

export interface RunResult {
  readonly seed: number
  readonly passed: boolean
  readonly violations: readonly Violation[]
  readonly counts: Counts
  /** Sixteen hexadecimal digits over all events: the same run has the same hash on every machine. */
  readonly traceHash: string
  /** Virtual milliseconds, to the end of the settling. */
  readonly virtualMs: number
  readonly weather: Weather
  readonly plan: FaultPlan
  /** Empty unless `keepTrace`; in order, and of a long run not all: its last part whole, and from before what gives it its shape. */
  readonly trace: readonly TraceEvent[]
}
