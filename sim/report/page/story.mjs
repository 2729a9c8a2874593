/**
 * The run as a story: the events, read once in their order, become lives, links, faults, arrows
 * and calls with a beginning and an end, and for each node the frontier as a series that can be
 * asked at any moment.
 *
 * @typedef {import('../report-data.ts').ReportData} ReportData
 * @typedef {'recovering' | 'serving' | 'down'} LifeState
 * @typedef {{ fromMs: number, toMs: number, state: LifeState, cause: string, life: number, row: number }} Life
 * @typedef {{ fromMs: number, toMs: number, fault: number, row: number }} Spell
 * @typedef {{ rows: number[], sequences: number[], peaks: number[] }} Series
 * @typedef {{ lives: Life[], births: number[], frontier: Map<number, Series>, toldRows: number[], toldDigests: number[] }} Lane
 * @typedef {ReturnType<typeof openStory>} Story
 */

import { openEvents, startsOf, sumsOf } from './columns.mjs'

/** How a transfer ended. */
export const IN_FLIGHT = 0
export const DELIVERED = 1
export const DROPPED = 2
/** How a call ended. */
export const OPEN = 0
export const ANSWERED = 1
export const FAILED = 2
export const UNKNOWN = 3

/** @param {ReportData} data */
export function openStory(data) {
  const events = openEvents(data)
  const story = {
    data,
    events,
    /** Position of each kind in `data.kinds`. @type {Record<string, number>} */
    kinds: Object.fromEntries(data.kinds.map((kind, position) => [kind, position])),
    lanes: data.nodes.map(() => newLane()),
    phases: /** @type {{ fromMs: number, toMs: number, phase: string }[]} */ ([]),
    spells: /** @type {Spell[]} */ ([]),
    /** Rows of marks that belong to no spell: a disk that was replaced, a log out of service. @type {number[]} */
    marks: [],
    /** By pair of lanes, lower first: from and to, in ms. */
    links: /** @type {Map<number, [number, number][]>} */ (new Map()),
    transfers: openTransfers(data),
    calls: openCalls(data),
    operationStarts: startsOf(data.calls.count),
    entries: openEntries(data),
    versionStarts: startsOf(data.entries.versions),
    timestamps: sumsOf(data.versions.timestamp),
    /** Rows of the events that a violation names, in order. @type {number[]} */
    named: [],
    endMs: Math.max(data.endMs, 1),
  }
  tell(story)
  closeOpenEnds(story)
  story.named = namedRows(story)
  return story
}

/** @returns {Lane} */
function newLane() {
  return { lives: [], births: [], frontier: new Map(), toldRows: [], toldDigests: [] }
}

/** @param {ReportData} data */
function openTransfers(data) {
  const count = data.transfers.from.length
  return {
    count,
    sentRow: new Int32Array(count).fill(-1),
    endRow: new Int32Array(count).fill(-1),
    sentMs: new Float64Array(count),
    endMs: new Float64Array(count),
    outcome: new Uint8Array(count),
    from: Uint8Array.from(data.transfers.from),
    to: Uint8Array.from(data.transfers.to),
    kind: Uint8Array.from(data.transfers.kind),
  }
}

/** @param {ReportData} data */
function openCalls(data) {
  const count = data.calls.client.length
  return {
    count,
    askedRow: new Int32Array(count).fill(-1),
    endRow: new Int32Array(count).fill(-1),
    outcome: new Uint8Array(count),
    node: new Int8Array(count),
  }
}

/** @param {ReportData} data */
function openEntries(data) {
  const count = data.entries.writer.length
  return {
    count,
    sealedRow: new Int32Array(count).fill(-1),
    durableRow: new Int32Array(count).fill(-1),
    node: new Int8Array(count),
    /** The blocks that it may be in; -1 if it never went to the log. */
    blockFrom: new Int32Array(count).fill(-1),
    blockTo: new Int32Array(count).fill(-1),
  }
}

