/**
 * All events that the filter and the search let through, as a list that holds only the rows in
 * view. A search goes through the events a slice a frame, so that typing stays quick.
 *
 * @typedef {import('./story.mjs').Story} Story
 */

import { countUpTo } from './columns.mjs'
import { element } from './parts.mjs'
import { describe, formatTime } from './words.mjs'

const ROW_PX = 28
/** Rows beyond the edges, so that scrolling finds them there. */
const OVERSCAN = 8
/** Events that one frame looks through. */
const SEARCHED_A_FRAME = 15_000

export class EventList {
  /** Rows that pass, in order. @type {number[]} */
  rows = []
  #isDone = true
  #job = 0

  /**
   * @param {Story} story
   * @param {HTMLElement} box
   * @param {{ onSelect: (row: number) => void, onCount: (count: number, isDone: boolean) => void }} parts
   */
  constructor(story, box, parts) {
    this.story = story
    this.box = box
    this.parts = parts
    this.selected = -1
    this.named = new Map(story.named.map((row, position) => [row, position + 1]))
    this.content = document.createElement('div')
    this.content.className = 'rows'
    box.replaceChildren(this.content)
    box.addEventListener('scroll', () => this.draw())
    box.addEventListener('click', (event) => this.#clicked(event))
    box.addEventListener('keydown', (event) => this.#pressed(event))
  }

  /**
   * @param {(row: number) => boolean} passes
   * @param {string} search words that all must occur
   * @param {(draw: () => void) => void} nextFrame
   */
  show(passes, search, nextFrame) {
    const job = ++this.#job
    const words = search
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '')
    const { events } = this.story
    this.rows = []
    this.#isDone = false
    let row = 0
    const step = () => {
      if (job !== this.#job) return
      const stop = Math.min(events.count, row + (words.length === 0 ? events.count : SEARCHED_A_FRAME))
      for (; row < stop; row++) if (passes(row) && this.#matches(row, words)) this.rows.push(row)
      this.#isDone = row >= events.count
      this.content.style.height = `${this.rows.length * ROW_PX}px`
      this.parts.onCount(this.rows.length, this.#isDone)
      this.draw()
      if (!this.#isDone) nextFrame(step)
    }
    step()
  }

  /** @param {number} row @param {readonly string[]} words */
  #matches(row, words) {
    if (words.length === 0) return true
    const { story } = this
    const text = `#${story.events.number[row]} ${story.data.kinds[story.events.kind[row]]} ${describe(story, row)}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }

  /**
   * Selects a row and brings it into view, or the one before it if it does not pass.
   * @param {number} row
   */
  select(row) {
    this.selected = row
    const position = Math.max(0, countUpTo(this.rows, row) - 1)
    const top = position * ROW_PX
    if (top < this.box.scrollTop || top + ROW_PX > this.box.scrollTop + this.box.clientHeight) {
      this.box.scrollTop = top - this.box.clientHeight / 2 + ROW_PX
    }
    this.draw()
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_PX) - OVERSCAN)
    const last = Math.min(this.rows.length, first + Math.ceil(this.box.clientHeight / ROW_PX) + 2 * OVERSCAN)
    const lines = []
    for (let position = first; position < last; position++) lines.push(this.#line(position))
    this.content.replaceChildren(...lines)
    const isSelectedShown = lines.some((line) => line.id === `event-${this.selected}`)
    if (isSelectedShown) this.box.setAttribute('aria-activedescendant', `event-${this.selected}`)
    else this.box.removeAttribute('aria-activedescendant')
  }

  /** @param {number} position */
  #line(position) {
    const { story } = this
    const row = this.rows[position]
    const kind = story.data.kinds[story.events.kind[row]]
    const line = document.createElement('div')
    line.id = `event-${row}`
    line.className = 'row'
    line.style.top = `${position * ROW_PX}px`
    line.dataset.row = String(row)
    line.setAttribute('role', 'option')
    line.setAttribute('aria-selected', String(row === this.selected))
    line.setAttribute('aria-posinset', String(position + 1))
    line.setAttribute('aria-setsize', String(this.rows.length))
    const badge = this.named.get(row)
    if (badge !== undefined) line.classList.add('named')
    line.append(
      element('span', 'time', formatTime(story.events.atMs[row])),
      element('span', `kind kind-${kind}`, badge === undefined ? kind : `${badge} · ${kind}`),
      element('span', 'text', describe(story, row)),
    )
    line.title = `#${story.events.number[row]}`
    return line
  }

  /** @param {Event} event */
  #clicked(event) {
    const target = /** @type {HTMLElement} */ (event.target)
    const row = target.closest('.row')
    if (row instanceof HTMLElement) this.parts.onSelect(Number(row.dataset.row))
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const page = Math.floor(this.box.clientHeight / ROW_PX)
    const moves = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9 })
    const by = moves[event.key]
    if (by === undefined || this.rows.length === 0) return
    event.preventDefault()
    event.stopPropagation()
    const position = countUpTo(this.rows, this.selected) - 1
    this.parts.onSelect(this.rows[Math.min(this.rows.length - 1, Math.max(0, position + by))])
  }
}
