/**
 * The page of a run: one view (which part, which moment, which event), one filter, and whatever
 * shows them. A change of either is drawn in the next frame; nothing else holds state.
 *
 * @typedef {import('../report-data.ts').ReportData} ReportData
 * @typedef {import('./view.mjs').Span} Span
 */

import { countUpTo } from './columns.mjs'
import { diagramHeight, drawDiagram, makePlane, TOP_PX } from './diagram.mjs'
import { EventList } from './event-list.mjs'
import { showEvidence, showSelected } from './evidence.mjs'
import { GROUPS, importantRows, makeFilter } from './filter.mjs'
import { listen } from './gestures.mjs'
import { historyOf, indexAnswers, indexDependencies, indexKeys } from './key-history.mjs'
import { listenToKeys } from './keyboard.mjs'
import { readLooks } from './looks.mjs'
import { drawMinimap, drawWholeRun, MINIMAP_PX } from './minimap.mjs'
import { showKey, showMoment } from './panels.mjs'
import { canvasById, chooserById, elementById, fitCanvas, inputById, offer } from './parts.mjs'
import { openStory } from './story.mjs'
import { nearestRow } from './traffic.mjs'
import { focus, pan, reveal, zoom } from './view.mjs'
import { describe, formatTime, keysOfEvent } from './words.mjs'

/** Keys offered while typing. */
const KEYS_OFFERED = 400
/** Playing crosses what is in view in this many ms. */
const PLAY_MS = 9000
/** A frame that comes later than this was not drawn for a reason: time does not jump. */
const FRAME_MAX_MS = 100
/** A drag that begins this near to the moment moves it, in px. */
const GRIP_PX = 4
const ZOOM_STEP = 0.6
const PAN_SHARE = 0.2

class ReportPage {
  main = canvasById('diagram')
  strip = canvasById('minimap')
  scrub = inputById('scrub')
  search = inputById('search')
  keyInput = inputById('filter-key')
  clientInput = chooserById('filter-client')
  tip = elementById('tip')
  looks = readLooks(document.body)
  /** @type {HTMLCanvasElement | null} */
  wholeRun = null
  /** What can be pointed at, as drawn last. @type {import('./traffic.mjs').Target[]} */
  targets = []
  isStale = false
  isPlaying = false
  playedMs = 0

  /** @param {ReportData} data */
  constructor(data) {
    this.data = data
    this.story = openStory(data)
    this.indexes = { keys: indexKeys(this.story), dependencies: indexDependencies(this.story), answers: indexAnswers(this.story) }
    this.important = importantRows(this.story)
    this.hasViolation = this.story.named.length > 0
    /** @type {Span} */
    this.span = this.hasViolation
      ? this.violationSpan()
      : { fromMs: data.kept.fromMs, toMs: Math.max(data.kept.toMs, data.kept.fromMs + 1) }
    this.selected = this.story.named.at(-1) ?? -1
    this.atMs = this.hasViolation ? this.story.events.atMs[this.selected] : this.span.toMs
    this.filter = makeFilter(this.story, this.indexes, this.readWish())
    this.plane = this.makePlane()
    this.list = new EventList(this.story, elementById('events'), {
      onSelect: (row) => this.goTo(row, 'reveal'),
      onCount: (count, isDone) => {
        const noun = count === 1 ? 'event' : 'events'
        elementById('event-count').textContent = `${count.toLocaleString('en')} ${noun}${isDone ? '' : ' …'}`
      },
    })
  }

  start() {
    const { data, story } = this
    const clients = [...new Set(data.calls.client)].sort((left, right) => left - right)
    offer(
      elementById('keys'),
      data.keys.slice(0, KEYS_OFFERED).map((key) => ({ value: key, text: '' })),
    )
    offer(
      this.clientInput,
      clients.map((client) => ({ value: String(client), text: `client ${client}` })),
    )
    elementById('violation').hidden = !this.hasViolation
    this.scrub.max = String(story.endMs)
    showEvidence(story, (row) => this.goTo(row, 'reveal'))
    this.listenToInputs()
    this.listenToDiagram()
    this.listenToMinimap()
    this.listenToWindow()
    this.list.show(this.filter.has, '', requestAnimationFrame)
    this.list.select(this.selected)
    this.showSelected()
    this.openFirstKey()
    this.draw()
    document.body.dataset.ready = 'true'
  }

