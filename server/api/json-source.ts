/**
 * Where the parts of a JSON text stand in it. A value inside a batch is stored as the client wrote
 * it, like the body of a PUT: `JSON.parse` and `JSON.stringify` in between would round integers
 * above 2^53 and drop what a name given twice held. So the parsed object says what is asked, and
 * the source says what is stored.
 *
 * Everything here takes a text that `JSON.parse` accepted; it asserts what that guarantees.
 */

import { assert, endOfString } from '../../base/index.ts'

/** A part of a text, from `start` up to but without `end`. */
export interface Source {
  readonly start: number
  readonly end: number
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** The members of the object that starts at or after `start`; of a name given twice the last, as `JSON.parse` has it. */
export function membersOf(text: string, start: number): ReadonlyMap<string, Source> {
  const members = new Map<string, Source>()
  let at = skipSpace(text, start)
  assert(text.charCodeAt(at) === OPEN_BRACE, 'the source of an object starts with a brace')
  at = skipSpace(text, at + 1)
  while (text.charCodeAt(at) !== CLOSE_BRACE) {
    const nameEnd = endOfString(text, at) + 1
    const name: unknown = JSON.parse(text.slice(at, nameEnd))
    assert(typeof name === 'string', 'the name of a member is a string')
    at = skipSpace(text, nameEnd)
    assert(text.charCodeAt(at) === COLON, 'a colon follows the name of a member')
    const value = valueAt(text, at + 1)
    members.set(name, value)
    at = skipComma(text, value.end)
  }
  return members
}

/** The elements of the array that starts at or after `start`. */
export function elementsOf(text: string, start: number): readonly Source[] {
  const elements: Source[] = []
  let at = skipSpace(text, start)
  assert(text.charCodeAt(at) === OPEN_BRACKET, 'the source of an array starts with a bracket')
  at = skipSpace(text, at + 1)
  while (text.charCodeAt(at) !== CLOSE_BRACKET) {
    const element = valueAt(text, at)
    elements.push(element)
    at = skipComma(text, element.end)
  }
  return elements
}

function valueAt(text: string, from: number): Source {
  const start = skipSpace(text, from)
  assert(start < text.length, 'a JSON text ends before its value does')
  switch (text.charCodeAt(start)) {
    case QUOTE:
      return { start, end: endOfString(text, start) + 1 }
    case OPEN_BRACE:
    case OPEN_BRACKET:
      return { start, end: endOfNesting(text, start) }
    default:
      return { start, end: endOfScalar(text, start) }
  }
}

function endOfNesting(text: string, start: number): number {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i)
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1
      if (depth === 0) return i + 1
    }
  }
  return text.length
}

function endOfScalar(text: string, start: number): number {
  let end = start
  while (end < text.length && !isDelimiter(text.charCodeAt(end))) end += 1
  return end
}

function isDelimiter(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || isSpace(code)
}

function skipComma(text: string, from: number): number {
  const at = skipSpace(text, from)
  assert(at < text.length, 'a JSON text ends inside an array or object')
  return text.charCodeAt(at) === COMMA ? skipSpace(text, at + 1) : at
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text.charCodeAt(at))) at += 1
  return at
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
