/**
 * What is kept of a run's events, so that half an hour of them does not fill the memory: all of a
 * run of some minutes; of a longer one its last part whole (a run ends where its first violation is
 * noticed, so that is where the interest lies), and from before what gives the run its shape (lives,
 * links, faults, phases), what each node knew when that part begins, and events that were asked for.
 *
 * Events are dropped in bulk. Rejected: a file beside the run. `sim/` knows none, and whoever wants
 * every event is told each as it happens (`onEvent`).
 */

import type { Key } from '../base/index.ts'
import type { Request } from '../core/index.ts'
import type { NodeIndex } from './fault.ts'
import type { Happening, TraceEvent } from './trace.ts'

/** Events that are kept of one run: what a report can show. */
export const TRACE_EVENTS_MAX = 250_000
/** Of these, events from before the part that is whole. Those that were asked for come on top. */
export const TRACE_EARLIER_MAX = 50_000
/** Of these, events that only give the run its shape: the rest is for keys of events that were asked for. */
const SHAPING_MAX = TRACE_EARLIER_MAX / 2
const WHOLE_MAX = TRACE_EVENTS_MAX - TRACE_EARLIER_MAX
/** So many are dropped at a time, at least. */
const DROP_MIN = 50_000
/** Writers in all frontiers of the part that is whole, about 40 bytes each: after hundreds of restarts a frontier has hundreds. */
export const TRACE_WRITERS_MAX = 6_000_000

export class KeptTrace {
  readonly #named: ReadonlySet<number>
  /** Keys that the named events are about, as far as they have happened. */
  readonly #keys = new Set<Key>()
  readonly #earlier: TraceEvent[] = []
  /** What each node had applied by the end of what was dropped. */
  readonly #lastApplied = new Map<NodeIndex, TraceEvent>()
  /** Without a gap, up to the last event. */
  #recent: TraceEvent[] = []
  /** Writers in the frontiers of these. */
  #writers = 0

  /** @param named numbers of events that are kept whatever comes */
  constructor(named: readonly number[]) {
    this.#named = new Set(named)
  }

  add(event: TraceEvent): void {
    this.#recent.push(event)
    this.#writers += writersIn(event.happening)
    if (this.#recent.length >= TRACE_EVENTS_MAX + DROP_MIN || this.#writers >= 2 * TRACE_WRITERS_MAX) this.#drop()
  }

  /** In their order. */
  get events(): readonly TraceEvent[] {
    if (this.#earlier.length + this.#recent.length > TRACE_EVENTS_MAX) this.#drop()
    const earlier = new Set([...this.#earlier, ...this.#lastApplied.values()])
    if (earlier.size === 0) return this.#recent
    return [...[...earlier].sort((left, right) => left.number - right.number), ...this.#recent]
  }

  #drop(): void {
    const least = this.#recent.length - WHOLE_MAX
    let count = 0
    for (const event of this.#recent) {
      if (count >= least && this.#writers <= TRACE_WRITERS_MAX) break
      this.#writers -= writersIn(event.happening)
      this.#keepIfWanted(event)
      count += 1
    }
    this.#recent = this.#recent.slice(count)
  }

  #keepIfWanted(event: TraceEvent): void {
    const { number, happening } = event
    if (happening.kind === 'started') this.#lastApplied.delete(happening.node)
    if (happening.kind === 'applied') this.#lastApplied.set(happening.node, event)
    const isNamed = this.#named.has(number)
    if (isNamed) for (const key of keysOf(happening)) this.#keys.add(key)
    const { length } = this.#earlier
    const isShaping = length < SHAPING_MAX && shapesTheRun(happening)
    if (isNamed || isShaping || (length < TRACE_EARLIER_MAX && this.#touches(happening))) this.#earlier.push(event)
  }

  #touches(happening: Happening): boolean {
    if (this.#keys.size === 0) return false
    for (const key of keysOf(happening)) if (this.#keys.has(key)) return true
    return false
  }
}

/** Where the part of a trace begins in which no event is missing, as a position. */
export function wholePartOf(trace: readonly TraceEvent[]): number {
  let position = Math.max(0, trace.length - 1)
  while (position > 0 && trace[position - 1]?.number === (trace[position]?.number ?? 0) - 1) position -= 1
  return position
}

function writersIn(happening: Happening): number {
  if (happening.kind === 'applied') return happening.frontier.size
  return happening.kind === 'answered' && 'session' in happening.reply ? happening.reply.session.size : 0
}

function shapesTheRun({ kind }: Happening): boolean {
  switch (kind) {
    case 'started':
    case 'recovered':
    case 'stopped':
    case 'room':
    case 'log-failed':
    case 'connected':
    case 'disconnected':
    case 'refused':
    case 'chain-sealed':
    case 'fault-began':
    case 'fault-ended':
    case 'disk-replaced':
    case 'phase':
      return true
    default:
      return false
  }
}

function* keysOf(happening: Happening): IterableIterator<Key> {
  switch (happening.kind) {
    case 'sealed':
      for (const { changes } of happening.entry.transactions) for (const { key } of changes) yield key
      return
    case 'invoked':
      yield* keysOfRequest(happening.request)
      return
    case 'answered':
      if (happening.reply.kind === 'value' && happening.reply.item !== null) yield happening.reply.item.key
      return
    default:
  }
}

function* keysOfRequest(request: Request): IterableIterator<Key> {
  if (request.kind === 'get') yield request.key
  else if (request.kind === 'transaction') for (const { key } of request.operations) yield key
}
