/**
 * Inline commands: a line as somebody types it into a bare connection, cut into words by Redis's
 * rules. Words are separated by white space; `"…"` knows escapes (`\n`, `\x1f`), `'…'` only `\'`.
 */

import type { Words } from './words.ts'

const QUOTE = 0x22
const APOSTROPHE = 0x27
const BACKSLASH = 0x5c
const LOWER_X = 0x78
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
])

/** Puts the words of a line into `words`. False if its quotes do not close where a word ends. */
export function readInlineCommand(line: Uint8Array, words: Words): boolean {
  // Without its quotes and escapes no line is longer than with them.
  const unquoted = Buffer.allocUnsafe(line.length)
  let written = 0
  let at = 0
  for (;;) {
    while (at < line.length && isSpace(line[at])) at += 1
    if (at >= line.length) break
    const start = written
    while (at < line.length && !endsWord(line[at])) {
      const byte = line[at] ?? 0
      at += 1
      if (byte !== QUOTE && byte !== APOSTROPHE) {
        unquoted[written++] = byte
        continue
      }
      const end = byte === QUOTE ? readQuoted() : readApostrophed()
      if (!end || (at < line.length && !isSpace(line[at]))) return false
    }
    words.add(start, written)
  }
  words.place(unquoted, 0)
  return true

  /** From behind the opening quote to behind the closing one. False if there is none. */
  function readQuoted(): boolean {
    while (at < line.length) {
      const byte = line[at] ?? 0
      if (byte === QUOTE) {
        at += 1
        return true
      }
      const next = line[at + 1]
      const [high, low] = [hexDigit(line[at + 2]), hexDigit(line[at + 3])]
      if (byte !== BACKSLASH || next === undefined) {
        unquoted[written++] = byte
        at += 1
      } else if (next === LOWER_X && high !== null && low !== null) {
        unquoted[written++] = high * 16 + low
        at += 4
      } else {
        unquoted[written++] = ESCAPES.get(next) ?? next
        at += 2
      }
    }
    return false
  }

  function readApostrophed(): boolean {
    while (at < line.length) {
      const byte = line[at] ?? 0
      if (byte === APOSTROPHE) {
        at += 1
        return true
      }
      const isEscaped = byte === BACKSLASH && line[at + 1] === APOSTROPHE
      unquoted[written++] = isEscaped ? APOSTROPHE : byte
      at += isEscaped ? 2 : 1
    }
    return false
  }
}

/** Fewer than are skipped between words: so it is in Redis. */
function endsWord(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)
}

function hexDigit(byte: number | undefined): number | null {
  if (byte === undefined) return null
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : null
}
