/**
 * A page that is drawn again in place: each frame is written over the one before, line by line,
 * so that nothing flickers; what the frame before had more is cleared.
 */

import type { TextSink } from './output.ts'

const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
/** The alternate screen leaves the terminal as it was found. */
const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'

export class Screen {
  readonly #sink: TextSink

  constructor(sink: TextSink) {
    this.#sink = sink
  }

  enter(): void {
    this.#sink.write(ENTER)
  }

  draw(lines: readonly string[], rows: number): void {
    const frame = lines.slice(0, Math.max(1, rows - 1)).map((line) => `${line}${CLEAR_LINE}\n`)
    this.#sink.write(`${HOME}${frame.join('')}${CLEAR_BELOW}`)
  }

  leave(): void {
    this.#sink.write(LEAVE)
  }
}
