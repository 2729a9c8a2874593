/**
 * How deep a JSON text nests, found in one pass before anything parses it. A parser that recurses
 * runs out of stack on `[[[[…`, and what one node stores, every reader has to parse, in whatever
 * language; so the depth is part of what a value may be.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** True if arrays and objects nest deeper than `max` levels; it stops looking where they do. */
export function isDeeperThan(text: string, max: number): boolean {
  // That deep a text has at least so many brackets; most values are done here.
  if (text.length <= max) return false
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i)
        break
      case OPEN_BRACKET:
      case OPEN_BRACE:
        depth += 1
        if (depth > max) return true
        break
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth -= 1
        break
    }
  }
  return false
}

/** The position of the quote that ends the string which starts at `start`; the text's length if none does. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end
}

/** A quote is escaped if an odd number of backslashes stands before it. */
function isEscaped(text: string, quote: number): boolean {
  let first = quote
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1
  return (quote - first) % 2 === 1
}
