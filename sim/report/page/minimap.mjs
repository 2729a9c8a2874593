/**
 * The whole run in a strip: how much happened, who was down, what was cut, where the violation
 * is, and which part of it the diagram shows. Everything but that part is drawn once.
 *
 * @typedef {import('./story.mjs').Story} Story
 * @typedef {import('./looks.mjs').Looks} Looks
 */

export const MINIMAP_PX = 44

/**
 * @param {Story} story
 * @param {Looks} looks
 * @param {number} width
 * @param {number} ratio device pixels of one px
 */
export function drawWholeRun(story, looks, width, ratio) {
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(MINIMAP_PX * ratio)
  const pen = canvas.getContext('2d')
  if (pen === null) return canvas
  pen.scale(ratio, ratio)
  const pxPerMs = width / story.endMs
  drawActivity(pen, story, looks, width)
  for (const { fromMs, toMs, fault } of story.spells) {
    if (story.data.faults[fault].kind !== 'partition') continue
    pen.globalAlpha = 0.3
    pen.fillStyle = looks.bad
    pen.fillRect(fromMs * pxPerMs, 0, Math.max(1, (toMs - fromMs) * pxPerMs), 6)
  }
  pen.globalAlpha = 1
  const step = (MINIMAP_PX - 12) / story.lanes.length
  story.lanes.forEach(({ lives }, node) => {
    for (const { fromMs, toMs, state } of lives) {
      pen.fillStyle = state === 'down' ? looks.ink : looks.nodes[node]
      pen.globalAlpha = state === 'down' ? 0.9 : 0.35
      const height = state === 'down' ? 3 : 1
      pen.fillRect(fromMs * pxPerMs, 10 + step * node, Math.max(1, (toMs - fromMs) * pxPerMs), height)
    }
  })
  pen.globalAlpha = 1
  drawLeftOut(pen, story, looks, width)
  pen.fillStyle = looks.accent
  for (const row of story.named) {
    const x = story.events.atMs[row] * pxPerMs
    pen.fillRect(x - 1, 0, 2, MINIMAP_PX)
    pen.beginPath()
    pen.arc(x, 5, 4, 0, 2 * Math.PI)
    pen.fill()
  }
  return canvas
}

/** @param {CanvasRenderingContext2D} pen @param {Story} story @param {Looks} looks @param {number} width */
function drawActivity(pen, story, looks, width) {
  const bins = new Uint32Array(Math.ceil(width / 2))
  const { atMs, count } = story.events
  let most = 1
  for (let row = 0; row < count; row++) {
    const bin = Math.min(bins.length - 1, Math.floor((atMs[row] / story.endMs) * bins.length))
    most = Math.max(most, ++bins[bin])
  }
  pen.fillStyle = looks.muted
  pen.globalAlpha = 0.25
  bins.forEach((height, bin) => {
    const px = (height / most) * (MINIMAP_PX - 8)
    pen.fillRect(bin * 2, MINIMAP_PX - px, 1.5, px)
  })
  pen.globalAlpha = 1
}

/** Grey where most events were left out. @param {CanvasRenderingContext2D} pen @param {Story} story @param {Looks} looks @param {number} width */
function drawLeftOut(pen, story, looks, width) {
  const { total, kept, fromMs, toMs } = story.data.kept
  if (total === kept) return
  pen.fillStyle = looks.line
  pen.globalAlpha = 0.6
  pen.fillRect(0, 0, (fromMs / story.endMs) * width, MINIMAP_PX)
  pen.fillRect((toMs / story.endMs) * width, 0, width, MINIMAP_PX)
  pen.globalAlpha = 1
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {HTMLCanvasElement} wholeRun
 * @param {{ endMs: number }} story
 * @param {Looks} looks
 * @param {{ fromMs: number, toMs: number, atMs: number }} view
 * @param {number} width
 */
export function drawMinimap(pen, wholeRun, story, looks, view, width) {
  pen.clearRect(0, 0, width, MINIMAP_PX)
  pen.drawImage(wholeRun, 0, 0, width, MINIMAP_PX)
  const x = (view.fromMs / story.endMs) * width
  const span = Math.max(3, ((view.toMs - view.fromMs) / story.endMs) * width)
  pen.fillStyle = looks.ink
  pen.globalAlpha = 0.12
  pen.fillRect(x, 0, span, MINIMAP_PX)
  pen.globalAlpha = 1
  pen.strokeStyle = looks.ink
  pen.lineWidth = 1.5
  pen.strokeRect(x + 0.75, 0.75, Math.max(1.5, span - 1.5), MINIMAP_PX - 1.5)
  pen.fillStyle = looks.ink
  pen.fillRect((view.atMs / story.endMs) * width - 0.75, 0, 1.5, MINIMAP_PX)
}
