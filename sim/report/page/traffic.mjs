/**
 * What moves between the lanes and on them: arrows, calls, writes. Few are drawn one by one and
 * can be pointed at; many are drawn as histograms on the lanes (answers above, arrivals below)
 * and as bundles of arrows, so that a whole run is as quick to draw as a second of it.
 *
 * @typedef {import('./story.mjs').Story} Story
 * @typedef {import('./looks.mjs').Looks} Looks
 * @typedef {CanvasRenderingContext2D} Pen
 * @typedef {{ left: number, right: number, edge: number, fromMs: number, toMs: number, spacing: number, height: number, x: (ms: number) => number, y: (node: number) => number }} Plane
 * @typedef {{ x: number, y: number, toX: number, toY: number, row: number }} Target something to point at
 * @typedef {{ pen: Pen, story: Story, looks: Looks, plane: Plane, filter: import('./filter.mjs').Filter, targets: Target[], labels: import('./labels.mjs').Label[] }} Sheet
 */

import { countUpTo } from './columns.mjs'
import { line, mark } from './looks.mjs'
import { ANSWERED, DELIVERED, DROPPED, FAILED, IN_FLIGHT, UNKNOWN } from './story.mjs'

/** Arrows drawn one by one. */
const ARROWS_MAX = 1200
/** Calls drawn one by one. */
const CALLS_MAX = 700
/** Marks of single events on the lanes. */
const MARKS_MAX = 2500
/** How near to something a click must be to mean it. */
const REACH_PX = 9
const BIN_PX = 4
const BUNDLE_PX = 64
/** Calls are drawn above their lane, on as many tracks. */
const CALL_TRACKS = 3

/**
 * @param {Sheet} sheet
 * @returns {{ arrows: 'single' | 'bundled', calls: 'single' | 'counted' }}
 */
export function drawTraffic(sheet) {
  const transfers = visibleTransfers(sheet)
  const calls = visibleCalls(sheet)
  const areArrowsSingle = transfers.length <= ARROWS_MAX
  const areCallsSingle = calls.length <= CALLS_MAX
  if (!areArrowsSingle) {
    drawArrivals(sheet, transfers)
    drawBundles(sheet, transfers)
  }
  if (!areCallsSingle) drawAnswers(sheet, calls)
  drawWrites(sheet)
  if (areArrowsSingle) for (const row of transfers) drawArrow(sheet, row, false)
  if (areCallsSingle) for (const row of calls) drawCall(sheet, row, false)
  return { arrows: areArrowsSingle ? 'single' : 'bundled', calls: areCallsSingle ? 'single' : 'counted' }
}

/** @param {Sheet} sheet */
function visibleTransfers({ story, plane, filter }) {
  const { transfers } = story
  const rows = []
  for (let row = 0; row < transfers.count; row++) {
    if (transfers.sentMs[row] > plane.toMs) break
    const end = transfers.outcome[row] === IN_FLIGHT ? transfers.sentMs[row] : transfers.endMs[row]
    if (end >= plane.fromMs && filter.hasTransfer(row)) rows.push(row)
  }
  return rows
}

/** @param {Sheet} sheet */
function visibleCalls({ story, plane, filter }) {
  const { calls, events } = story
  const rows = []
  for (let row = 0; row < calls.count; row++) {
    if (events.atMs[calls.askedRow[row]] > plane.toMs) break
    if (endOfCall(story, row) >= plane.fromMs && filter.hasCall(row)) rows.push(row)
  }
  return rows
}

/** @param {Story} story @param {number} call */
function endOfCall(story, call) {
  const end = story.calls.endRow[call]
  return end < 0 ? story.endMs : story.events.atMs[end]
}

/**
 * @param {Sheet} sheet
 * @param {number} row
 * @param {boolean} isStrong
 */
