/**
 * Values as people type and read them. What is typed and is valid JSON is stored as JSON, anything
 * else as text: `skein set user:1 '{"name":"Alice"}'` and `skein set greeting hello` both do what
 * one means. A number counts as JSON only in the form in which it would come back: `007`, `1.10`
 * and `12345678901234567890` stay the texts they are.
 *
 * Rejected: a flag for JSON, which one forgets, and then has text that merely looks like JSON.
 */

import { SkeinError, toBase64 } from '../base/index.ts'

/** A value to store; `as` is for strings. */
export interface TypedValue {
  readonly value: unknown
  readonly as: 'json' | 'text'
}

/** The value that a typed text stands for. @throws BAD_REQUEST if it can't be stored as it was typed */
export function parseTypedValue(typed: string, isText: boolean): TypedValue {
  if (typed.includes('\ufffd')) {
    // Node puts U+FFFD in the place of bytes that are no UTF-8: what would be stored is not what was typed.
    throw new SkeinError('BAD_REQUEST', "the value is not valid UTF-8, or has U+FFFD, which can't be told from that: pass it with --file")
  }
  const json = isText ? undefined : parseJson(typed)
  return json === undefined ? { value: typed, as: 'text' } : { value: json, as: 'json' }
}

/** In JSON output: bytes are base64. */
export function shownValue(value: unknown): { readonly value: unknown; readonly encoding?: 'base64' } {
  return value instanceof Uint8Array ? { value: toBase64(value), encoding: 'base64' } : { value }
}

/** On one line, without control characters: text as it is where that is safe to show, else as JSON. */
export function inlineValue(value: unknown): string {
  if (value === undefined) return '(deleted)'
  if (value instanceof Uint8Array) return `base64:${toBase64(value)}`
  return typeof value === 'string' ? inlineText(value) : escapeDelete(JSON.stringify(value))
}

/** A key or text on one line: JSON-quoted if it would break the line, or play tricks on the terminal. */
export function inlineText(text: string): string {
  return hasControlCharacters(text) ? escapeDelete(JSON.stringify(text)) : text
}

/** Undefined, which JSON has not, for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'number' && String(value) !== text ? undefined : value
  } catch {
    return undefined
  }
}

/** JSON leaves DEL and the C1 controls as they are; terminals act on some of them. */
function escapeDelete(json: string): string {
  return json.replaceAll(/[\u007f-\u009f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}

function hasControlCharacters(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true
  }
  return false
}