/** @param {Story} story */
function tell(story) {
  const { data, events, kinds, lanes, transfers, calls, entries } = story
  const openSpells = /** @type {Map<number, Spell>} */ (new Map())
  const inFlight = lanes.map(() => /** @type {number[]} */ ([]))
  const durable = lanes.map(() => /** @type {number[]} */ ([]))
  for (let row = 0; row < events.count; row++) {
    const kind = events.kind[row]
    const node = events.node[row]
    const reference = events.reference[row]
    const atMs = events.atMs[row]
    const lane = lanes[node]
    switch (kind) {
      case kinds.started:
        lane.births.push(row)
        turn(lane, { fromMs: atMs, state: 'recovering', cause: '', life: reference, row })
        break
      case kinds.recovered:
        turn(lane, { fromMs: atMs, state: 'serving', cause: '', life: lane.lives.at(-1)?.life ?? 0, row })
        break
      case kinds.stopped:
        turn(lane, { fromMs: atMs, state: 'down', cause: data.texts[reference], life: lane.lives.at(-1)?.life ?? 0, row })
        inFlight[node].length = 0
        durable[node].length = 0
        break
      case kinds.sealed:
        entries.sealedRow[reference] = row
        entries.node[reference] = node
        inFlight[node].push(reference)
        break
      case kinds.persisted:
        for (const entry of inFlight[node]) entries.durableRow[entry] = row
        durable[node].push(...inFlight[node])
        inFlight[node].length = 0
        break
      case kinds.appended:
        placeInBlocks(story, durable[node], reference)
        break
      case kinds.applied:
        raise(data, lane, row, reference)
        break
      case kinds.sent:
        transfers.sentRow[reference] = row
        transfers.sentMs[reference] = atMs
        if (data.transfers.digest[reference] >= 0) {
          lane.toldRows.push(row)
          lane.toldDigests.push(data.transfers.digest[reference])
        }
        break
      case kinds.delivered:
      case kinds.dropped:
        if (reference < 0) break
        transfers.endRow[reference] = row
        transfers.endMs[reference] = atMs
        transfers.outcome[reference] = kind === kinds.delivered ? DELIVERED : DROPPED
        break
      case kinds.connected:
        linkOf(story, node, reference).push([atMs, Number.POSITIVE_INFINITY])
        break
      case kinds.disconnected: {
        const last = linkOf(story, node, reference).at(-1)
        if (last !== undefined) last[1] = Math.min(last[1], atMs)
        break
      }
      case kinds.invoked:
        calls.askedRow[reference] = row
        calls.node[reference] = node
        break
      case kinds.answered:
      case kinds.unknown:
        if (reference < 0) break
        calls.endRow[reference] = row
        calls.outcome[reference] = kind === kinds.unknown ? UNKNOWN : hasFailed(data, reference) ? FAILED : ANSWERED
        break
      case kinds['fault-began']: {
        // A jump of a clock is a moment: nothing tells its end.
        const isMoment = data.faults[reference].kind === 'clock-step'
        const spell = { fromMs: atMs, toMs: isMoment ? atMs : Number.POSITIVE_INFINITY, fault: reference, row }
        if (!isMoment) openSpells.set(reference, spell)
        story.spells.push(spell)
        break
      }
      case kinds['fault-ended']: {
        const spell = openSpells.get(reference)
        if (spell !== undefined) spell.toMs = atMs
        openSpells.delete(reference)
        break
      }
      case kinds['disk-replaced']:
      case kinds['log-failed']:
      case kinds.refused:
        story.marks.push(row)
        break
      case kinds.phase: {
        const last = story.phases.at(-1)
        if (last !== undefined) last.toMs = atMs
        story.phases.push({ fromMs: atMs, toMs: Number.POSITIVE_INFINITY, phase: data.texts[reference] })
        break
      }
      default:
    }
  }
}

/**
 * A node's life takes a turn.
 * @param {Lane} lane
 * @param {Omit<Life, 'toMs'>} next
 */
function turn(lane, next) {
  const last = lane.lives.at(-1)
  if (last !== undefined) last.toMs = next.fromMs
  lane.lives.push({ ...next, toMs: Number.POSITIVE_INFINITY })
}

/**
 * The entries that became durable since the last append are in the blocks of this one; which of
 * them in which block is known if their numbers match.
 * @param {Story} story
 * @param {number[]} waiting
 * @param {number} append
 */
function placeInBlocks(story, waiting, append) {
  const { writer, index, blocks } = story.data.appends
  const first = index[append] === 0 ? 1 : index[append]
  const last = index[append] + blocks[append] - 1
  const own = waiting.filter((entry) => story.data.entries.writer[entry] === writer[append])
  const isOneEach = own.length === last - first + 1
  own.forEach((entry, position) => {
    story.entries.blockFrom[entry] = isOneEach ? first + position : first
    story.entries.blockTo[entry] = isOneEach ? first + position : last
  })
  waiting.length = 0
}

/**
 * @param {ReportData} data
 * @param {Lane} lane
 * @param {number} row
 * @param {number} offset
 */
function raise(data, lane, row, offset) {
  const count = data.frontiers[offset]
  for (let i = 0; i < count; i++) {
    const writer = data.frontiers[offset + 1 + 2 * i]
    let series = lane.frontier.get(writer)
    if (series === undefined) {
      series = { rows: [], sequences: [], peaks: [] }
      lane.frontier.set(writer, series)
    }
    const sequence = data.frontiers[offset + 2 + 2 * i]
    series.rows.push(row)
    series.sequences.push(sequence)
    // A new life starts over; what was reached once stays findable.
    series.peaks.push(Math.max(series.peaks.at(-1) ?? 0, sequence))
  }
}

/**
 * @param {Story} story
 * @param {number} left
 * @param {number} right
 */
function linkOf(story, left, right) {
  const pair = pairOf(left, right)
  let link = story.links.get(pair)
  if (link === undefined) {
    link = []
    story.links.set(pair, link)
  }
  return link
}

/**
 * @param {number} left
 * @param {number} right
 */
export function pairOf(left, right) {
  return Math.min(left, right) * 256 + Math.max(left, right)
}

/**
 * @param {ReportData} data
 * @param {number} call
 */
function hasFailed(data, call) {
  return data.replyKinds[data.calls.reply[call]] === 'failed'
}

/** What has not ended by the last event is open to the end. @param {Story} story */
function closeOpenEnds(story) {
  for (const lane of story.lanes) for (const life of lane.lives) life.toMs = Math.min(life.toMs, story.endMs)
  for (const spell of story.spells) spell.toMs = Math.min(spell.toMs, story.endMs)
  for (const phase of story.phases) phase.toMs = Math.min(phase.toMs, story.endMs)
}

/** @param {Story} story */
function namedRows(story) {
  const numbers = new Set(story.data.violations.flatMap((violation) => violation.events))
  const rows = []
  for (let row = 0; row < story.events.count && rows.length < numbers.size; row++) {
    if (numbers.has(story.events.number[row])) rows.push(row)
  }
  return rows
}
