/**
 * Partitions: a band in each gap between lanes that something is cut across, and letters on the
 * lanes for the sides that still reach each other.
 *
 * @typedef {import('./traffic.mjs').Sheet} Sheet
 */

import { tag, takePlaces } from './labels.mjs'
import { hatching, line } from './looks.mjs'

/**
 * A band in each gap between lanes that something is cut across: the denser, the more of the ways
 * over the gap are closed. Letters on the lanes name the sides.
 * @param {Sheet} sheet
 */
export function drawPartitions(sheet) {
  const { pen, plane, looks, story } = sheet
  const lanes = story.lanes.length
  const pattern = hatching(pen, 'slash', looks.bad)
  for (const { fromMs, toMs, fault, row } of story.spells) {
    const { kind, directions, text } = story.data.faults[fault]
    if (kind !== 'partition' || toMs < plane.fromMs || fromMs > plane.toMs) continue
    const x = Math.max(plane.x(fromMs), plane.left - 2)
    const width = Math.max(2, Math.min(plane.x(toMs), plane.edge) - x)
    for (let gap = 0; gap < lanes - 1; gap++) {
      const share = shareCut(directions, gap, lanes)
      if (share === 0) continue
      const top = plane.y(gap) + plane.spacing * 0.3
      const height = plane.spacing * 0.4
      pen.globalAlpha = 0.12 + 0.1 * share
      pen.fillStyle = looks.bad
      pen.fillRect(x, top, width, height)
      pen.globalAlpha = 0.25 + 0.5 * share
      pen.fillStyle = pattern
      pen.fillRect(x, top, width, height)
      pen.globalAlpha = 0.9
      pen.strokeStyle = looks.bad
      pen.lineWidth = 1.5
      pen.beginPath()
      line(pen, x, top, x, top + height)
      line(pen, x + width, top, x + width, top + height)
      pen.stroke()
      sheet.targets.push({ x, y: top + height / 2, toX: x + width, toY: top + height / 2, row })
    }
    pen.globalAlpha = 1
    drawSides(sheet, directions, x, width)
    pen.font = `600 11px ${looks.font}`
    pen.textAlign = 'left'
    pen.textBaseline = 'middle'
    const gap = firstCutGap(directions, lanes)
    tag(sheet, text.split(' for ')[0], x + 5, plane.y(gap) + plane.spacing * 0.5, x + width, looks.bad)
  }
}

/** How much of what crosses the gap below a lane is cut, 0 to 1. @param {readonly (readonly [number, number])[]} directions @param {number} gap @param {number} lanes */
function shareCut(directions, gap, lanes) {
  const crossing = directions.filter(([from, to]) => from <= gap !== to <= gap).length
  return crossing / (2 * (gap + 1) * (lanes - gap - 1))
}

/** @param {readonly (readonly [number, number])[]} directions @param {number} lanes */
function firstCutGap(directions, lanes) {
  let best = 0
  for (let gap = 1; gap < lanes - 1; gap++) if (shareCut(directions, gap, lanes) > shareCut(directions, best, lanes)) best = gap
  return best
}

/** Nodes that still reach each other, both ways and over any others, bear the same letter. @param {Sheet} sheet @param {readonly (readonly [number, number])[]} directions @param {number} x @param {number} width */
function drawSides(sheet, directions, x, width) {
  const { pen, plane, looks, story } = sheet
  if (width < 22) return
  const sides = sidesOf(directions, story.lanes.length)
  if (new Set(sides).size < 2) return
  pen.font = `700 10px ${looks.font}`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  // Where partitions overlap, the letters of the one drawn first stand alone.
  if (
    !takePlaces(
      sheet,
      sides.map((_, node) => ({ x: x + 2, toX: x + 18, y: plane.y(node) - 8, toY: plane.y(node) + 8 })),
    )
  )
    return
  sides.forEach((side, node) => {
    const y = plane.y(node)
    pen.fillStyle = looks.card
    pen.strokeStyle = looks.bad
    pen.lineWidth = 1.25
    pen.beginPath()
    pen.arc(x + 10, y, 7, 0, 2 * Math.PI)
    pen.fill()
    pen.stroke()
    pen.fillStyle = looks.bad
    pen.fillText(String.fromCharCode(65 + side), x + 10, y + 0.5)
  })
}

/** @param {readonly (readonly [number, number])[]} directions @param {number} lanes */
function sidesOf(directions, lanes) {
  const cut = new Set(directions.map(([from, to]) => from * lanes + to))
  const sides = new Array(lanes).fill(-1)
  let side = 0
  for (let node = 0; node < lanes; node++) {
    if (sides[node] >= 0) continue
    const open = [node]
    sides[node] = side
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (let other = 0; other < lanes; other++) {
        if (sides[other] >= 0 || cut.has(at * lanes + other) || cut.has(other * lanes + at)) continue
        sides[other] = side
        open.push(other)
      }
    }
    side++
  }
  return sides
}
