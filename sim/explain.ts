/**
 * The history of a failure, in words. An invariant names the events that show it; around them
 * stand others without which they make no sense: what was written to the same keys, who was down
 * or cut off, when the versions at stake reached the nodes at stake. This file picks those, and
 * `event-text.ts` says them.
 *
 * The whole trace was rejected: a minute of five nodes has a hundred thousand events, and a reader
 * gives up after fifty.
 */

import type { Key } from '../base/index.ts'
import type { Request } from '../core/index.ts'
import { type Dot, formatDot } from '../crdt/index.ts'
import { happeningText, nodeText, sealedText } from './event-text.ts'
import type { Fault, NodeIndex } from './fault.ts'
import type { Violation } from './invariant.ts'
import type { RunResult } from './run.ts'
import type { CallId, Happening, TraceEvent } from './trace.ts'

/** Lines of a story. What shows the failure stays; of the rest those nearest to its end. */
export const STORY_LINES_MAX = 40
const OTHER_WRITES_MAX = 8

export interface StoryLine {
  readonly event: number
  readonly atMs: number
  readonly text: string
  /** The invariant named this event itself. */
  readonly isWitness: boolean
}

export interface Story {
  readonly violation: Violation
  readonly lines: readonly StoryLine[]
  /** Events that belong to it and did not fit. */
  readonly omitted: number
}

/** What a failure is about. */
interface Subject {
  readonly nodes: ReadonlySet<NodeIndex>
  readonly keys: ReadonlySet<Key>
  readonly calls: ReadonlySet<CallId>
  /** By their text. */
  readonly dots: ReadonlyMap<string, Dot>
}

/** The stories of a run that kept its trace, one for each violation. */
export function explain(result: Pick<RunResult, 'violations' | 'trace'>): Story[] {
  return result.violations.map((violation) => explainViolation(violation, result.trace))
}

function explainViolation(violation: Violation, trace: readonly TraceEvent[]): Story {
  const witnesses = new Set(violation.events)
  const shown = trace.filter((event) => witnesses.has(event.number))
  const subject = subjectOf(shown, trace)
  const end = shown.at(-1)?.number ?? Number.POSITIVE_INFINITY
  const arrivals = new Arrivals(subject)
  const related: Related[] = []
  for (const event of trace) {
    if (event.number > end) break
    const { happening } = event
    const arrived = arrivals.take(happening)
    if (witnesses.has(event.number)) continue
    if (arrived !== null) related.push({ event, text: arrived, isOtherWrite: false })
    else if (belongs(happening, subject)) {
      related.push({ event, text: textOf(happening, subject), isOtherWrite: happening.kind === 'sealed' && !isAtStake(happening, subject) })
    }
  }
  const kept = chooseLines(related, Math.max(0, STORY_LINES_MAX - shown.length))
  const lines = [
    ...shown.map((event) => ({ event: event.number, atMs: event.atMs, text: textOf(event.happening, subject), isWitness: true })),
    ...kept.map(({ event, text }) => ({ event: event.number, atMs: event.atMs, text, isWitness: false })),
  ]
  return { violation, lines: lines.sort((left, right) => left.event - right.event), omitted: related.length - kept.length }
}

interface Related {
  readonly event: TraceEvent
  readonly text: string
  /** To a key at stake, but not of a version at stake: of a hot key there are thousands. */
  readonly isOtherWrite: boolean
}

/** The latest of them; of other writes to the same keys no more than a few. */
function chooseLines(related: readonly Related[], most: number): Related[] {
  const kept: Related[] = []
  let writes = 0
  for (let place = related.length - 1; place >= 0 && kept.length < most; place--) {
    const line = related[place]
    if (line === undefined || (line.isOtherWrite && writes === OTHER_WRITES_MAX)) continue
    if (line.isOtherWrite) writes += 1
    kept.push(line)
  }
  return kept
}

/** Of a group commit only what the story is about, if any of it is. */
function textOf(happening: Happening, { keys, dots }: Subject): string {
  if (happening.kind !== 'sealed') return happeningText(happening)
  const { entry, node } = happening
  const transactions = entry.transactions.flatMap((transaction) => {
    const changes = transaction.changes.filter(({ key }) => keys.has(key))
    const isMeant = dots.has(formatDot({ writer: entry.writer, sequence: transaction.sequence }))
    if (changes.length > 0) return [{ ...transaction, changes }]
    return isMeant ? [transaction] : []
  })
  return sealedText(node, transactions.length === 0 ? entry : { ...entry, transactions })
}

