/**
 * Colours and shapes. Colours are the palette of Okabe and Ito, which people with any kind of
 * colour blindness tell apart, and none of them stands alone: each state has its own hatching or
 * mark. They are read from the style sheet, which knows whether it is night.
 *
 * @typedef {ReturnType<typeof readLooks>} Looks
 * @typedef {CanvasRenderingContext2D} Pen
 */

const HATCH_PX = 8

/** @param {HTMLElement} root */
export function readLooks(root) {
  const style = getComputedStyle(root)
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim()
  const nodes = []
  for (let node = 0; node < 9; node++) nodes.push(colour(`--node-${node}`))
  return {
    nodes,
    ink: colour('--ink'),
    muted: colour('--muted'),
    line: colour('--line'),
    ground: colour('--ground'),
    card: colour('--card'),
    accent: colour('--accent'),
    bad: colour('--bad'),
    warn: colour('--warn'),
    good: colour('--good'),
    phase: colour('--phase'),
    font: style.fontFamily,
  }
}

/**
 * A hatching to fill with: `slash` for cuts, `cross` for power, `bars` for killed, `dots` for stopped.
 * @param {Pen} pen
 * @param {'slash' | 'cross' | 'bars' | 'dots'} kind
 * @param {string} colour
 */
export function hatching(pen, kind, colour) {
  const tile = document.createElement('canvas')
  tile.width = HATCH_PX
  tile.height = HATCH_PX
  const inner = tile.getContext('2d')
  if (inner === null) return colour
  inner.strokeStyle = colour
  inner.fillStyle = colour
  inner.lineWidth = 1.25
  inner.beginPath()
  if (kind === 'slash' || kind === 'cross') {
    for (const shift of [-HATCH_PX, 0, HATCH_PX]) line(inner, shift, HATCH_PX, shift + HATCH_PX, 0)
  }
  if (kind === 'cross') for (const shift of [-HATCH_PX, 0, HATCH_PX]) line(inner, shift, 0, shift + HATCH_PX, HATCH_PX)
  if (kind === 'bars') line(inner, HATCH_PX / 2, 0, HATCH_PX / 2, HATCH_PX)
  if (kind === 'dots') inner.arc(HATCH_PX / 2, HATCH_PX / 2, 1.2, 0, 2 * Math.PI)
  if (kind === 'dots') inner.fill()
  else inner.stroke()
  return pen.createPattern(tile, 'repeat') ?? colour
}

/**
 * @param {Pen} pen
 * @param {number} fromX
 * @param {number} fromY
 * @param {number} toX
 * @param {number} toY
 */
export function line(pen, fromX, fromY, toX, toY) {
  pen.moveTo(fromX, fromY)
  pen.lineTo(toX, toY)
}

/**
 * A filled mark: `disc` for answered, `diamond` for unknown, `cross` for failed or lost, `bolt`
 * for power, `square` for stopped, `clock`, `disk`, `warning`.
 * @param {Pen} pen
 * @param {string} shape
 * @param {number} x
 * @param {number} y
 * @param {number} size half of its width, in px
 */
export function mark(pen, shape, x, y, size) {
  pen.beginPath()
  switch (shape) {
    case 'disc':
      pen.arc(x, y, size, 0, 2 * Math.PI)
      pen.fill()
      break
    case 'ring':
      pen.arc(x, y, size, 0, 2 * Math.PI)
      pen.stroke()
      break
    case 'diamond':
      polygon(pen, x, y, size * 1.25, [0, -1, 1, 0, 0, 1, -1, 0])
      break
    case 'square':
      pen.rect(x - size, y - size, 2 * size, 2 * size)
      pen.fill()
      break
    case 'bolt':
      polygon(pen, x, y, size * 1.4, [0.25, -1, -0.55, 0.15, -0.05, 0.15, -0.25, 1, 0.55, -0.2, 0.05, -0.2])
      break
    case 'warning':
      polygon(pen, x, y, size * 1.3, [0, -1, 1, 0.8, -1, 0.8])
      break
    case 'clock':
      pen.arc(x, y, size, 0, 2 * Math.PI)
      line(pen, x, y - size * 0.7, x, y)
      pen.lineTo(x + size * 0.6, y)
      pen.stroke()
      break
    case 'disk':
      pen.ellipse(x, y - size * 0.6, size, size * 0.4, 0, 0, 2 * Math.PI)
      line(pen, x - size, y - size * 0.6, x - size, y + size * 0.7)
      pen.ellipse(x, y + size * 0.7, size, size * 0.4, 0, Math.PI, 0, true)
      pen.lineTo(x + size, y - size * 0.6)
      pen.stroke()
      break
    default:
      line(pen, x - size, y - size, x + size, y + size)
      line(pen, x - size, y + size, x + size, y - size)
      pen.stroke()
  }
}

/**
 * @param {Pen} pen
 * @param {number} x
 * @param {number} y
 * @param {number} size
 * @param {readonly number[]} points pairs, in sizes
 */
function polygon(pen, x, y, size, points) {
  pen.moveTo(x + points[0] * size, y + points[1] * size)
  for (let i = 2; i < points.length; i += 2) pen.lineTo(x + points[i] * size, y + points[i + 1] * size)
  pen.closePath()
  pen.fill()
}