  // What is seen

  redraw() {
    if (this.isStale) return
    this.isStale = true
    requestAnimationFrame(() => this.draw())
  }

  draw() {
    this.isStale = false
    const { story, looks, main, strip, span, atMs } = this
    const width = main.canvas.clientWidth
    const ratio = fitCanvas(main, width, diagramHeight(story.lanes.length, width))
    this.plane = this.makePlane()
    this.targets = []
    const { pen } = main
    const { plane, filter, targets } = this
    const detail = drawDiagram({ pen, story, looks, plane, filter, targets, labels: [] }, { ...span, atMs, selected: this.selected })
    main.canvas.dataset.arrows = detail.arrows
    main.canvas.dataset.targets = String(targets.length)
    fitCanvas(strip, strip.canvas.clientWidth, MINIMAP_PX)
    this.wholeRun ??= drawWholeRun(story, looks, strip.canvas.clientWidth, ratio)
    drawMinimap(strip.pen, this.wholeRun, story, looks, { ...span, atMs }, strip.canvas.clientWidth)
    this.scrub.value = String(atMs)
    this.scrub.setAttribute('aria-valuetext', formatTime(atMs))
    elementById('moment').textContent = formatTime(atMs)
    elementById('span').textContent = `${formatTime(span.fromMs)} – ${formatTime(span.toMs)}`
    elementById('density').hidden = detail.arrows === 'single' && detail.calls === 'single'
    showMoment(story, elementById('state'), atMs)
  }

  makePlane() {
    const width = this.main.canvas.clientWidth
    return makePlane(this.story, this.span, width, diagramHeight(this.story.lanes.length, width))
  }

  showSelected() {
    showSelected(this.story, elementById('selected'), this.selected, (key) => this.openKey(key))
  }

  /** @param {number} key */
  openKey(key) {
    const versions = historyOf(this.story, this.indexes, key)
    showKey(this.story, elementById('key-history'), key, versions, (row) => row >= 0 && this.goTo(row, 'reveal'))
  }

  /** The key that the violation is about, if one can be told, or the one written most often. */
  openFirstKey() {
    for (const row of this.story.named) for (const key of keysOfEvent(this.story, row)) return this.openKey(key)
    const { starts } = this.indexes.keys
    let most = -1
    for (let key = 0; key < this.data.keys.length; key++) {
      if (most < 0 || starts[key + 1] - starts[key] > starts[most + 1] - starts[most]) most = key
    }
    if (most >= 0) this.openKey(most)
  }

  // What is looked at

  violationSpan() {
    return focus(
      this.story.named.map((row) => this.story.events.atMs[row]),
      this.story.endMs,
    )
  }

  /** @param {Span} span */
  look(span) {
    this.span = span
    this.tip.hidden = true
    this.redraw()
  }

  /** @param {number} factor @param {number} aroundMs */
  zoom(factor, aroundMs) {
    this.look(zoom(this.span, factor, aroundMs, this.story.endMs))
  }

  /** @param {number} byMs */
  pan(byMs) {
    this.look(pan(this.span, byMs, this.story.endMs))
  }

  get spanMs() {
    return this.span.toMs - this.span.fromMs
  }

  /** Where the keys zoom: at the moment, if it is in view. */
  centreMs() {
    const { fromMs, toMs } = this.span
    return this.atMs >= fromMs && this.atMs <= toMs ? this.atMs : (fromMs + toMs) / 2
  }