/** Keys, versions, nodes and calls that the witnesses speak of. */
function subjectOf(witnesses: readonly TraceEvent[], trace: readonly TraceEvent[]): Subject {
  const nodes = new Set<NodeIndex>()
  const keys = new Set<Key>()
  const calls = new Set<CallId>()
  const dots = new Map<string, Dot>()
  const addDot = (dot: Dot): void => void dots.set(formatDot(dot), dot)
  for (const { happening } of witnesses) {
    if ('node' in happening) nodes.add(happening.node)
    if ('call' in happening) calls.add(happening.call)
    switch (happening.kind) {
      case 'sealed':
        for (const { sequence, changes } of happening.entry.transactions) {
          addDot({ writer: happening.entry.writer, sequence })
          for (const { key } of changes) keys.add(key)
        }
        break
      case 'answered':
        if (happening.reply.kind === 'committed' && happening.reply.version !== null) addDot(happening.reply.version)
        if (happening.reply.kind === 'value' && happening.reply.item !== null) {
          addDot(happening.reply.item.version.dot)
          keys.add(happening.reply.item.key)
        }
        break
      default:
        break
    }
  }
  for (const { happening } of trace) {
    if (happening.kind === 'invoked' && calls.has(happening.call)) for (const key of keysOf(happening.request)) keys.add(key)
  }
  return { nodes, keys, calls, dots }
}

function keysOf(request: Request): readonly Key[] {
  if (request.kind === 'get') return [request.key]
  return request.kind === 'transaction' ? request.operations.map(({ key }) => key) : []
}

/** Notices when a version at stake reaches a node at stake. */
class Arrivals {
  readonly #subject: Subject
  readonly #seen = new Set<string>()

  constructor(subject: Subject) {
    this.#subject = subject
  }

  /** What has arrived with this event, in words, or null. */
  take(happening: Happening): string | null {
    if (happening.kind === 'started') {
      // A new life begins with nothing in memory.
      for (const text of this.#subject.dots.keys()) this.#seen.delete(`${happening.node} ${text}`)
    }
    if (happening.kind !== 'applied' || !this.#subject.nodes.has(happening.node)) return null
    const arrived: string[] = []
    for (const [text, dot] of this.#subject.dots) {
      const mark = `${happening.node} ${text}`
      if (!happening.frontier.has(dot) || this.#seen.has(mark)) continue
      this.#seen.add(mark)
      arrived.push(text)
    }
    return arrived.length === 0 ? null : `${nodeText(happening.node)} has applied ${arrived.join(', ')}`
  }
}

function belongs(happening: Happening, subject: Subject): boolean {
  const { nodes, keys, calls } = subject
  switch (happening.kind) {
    case 'phase':
      return true
    case 'started':
    case 'recovered':
    case 'stopped':
    case 'disk-replaced':
    case 'log-failed':
    case 'refused':
      return nodes.size === 0 || nodes.has(happening.node)
    case 'chain-sealed':
      return happening.block.kind !== 'entry'
    case 'connected':
    case 'disconnected':
      return nodes.size > 1 && nodes.has(happening.left) && nodes.has(happening.right)
    case 'fault-began':
    case 'fault-ended':
      return strikes(happening.fault, nodes)
    case 'sealed':
      return isAtStake(happening, subject) || happening.entry.transactions.some(({ changes }) => changes.some(({ key }) => keys.has(key)))
    case 'invoked':
      return calls.has(happening.call)
    case 'answered':
    case 'unknown':
      return calls.has(happening.call)
    default:
      return false
  }
}

/** True if the commit has one of the versions at stake. */
function isAtStake({ entry }: Extract<Happening, { kind: 'sealed' }>, { dots }: Subject): boolean {
  return entry.transactions.some(({ sequence }) => dots.has(formatDot({ writer: entry.writer, sequence })))
}

function strikes(fault: Fault, nodes: ReadonlySet<NodeIndex>): boolean {
  if (nodes.size === 0) return true
  if (fault.kind === 'partition') return fault.directions.some(([from, to]) => nodes.has(from) || nodes.has(to))
  if (fault.kind === 'clog') return nodes.has(fault.direction[0]) || nodes.has(fault.direction[1])
  if ('node' in fault) return nodes.has(fault.node)
  if (fault.kind === 'kill-leader') return true
  return fault.nodes.some((node) => nodes.has(node))
}
