/**
 * The lanes themselves: when each node lived and how it went down, and the faults that strike one
 * node.
 *
 * @typedef {import('./traffic.mjs').Sheet} Sheet
 */

import { placeSign, tag } from './labels.mjs'
import { hatching, line, mark } from './looks.mjs'
import { nameOf } from './words.mjs'

/** @param {Sheet} sheet */
export function drawLives(sheet) {
  const { pen, plane, looks, story, targets } = sheet
  const patterns = {
    kill: hatching(pen, 'bars', looks.ink),
    power: hatching(pen, 'cross', looks.ink),
    stop: hatching(pen, 'dots', looks.ink),
    failure: hatching(pen, 'slash', looks.ink),
  }
  const shapes = { kill: 'cross', power: 'bolt', stop: 'square', failure: 'warning' }
  story.lanes.forEach(({ lives, births }, node) => {
    const y = plane.y(node)
    for (const { fromMs, toMs, state, cause, row } of lives) {
      if (toMs < plane.fromMs || fromMs > plane.toMs) continue
      const x = Math.max(plane.x(fromMs), plane.left - 2)
      const toX = Math.min(plane.x(toMs), plane.edge)
      if (state === 'down') {
        const word = /** @type {keyof typeof patterns} */ (cause.split(' ')[0])
        pen.globalAlpha = 0.35
        pen.fillStyle = patterns[word] ?? patterns.stop
        pen.fillRect(x, y - 7, Math.max(2, toX - x), 14)
        pen.globalAlpha = 1
        pen.strokeStyle = looks.muted
        pen.lineWidth = 1
        pen.strokeRect(x + 0.5, y - 6.5, Math.max(1, toX - x - 1), 13)
        pen.fillStyle = pen.strokeStyle = looks.ink
        pen.lineWidth = 2.25
        mark(pen, shapes[word] ?? 'square', x, y, 6)
        pen.font = `600 11px ${looks.font}`
        pen.textAlign = 'left'
        pen.textBaseline = 'middle'
        tag(sheet, cause, x + 12, y, toX, looks.ink)
        targets.push({ x, y, toX, toY: y, row })
        continue
      }
      pen.strokeStyle = looks.nodes[node]
      pen.lineWidth = state === 'serving' ? 2.25 : 1.5
      pen.setLineDash(state === 'serving' ? [] : [2, 4])
      pen.beginPath()
      line(pen, x, y, toX, y)
      pen.stroke()
      pen.setLineDash([])
    }
    for (const row of births) {
      const x = plane.x(story.events.atMs[row])
      if (x < plane.left || x > plane.right) continue
      pen.fillStyle = looks.card
      pen.strokeStyle = looks.nodes[node]
      pen.lineWidth = 2
      pen.beginPath()
      pen.arc(x, y, 4, 0, 2 * Math.PI)
      pen.fill()
      pen.stroke()
      targets.push({ x, y, toX: x, toY: y, row })
    }
  })
}

const HALO_PX = 9
const FAULT_MARKS = {
  'clock-step': 'clock',
  'clock-drift': 'clock',
  'write-error': 'warning',
  'torn-tail': 'disk',
  'logs-rollback': 'disk',
}
const FAULT_BARS = { pause: 'paused', 'disk-slow': 'slow disk', 'disk-full': 'disk full', clog: 'clog' }

/** Lasting faults as bars below the lane, momentary ones as marks above it. @param {Sheet} sheet */
export function drawFaults(sheet) {
  const { pen, plane, looks, story, targets } = sheet
  pen.font = `10px ${looks.font}`
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  for (const { fromMs, toMs, fault, row } of story.spells) {
    if (toMs < plane.fromMs || fromMs > plane.toMs) continue
    const { kind, nodes, directions } = story.data.faults[fault]
    const word = FAULT_BARS[/** @type {keyof typeof FAULT_BARS} */ (kind)]
    const shape = FAULT_MARKS[/** @type {keyof typeof FAULT_MARKS} */ (kind)]
    for (const node of nodes) {
      const x = plane.x(fromMs)
      if (shape !== undefined) markWithHalo(sheet, shape, x, plane.y(node) - plane.spacing * 0.34, row)
      if (word === undefined) continue
      const toX = plane.x(toMs)
      const y = plane.y(node) + plane.spacing * 0.2 + (kind.startsWith('disk') ? 9 : 0)
      pen.globalAlpha = 0.85
      pen.fillStyle = looks.warn
      pen.fillRect(x, y - 2, Math.max(3, toX - x), 4)
      pen.globalAlpha = 1
      const target = directions[0]?.[1]
      const text = target === undefined ? word : `${word} → ${nameOf(story, target)}`
      tag(sheet, text, Math.max(x, plane.left) + 3, y, toX, looks.ink)
      targets.push({ x, y, toX, toY: y, row })
    }
  }
  for (const row of story.marks) {
    const x = plane.x(story.events.atMs[row])
    if (x < plane.left || x > plane.right) continue
    const shape = story.events.kind[row] === story.kinds['disk-replaced'] ? 'disk' : 'warning'
    markWithHalo(sheet, shape, x, plane.y(story.events.node[row]) - plane.spacing * 0.22, row)
  }
}

/** @param {Sheet} sheet @param {string} shape @param {number} atX @param {number} y @param {number} row */
function markWithHalo(sheet, shape, atX, y, row) {
  const { pen, looks, targets } = sheet
  const x = placeSign(sheet, atX, y, HALO_PX)
  pen.fillStyle = looks.card
  mark(pen, 'disc', x, y, HALO_PX)
  pen.fillStyle = pen.strokeStyle = looks.warn
  pen.lineWidth = 1.75
  mark(pen, shape, x, y, 5.5)
  targets.push({ x, y, toX: x, toY: y, row })
}
