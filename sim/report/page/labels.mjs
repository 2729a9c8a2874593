/**
 * Words and signs on the diagram. Each takes a place of its own: what would stand on another one
 * moves to the right; a word is left out if it has no room there. Words are drawn last, so that
 * nothing runs through them.
 *
 * @typedef {import('./traffic.mjs').Sheet} Sheet
 * @typedef {{ x: number, toX: number, y: number, toY: number }} Place
 * @typedef {Place & { text: string, colour: string, font: string }} Label
 */

const HEIGHT_PX = 16
const PADDING_PX = 4
const GAP_PX = 2
/** How far a sign moves, in half its sizes. */
const SHIFT_MAX = 4

/**
 * A label on its own ground, centred at `y`; left out if it has no room.
 * @param {Sheet} sheet
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {number} maxX
 * @param {string} colour
 */
export function tag({ pen, labels }, text, x, y, maxX, colour) {
  const width = pen.measureText(text).width + 2 * PADDING_PX
  const fromX = freeX(labels, x, width, y - HEIGHT_PX / 2, y + HEIGHT_PX / 2)
  if (fromX + width > maxX) return
  labels.push({ x: fromX, toX: fromX + width, y: y - HEIGHT_PX / 2, toY: y + HEIGHT_PX / 2, text, colour, font: pen.font })
}

/**
 * A free place for a sign of some size around `x` and `y`, or a little to the right of it; it is taken.
 * @param {Sheet} sheet
 * @param {number} x
 * @param {number} y
 * @param {number} size from its middle to its edge
 */
export function placeSign({ labels }, x, y, size) {
  const freeFromX = freeX(labels, x - size, 2 * size, y - size, y + size)
  // Far from its time it would say something else: in a crowd it stands where it belongs.
  const fromX = freeFromX > x + size * SHIFT_MAX ? x - size : freeFromX
  labels.push({ x: fromX, toX: fromX + 2 * size, y: y - size, toY: y + size, text: '', colour: '', font: '' })
  return fromX + size
}

/**
 * Takes several places together; false, and none is taken, if anything stands on one of them.
 * @param {Sheet} sheet
 * @param {readonly Place[]} places
 */
export function takePlaces({ labels }, places) {
  const isTaken = places.some((place) => labels.some((other) => overlap(place, other)))
  if (!isTaken) for (const place of places) labels.push({ ...place, text: '', colour: '', font: '' })
  return !isTaken
}

/** @param {Sheet} sheet */
export function drawLabels({ pen, looks, labels }) {
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  for (const { x, toX, y, toY, text, colour, font } of labels) {
    if (text === '') continue
    pen.font = font
    pen.fillStyle = looks.card
    pen.globalAlpha = 0.9
    pen.beginPath()
    pen.roundRect(x, y, toX - x, toY - y, PADDING_PX)
    pen.fill()
    pen.globalAlpha = 1
    pen.fillStyle = colour
    pen.fillText(text, x + PADDING_PX, (y + toY) / 2 + 0.5)
  }
}

/** The first place from `x` on that is as wide and stands on nothing. @param {readonly Place[]} taken @param {number} x @param {number} width @param {number} y @param {number} toY */
function freeX(taken, x, width, y, toY) {
  const inTheWay = taken.filter((other) => other.y < toY && other.toY > y).sort((left, right) => left.x - right.x)
  let fromX = x
  for (const other of inTheWay) if (other.toX > fromX && other.x < fromX + width) fromX = other.toX + GAP_PX
  return fromX
}

/** @param {Place} left @param {Place} right */
function overlap(left, right) {
  return left.x < right.toX && left.toX > right.x && left.y < right.toY && left.toY > right.y
}
