/**
 * Commands that read and write whole values. Values that come in here are of the type `bytes`; one
 * that another door wrote as text or JSON is read as its bytes.
 */

import type { Key } from '../../../base/index.ts'
import type { KeyEditor, KeyView } from '../../../core/index.ts'
import type { Value } from '../../../crdt/index.ts'
import type { Action, Arguments, Command } from '../command.ts'
import { OK, type RespReply } from '../reply.ts'
import { type Deadline, deadlineAt, deadlineMsOf, setUntil } from './deadline.ts'
import { ALL_WORDS, ArgumentError, commandsOf, EVERY_OTHER_WORD, FIRST_WORD } from './entry.ts'
import type { CommandLimits } from './limits.ts'
import { keyAt, keysFrom, valueAt } from './read-words.ts'
import { readSetOptions, type SetOptions } from './set-options.ts'

export function stringCommands({ maxValueBytes }: CommandLimits): readonly Command[] {
  return commandsOf('string', [
    { name: 'get', arity: 2, flags: ['readonly', 'fast'], keys: FIRST_WORD, summary: 'Get the value of a key', read: readGet },
    {
      name: 'set',
      arity: -3,
      flags: ['write', 'denyoom'],
      keys: FIRST_WORD,
      summary: 'Set the value of a key',
      read: (words) => readSet(words, maxValueBytes),
    },
    {
      name: 'setnx',
      arity: 3,
      flags: ['write', 'denyoom', 'fast'],
      keys: FIRST_WORD,
      summary: 'Set the value of a key that does not exist',
      read: (words) => readSetNx(words, maxValueBytes),
    },
    {
      name: 'setex',
      arity: 4,
      flags: ['write', 'denyoom'],
      keys: FIRST_WORD,
      summary: 'Set the value of a key and its time to live in seconds',
      read: (words) => readSetEx(words, deadlineAt(words, 2, { from: 'now', unitMs: 1000n }, 'setex'), maxValueBytes),
    },
    {
      name: 'psetex',
      arity: 4,
      flags: ['write', 'denyoom'],
      keys: FIRST_WORD,
      summary: 'Set the value of a key and its time to live in milliseconds',
      read: (words) => readSetEx(words, deadlineAt(words, 2, { from: 'now', unitMs: 1n }, 'psetex'), maxValueBytes),
    },
    {
      name: 'getset',
      arity: 3,
      flags: ['write', 'denyoom', 'fast'],
      keys: FIRST_WORD,
      summary: 'Set the value of a key and get the one before',
      read: (words) => readGetSet(words, maxValueBytes),
    },
    {
      name: 'getdel',
      arity: 2,
      flags: ['write', 'fast'],
      keys: FIRST_WORD,
      summary: 'Get the value of a key and delete the key',
      read: readGetDel,
    },
    { name: 'mget', arity: -2, flags: ['readonly', 'fast'], keys: ALL_WORDS, summary: 'Get the values of keys', read: readMGet },
    {
      name: 'mset',
      arity: -3,
      flags: ['write', 'denyoom'],
      keys: EVERY_OTHER_WORD,
      summary: 'Set the values of keys, all at once',
      read: (words) => readMSet(words, maxValueBytes),
    },
    {
      name: 'msetnx',
      arity: -3,
      flags: ['write', 'denyoom'],
      keys: EVERY_OTHER_WORD,
      summary: 'Set the values of keys, all at once, if none of them exists',
      read: (words) => readMSetNx(words, maxValueBytes),
    },
  ])
}

/** The bytes of a key's value, or null. */
export function dataOf(view: KeyView, key: Key): string | null {
  return view.read(key)?.value.data ?? null
}

function readGet(words: Arguments): Action {
  const key = keyAt(words, 1)
  return { kind: 'read', keys: [key], run: (view) => dataOf(view, key) }
}

function readMGet(words: Arguments): Action {
  const keys = keysFrom(words, 1)
  return { kind: 'read', keys, run: (view) => keys.map((key) => dataOf(view, key)) }
}

function readSet(words: Arguments, maxValueBytes: number): Action {
  const key = keyAt(words, 1)
  const value = valueAt(words, 2, maxValueBytes)
  if (words.length === 3) return { kind: 'set', key, value }
  const options = readSetOptions(words)
  return write(key, value, (editor) => setUnder(editor, key, value, options))
}

function setUnder(editor: KeyEditor, key: Key, value: Value, { condition, getsOld, keepsTtl, deadline }: SetOptions): RespReply {
  const old = editor.read(key)
  const previous = old?.value.data ?? null
  const isWanted = condition === null || (condition === 'NX') === (old === null)
  if (!isWanted) return getsOld ? previous : null
  if (keepsTtl) editor.set(key, value, old?.version.deadlineMs ?? null)
  else setUntil(editor, key, value, deadline === null ? null : deadlineMsOf(deadline, editor.wallMs))
  return getsOld ? previous : OK
}

function readSetNx(words: Arguments, maxValueBytes: number): Action {
  const key = keyAt(words, 1)
  const value = valueAt(words, 2, maxValueBytes)
  return write(key, value, (editor) => {
    if (editor.read(key) !== null) return 0
    editor.set(key, value, null)
    return 1
  })
}

function readSetEx(words: Arguments, deadline: Deadline, maxValueBytes: number): Action {
  const key = keyAt(words, 1)
  const value = valueAt(words, 3, maxValueBytes)
  return write(key, value, (editor) => {
    setUntil(editor, key, value, deadlineMsOf(deadline, editor.wallMs))
    return OK
  })
}

function readGetSet(words: Arguments, maxValueBytes: number): Action {
  const key = keyAt(words, 1)
  const value = valueAt(words, 2, maxValueBytes)
  return write(key, value, (editor) => {
    const previous = dataOf(editor, key)
    editor.set(key, value, null)
    return previous
  })
}

function readGetDel(words: Arguments): Action {
  const key = keyAt(words, 1)
  return {
    kind: 'write',
    keys: [key],
    bytes: key.length,
    run: (editor) => {
      const previous = dataOf(editor, key)
      editor.delete(key)
      return previous
    },
  }
}

function readMSet(words: Arguments, maxValueBytes: number): Action {
  const pairs = pairsOf(words, 'mset', maxValueBytes)
  return writeAll(pairs, (editor) => {
    for (const [key, value] of pairs) editor.set(key, value, null)
    return OK
  })
}

function readMSetNx(words: Arguments, maxValueBytes: number): Action {
  const pairs = pairsOf(words, 'msetnx', maxValueBytes)
  return writeAll(pairs, (editor) => {
    if (pairs.some(([key]) => editor.read(key) !== null)) return 0
    for (const [key, value] of pairs) editor.set(key, value, null)
    return 1
  })
}

type Pair = readonly [Key, Value]

function pairsOf(words: Arguments, name: string, maxValueBytes: number): readonly Pair[] {
  if (words.length % 2 === 0) throw new ArgumentError(`ERR wrong number of arguments for '${name}' command`)
  const pairs: Pair[] = []
  for (let i = 1; i < words.length; i += 2) pairs.push([keyAt(words, i), valueAt(words, i + 1, maxValueBytes)])
  return pairs
}

function write(key: Key, value: Value, run: (editor: KeyEditor) => RespReply): Action {
  return { kind: 'write', keys: [key], bytes: key.length + value.data.length, run }
}

function writeAll(pairs: readonly Pair[], run: (editor: KeyEditor) => RespReply): Action {
  let size = 0
  for (const [key, value] of pairs) size += key.length + value.data.length
  return { kind: 'write', keys: pairs.map(([key]) => key), bytes: size, run }
}
