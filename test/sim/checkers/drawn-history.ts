/**
 * Histories drawn as the literature draws them: a line for each process, time from left to right,
 * a call from its bar to the next one. `>` instead of the second bar: nobody knows the outcome.
 *
 *     A  |-- write x 1 --|        |-- read x 2 --|
 *     B         |-- write x 2 ------------->
 *
 * Calls: `write x 1`, `read x 1`, `cas x 1 2 yes|no|?`, `add x 1`, `add x 1 =3`, `append x 1`,
 * `list x 1,2` (`list x` for an empty one), several with `;` between them for a batch. `nil` is null.
 */

import { type Action, batch, type Operation, type Scalar, span } from '../../../sim/checkers/index.ts'

export function drawn(picture: string): Operation[] {
  const lines = picture.split('\n').filter((line) => line.trim() !== '')
  return lines.flatMap((line, lane) => callsOf(line, lane)).sort((left, right) => left.start - right.start)
}

function callsOf(line: string, lane: number): Operation[] {
  const calls: Operation[] = []
  let start = line.indexOf('|')
  while (start >= 0) {
    const end = endOf(line, start)
    const isKnown = line.charAt(end) === '|'
    const actions = line
      .slice(start + 1, end)
      .split(';')
      .map((text) => parseAction(text.replace(/^[-\s]+|[-\s]+$/g, '')))
    const when = isKnown ? span(lane, start, end) : span(lane, start)
    const [only] = actions
    if (only === undefined) throw new Error(`the picture has a call without words: ${line}`)
    calls.push(actions.length === 1 ? { ...only, ...when } : batch(actions, when))
    start = line.indexOf('|', end + 1)
  }
  return calls
}

function endOf(line: string, start: number): number {
  for (let at = start + 1; at < line.length; at++) if (line.charAt(at) === '|' || line.charAt(at) === '>') return at
  throw new Error(`the picture has a call without an end: ${line}`)
}

function parseAction(text: string): Action {
  const [kind = '', key = '', first = '', second = '', third = ''] = text.split(/\s+/)
  switch (kind) {
    case 'read':
    case 'write':
      return { kind, key, value: scalar(first) }
    case 'cas':
      return { kind, key, expected: scalar(first), value: scalar(second), swapped: third === '?' ? null : third === 'yes' }
    case 'add':
      return { kind: 'increment', key, by: Number(first), value: second === '' ? null : Number(second.slice(1)) }
    case 'append':
      return { kind, key, value: scalar(first) }
    case 'list':
      return { kind: 'read-list', key, values: first === '' ? [] : first.split(',').map(scalar) }
    default:
      throw new Error(`the picture has an unknown call: ${text}`)
  }
}

function scalar(text: string): Scalar {
  if (text === 'nil') return null
  return Number.isNaN(Number(text)) ? text : Number(text)
}