export function drawArrow({ pen, story, looks, plane, targets }, row, isStrong) {
  const { transfers, data } = story
  const from = transfers.from[row]
  const to = transfers.to[row]
  const side = to > from ? 1 : -1
  const x = plane.x(transfers.sentMs[row])
  const y = plane.y(from) + side * 3
  const outcome = transfers.outcome[row]
  const isBlocks = data.transferKinds[transfers.kind[row]] === 'blocks'
  // What was lost ends on its way; what still travels at the end of the run fades out near its start.
  const share = outcome === DELIVERED ? 1 : outcome === DROPPED ? 0.72 : 0.25
  const fullX = outcome === IN_FLIGHT ? x + 24 : plane.x(transfers.endMs[row])
  const fullY = plane.y(to) - side * 3
  const toX = x + (fullX - x) * share
  const toY = y + (fullY - y) * share
  pen.globalAlpha = isStrong ? 1 : isBlocks ? 0.85 : 0.38
  pen.strokeStyle = pen.fillStyle = isStrong ? looks.accent : outcome === DROPPED ? looks.bad : isBlocks ? looks.nodes[from] : looks.muted
  pen.lineWidth = isStrong ? 2.5 : isBlocks ? 1.5 : 1
  pen.setLineDash(isBlocks ? [] : [3, 3])
  pen.beginPath()
  line(pen, x, y, toX, toY)
  pen.stroke()
  pen.setLineDash([])
  if (outcome === DROPPED) {
    pen.lineWidth = 2
    mark(pen, 'cross', toX, toY, 3.5)
  } else if (outcome === DELIVERED) arrowHead(pen, x, y, toX, toY, isStrong ? 7 : 5)
  pen.globalAlpha = 1
  targets.push({ x, y, toX, toY, row: transfers.sentRow[row] })
}

/**
 * @param {Pen} pen
 * @param {number} x
 * @param {number} y
 * @param {number} toX
 * @param {number} toY
 * @param {number} size
 */
function arrowHead(pen, x, y, toX, toY, size) {
  const angle = Math.atan2(toY - y, toX - x)
  pen.beginPath()
  pen.moveTo(toX, toY)
  pen.lineTo(toX - size * Math.cos(angle - 0.4), toY - size * Math.sin(angle - 0.4))
  pen.lineTo(toX - size * Math.cos(angle + 0.4), toY - size * Math.sin(angle + 0.4))
  pen.closePath()
  pen.fill()
}

/**
 * @param {Sheet} sheet
 * @param {number} row
 * @param {boolean} isStrong
 */
export function drawCall({ pen, story, looks, plane, targets }, row, isStrong) {
  const { calls, events, data } = story
  const asked = calls.askedRow[row]
  const track = data.calls.client[row] % CALL_TRACKS
  const y = plane.y(calls.node[row]) - 9 - track * Math.min(7, plane.spacing / 9)
  const x = plane.x(events.atMs[asked])
  const toX = plane.x(endOfCall(story, row))
  pen.globalAlpha = isStrong ? 1 : 0.8
  pen.strokeStyle = pen.fillStyle = isStrong ? looks.accent : looks.muted
  pen.lineWidth = isStrong ? 3 : 1
  pen.beginPath()
  line(pen, x, y, toX, y)
  line(pen, x, y - 2.5, x, y + 2.5)
  pen.stroke()
  pen.globalAlpha = 1
  outcomeMark(pen, looks, calls.outcome[row], toX, y, isStrong ? 5 : 3)
  targets.push({ x, y, toX, toY: y, row: asked })
  if (calls.endRow[row] >= 0) targets.push({ x: toX, y, toX, toY: y, row: calls.endRow[row] })
}