  /** @param {number} ms */
  moveTo(ms) {
    this.atMs = Math.min(Math.max(0, ms), this.story.endMs)
    this.redraw()
  }

  /**
   * Chooses an event and goes to its moment.
   * @param {number} row
   * @param {'reveal' | 'stay'} how
   */
  goTo(row, how) {
    this.selected = row
    this.list.select(row)
    this.showSelected()
    const ms = this.story.events.atMs[row]
    if (how === 'reveal') this.span = reveal(this.span, ms, this.story.endMs)
    this.moveTo(ms)
  }

  /** The row to step from: the chosen one, if the moment is still its own. */
  currentRow() {
    const { events } = this.story
    const isAtSelected = this.selected >= 0 && events.atMs[this.selected] === this.atMs
    return isAtSelected ? this.selected : countUpTo(events.atMs, this.atMs) - 1
  }

  /**
   * To the next of these rows, or to the one before.
   * @param {readonly number[]} rows
   * @param {1 | -1} direction
   */
  step(rows, direction) {
    const current = this.currentRow()
    const row = rows[direction > 0 ? countUpTo(rows, current) : countUpTo(rows, current - 1) - 1]
    if (row !== undefined) this.goTo(row, 'reveal')
  }

  jumpToViolation() {
    if (!this.hasViolation) return
    this.span = this.violationSpan()
    this.goTo(this.story.named[this.story.named.length - 1], 'stay')
  }

  togglePlaying() {
    this.isPlaying = !this.isPlaying
    const button = elementById('play')
    button.textContent = this.isPlaying ? '❚❚' : '▶'
    button.setAttribute('aria-label', this.isPlaying ? 'Pause' : 'Play')
    this.playedMs = 0
    if (!this.isPlaying) return
    if (this.atMs >= this.story.endMs) this.atMs = this.span.fromMs
    requestAnimationFrame((frameMs) => this.playOn(frameMs))
  }

  /** @param {number} frameMs */
  playOn(frameMs) {
    if (!this.isPlaying) return
    const passedMs = this.playedMs === 0 ? 0 : Math.min(FRAME_MAX_MS, frameMs - this.playedMs)
    this.playedMs = frameMs
    this.moveTo(this.atMs + (passedMs / PLAY_MS) * this.spanMs)
    this.span = reveal(this.span, this.atMs, this.story.endMs)
    if (this.atMs >= this.story.endMs) this.togglePlaying()
    else requestAnimationFrame((nextMs) => this.playOn(nextMs))
  }

  // What is let through

  /** @returns {import('./filter.mjs').Wish} */
  readWish() {
    const show = /** @type {Record<import('./filter.mjs').Group, boolean>} */ ({})
    for (const group of GROUPS) show[group] = inputById(`show-${group}`).checked
    const client = this.clientInput.value
    return { show, key: this.data.keys.indexOf(this.keyInput.value), client: client === '' ? -1 : Number(client) }
  }

  changeFilter() {
    const wish = this.readWish()
    this.filter = makeFilter(this.story, this.indexes, wish)
    this.keyInput.setAttribute('aria-invalid', String(this.keyInput.value !== '' && wish.key < 0))
    this.list.show(this.filter.has, this.search.value, requestAnimationFrame)
    this.list.select(this.selected)
    if (wish.key >= 0) this.openKey(wish.key)
    this.redraw()
  }

  // What is listened to

  listenToInputs() {
    const change = () => this.changeFilter()
    for (const group of GROUPS) elementById(`show-${group}`).addEventListener('change', change)
    for (const input of [this.keyInput, this.clientInput, this.search]) input.addEventListener('input', change)
    this.scrub.addEventListener('input', () => {
      this.span = reveal(this.span, Number(this.scrub.value), this.story.endMs)
      this.moveTo(Number(this.scrub.value))
    })
    elementById('copy').addEventListener('click', () => {
      getSelection()?.selectAllChildren(elementById('command'))
      elementById('copy').textContent = document.execCommand('copy') ? 'Copied' : 'Selected'
    })
    const actions = this.actions()
    listenToKeys(actions)
    const buttons = { previous: 'p', next: 'n', violation: 'v', 'zoom-in': '+', 'zoom-out': '-', fit: '0', play: ' ' }
    for (const [id, key] of Object.entries(buttons)) elementById(id).addEventListener('click', () => actions[key]())
  }

