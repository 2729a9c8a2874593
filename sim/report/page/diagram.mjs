/**
 * The space-time diagram: nodes as lanes, time to the right. Drawn from back to front: phases,
 * partitions between the lanes that they cut, lives, faults, what moves, what a violation names,
 * the moment that is looked at. It draws only what is in view.
 *
 * @typedef {import('./story.mjs').Story} Story
 * @typedef {import('./traffic.mjs').Sheet} Sheet
 * @typedef {import('./traffic.mjs').Plane} Plane
 * @typedef {{ fromMs: number, toMs: number, atMs: number, selected: number }} View
 */

import { drawLabels } from './labels.mjs'
import { drawFaults, drawLives } from './lives.mjs'
import { line, mark } from './looks.mjs'
import { drawPartitions } from './partitions.mjs'
import { drawArrow, drawCall, drawTraffic } from './traffic.mjs'

/** The axis and the phases. */
export const TOP_PX = 34
const BOTTOM_PX = 26
/** Room behind the end, for what happens in the last moment. */
const EDGE_PX = 14
const LANE_PX = { narrow: 58, wide: 66 }
const NARROW_PX = 600
/** A number of an event that a violation names. */
const BADGE_PX = 20
/** More of them than this may hide each other. */
const STACKED_MAX = 100

/**
 * @param {number} lanes
 * @param {number} width
 */
export function diagramHeight(lanes, width) {
  return TOP_PX + BOTTOM_PX + lanes * (width < NARROW_PX ? LANE_PX.narrow : LANE_PX.wide)
}

/**
 * @param {Story} story
 * @param {import('./view.mjs').Span} view
 * @param {number} width
 * @param {number} height
 * @returns {Plane}
 */
export function makePlane(story, view, width, height) {
  const left = width < NARROW_PX ? 34 : 50
  const right = width - EDGE_PX
  const spacing = (height - TOP_PX - BOTTOM_PX) / story.lanes.length
  const pxPerMs = (right - left) / (view.toMs - view.fromMs)
  return {
    left,
    right,
    edge: width,
    spacing,
    height,
    fromMs: view.fromMs,
    toMs: view.toMs,
    x: (ms) => left + (ms - view.fromMs) * pxPerMs,
    y: (node) => TOP_PX + spacing * (node + 0.58),
  }
}

/**
 * @param {Sheet} sheet
 * @param {View} view
 */
export function drawDiagram(sheet, view) {
  const { pen, plane, looks } = sheet
  pen.clearRect(0, 0, plane.edge, plane.height)
  drawAxis(sheet)
  pen.save()
  pen.beginPath()
  pen.rect(plane.left, 0, plane.edge - plane.left, plane.height)
  pen.clip()
  drawPhases(sheet)
  const { faults } = sheet.filter.wish.show
  if (faults) drawPartitions(sheet)
  drawLives(sheet)
  if (faults) drawFaults(sheet)
  const detail = drawTraffic(sheet)
  drawLabels(sheet)
  drawNamed(sheet)
  drawSelected(sheet, view.selected)
  drawMoment(sheet, view.atMs)
  pen.restore()
  pen.fillStyle = looks.ink
  drawNames(sheet)
  return detail
}

/** @param {Sheet} sheet */
function drawAxis({ pen, plane, looks }) {
  const step = tickStep((plane.toMs - plane.fromMs) / Math.max(3, (plane.right - plane.left) / 110))
  pen.font = `11px ${looks.font}`
  pen.textAlign = 'center'
  pen.textBaseline = 'alphabetic'
  for (let ms = Math.ceil(plane.fromMs / step) * step; ms <= plane.toMs; ms += step) {
    const x = plane.x(ms)
    pen.strokeStyle = looks.line
    pen.lineWidth = 1
    pen.beginPath()
    line(pen, x, TOP_PX - 4, x, plane.height - BOTTOM_PX + 6)
    pen.stroke()
    pen.fillStyle = looks.muted
    if (x > plane.left + 14 && x < plane.right - 14) pen.fillText(tickText(ms, step), x, plane.height - 6)
  }
}

/** The next of 1, 2, 5 × 10^n. @param {number} ms */
function tickStep(ms) {
  const power = 10 ** Math.floor(Math.log10(ms))
  const digit = ms / power
  return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10)
}

/** @param {number} ms @param {number} step */
function tickText(ms, step) {
  if (step >= 1000) return `${Math.round(ms / 1000)} s`
  return `${(ms / 1000).toFixed(Math.min(6, Math.max(1, Math.ceil(3 - Math.log10(step)))))} s`
}

