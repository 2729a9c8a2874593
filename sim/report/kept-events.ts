/**
 * Which events of a long run go into its report. A page can hold a few hundred thousand; half an
 * hour of five nodes has millions. Kept are a window in which everything is there (up to the
 * moment of the violation and a little past it, or up to the end of a run that passed), and from
 * the whole run what gives it its shape: lives, faults, phases, what the violation names, and the
 * history of the keys that it is about.
 */

import type { Key } from '../../base/index.ts'
import type { Request } from '../../core/index.ts'
import type { Violation } from '../invariant.ts'
import type { Happening, TraceEvent } from '../trace.ts'
import type { Kept } from './report-data.ts'

/** Events in one page. */
export const EVENTS_MAX = 250_000
/** Of these, events outside of the window. */
export const EVENTS_OUTSIDE_MAX = 50_000
/** The share of the window that lies after the violation. */
const AFTER_SHARE = 1 / 8

export interface Selection extends Kept {
  readonly events: readonly TraceEvent[]
}

export function selectEvents(trace: readonly TraceEvent[], violations: readonly Violation[]): Selection {
  const endMs = trace.at(-1)?.atMs ?? 0
  if (trace.length <= EVENTS_MAX) return { events: trace, total: trace.length, kept: trace.length, fromMs: 0, toMs: endMs }
  const size = EVENTS_MAX - EVENTS_OUTSIDE_MAX
  const end = Math.min(trace.length, endOfInterest(trace, violations) + Math.floor(size * AFTER_SHARE))
  const start = Math.max(0, end - size)
  const stop = start + size
  const interest = interestOf(trace, violations)
  const before = outside(trace, 0, start, interest)
  addLastFrontiers(trace, start, before)
  const after = outside(trace, stop, trace.length, interest)
  const events: TraceEvent[] = []
  for (const position of before) pushAt(events, trace, position)
  for (let position = start; position < stop; position++) pushAt(events, trace, position)
  for (const position of after) pushAt(events, trace, position)
  const window = { fromMs: trace[start]?.atMs ?? 0, toMs: trace[stop - 1]?.atMs ?? endMs }
  return { events, total: trace.length, kept: events.length, ...window }
}

/** Position of the event at which the first violation was noticed, or of the end. */
function endOfInterest(trace: readonly TraceEvent[], violations: readonly Violation[]): number {
  const last = violations[0]?.events.at(-1)
  if (last === undefined) return trace.length
  const position = trace.findIndex((event) => event.number >= last)
  return position < 0 ? trace.length : position
}

interface Interest {
  readonly numbers: ReadonlySet<number>
  readonly keys: ReadonlySet<Key>
}

function interestOf(trace: readonly TraceEvent[], violations: readonly Violation[]): Interest {
  const numbers = new Set(violations.flatMap((violation) => violation.events))
  const keys = new Set<Key>()
  for (const event of trace) if (numbers.has(event.number)) for (const key of keysOf(event.happening)) keys.add(key)
  return { numbers, keys }
}

/** Positions outside of the window that are kept: what is named first, then as much as there is room for. */
function outside(trace: readonly TraceEvent[], from: number, to: number, interest: Interest): number[] {
  const positions: number[] = []
  const room = EVENTS_OUTSIDE_MAX / 2
  for (let position = from; position < to; position++) {
    const event = trace[position]
    if (event === undefined) continue
    const isNamed = interest.numbers.has(event.number)
    if (isNamed || (positions.length < room && (shapesTheRun(event.happening) || touches(event.happening, interest.keys))))
      positions.push(position)
  }
  return positions
}

/** What a node knew when the window opens: its last frontier before. */
function addLastFrontiers(trace: readonly TraceEvent[], start: number, positions: number[]): void {
  const settled = new Set<number>()
  const found: number[] = []
  for (let position = start - 1; position >= 0; position--) {
    const happening = trace[position]?.happening
    if (happening?.kind === 'started') settled.add(happening.node)
    if (happening?.kind !== 'applied' || settled.has(happening.node)) continue
    settled.add(happening.node)
    found.push(position)
  }
  const known = new Set(positions)
  for (const position of found) if (!known.has(position)) positions.push(position)
  positions.sort((left, right) => left - right)
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
    case 'fault-began':
    case 'fault-ended':
    case 'disk-replaced':
    case 'phase':
      return true
    default:
      return false
  }
}

function touches(happening: Happening, keys: ReadonlySet<Key>): boolean {
  if (keys.size === 0) return false
  for (const key of keysOf(happening)) if (keys.has(key)) return true
  return false
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

function pushAt(events: TraceEvent[], trace: readonly TraceEvent[], position: number): void {
  const event = trace[position]
  if (event !== undefined) events.push(event)
}