  /** What keys and buttons do. @returns {Record<string, () => void>} */
  actions() {
    return {
      ArrowRight: () => this.step(this.list.rows, 1),
      ArrowLeft: () => this.step(this.list.rows, -1),
      'Shift+ArrowRight': () => this.pan(this.spanMs * PAN_SHARE),
      'Shift+ArrowLeft': () => this.pan(-this.spanMs * PAN_SHARE),
      '+': () => this.zoom(ZOOM_STEP, this.centreMs()),
      '=': () => this.zoom(ZOOM_STEP, this.centreMs()),
      '-': () => this.zoom(1 / ZOOM_STEP, this.centreMs()),
      0: () => this.look({ fromMs: 0, toMs: this.story.endMs }),
      n: () => this.step(this.important, 1),
      p: () => this.step(this.important, -1),
      v: () => this.jumpToViolation(),
      '/': () => this.search.focus(),
      ' ': () => this.togglePlaying(),
    }
  }

  listenToDiagram() {
    /** @param {number} x */
    const msAt = (x) => this.span.fromMs + (x - this.plane.left) * this.msPerPx()
    const isGrip = (/** @type {number} */ x, /** @type {number} */ y) => y < TOP_PX || Math.abs(x - this.plane.x(this.atMs)) < GRIP_PX
    listen(this.main.canvas, isGrip, {
      onZoom: (factor, x) => this.zoom(factor, msAt(x)),
      onPan: (px) => this.pan(-px * this.msPerPx()),
      onScrub: (x) => this.moveTo(msAt(x)),
      onClick: (x, y) => {
        const row = nearestRow(this.targets, x, y)
        if (row >= 0) this.goTo(row, 'stay')
        else this.moveTo(msAt(x))
      },
      onHover: (x, y, isOver) => this.hover(x, y, isOver ? nearestRow(this.targets, x, y) : -1),
    })
  }

  msPerPx() {
    return this.spanMs / (this.plane.right - this.plane.left)
  }

  /** @param {number} x @param {number} y @param {number} row */
  hover(x, y, row) {
    const { tip, story } = this
    const { canvas } = this.main
    tip.hidden = row < 0
    canvas.style.cursor = row >= 0 ? 'pointer' : y < TOP_PX ? 'ew-resize' : 'grab'
    if (row < 0) return
    tip.textContent = `${formatTime(story.events.atMs[row])} · ${describe(story, row)}`
    tip.style.left = `${Math.max(0, Math.min(x + 14, canvas.clientWidth - tip.offsetWidth - 4))}px`
    tip.style.top = `${y + 16}px`
  }

  listenToMinimap() {
    const { canvas } = this.strip
    /** @param {number} x */
    const msAt = (x) => (x / canvas.clientWidth) * this.story.endMs
    /** @param {number} x */
    const centre = (x) => this.pan(msAt(x) - (this.span.fromMs + this.span.toMs) / 2)
    listen(canvas, () => true, {
      onZoom: (factor, x) => this.zoom(factor, msAt(x)),
      onPan: (px) => this.pan(msAt(px)),
      onScrub: centre,
      onClick: centre,
      onHover: () => {},
    })
  }

  listenToWindow() {
    const drawAnew = () => {
      this.wholeRun = null
      this.redraw()
    }
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.looks = readLooks(document.body)
      drawAnew()
    })
    new ResizeObserver(drawAnew).observe(this.main.canvas)
  }
}

/** Opens the page. @param {ReportData} data */
export function startPage(data) {
  new ReportPage(data).start()
}
