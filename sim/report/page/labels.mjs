/** Words on the diagram. */

/**
 * A label on its own ground; left out if it has no room, or stands on another one.
 * @param {import('./traffic.mjs').Sheet} sheet
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {number} maxX
 * @param {string} colour
 */
export function tag({ pen, looks, labels }, text, x, y, maxX, colour) {
  const toX = x + pen.measureText(text).width + 8
  if (toX > maxX || labels.some((other) => other.y === y && x < other.toX && toX > other.x)) return
  labels.push({ x, toX, y })
  pen.fillStyle = looks.card
  pen.globalAlpha = 0.85
  pen.beginPath()
  pen.roundRect(x, y - 8, toX - x, 16, 4)
  pen.fill()
  pen.globalAlpha = 1
  pen.fillStyle = colour
  pen.fillText(text, x + 4, y + 0.5)
}
