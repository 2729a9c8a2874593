/**
 * From a line to a call and from its reply to a line again. Every line that is not blank is
 * answered by exactly one line, an error too, and with the `id` that it brought, as it was
 * written.
 */

import type { Logger } from 'pino'
import { present, SkeinError } from '../../base/index.ts'
import type { Reply } from '../../core/index.ts'
import { BATCH_DEPTH_MAX } from '../api/batch-json.ts'
import { objectOf, refused } from '../api/json-object.ts'
import { membersOf } from '../api/json-source.ts'
import { parseJson } from '../api/json-text.ts'
import { failureFields, LINE, type LineCall, type LineContext, OPERATIONS } from './operations.ts'

/** Of an `id`, as it is written. */
const ID_LENGTH_MAX = 256

export interface ReadLineCall {
  /** The source of the line's `id`, or null. */
  readonly id: string | null
  readonly call: LineCall
}

/** A line without its end. What is wrong with it is a call that is answered already. */
export function readLine(bytes: Uint8Array, context: LineContext, log: Logger): ReadLineCall {
  let id: string | null = null
  try {
    const { text, parsed } = parseJson(bytes, BATCH_DEPTH_MAX, LINE)
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw refused(LINE.name, `is not an object: ${LINE.advice}`)
    if ('id' in parsed) id = idOf(parsed.id, text)
    const operation = OPERATIONS.get('op' in parsed && typeof parsed.op === 'string' ? parsed.op : '')
    if (operation === undefined) throw refused('op', `is not one of ${[...OPERATIONS.keys()].join(', ')}`)
    const line = objectOf(parsed, LINE.name, '', ['op', 'id', ...operation.fields], text, 0)
    return { id, call: operation.read(line, context) }
  } catch (error) {
    return { id, call: { kind: 'answer', fields: failureFields(failureOf(error, log)) } }
  }
}

/** The line that answers a call. @param reply of the node, or null for what it was not asked */
export function answerLine({ id, call }: ReadLineCall, reply: Reply | null, log: Logger): string {
  let fields: string
  try {
    fields = call.kind === 'answer' ? call.fields : call.answer(present(reply, 'what was asked is answered'))
  } catch (error) {
    fields = failureFields(failureOf(error, log))
  }
  const line = id === null ? `{${fields}}\n` : `{"id":${id},${fields}}\n`
  return hasInnerBreak(line) ? `${line.replaceAll('\n', ' ').replaceAll('\r', ' ').slice(0, -1)}\n` : line
}

/** True for a line of spaces, which asks nothing and is not answered. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function idOf(id: unknown, text: string): string {
  if (typeof id === 'object' && id !== null) throw refused('id', 'is not a string, number, true, false or null')
  // As it was written: a large integer must come back with all its digits.
  const { start, end } = present(membersOf(text, 0).get('id'), 'a parsed member has a source')
  if (end - start > ID_LENGTH_MAX) throw refused('id', `is longer than ${ID_LENGTH_MAX} characters`)
  return text.slice(start, end)
}

/** JSON that came in over HTTP may have breaks between its parts, never inside a string: there they are escaped. */
function hasInnerBreak(line: string): boolean {
  return line.indexOf('\n') < line.length - 1 || line.includes('\r')
}

function failureOf(error: unknown, log: Logger): SkeinError {
  if (error instanceof SkeinError) {
    if (error.code === 'INTERNAL') log.error({ err: error.cause ?? error }, 'a line failed')
    return error
  }
  log.error({ err: error }, 'a line failed')
  return new SkeinError('INTERNAL', 'the node met an error of its own: its log tells more', { cause: error })
}
