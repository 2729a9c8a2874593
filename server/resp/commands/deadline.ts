/**
 * Deadlines in commands: a time to live counted from when the command runs, or a moment, in
 * seconds or milliseconds.
 */

import type { Key } from '../../../base/index.ts'
import type { KeyEditor } from '../../../core/index.ts'
import type { Value } from '../../../crdt/index.ts'
import type { Arguments } from '../command.ts'
import { type ErrorReply, errorReply } from '../reply.ts'
import { ArgumentError, NOT_AN_INTEGER } from './entry.ts'

export interface Deadline {
  readonly from: 'now' | '1970'
  readonly ms: number
}

export interface DeadlineForm {
  readonly from: 'now' | '1970'
  readonly unitMs: 1n | 1000n
}

/** The words that announce a deadline among options. */
export const DEADLINE_FORMS: ReadonlyMap<string, DeadlineForm> = new Map([
  ['EX', { from: 'now', unitMs: 1000n }],
  ['PX', { from: 'now', unitMs: 1n }],
  ['EXAT', { from: '1970', unitMs: 1000n }],
  ['PXAT', { from: '1970', unitMs: 1n }],
])

/** About 140,000 years: with it and the clock together a JavaScript number stays exact. */
export const DEADLINE_MS_MAX = 2 ** 52

/**
 * The deadline that a word says, which must lie ahead of where it counts from.
 * @param command its name, for the error
 * @throws ArgumentError if it is not a whole number, or out of range
 */
export function deadlineAt(words: Arguments, index: number, form: DeadlineForm, command: string): Deadline {
  const deadline = parseDeadline(words.integer(index), form, command)
  if ('kind' in deadline) throw new ArgumentError(deadline.text)
  return deadline
}

/** As `deadlineAt`, with the error as a value: for a command that looks at its key first. */
export function parseDeadline(given: bigint | null, { from, unitMs }: DeadlineForm, command: string): Deadline | ErrorReply {
  if (given === null) return errorReply(NOT_AN_INTEGER)
  const ms = given * unitMs
  return ms <= 0n || ms > BigInt(DEADLINE_MS_MAX) ? errorReply(invalidExpireTime(command)) : { from, ms: Number(ms) }
}

/** In milliseconds since 1970. */
export function deadlineMsOf({ from, ms }: Deadline, wallMs: number): number {
  return from === 'now' ? Math.ceil(wallMs + ms) : ms
}

/** Sets a value; with a deadline that is past already it deletes the key. */
export function setUntil(editor: KeyEditor, key: Key, value: Value, deadlineMs: number | null): void {
  if (deadlineMs !== null && deadlineMs <= editor.wallMs) editor.delete(key)
  else editor.set(key, value, deadlineMs)
}

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`
}
