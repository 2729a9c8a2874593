/** Commands that read and write parts of values, or compare two. Positions count bytes. */

import type { KeyEditor, KeyView } from '../../../core/index.ts'
import type { Action, Arguments, Command } from '../command.ts'
import { errorReply, type RespReply } from '../reply.ts'
import { ArgumentError, commandsOf, FIRST_TWO_WORDS, FIRST_WORD, SYNTAX_ERROR } from './entry.ts'
import type { CommandLimits } from './limits.ts'
import { CommonSubsequence, LCS_CELLS_MAX } from './longest-common-subsequence.ts'
import { choiceAt, keyAt, positionAt } from './read-words.ts'

const TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)'

export function substringCommands({ maxValueBytes }: CommandLimits): readonly Command[] {
  return commandsOf('string', [
    {
      name: 'append',
      arity: 3,
      flags: ['write', 'denyoom', 'fast'],
      keys: FIRST_WORD,
      summary: 'Append to the value of a key',
      read: (words) => readAppend(words, maxValueBytes),
    },
    {
      name: 'strlen',
      arity: 2,
      flags: ['readonly', 'fast'],
      keys: FIRST_WORD,
      summary: 'Get the length of the value of a key in bytes',
      read: readStrlen,
    },
    { name: 'getrange', arity: 4, flags: ['readonly'], keys: FIRST_WORD, summary: 'Get a part of the value of a key', read: readGetRange },
    { name: 'substr', arity: 4, flags: ['readonly'], keys: FIRST_WORD, summary: 'The old name of GETRANGE', read: readGetRange },
    {
      name: 'setrange',
      arity: 4,
      flags: ['write', 'denyoom'],
      keys: FIRST_WORD,
      summary: 'Overwrite a part of the value of a key',
      read: (words) => readSetRange(words, maxValueBytes),
    },
    {
      name: 'lcs',
      arity: -3,
      flags: ['readonly', 'no_multi'],
      keys: FIRST_TWO_WORDS,
      summary: 'Find the longest common subsequence of two values',
      read: readLcs,
    },
  ])
}

function readAppend(words: Arguments, maxValueBytes: number): Action {
  const key = keyAt(words, 1)
  const more = words.binary(2)
  const run = (editor: KeyEditor): RespReply => {
    const item = editor.read(key)
    const data = (item?.value.data ?? '') + more
    if (data.length > maxValueBytes) return errorReply(TOO_LONG)
    editor.set(key, { type: 'bytes', data }, item?.version.deadlineMs ?? null)
    return data.length
  }
  return { kind: 'write', keys: [key], bytes: key.length + more.length, run }
}

function readStrlen(words: Arguments): Action {
  const key = keyAt(words, 1)
  return { kind: 'read', keys: [key], run: (view) => view.read(key)?.value.data.length ?? 0 }
}

function readGetRange(words: Arguments): Action {
  const first = positionAt(words, 2)
  const last = positionAt(words, 3)
  const key = keyAt(words, 1)
  return { kind: 'read', keys: [key], run: (view) => part(view.read(key)?.value.data ?? '', first, last) }
}

/** From `first` to `last`, both included; negative ones count from the end. */
function part(data: string, first: number, last: number): string {
  if (first < 0 && last < 0 && first > last) return ''
  const start = Math.max(first < 0 ? data.length + first : first, 0)
  const end = Math.max(last < 0 ? data.length + last : last, 0)
  return start > end ? '' : data.slice(start, end + 1)
}

function readSetRange(words: Arguments, maxValueBytes: number): Action {
  const offset = positionAt(words, 2)
  if (offset < 0) throw new ArgumentError('ERR offset is out of range')
  const key = keyAt(words, 1)
  const patch = words.binary(3)
  const run = (editor: KeyEditor): RespReply => {
    const item = editor.read(key)
    const before = item?.value.data ?? ''
    if (patch.length === 0) return before.length
    if (offset + patch.length > maxValueBytes) return errorReply(TOO_LONG)
    const data = before.slice(0, offset).padEnd(offset, '\0') + patch + before.slice(offset + patch.length)
    editor.set(key, { type: 'bytes', data }, item?.version.deadlineMs ?? null)
    return data.length
  }
  return { kind: 'write', keys: [key], bytes: key.length + patch.length, run }
}

interface LcsOptions {
  readonly wants: 'text' | 'length' | 'matches'
  readonly withLengths: boolean
  readonly lengthMin: number
}

function readLcs(words: Arguments): Action {
  const options = readLcsOptions(words)
  const left = keyAt(words, 1)
  const right = keyAt(words, 2)
  const run = (view: KeyView): RespReply => compare(view.read(left)?.value.data ?? '', view.read(right)?.value.data ?? '', options)
  return { kind: 'read', keys: [left, right], run }
}

/** @throws ArgumentError */
function readLcsOptions(words: Arguments): LcsOptions {
  let wantsLength = false
  let wantsMatches = false
  let withLengths = false
  let lengthMin = 0
  for (let i = 3; i < words.length; i++) {
    const option = choiceAt(words, i, ['LEN', 'IDX', 'WITHMATCHLEN', 'MINMATCHLEN'] as const)
    if (option === 'LEN') wantsLength = true
    else if (option === 'IDX') wantsMatches = true
    else if (option === 'WITHMATCHLEN') withLengths = true
    else if (option === 'MINMATCHLEN' && i + 1 < words.length) lengthMin = Math.max(positionAt(words, ++i), 0)
    else throw new ArgumentError(SYNTAX_ERROR)
  }
  if (wantsLength && wantsMatches) throw new ArgumentError('ERR If you want both the length and indexes, please just use IDX.')
  return { wants: wantsMatches ? 'matches' : wantsLength ? 'length' : 'text', withLengths, lengthMin }
}

function compare(left: string, right: string, { wants, withLengths, lengthMin }: LcsOptions): RespReply {
  if ((left.length + 1) * (right.length + 1) > LCS_CELLS_MAX) {
    return errorReply('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len')
  }
  const common = CommonSubsequence.of(left, right)
  if (wants === 'length') return common.length
  if (wants === 'text') return common.text()
  const matches = common.matches().filter(({ length }) => length >= lengthMin)
  const items = matches.map(({ left, right, length }): RespReply => {
    const ranges: RespReply[] = [
      [left, left + length - 1],
      [right, right + length - 1],
    ]
    return withLengths ? [...ranges, length] : ranges
  })
  return {
    kind: 'map',
    entries: [
      ['matches', items],
      ['len', common.length],
    ],
  }
}
