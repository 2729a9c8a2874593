/**
 * Commands about a key's deadline. A deadline is part of a version (RG6): to move it is to write
 * the value again with another one.
 */

import type { KeyEditor, KeyView } from '../../../core/index.ts'
import type { Action, Arguments, Command, CommandFlag } from '../command.ts'
import { repeatedWord } from '../error-text.ts'
import type { RespReply } from '../reply.ts'
import { DEADLINE_MS_MAX, type DeadlineForm, deadlineMsOf, invalidExpireTime, parseDeadline, setUntil } from './deadline.ts'
import { ArgumentError, commandsOf, type Entry, FIRST_WORD } from './entry.ts'
import { choiceAt, integerAt, keyAt } from './read-words.ts'
import { readGetExOption } from './set-options.ts'

const INT64_MIN = -(2n ** 63n)
const SECOND_MS = 1000
/** TTL and the like of a key that is not there, and of one without a deadline. */
const NO_KEY = -2
const NO_DEADLINE = -1

export function expiryCommands(): readonly Command[] {
  return [...commandsOf('generic', genericEntries()), ...commandsOf('string', [getEx()])]
}

function genericEntries(): readonly Entry[] {
  return [
    expire('expire', 'Set the time to live of a key in seconds', { from: 'now', unitMs: 1000n }),
    expire('pexpire', 'Set the time to live of a key in milliseconds', { from: 'now', unitMs: 1n }),
    expire('expireat', 'Set the deadline of a key in seconds since 1970', { from: '1970', unitMs: 1000n }),
    expire('pexpireat', 'Set the deadline of a key in milliseconds since 1970', { from: '1970', unitMs: 1n }),
    lookup('ttl', 'Get the time to live of a key in seconds', (deadlineMs, wallMs) => inSeconds(deadlineMs - wallMs)),
    lookup('pttl', 'Get the time to live of a key in milliseconds', (deadlineMs, wallMs) => Math.ceil(deadlineMs - wallMs)),
    lookup('expiretime', 'Get the deadline of a key in seconds since 1970', (deadlineMs) => inSeconds(deadlineMs)),
    lookup('pexpiretime', 'Get the deadline of a key in milliseconds since 1970', (deadlineMs) => deadlineMs),
    { name: 'persist', arity: 2, flags: ['write', 'fast'], keys: FIRST_WORD, summary: 'Remove the deadline of a key', read: readPersist },
  ]
}

function getEx(): Entry {
  const summary = 'Get the value of a key and set or remove its deadline'
  return { name: 'getex', arity: -2, flags: ['write', 'fast'], keys: FIRST_WORD, summary, read: readGetEx }
}

function expire(name: string, summary: string, form: DeadlineForm): Entry {
  const flags: readonly CommandFlag[] = ['write', 'fast']
  return { name, arity: -3, flags, keys: FIRST_WORD, summary, read: (words) => readExpire(words, name, form) }
}

function lookup(name: string, summary: string, answer: (deadlineMs: number, wallMs: number) => number): Entry {
  const flags: readonly CommandFlag[] = ['readonly', 'fast']
  return { name, arity: 2, flags, keys: FIRST_WORD, summary, read: (words) => readLookup(words, answer) }
}

type ExpireOption = 'NX' | 'XX' | 'GT' | 'LT'

function readExpire(words: Arguments, name: string, { from, unitMs }: DeadlineForm): Action {
  const options = readExpireOptions(words)
  // Unlike in SET the moment may be past: that deletes the key.
  const given = integerAt(words, 2) * unitMs
  if (given > BigInt(DEADLINE_MS_MAX) || given < INT64_MIN) throw new ArgumentError(invalidExpireTime(name))
  const ms = Number(given)
  const key = keyAt(words, 1)
  return {
    kind: 'write',
    keys: [key],
    bytes: key.length,
    run: (editor) => {
      const item = editor.read(key)
      if (item === null) return 0
      const deadlineMs = deadlineMsOf({ from, ms }, editor.wallMs)
      if (!isAllowed(options, deadlineMs, item.version.deadlineMs)) return 0
      setUntil(editor, key, item.value, deadlineMs)
      return 1
    },
  }
}

/** @throws ArgumentError */
function readExpireOptions(words: Arguments): ReadonlySet<ExpireOption> {
  const options = new Set<ExpireOption>()
  for (let i = 3; i < words.length; i++) {
    const option = choiceAt(words, i, ['NX', 'XX', 'GT', 'LT'] as const)
    if (option === null) throw new ArgumentError(`ERR Unsupported option ${repeatedWord(words.binary(i))}`)
    options.add(option)
  }
  if (options.has('NX') && options.size > 1) {
    throw new ArgumentError('ERR NX and XX, GT or LT options at the same time are not compatible')
  }
  if (options.has('GT') && options.has('LT')) throw new ArgumentError('ERR GT and LT options at the same time are not compatible')
  return options
}

/** A key without a deadline lives longer than any with one. */
function isAllowed(options: ReadonlySet<ExpireOption>, deadlineMs: number, currentMs: number | null): boolean {
  if (options.has('NX') && currentMs !== null) return false
  if (options.has('XX') && currentMs === null) return false
  if (options.has('GT') && (currentMs === null || deadlineMs <= currentMs)) return false
  return !(options.has('LT') && currentMs !== null && deadlineMs >= currentMs)
}

function readLookup(words: Arguments, answer: (deadlineMs: number, wallMs: number) => number): Action {
  const key = keyAt(words, 1)
  const run = (view: KeyView): number => {
    const item = view.read(key)
    if (item === null) return NO_KEY
    const { deadlineMs } = item.version
    if (deadlineMs === null) return NO_DEADLINE
    // In a leader epoch a key may be there a moment longer than its deadline (RG6): it has no time left.
    return answer(deadlineMs, Math.min(view.wallMs, deadlineMs))
  }
  return { kind: 'read', keys: [key], run }
}

/** Rounded as Redis rounds. */
function inSeconds(ms: number): number {
  return Math.floor((ms + SECOND_MS / 2) / SECOND_MS)
}

function readPersist(words: Arguments): Action {
  const key = keyAt(words, 1)
  const run = (editor: KeyEditor): number => {
    const item = editor.read(key)
    if (item === null || item.version.deadlineMs === null) return 0
    editor.set(key, item.value, null)
    return 1
  }
  return { kind: 'write', keys: [key], bytes: key.length, run }
}

function readGetEx(words: Arguments): Action {
  const key = keyAt(words, 1)
  const option = readGetExOption(words)
  if (option.kind === 'nothing') return { kind: 'read', keys: [key], run: (view) => view.read(key)?.value.data ?? null }
  const deadline = option.kind === 'persist' ? null : parseDeadline(words.integer(option.index), option.form, 'getex')
  const run = (editor: KeyEditor): RespReply => {
    const item = editor.read(key)
    if (item === null) return null
    if (deadline !== null && 'kind' in deadline) return deadline
    const deadlineMs = deadline === null ? null : deadlineMsOf(deadline, editor.wallMs)
    if (deadlineMs !== null || item.version.deadlineMs !== null) setUntil(editor, key, item.value, deadlineMs)
    return item.value.data
  }
  return { kind: 'write', keys: [key], bytes: key.length, run }
}
