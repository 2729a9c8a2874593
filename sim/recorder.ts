/**
 * Where the happenings of a run become its events: each gets its number and time, goes into the
 * hash, the counts and (if it is kept) the trace, and is then shown to the oracle and the
 * invariants.
 */

import { Tally } from './counts.ts'
import type { ClusterView } from './invariant.ts'
import { KeptTrace } from './kept-trace.ts'
import type { Oracle } from './oracle.ts'
import type { Happening, TraceEvent } from './trace.ts'
import { TraceHash } from './trace-hash.ts'
import type { Watch } from './watch.ts'

export interface RecorderOptions {
  readonly oracle: Oracle
  readonly watch: Watch
  readonly keepTrace: boolean
  readonly keepEvents: readonly number[]
  readonly onEvent: ((event: TraceEvent) => void) | null
}

export class Recorder {
  readonly tally = new Tally()
  readonly #options: RecorderOptions
  readonly #hash = new TraceHash()
  readonly #trace: KeptTrace
  /** What happens while the cluster is being made. */
  readonly #early: Happening[] = []
  #cluster: ClusterView | null = null
  #count = 0
  readonly observe = (happening: Happening): void => {
    if (this.#cluster === null) this.#early.push(happening)
    else this.#record(happening, this.#cluster)
  }

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#trace = new KeptTrace(options.keepEvents)
  }

  get trace(): readonly TraceEvent[] {
    return this.#trace.events
  }

  /** How many events there were. */
  get count(): number {
    return this.#count
  }

  get hash(): string {
    return this.#hash.digest()
  }

  /** The cluster exists: from now on events are shown with it. */
  attach(cluster: ClusterView): void {
    this.#cluster = cluster
    for (const happening of this.#early.splice(0)) this.#record(happening, cluster)
  }

  #record(happening: Happening, cluster: ClusterView): void {
    const { oracle, watch, keepTrace, onEvent } = this.#options
    const event: TraceEvent = { number: this.#count++, atMs: cluster.atMs, happening }
    this.#hash.add(event)
    this.tally.observe(event)
    if (keepTrace) this.#trace.add(event)
    onEvent?.(event)
    oracle.take(event, cluster)
    watch.observe(event, cluster)
    oracle.release(event)
  }
}
