/**
 * A line about work that goes on, written over itself on stderr: for a person at a terminal, and
 * for nobody else, so that pipes and logs stay clean.
 */

import type { Terminal, TextSink } from './output.ts'

/** Often enough to look alive, and seldom enough to cost nothing. */
const INTERVAL_MS = 100
const CLEAR_LINE = '\r\u001b[K'
const COLUMNS_DEFAULT = 80

export class ProgressLine {
  readonly #sink: TextSink
  readonly #isShown: boolean
  #writtenAtMs = Number.NEGATIVE_INFINITY

  constructor(terminal: Terminal) {
    this.#sink = terminal.stderr
    this.#isShown = terminal.stderr.isTTY === true && terminal.environment.TERM !== 'dumb'
  }

  /** Shows what `format` gives, unless something was shown a moment ago. */
  update(format: () => string): void {
    if (!this.#isShown) return
    const nowMs = performance.now()
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
