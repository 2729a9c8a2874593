/**
 * Patterns of KEYS, SCAN, CONFIG GET and COMMAND LIST, as Redis matches them: `*`, `?`, `[a-c]`,
 * `[^a]`, and `\` before a character that stands for itself.
 *
 * A pattern is parsed once; matching then walks with one place to come back to, the last `*`. So a
 * name costs at most its length times the pattern's. Regular expressions were rejected: they come
 * back to every `*`, which a pattern of many makes exponential.
 */

import { unreachable } from '../../../base/index.ts'

type Piece =
  | { readonly kind: 'stars' }
  | { readonly kind: 'any' }
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly Range[] }

/** Both ends included. */
interface Range {
  readonly first: number
  readonly last: number
}

export class Glob {
  /** What every match begins with, as a binary string. */
  readonly prefix: string
  readonly #pieces: readonly Piece[]

  private constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces
    this.prefix = prefixOf(pieces)
  }

  static parse(pattern: string): Glob {
    return new Glob(parsePieces(pattern))
  }

  /** How many comparisons it takes at most to match a name. */
  costOf(text: string): number {
    return text.length * this.#pieces.length
  }

  matches(text: string): boolean {
    const pieces = this.#pieces
    let at = 0
    let piece = 0
    /** The piece after the last stars, and where the text after them begins. */
    let retryPiece = -1
    let retryAt = 0
    while (at < text.length) {
      const next = pieces[piece]
      if (next?.kind === 'stars') {
        piece += 1
        retryPiece = piece
        retryAt = at
      } else if (next !== undefined && fits(next, text.charCodeAt(at))) {
        piece += 1
        at += 1
      } else if (retryPiece >= 0) {
        retryAt += 1
        at = retryAt
        piece = retryPiece
      } else return false
    }
    while (pieces[piece]?.kind === 'stars') piece += 1
    return piece === pieces.length
  }
}

function parsePieces(pattern: string): readonly Piece[] {
  const pieces: Piece[] = []
  for (let i = 0; i < pattern.length; ) {
    const char = pattern.charAt(i)
    if (char === '[') i = parseClass(pattern, i + 1, pieces)
    else if (char === '*') {
      if (pieces.at(-1)?.kind !== 'stars') pieces.push({ kind: 'stars' })
      i += 1
    } else if (char === '?') {
      pieces.push({ kind: 'any' })
      i += 1
    } else {
      if (char === '\\' && i + 1 < pattern.length) i += 1
      pieces.push({ kind: 'code', code: pattern.charCodeAt(i) })
      i += 1
    }
  }
  return pieces
}

/** Adds the class whose inside begins at `start`; returns where the pattern goes on. One that does not end takes the rest. */
function parseClass(pattern: string, start: number, pieces: Piece[]): number {
  const isNegated = pattern.charAt(start) === '^'
  const ranges: Range[] = []
  let i = isNegated ? start + 1 : start
  while (i < pattern.length && pattern.charAt(i) !== ']') {
    if (pattern.charAt(i) === '\\' && i + 1 < pattern.length) {
      i += 1
      ranges.push(range(pattern.charCodeAt(i), pattern.charCodeAt(i)))
      i += 1
    } else if (pattern.charAt(i + 1) === '-' && i + 2 < pattern.length) {
      ranges.push(range(pattern.charCodeAt(i), pattern.charCodeAt(i + 2)))
      i += 3
    } else {
      ranges.push(range(pattern.charCodeAt(i), pattern.charCodeAt(i)))
      i += 1
    }
  }
  pieces.push({ kind: 'class', isNegated, ranges })
  return i + 1
}

function range(first: number, last: number): Range {
  return first <= last ? { first, last } : { first: last, last: first }
}

function fits(piece: Piece, code: number): boolean {
  switch (piece.kind) {
    case 'stars':
      return false
    case 'any':
      return true
    case 'code':
      return piece.code === code
    case 'class':
      return piece.ranges.some(({ first, last }) => code >= first && code <= last) !== piece.isNegated
    default:
      return unreachable(piece)
  }
}

function prefixOf(pieces: readonly Piece[]): string {
  let prefix = ''
  for (const piece of pieces) {
    if (piece.kind !== 'code') break
    prefix += String.fromCharCode(piece.code)
  }
  return prefix
}
