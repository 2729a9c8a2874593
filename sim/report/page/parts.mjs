/** The parts of the document that the page works with. One that is missing is a bug of the page. */

/** @param {string} id */
export function elementById(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no ${id}`)
  return found
}

/** @param {string} id */
export function inputById(id) {
  return /** @type {HTMLInputElement} */ (elementById(id))
}

/** @param {string} id */
export function chooserById(id) {
  return /** @type {HTMLSelectElement} */ (elementById(id))
}

/** @param {string} id */
export function canvasById(id) {
  const canvas = /** @type {HTMLCanvasElement} */ (elementById(id))
  const pen = canvas.getContext('2d')
  if (pen === null) throw new Error('this browser draws no canvas')
  return { canvas, pen }
}

/**
 * Makes a canvas as sharp as the screen.
 * @param {ReturnType<typeof canvasById>} sheet
 * @param {number} width in px
 * @param {number} height in px
 * @returns {number} device pixels of one px
 */
export function fitCanvas({ canvas, pen }, width, height) {
  const ratio = Math.min(devicePixelRatio || 1, 3)
  const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== pixelWidth || canvas.height !== pixelHeight) {
    canvas.width = pixelWidth
    canvas.height = pixelHeight
    canvas.style.height = `${height}px`
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  return ratio
}

/**
 * @param {HTMLElement} chooser
 * @param {readonly { value: string, text: string }[]} choices
 */
export function offer(chooser, choices) {
  for (const { value, text } of choices) {
    const option = document.createElement('option')
    option.value = value
    option.textContent = text
    chooser.append(option)
  }
}

/**
 * An element with text in it, never markup.
 * @param {string} tag
 * @param {string} className
 * @param {string} text
 */
export function element(tag, className, text) {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  if (text !== '') made.textContent = text
  return made
}

/**
 * @param {string} className
 * @param {string} text
 * @param {() => void} onClick
 */
export function button(className, text, onClick) {
  const made = element('button', className, text)
  made.setAttribute('type', 'button')
  made.addEventListener('click', onClick)
  return made
}