/**
 * @param {Pen} pen
 * @param {Looks} looks
 * @param {number} outcome
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
function outcomeMark(pen, looks, outcome, x, y, size) {
  pen.lineWidth = 1.75
  if (outcome === ANSWERED) {
    pen.fillStyle = looks.good
    mark(pen, 'disc', x, y, size)
  } else if (outcome === UNKNOWN) {
    pen.fillStyle = looks.warn
    mark(pen, 'diamond', x, y, size + 0.5)
  } else if (outcome === FAILED) {
    pen.strokeStyle = looks.bad
    mark(pen, 'cross', x, y, size)
  }
}

/** Writes on the lane itself: thick while the disk writes; a tick below for each step of the frontier. @param {Sheet} sheet */
function drawWrites({ pen, story, looks, plane, filter, targets }) {
  const { entries, events, kinds } = story
  const first = countUpTo(events.atMs, plane.fromMs)
  const last = countUpTo(events.atMs, plane.toMs)
  if (last - first > MARKS_MAX * 4) return
  const rows = []
  for (let row = first; row < last && rows.length <= MARKS_MAX; row++) {
    if ((events.kind[row] === kinds.sealed || events.kind[row] === kinds.applied) && filter.has(row)) rows.push(row)
  }
  if (rows.length > MARKS_MAX) return
  for (const row of rows) {
    const node = events.node[row]
    const x = plane.x(events.atMs[row])
    const y = plane.y(node)
    pen.strokeStyle = pen.fillStyle = looks.nodes[node]
    pen.lineWidth = 1.5
    pen.beginPath()
    if (events.kind[row] === kinds.applied) {
      line(pen, x, y + 3, x, y + 8)
      pen.stroke()
      targets.push({ x, y: y + 6, toX: x, toY: y + 6, row })
      continue
    }
    const durable = entries.durableRow[events.reference[row]]
    const toX = durable < 0 ? x + 4 : plane.x(events.atMs[durable])
    pen.lineWidth = durable < 0 ? 2 : 6
    line(pen, x, y, Math.max(toX, x + 1.5), y)
    pen.stroke()
    targets.push({ x, y, toX, toY: y, row })
  }
}

/** Arrivals (below the lane) and losses by column. @param {Sheet} sheet @param {number[]} rows */
function drawArrivals({ pen, story, looks, plane }, rows) {
  const bins = Math.ceil((plane.right - plane.left) / BIN_PX)
  const { transfers, lanes } = story
  const counts = lanes.map(() => [new Uint32Array(bins), new Uint32Array(bins)])
  let most = 1
  for (const row of rows) {
    const bin = Math.floor((plane.x(transfers.endMs[row]) - plane.left) / BIN_PX)
    if (transfers.outcome[row] === IN_FLIGHT || bin < 0 || bin >= bins) continue
    const lane = counts[transfers.to[row]]
    lane[transfers.outcome[row] === DROPPED ? 1 : 0][bin]++
    most = Math.max(most, lane[0][bin] + lane[1][bin])
  }
  const scale = (plane.spacing * 0.3) / most
  counts.forEach(([arrived, lost], node) => {
    bars(pen, plane, plane.y(node) + 3, arrived, null, scale, looks.nodes[node], 0.4)
    bars(pen, plane, plane.y(node) + 3, lost, arrived, scale, looks.bad, 0.9)
  })
}

/** Answers (above the lane), unknown outcomes and failures by column. @param {Sheet} sheet @param {number[]} rows */
function drawAnswers({ pen, story, looks, plane }, rows) {
  const bins = Math.ceil((plane.right - plane.left) / BIN_PX)
  const { calls, lanes } = story
  const counts = lanes.map(() => [new Uint32Array(bins), new Uint32Array(bins), new Uint32Array(bins)])
  let most = 1
  for (const row of rows) {
    const bin = Math.floor((plane.x(endOfCall(story, row)) - plane.left) / BIN_PX)
    const outcome = calls.outcome[row]
    if (bin < 0 || bin >= bins || outcome < ANSWERED) continue
    const lane = counts[calls.node[row]]
    lane[outcome - ANSWERED][bin]++
    most = Math.max(most, lane[0][bin] + lane[1][bin] + lane[2][bin])
  }
  const scale = (-plane.spacing * 0.34) / most
  counts.forEach(([answered, failed, unknown], node) => {
    const y = plane.y(node) - 3
    bars(pen, plane, y, answered, null, scale, looks.good, 0.75)
    bars(pen, plane, y, failed, answered, scale, looks.bad, 0.95)
    bars(
      pen,
      plane,
      y,
      unknown,
      answered.map((count, bin) => count + failed[bin]),
      scale,
      looks.warn,
      1,
    )
  })
}