/** @param {Sheet} sheet */
function drawPhases({ pen, plane, looks, story }) {
  pen.font = `600 11px ${looks.font}`
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  story.phases.forEach(({ fromMs, toMs, phase }, position) => {
    if (toMs < plane.fromMs || fromMs > plane.toMs) return
    const x = plane.x(fromMs)
    pen.fillStyle = looks.phase
    pen.globalAlpha = position % 2 === 0 ? 0.45 : 1
    pen.fillRect(x, 4, plane.x(toMs) - x, 20)
    pen.globalAlpha = 1
    pen.strokeStyle = looks.muted
    pen.beginPath()
    line(pen, x, 4, x, 24)
    pen.stroke()
    pen.fillStyle = looks.muted
    label(pen, phase, Math.max(x, plane.left) + 6, 14, plane.x(toMs) - 4)
  })
}

/** Text that is left out where there is no room for it. @param {CanvasRenderingContext2D} pen @param {string} text @param {number} x @param {number} y @param {number} maxX */
function label(pen, text, x, y, maxX) {
  if (pen.measureText(text).width <= maxX - x) pen.fillText(text, x, y)
}

/** What the violation names: numbered, joined in their order, its arrows and calls drawn strong. @param {Sheet} sheet */
function drawNamed(sheet) {
  const { pen, plane, looks, story } = sheet
  /** @type {{ row: number, x: number, y: number }[]} */
  const points = []
  for (const row of story.named) {
    const x = plane.x(story.events.atMs[row])
    let y = laneY(sheet, row)
    // Events of one moment are stacked.
    while (story.named.length <= STACKED_MAX && points.some((other) => Math.hypot(other.x - x, other.y - y) < BADGE_PX)) y -= BADGE_PX
    points.push({ row, x, y })
  }
  for (const { row } of points) drawStrong(sheet, row)
  pen.strokeStyle = looks.accent
  pen.lineWidth = 1.5
  pen.setLineDash([5, 4])
  pen.beginPath()
  for (const { x, y } of points) pen.lineTo(x, y)
  pen.stroke()
  pen.setLineDash([])
  pen.font = `700 11px ${looks.font}`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  points.forEach(({ row, x, y }, position) => {
    if (x < plane.left - 12 || x > plane.right + 12) return
    pen.fillStyle = looks.accent
    pen.strokeStyle = looks.card
    pen.lineWidth = 2
    pen.beginPath()
    pen.arc(x, y, 9.5, 0, 2 * Math.PI)
    pen.fill()
    pen.stroke()
    pen.fillStyle = looks.card
    pen.fillText(String(position + 1), x, y + 0.5)
    sheet.targets.push({ x, y, toX: x, toY: y, row })
  })
}

/** @param {Sheet} sheet @param {number} row */
function laneY({ plane, story }, row) {
  const node = story.events.node[row]
  return node < 0 ? TOP_PX : plane.y(node)
}

/** @param {Sheet} sheet @param {number} row */
function drawStrong(sheet, row) {
  const { events, kinds } = sheet.story
  const reference = events.reference[row]
  const kind = events.kind[row]
  if (reference < 0) return
  if (kind === kinds.sent || kind === kinds.delivered || kind === kinds.dropped) drawArrow(sheet, reference, true)
  if (kind === kinds.invoked || kind === kinds.answered || kind === kinds.unknown) drawCall(sheet, reference, true)
}

/** @param {Sheet} sheet @param {number} row */
function drawSelected(sheet, row) {
  if (row < 0) return
  const { pen, plane, looks, story } = sheet
  drawStrong(sheet, row)
  pen.strokeStyle = looks.ink
  pen.lineWidth = 2
  mark(pen, 'ring', plane.x(story.events.atMs[row]), laneY(sheet, row), 12)
}

/** @param {Sheet} sheet @param {number} ms */
function drawMoment({ pen, plane, looks }, ms) {
  const x = plane.x(ms)
  pen.strokeStyle = pen.fillStyle = looks.ink
  pen.lineWidth = 1.25
  pen.beginPath()
  line(pen, x, TOP_PX - 10, x, plane.height - BOTTOM_PX + 6)
  pen.stroke()
  pen.beginPath()
  pen.moveTo(x - 6, TOP_PX - 12)
  pen.lineTo(x + 6, TOP_PX - 12)
  pen.lineTo(x, TOP_PX - 3)
  pen.closePath()
  pen.fill()
}

/** @param {Sheet} sheet */
function drawNames({ pen, plane, looks, story }) {
  pen.font = `700 13px ${looks.font}`
  pen.textAlign = 'right'
  pen.textBaseline = 'middle'
  story.data.nodes.forEach((name, node) => {
    pen.fillStyle = looks.nodes[node]
    pen.fillText(name.length > 5 ? `${name.slice(0, 4)}…` : name, plane.left - 9, plane.y(node))
  })
}
