/**
 * Wheel, drag and pinch on the diagram and on the minimap, told in milliseconds and pixels.
 *
 * @typedef {{
 *   onZoom: (factor: number, x: number) => void, onPan: (px: number) => void, onScrub: (x: number) => void,
 *   onClick: (x: number, y: number) => void, onHover: (x: number, y: number, isOver: boolean) => void
 * }} Actions
 */

/** A press that moves less is a click. */
const CLICK_PX = 4
const WHEEL_STEP = 0.0016

/**
 * @param {HTMLElement} area
 * @param {(x: number, y: number) => boolean} isHandle where a drag moves the moment and not the view
 * @param {Actions} actions
 */
export function listen(area, isHandle, actions) {
  /** @type {Map<number, { x: number, y: number }>} */
  const pressed = new Map()
  let moved = 0
  let isScrubbing = false
  let apart = 0

  /** @param {PointerEvent | WheelEvent} event */
  const place = (event) => {
    const box = area.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }

  area.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault()
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
      if (isSideways) actions.onPan(-(event.deltaX === 0 ? event.deltaY : event.deltaX))
      else actions.onZoom(Math.exp(event.deltaY * WHEEL_STEP), place(event).x)
    },
    { passive: false },
  )

  area.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    area.setPointerCapture(event.pointerId)
    const at = place(event)
    pressed.set(event.pointerId, at)
    moved = 0
    isScrubbing = pressed.size === 1 && isHandle(at.x, at.y)
    apart = distance(pressed)
    if (isScrubbing) actions.onScrub(at.x)
  })

  area.addEventListener('pointermove', (event) => {
    const at = place(event)
    const before = pressed.get(event.pointerId)
    if (before === undefined) return actions.onHover(at.x, at.y, true)
    pressed.set(event.pointerId, at)
    moved += Math.abs(at.x - before.x) + Math.abs(at.y - before.y)
    if (pressed.size === 2) {
      const now = distance(pressed)
      if (apart > 0 && now > 0) actions.onZoom(apart / now, middle(pressed))
      apart = now
    } else if (isScrubbing) actions.onScrub(at.x)
    else if (moved >= CLICK_PX) actions.onPan(at.x - before.x)
  })

  /** @param {PointerEvent} event */
  const release = (event) => {
    const at = pressed.get(event.pointerId)
    pressed.delete(event.pointerId)
    if (at !== undefined && event.type === 'pointerup' && moved < CLICK_PX && !isScrubbing) actions.onClick(at.x, at.y)
  }
  area.addEventListener('pointerup', release)
  area.addEventListener('pointercancel', release)
  area.addEventListener('pointerleave', () => actions.onHover(0, 0, false))
}

/** @param {Map<number, { x: number, y: number }>} pressed */
function distance(pressed) {
  const [first, second] = pressed.values()
  return second === undefined ? 0 : Math.hypot(first.x - second.x, first.y - second.y)
}

/** @param {Map<number, { x: number, y: number }>} pressed */
function middle(pressed) {
  const [first, second] = pressed.values()
  return (first.x + second.x) / 2
}
