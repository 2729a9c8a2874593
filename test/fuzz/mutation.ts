/** Seeded damage to bytes, as binary strings: what a broken or a hostile client might send instead of something valid. */

import type { Prng } from '../../base/index.ts'

/** Put where a number stood: limits, their neighbours, and what is no number. */
const NUMBERS = [
  '-1',
  '0',
  '1',
  '00',
  '+1',
  '-0',
  '1e3',
  '1024',
  '65537',
  '1048576',
  '1048577',
  '2147483647',
  '2147483648',
  '536870912',
  '536870913',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '99999999999999999999999999',
  ' 3',
  '3 ',
  '',
]
const FRAGMENTS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  '"',
  "'",
  '\\',
  '$',
  '*',
  '*1\r\n',
  '$-1\r\n',
  '*0\r\n',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\xff',
  ' ',
  '\\x',
  '\\ud800',
]
const NESTING_MAX = 200

/** One to three kinds of damage, one after another. @param others what is spliced in @param nesting what can be opened many times */
export function mutate(text: string, random: Prng, others: readonly string[], nesting: readonly string[]): string {
  let mutated = text
  for (let left = 1 + random.below(3); left > 0; left--)
    mutated = MUTATIONS[random.below(MUTATIONS.length)]?.(mutated, random, others, nesting) ?? mutated
  return mutated
}

type Mutation = (text: string, random: Prng, others: readonly string[], nesting: readonly string[]) => string

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  truncate,
  removeRange,
  repeatRange,
  replaceNumber,
  replaceNumber,
  insertFragment,
  splice,
  nest,
  swapCase,
]

function flipBit(text: string, random: Prng): string {
  const at = random.below(text.length + 1)
  return put(text, at, String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << random.below(8))))
}

function setByte(text: string, random: Prng): string {
  return put(text, random.below(text.length + 1), String.fromCharCode(random.below(256)))
}

function truncate(text: string, random: Prng): string {
  return text.slice(0, random.below(text.length + 1))
}

function removeRange(text: string, random: Prng): string {
  const at = random.below(text.length + 1)
  return text.slice(0, at) + text.slice(at + 1 + random.below(8))
}

function repeatRange(text: string, random: Prng): string {
  const at = random.below(text.length + 1)
  const end = at + 1 + random.below(16)
  return text.slice(0, end) + text.slice(at, end).repeat(1 + random.below(3)) + text.slice(end)
}

function replaceNumber(text: string, random: Prng): string {
  const numbers = [...text.matchAll(/-?\d+/g)]
  const chosen = numbers[random.below(Math.max(1, numbers.length))]
  if (chosen === undefined) return text
  const number = NUMBERS[random.below(NUMBERS.length)] ?? ''
  return text.slice(0, chosen.index) + number + text.slice(chosen.index + chosen[0].length)
}

function insertFragment(text: string, random: Prng): string {
  const at = random.below(text.length + 1)
  return text.slice(0, at) + (FRAGMENTS[random.below(FRAGMENTS.length)] ?? '') + text.slice(at)
}

function splice(text: string, random: Prng, others: readonly string[]): string {
  const other = others[random.below(others.length)] ?? ''
  return text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length + 1))
}

function nest(text: string, random: Prng, _others: readonly string[], nesting: readonly string[]): string {
  const at = random.below(text.length + 1)
  const opening = nesting[random.below(nesting.length)] ?? ''
  return text.slice(0, at) + opening.repeat(1 + random.below(NESTING_MAX)) + text.slice(at)
}

function swapCase(text: string, random: Prng): string {
  const at = random.below(text.length + 1)
  return put(text, at, String.fromCharCode((text.charCodeAt(at) || 0x40) ^ 0x20))
}

function put(text: string, at: number, character: string): string {
  return text.slice(0, at) + character + text.slice(at + 1)
}
