/**
 * What a stream of the Redis protocol says, read the plain way: the whole of it at once, as text,
 * without limits on memory or time. Where the engine and this disagree, one of them is wrong.
 */

const INLINE_BYTES_MAX = 64 * 1024
const WORDS_MAX = 1_048_576
const ANNOUNCED_BYTES_MAX = 512 * 1024 * 1024

/** What has to be answered, in order. */
export type Expected =
  /** A command: one answer. */
  | { readonly kind: 'command'; readonly words: readonly string[] }
  /** A word over the limit: one error. */
  | { readonly kind: 'too-large' }
  /** No command: an error, and the end of the connection. */
  | { readonly kind: 'protocol-error' }

/** Up to the first protocol error. What is unfinished at the end asks for nothing. */
export function readRequests(text: string, bulkBytesMax: number): Expected[] {
  const expected: Expected[] = []
  let at = 0
  while (at < text.length) {
    const found = text.charAt(at) === '*' ? readMultibulk(text, at, bulkBytesMax) : readInline(text, at)
    if (found === null) break
    if (found.expected !== null) expected.push(found.expected)
    if (found.expected?.kind === 'protocol-error') break
    at = found.end
  }
  return expected
}

/** Null if it is unfinished. */
type Found = { readonly expected: Expected | null; readonly end: number } | null

const PROTOCOL_ERROR: Found = { expected: { kind: 'protocol-error' }, end: 0 }

function readMultibulk(text: string, start: number, bulkBytesMax: number): Found {
  const head = readLine(text, start)
  if (head === null || head === 'too-long') return head === null ? null : PROTOCOL_ERROR
  const count = integerOf(head.line.slice(1))
  if (count === null || count > WORDS_MAX) return PROTOCOL_ERROR
  let at = head.end
  const words: string[] = []
  let isTooLarge = false
  for (let left = count; left > 0; left--) {
    const line = readLine(text, at)
    if (line === null || line === 'too-long') return line === null ? null : PROTOCOL_ERROR
    if (!line.line.startsWith('$')) return PROTOCOL_ERROR
    const length = integerOf(line.line.slice(1))
    if (length === null || length < 0 || length > ANNOUNCED_BYTES_MAX) return PROTOCOL_ERROR
    if (length > bulkBytesMax) isTooLarge = true
    if (line.end + length + 2 > text.length) return null
    words.push(text.slice(line.end, line.end + length))
    at = line.end + length + 2
  }
  if (words.length === 0) return { expected: null, end: at }
  return { expected: isTooLarge ? { kind: 'too-large' } : { kind: 'command', words }, end: at }
}

/** A line up to its CR; the byte behind that is taken for the LF. */
function readLine(text: string, start: number): { readonly line: string; readonly end: number } | 'too-long' | null {
  const cr = text.indexOf('\r', start)
  if ((cr < 0 ? text.length : cr) - start > INLINE_BYTES_MAX) return 'too-long'
  return cr < 0 || cr + 2 > text.length ? null : { line: text.slice(start, cr), end: cr + 2 }
}

function readInline(text: string, start: number): Found {
  const lf = text.indexOf('\n', start)
  if ((lf < 0 ? text.length : lf) - start > INLINE_BYTES_MAX) return PROTOCOL_ERROR
  if (lf < 0) return null
  const line = text.slice(start, lf).replace(/\r$/, '')
  const words = wordsOf(line)
  if (words === null) return PROTOCOL_ERROR
  return { expected: words.length === 0 ? null : { kind: 'command', words }, end: lf + 1 }
}

/** Words in Redis's quoting, escapes left as they are; null if quotes don't close where a word ends. */
function wordsOf(line: string): string[] | null {
  const spaces = ' \t\n\v\f\r'
  // As in Redis, fewer end a word than stand between words.
  const ends = ' \t\n\r'
  const words: string[] = []
  let at = 0
  for (;;) {
    while (at < line.length && spaces.includes(line.charAt(at))) at += 1
    if (at === line.length) return words
    let word = ''
    while (at < line.length && !ends.includes(line.charAt(at))) {
      const quote = line.charAt(at)
      if (quote !== '"' && quote !== "'") {
        word += quote
        at += 1
        continue
      }
      at += 1
      while (at < line.length && line.charAt(at) !== quote) {
        const isEscape = line.charAt(at) === '\\' && (quote === '"' ? at + 1 < line.length : line.charAt(at + 1) === "'")
        word += line.slice(at, at + (isEscape ? 2 : 1))
        at += isEscape ? 2 : 1
      }
      if (at >= line.length || (at + 1 < line.length && !spaces.includes(line.charAt(at + 1)))) return null
      at += 1
    }
    words.push(word)
  }
}

function integerOf(text: string): number | null {
  return /^(0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : null
}
