/**
 * What is kept of a run's events, so that half an hour of them does not fill the memory: all of a
 * run of some minutes; of a longer one its last part whole (a run ends where its first violation is
 * noticed, so that is where the interest lies), and from before what gives the run its shape (lives,
 * links, faults, phases), what each node knew when that part begins, and events that were asked for.
 *
 * What is kept is light: vectors are packed, and of a message remains what a report shows. Events are dropped
 * in bulk. Rejected: a file beside the run. `sim/` knows none, and whoever wants every event
 * is told each, whole, as it happens (`onEvent`).
 */

import type { Key } from '../base/index.ts'
import type { Request } from '../core/index.ts'
import type { ReadonlyVersionVector } from '../crdt/index.ts'
import type { NodeIndex } from './fault.ts'
import { essenceOf } from './message-essence.ts'
import { PackedVector, PackedVectors } from './packed-vectors.ts'
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
/** Numbers in all vectors of the part that is whole, of 8 bytes: after hundreds of restarts a vector has hundreds. */
export const TRACE_NUMBERS_MAX = 20_000_000

export class KeptTrace {
  readonly #named: ReadonlySet<number>
  /** Keys that the named events are about, as far as they have happened. */
  readonly #keys = new Set<Key>()
  readonly #earlier: TraceEvent[] = []
  /** What each node had applied by the end of what was dropped. */
  readonly #lastApplied = new Map<NodeIndex, TraceEvent>()
  /** Without a gap, up to the last event. */
  #recent: TraceEvent[] = []
  /** Numbers in the vectors of these. */
  #numbers = 0
  readonly #vectors = new PackedVectors()
  /** What was packed last, and of each node. */
  #lastSource: ReadonlyVersionVector | null = null
  #lastPacked: PackedVector | null = null
  readonly #lastOf = new Map<NodeIndex, PackedVector>()

  /** @param named numbers of events that are kept whatever comes */
  constructor(named: readonly number[]) {
    this.#named = new Set(named)
  }

  add({ number, atMs, happening }: TraceEvent): void {
    const kept = this.#lightened(happening)
    this.#recent.push({ number, atMs, happening: kept })
    this.#numbers += numbersIn(kept)
    if (this.#recent.length >= TRACE_EVENTS_MAX + DROP_MIN || this.#numbers >= 2 * TRACE_NUMBERS_MAX) this.#drop()
  }

  /** In their order. */
  get events(): readonly TraceEvent[] {
    if (this.#earlier.length + this.#recent.length > TRACE_EVENTS_MAX) this.#drop()
    const earlier = new Set([...this.#earlier, ...this.#lastApplied.values()])
    if (earlier.size === 0) return this.#recent
    return [...[...earlier].sort((left, right) => left.number - right.number), ...this.#recent]
  }

  #lightened(happening: Happening): Happening {
    switch (happening.kind) {
      case 'applied':
        return { ...happening, frontier: this.#packed(happening.frontier, happening.node) }
      case 'answered': {
        const { reply, node } = happening
        return 'session' in reply ? { ...happening, reply: { ...reply, session: this.#packed(reply.session, node) } } : happening
      }
      case 'invoked': {
        const { request, node } = happening
        if (!('session' in request) || request.session === null) return happening
        return { ...happening, request: { ...request, session: this.#packed(request.session, node) } }
      }
      case 'sent': {
        const { content } = happening
        return content.kind === 'message' ? { ...happening, content: { kind: 'essence', ...essenceOf(content.bytes) } } : happening
      }
      default:
        return happening
    }
  }

  /** Answers share their session until the frontier moves. */
  #packed(vector: ReadonlyVersionVector, node: NodeIndex): PackedVector {
    if (vector === this.#lastSource && this.#lastPacked !== null) return this.#lastPacked
    const packed = this.#vectors.pack(vector, this.#lastOf.get(node) ?? null)
    this.#lastOf.set(node, packed)
    this.#lastSource = vector
    this.#lastPacked = packed
    return packed
  }

  #drop(): void {
    const least = this.#recent.length - WHOLE_MAX
    let count = 0
    for (const event of this.#recent) {
      if (count >= least && this.#numbers <= TRACE_NUMBERS_MAX) break
      this.#numbers -= numbersIn(event.happening)
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

/** What its vector shares with an event that was dropped is counted no more: little, as pages change in turn. */
function numbersIn(happening: Happening): number {
  if (happening.kind === 'applied') return ownOf(happening.frontier)
  if (happening.kind === 'answered' && 'session' in happening.reply) return ownOf(happening.reply.session)
  return happening.kind === 'invoked' && 'session' in happening.request ? ownOf(happening.request.session) : 0
}

function ownOf(vector: ReadonlyVersionVector | null): number {
  return vector instanceof PackedVector ? vector.own : 0
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