/**
 * @param {Pen} pen
 * @param {Plane} plane
 * @param {number} y
 * @param {Uint32Array} heights
 * @param {Uint32Array | null} below what they stand on
 * @param {number} scale px of one; negative is upward
 * @param {string} colour
 * @param {number} alpha
 */
function bars(pen, plane, y, heights, below, scale, colour, alpha) {
  pen.globalAlpha = alpha
  pen.fillStyle = colour
  pen.beginPath()
  for (let bin = 0; bin < heights.length; bin++) {
    if (heights[bin] > 0) pen.rect(plane.left + bin * BIN_PX, y + (below?.[bin] ?? 0) * scale, BIN_PX - 1, heights[bin] * scale)
  }
  pen.fill()
  pen.globalAlpha = 1
}

/** One arrow for all that went from a lane to another in a stretch of time. @param {Sheet} sheet @param {number[]} rows */
function drawBundles({ pen, story, looks, plane }, rows) {
  const { transfers, lanes } = story
  const width = plane.right - plane.left
  const buckets = Math.ceil(width / BUNDLE_PX)
  const pairs = lanes.length * lanes.length
  const counts = new Uint32Array(buckets * pairs)
  const travels = new Float64Array(buckets * pairs)
  for (const row of rows) {
    const bucket = Math.floor((plane.x(transfers.sentMs[row]) - plane.left) / BUNDLE_PX)
    if (transfers.outcome[row] !== DELIVERED || bucket < 0 || bucket >= buckets) continue
    const slot = bucket * pairs + transfers.from[row] * lanes.length + transfers.to[row]
    counts[slot]++
    travels[slot] += transfers.endMs[row] - transfers.sentMs[row]
  }
  const pxPerMs = width / (plane.toMs - plane.fromMs)
  counts.forEach((count, slot) => {
    if (count === 0) return
    const bucket = Math.floor(slot / pairs)
    const from = Math.floor((slot % pairs) / lanes.length)
    const to = slot % lanes.length
    const side = to > from ? 1 : -1
    // Spread over the bucket, so that arrows of several pairs lie beside each other.
    const x = plane.left + (bucket + (from + 1) / (lanes.length + 1)) * BUNDLE_PX
    const toX = x + Math.max(6, (travels[slot] / count) * pxPerMs)
    if (toX > plane.right) return
    pen.globalAlpha = 0.18
    pen.strokeStyle = pen.fillStyle = looks.nodes[from]
    pen.lineWidth = 0.75 + Math.log2(1 + count) * 0.25
    pen.beginPath()
    line(pen, x, plane.y(from) + side * 3, toX, plane.y(to) - side * 3)
    pen.stroke()
    pen.globalAlpha = 0.35
    arrowHead(pen, x, plane.y(from) + side * 3, toX, plane.y(to) - side * 3, 5)
  })
  pen.globalAlpha = 1
}

/**
 * The event of what is drawn nearest to a point, or -1; of two as near, the one on top.
 * @param {readonly Target[]} targets
 * @param {number} x
 * @param {number} y
 */
export function nearestRow(targets, x, y) {
  let best = -1
  let bestPx = REACH_PX
  for (const target of targets) {
    const px = distanceTo(target, x, y)
    if (px > bestPx || target.row < 0) continue
    best = target.row
    bestPx = px
  }
  return best
}

/** Distance of a point from a segment. @param {Target} target @param {number} x @param {number} y */
function distanceTo({ x: fromX, y: fromY, toX, toY }, x, y) {
  const [dx, dy] = [toX - fromX, toY - fromY]
  const length = dx * dx + dy * dy
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - fromX) * dx + (y - fromY) * dy) / length))
  return Math.hypot(x - fromX - share * dx, y - fromY - share * dy)
}
