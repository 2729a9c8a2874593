/** Commands about keys as a whole: whether they are there, their removal, their names. */

import { type Key, unreachable } from '../../../base/index.ts'
import type { KeyEditor, KeyView } from '../../../core/index.ts'
import type { Action, Arguments, Command } from '../command.ts'
import { errorReply, OK, type RespReply, type SimpleReply } from '../reply.ts'
import { ALL_WORDS, ArgumentError, commandsOf, FIRST_TWO_WORDS, FIRST_WORD, SYNTAX_ERROR } from './entry.ts'
import { integerAt, keyAt, keysFrom } from './read-words.ts'

const STRING: SimpleReply = { kind: 'simple', text: 'string' }
const NONE: SimpleReply = { kind: 'simple', text: 'none' }
/** RENAME and COPY write what they find: about this much, where it is not known yet. */
const MOVED_BYTES_GUESS = 1024

export function keyCommands(): readonly Command[] {
  return commandsOf('generic', [
    { name: 'del', arity: -2, flags: ['write'], keys: ALL_WORDS, summary: 'Delete keys', read: readDelete },
    { name: 'unlink', arity: -2, flags: ['write', 'fast'], keys: ALL_WORDS, summary: 'Delete keys, as DEL does', read: readDelete },
    { name: 'exists', arity: -2, flags: ['readonly', 'fast'], keys: ALL_WORDS, summary: 'Count the keys that exist', read: readExists },
    { name: 'touch', arity: -2, flags: ['readonly', 'fast'], keys: ALL_WORDS, summary: 'Count the keys that exist', read: readExists },
    { name: 'type', arity: 2, flags: ['readonly', 'fast'], keys: FIRST_WORD, summary: 'Get the type of a value', read: readType },
    {
      name: 'rename',
      arity: 3,
      flags: ['write'],
      keys: FIRST_TWO_WORDS,
      summary: 'Give a key another name',
      read: (words) => readMove(words, 'rename'),
    },
    {
      name: 'renamenx',
      arity: 3,
      flags: ['write', 'fast'],
      keys: FIRST_TWO_WORDS,
      summary: 'Give a key another name that is free',
      read: (words) => readMove(words, 'rename-if-free'),
    },
    { name: 'copy', arity: -3, flags: ['write', 'denyoom'], keys: FIRST_TWO_WORDS, summary: 'Copy a key to another name', read: readCopy },
  ])
}

function readDelete(words: Arguments): Action {
  const keys = keysFrom(words, 1)
  let bytes = 0
  for (const key of keys) bytes += key.length
  return { kind: 'write', keys, bytes, run: (editor) => countWhere(keys, (key) => editor.delete(key)) }
}

function readExists(words: Arguments): Action {
  const keys = keysFrom(words, 1)
  return { kind: 'read', keys, run: (view) => countWhere(keys, (key) => view.read(key) !== null) }
}

/** A key that is named twice counts twice. */
function countWhere(keys: readonly Key[], holds: (key: Key) => boolean): number {
  let count = 0
  for (const key of keys) if (holds(key)) count += 1
  return count
}

function readType(words: Arguments): Action {
  const key = keyAt(words, 1)
  return { kind: 'read', keys: [key], run: (view: KeyView) => (view.read(key) === null ? NONE : STRING) }
}

function readMove(words: Arguments, kind: 'rename' | 'rename-if-free'): Action {
  const source = keyAt(words, 1)
  const target = keyAt(words, 2)
  return writeTwo(source, target, (editor) => {
    const item = editor.read(source)
    if (item === null) return errorReply('ERR no such key')
    const isTaken = editor.read(target) !== null
    if (kind === 'rename-if-free' && isTaken) return 0
    if (source !== target) {
      editor.set(target, item.value, item.version.deadlineMs)
      editor.delete(source)
    }
    switch (kind) {
      case 'rename':
        return OK
      case 'rename-if-free':
        return 1
      default:
        return unreachable(kind)
    }
  })
}

function readCopy(words: Arguments): Action {
  const replaces = readCopyOptions(words)
  const source = keyAt(words, 1)
  const target = keyAt(words, 2)
  if (source === target) throw new ArgumentError('ERR source and destination objects are the same')
  return writeTwo(source, target, (editor) => {
    const item = editor.read(source)
    if (item === null || (!replaces && editor.read(target) !== null)) return 0
    editor.set(target, item.value, item.version.deadlineMs)
    return 1
  })
}

/** True if it replaces what is there. @throws ArgumentError */
function readCopyOptions(words: Arguments): boolean {
  let replaces = false
  for (let i = 3; i < words.length; i++) {
    if (words.is(i, 'REPLACE')) replaces = true
    else if (words.is(i, 'DB') && i + 1 < words.length) {
      i += 1
      if (integerAt(words, i) !== 0n) throw new ArgumentError('ERR DB index is out of range')
    } else throw new ArgumentError(SYNTAX_ERROR)
  }
  return replaces
}

function writeTwo(source: Key, target: Key, run: (editor: KeyEditor) => RespReply): Action {
  return { kind: 'write', keys: [source, target], bytes: source.length + target.length + MOVED_BYTES_GUESS, run }
}
