/**
 * Patterns of KEYS, SCAN, CONFIG GET and COMMAND LIST, as Redis matches them: `*`, `?`, `[a-c]`,
 * `[^a]`, and `\` before a byte that stands for itself.
 *
 * A pattern is parsed once; matching then walks with one place to come back to, the last `*`. So a
 * name costs at most its length times the pattern's. Regular expressions were rejected: they come
 * back to every `*`, which a pattern of many makes exponential.
 */

import { KEY_BYTES_MAX, KIB, SkeinError } from '../../../base/index.ts'

/** A piece of a pattern below this is a byte that stands for itself. */
const ANY = 256
const STARS = 257
/** From here on a piece is a class, by its number. */
const FIRST_CLASS = 258

/** A class of three bytes becomes a table of 256. */
export const PATTERN_BYTES_MAX = 16 * KIB
/** Of a longer prefix the rest is left to the matching. */
const PREFIX_BYTES_MAX = KEY_BYTES_MAX

/** What a class takes: 1 at the places of its bytes. */
type ByteClass = Uint8Array

export class Glob {
  /** What every match begins with. */
  readonly prefix: string
  readonly #pieces: readonly number[]
  readonly #classes: readonly ByteClass[]

  private constructor({ pieces, classes }: Parsed) {
    this.#pieces = pieces
    this.#classes = classes
    const end = pieces.findIndex((piece) => piece >= ANY)
    this.prefix = String.fromCharCode(...pieces.slice(0, Math.min(end < 0 ? pieces.length : end, PREFIX_BYTES_MAX)))
  }

  /** @param pattern a binary string, as the names @throws TOO_LARGE */
  static parse(pattern: string): Glob {
    if (pattern.length > PATTERN_BYTES_MAX) {
      throw new SkeinError('TOO_LARGE', `the pattern has ${pattern.length} bytes: a pattern has at most ${PATTERN_BYTES_MAX} bytes`)
    }
    return new Glob(parsePattern(pattern))
  }

  /** How many comparisons it takes at most to match a name. */
  costOf(name: string): number {
    return name.length * this.#pieces.length
  }

  matches(name: string): boolean {
    const pieces = this.#pieces
    let at = 0
    let place = 0
    /** The piece after the last stars, and how much of the name they have taken. */
    let retryPlace = -1
    let retryAt = 0
    while (at < name.length) {
      const piece = pieces[place] ?? -1
      if (piece === STARS) {
        place += 1
        retryPlace = place
        retryAt = at
      } else if (this.#fits(piece, name.charCodeAt(at))) {
        place += 1
        at += 1
      } else if (retryPlace >= 0) {
        retryAt += 1
        at = retryAt
        place = retryPlace
      } else return false
    }
    while (pieces[place] === STARS) place += 1
    return place === pieces.length
  }

  #fits(piece: number, byte: number): boolean {
    if (piece < FIRST_CLASS) return piece === byte || piece === ANY
    return this.#classes[piece - FIRST_CLASS]?.[byte] === 1
  }
}

interface Parsed {
  readonly pieces: readonly number[]
  readonly classes: readonly ByteClass[]
}

function parsePattern(pattern: string): Parsed {
  const pieces: number[] = []
  const classes: ByteClass[] = []
  for (let i = 0; i < pattern.length; ) {
    const char = pattern.charAt(i)
    if (char === '[') {
      const { byteClass, end } = parseClass(pattern, i + 1)
      pieces.push(FIRST_CLASS + classes.length)
      classes.push(byteClass)
      i = end
    } else if (char === '*') {
      if (pieces.at(-1) !== STARS) pieces.push(STARS)
      i += 1
    } else if (char === '?') {
      pieces.push(ANY)
      i += 1
    } else {
      if (char === '\\' && i + 1 < pattern.length) i += 1
      pieces.push(pattern.charCodeAt(i))
      i += 1
    }
  }
  return { pieces, classes }
}

/** The class whose inside begins at `start`, and where the pattern goes on. One that does not end takes the rest. */
function parseClass(pattern: string, start: number): { readonly byteClass: ByteClass; readonly end: number } {
  const isNegated = pattern.charAt(start) === '^'
  const byteClass = new Uint8Array(ANY).fill(isNegated ? 1 : 0)
  const mark = isNegated ? 0 : 1
  let i = isNegated ? start + 1 : start
  while (i < pattern.length && pattern.charAt(i) !== ']') {
    const isEscaped = pattern.charAt(i) === '\\' && i + 1 < pattern.length
    const isRange = !isEscaped && pattern.charAt(i + 1) === '-' && i + 2 < pattern.length
    const first = pattern.charCodeAt(isEscaped ? i + 1 : i)
    const last = isRange ? pattern.charCodeAt(i + 2) : first
    byteClass.fill(mark, Math.min(first, last), Math.max(first, last) + 1)
    i += isRange ? 3 : isEscaped ? 2 : 1
  }
  return { byteClass, end: i + 1 }
}
