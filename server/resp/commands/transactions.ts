/**
 * MULTI and what belongs to it. A connection that is inside queues what it reads, and EXEC runs
 * the queue as one transaction; that is the engine's part. WATCH remembers the versions that it
 * saw: EXEC makes them the conditions of its transaction.
 */

import type { Key } from '../../../base/index.ts'
import type { KeyView } from '../../../core/index.ts'
import type { Action, Arguments, Command } from '../command.ts'
import type { ConnectionState } from '../connection-state.ts'
import { errorReply, OK, type RespReply } from '../reply.ts'
import { ALL_WORDS, commandsOf } from './entry.ts'
import { keysFrom } from './read-words.ts'

const FLAGS = ['noscript', 'loading', 'stale', 'fast'] as const

export function transactionCommands(): readonly Command[] {
  return commandsOf('transactions', [
    { name: 'multi', arity: 1, flags: FLAGS, summary: 'Begin to queue the commands of a transaction', read: () => connection(begin) },
    {
      name: 'exec',
      arity: 1,
      flags: ['noscript', 'loading', 'stale'],
      summary: 'Execute what was queued since MULTI, as one transaction',
      read: () => ({ kind: 'exec' }),
    },
    { name: 'discard', arity: 1, flags: FLAGS, summary: 'Forget what was queued since MULTI', read: () => connection(discard) },
    {
      name: 'watch',
      arity: -2,
      flags: FLAGS,
      keys: ALL_WORDS,
      summary: 'Let EXEC do nothing if one of these keys changes',
      read: readWatch,
    },
    { name: 'unwatch', arity: 1, flags: FLAGS, summary: 'Forget the keys under WATCH', read: () => connection(unwatch) },
  ])
}

function connection(run: (connection: ConnectionState) => RespReply): Action {
  return { kind: 'connection', run }
}

function begin(connection: ConnectionState): RespReply {
  if (connection.queue !== null) return errorReply('ERR MULTI calls can not be nested')
  connection.queue = []
  return OK
}

function discard(connection: ConnectionState): RespReply {
  if (connection.queue === null) return errorReply('ERR DISCARD without MULTI')
  connection.queue = null
  connection.isAborted = false
  connection.watched.clear()
  return OK
}

function unwatch(connection: ConnectionState): RespReply {
  connection.watched.clear()
  return OK
}

function readWatch(words: Arguments): Action {
  const keys = keysFrom(words, 1)
  return { kind: 'read', keys, run: (view, connection) => watch(keys, view, connection) }
}

/** What a key was when it was watched first counts. */
function watch(keys: readonly Key[], view: KeyView, { watched }: ConnectionState): RespReply {
  for (const key of keys) if (!watched.has(key)) watched.set(key, view.read(key)?.version.dot ?? null)
  return OK
}
