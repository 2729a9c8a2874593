/**
 * A line about work that goes on, written over itself on stderr: for a person at a terminal. Pipes
 * and logs stay clean, but for work of hours, which may ask for a line of its own now and then.
 */

import type { Terminal, TextSink } from './output.ts'

/** Often enough to look alive, and seldom enough to cost nothing. */
const INTERVAL_MS = 100
const CLEAR_LINE = '\r\u001b[K'
const COLUMNS_DEFAULT = 80

export class ProgressLine {
  readonly #sink: TextSink
  readonly #isShown: boolean
  readonly #lineIntervalMs: number
  #writtenAtMs = Number.NEGATIVE_INFINITY
  /** When a line of its own was written last, or could have been first. */
  #lineAtMs = performance.now()

  /** @param lineIntervalMs how often a line is written where there is no terminal; never by default */
  constructor(terminal: Terminal, lineIntervalMs = Number.POSITIVE_INFINITY) {
    this.#sink = terminal.stderr
    this.#lineIntervalMs = lineIntervalMs
    this.#isShown = terminal.stderr.isTTY === true && terminal.environment.TERM !== 'dumb'
  }

  /** Shows what `format` gives, unless something was shown a moment ago. */
  update(format: () => string): void {
    const nowMs = performance.now()
    if (!this.#isShown) {
      if (nowMs - this.#lineAtMs < this.#lineIntervalMs) return
      this.#lineAtMs = nowMs
      this.#sink.write(`${format().trim()}\n`)
      return
    }
    if (nowMs - this.#writtenAtMs < INTERVAL_MS) return
    this.#writtenAtMs = nowMs
    const text = format().slice(0, (this.#sink.columns ?? COLUMNS_DEFAULT) - 1)
    this.#sink.write(`${CLEAR_LINE}${text}`)
  }

  /** Takes the line away: something else is to be written. */
  clear(): void {
    if (!this.#isShown || this.#writtenAtMs === Number.NEGATIVE_INFINITY) return
    this.#writtenAtMs = Number.NEGATIVE_INFINITY
    this.#sink.write(CLEAR_LINE)
  }
}
