/**
 * Commands over all keys. They go page by page (`key-walk.ts`), so they are no snapshot: what is
 * written while they run may be in their answer or not.
 */

import { type Key, keyFromBinary, MIB } from '../../../base/index.ts'
import { type KeyRange, keyRange } from '../../../core/index.ts'
import type { Action, Arguments, Command, NodeAccess } from '../command.ts'
import { failureReply } from '../error-text.ts'
import { errorReply, OK, type RespReply } from '../reply.ts'
import { deleteAllKeys } from './delete-all-keys.ts'
import { ArgumentError, commandsOf, SYNTAX_ERROR } from './entry.ts'
import { Glob } from './glob.ts'
import { walkKeys } from './key-walk.ts'
import { randomKey } from './random-key.ts'
import { integerAt, positionAt } from './read-words.ts'
import { ScanCursors } from './scan-cursors.ts'

/** Keys that one SCAN visits unless COUNT says otherwise, and at most. */
const SCAN_COUNT_DEFAULT = 10
const SCAN_COUNT_MAX = 10_000
/** Bytes of keys in one answer of KEYS. */
export const KEYS_BYTES_MAX = 16 * MIB
const INVALID_CURSOR = 'ERR invalid cursor'

export function keyspaceCommands(): readonly Command[] {
  const cursors = new ScanCursors()
  const generic = commandsOf('generic', [
    { name: 'keys', arity: 2, flags: ['readonly', 'no_multi'], summary: 'List the keys that match a pattern', read: readKeys },
    {
      name: 'scan',
      arity: -2,
      flags: ['readonly', 'no_multi'],
      summary: 'List the keys page by page',
      read: (words) => readScan(words, cursors),
    },
    {
      name: 'randomkey',
      arity: 1,
      flags: ['readonly', 'no_multi'],
      summary: 'Get some key',
      read: () => onNode((node, done) => randomKey(node.gateway, done)),
    },
  ])
  const server = commandsOf('server', [
    {
      name: 'dbsize',
      arity: 1,
      flags: ['readonly', 'fast', 'no_multi'],
      summary: 'Count the keys',
      read: () => onNode(countKeys),
    },
    { name: 'flushdb', arity: -1, flags: ['write', 'no_multi'], summary: 'Delete all keys', read: readFlush },
    { name: 'flushall', arity: -1, flags: ['write', 'no_multi'], summary: 'Delete all keys', read: readFlush },
  ])
  return [...generic, ...server]
}

type NodeRun = Extract<Action, { kind: 'node' }>['run']

function onNode(run: NodeRun): Action {
  return { kind: 'node', run }
}

function readKeys(words: Arguments): Action {
  const glob = Glob.parse(words.binary(1))
  return onNode((node, done) => {
    const keys: Key[] = []
    let bytes = 0
    return walkKeys(node.gateway, {
      range: rangeOf(glob, null),
      most: Number.MAX_SAFE_INTEGER,
      visit: ({ key }) => {
        if (glob.matches(key)) {
          keys.push(key)
          bytes += key.length
        }
        return bytes > KEYS_BYTES_MAX ? 'stop' : glob.costOf(key)
      },
      done: () => {
        if (bytes <= KEYS_BYTES_MAX) done(keys)
        else done(errorReply(`TOO_LARGE the keys that match have more than ${KEYS_BYTES_MAX} bytes together: list them with SCAN`))
      },
      failed: (error) => done(failureReply(error)),
    })
  })
}

/** Only keys with what the pattern begins with can match. */
function rangeOf(glob: Glob, cursor: Key | null): KeyRange {
  const prefix = glob.prefix === '' ? null : keyFromBinary(glob.prefix)
  return keyRange({ prefix, start: null, end: null, reverse: false, cursor })
}

interface ScanOptions {
  readonly glob: Glob
  readonly count: number
  /** False if it asks for a type that no value has. */
  readonly canMatch: boolean
}

function readScan(words: Arguments, cursors: ScanCursors): Action {
  const cursor = cursorAt(words, 1)
  const { glob, count, canMatch } = readScanOptions(words)
  return onNode((node, done) => {
    const page = cursors.open(cursor)
    if (page === null) {
      done(errorReply(`${INVALID_CURSOR}: this node knows no scan under way that it belongs to, begin again with 0`))
      return () => {}
    }
    const keys: Key[] = []
    return walkKeys(node.gateway, {
      range: rangeOf(glob, page.start),
      most: count,
      visit: ({ key }) => {
        if (canMatch && glob.matches(key)) keys.push(key)
        return glob.costOf(key)
      },
      done: (next) => done([String(cursors.advance(page, next)), keys]),
      failed: (error) => done(failureReply(error)),
    })
  })
}

/** @throws ArgumentError */
function cursorAt(words: Arguments, index: number): number {
  const cursor = integerAt(words, index, INVALID_CURSOR)
  if (cursor < 0n) throw new ArgumentError(INVALID_CURSOR)
  return Number(cursor)
}

/** @throws ArgumentError */
function readScanOptions(words: Arguments): ScanOptions {
  let pattern = '*'
  let count = SCAN_COUNT_DEFAULT
  let canMatch = true
  for (let i = 2; i < words.length; i += 2) {
    if (i + 1 >= words.length) throw new ArgumentError(SYNTAX_ERROR)
    if (words.is(i, 'MATCH')) pattern = words.binary(i + 1)
    else if (words.is(i, 'TYPE')) canMatch = words.is(i + 1, 'STRING')
    else if (words.is(i, 'COUNT')) count = countAt(words, i + 1)
    else throw new ArgumentError(SYNTAX_ERROR)
  }
  return { glob: Glob.parse(pattern), count, canMatch }
}

/** @throws ArgumentError */
function countAt(words: Arguments, index: number): number {
  const count = positionAt(words, index)
  if (count < 1) throw new ArgumentError(SYNTAX_ERROR)
  return Math.min(count, SCAN_COUNT_MAX)
}

function countKeys(node: NodeAccess, done: (reply: RespReply) => void): () => void {
  let count = 0
  return walkKeys(node.gateway, {
    range: { start: null, end: null, reverse: false },
    most: Number.MAX_SAFE_INTEGER,
    visit: () => {
      count += 1
      return 1
    },
    done: () => done(count),
    failed: (error) => done(failureReply(error)),
  })
}

function readFlush(words: Arguments): Action {
  const isKnown = words.length === 1 || (words.length === 2 && (words.is(1, 'ASYNC') || words.is(1, 'SYNC')))
  if (!isKnown) throw new ArgumentError(SYNTAX_ERROR)
  return onNode((node, done) =>
    deleteAllKeys(node.gateway, {
      committed: (version) => {
        node.connection.lastWrite = version
      },
      done: (error) => done(error === null ? OK : failureReply(error)),
    }),
  )
}
