/** Every command of the Redis protocol that this node knows: one entry each. */

import { keyFromBinary } from '../../base/index.ts'
import type { Command } from './command.ts'
import { errorReply } from './reply.ts'

export interface CommandLimits {
  /** One value, in bytes. */
  readonly maxValueBytes: number
}

export function commandTable(_limits: CommandLimits): readonly Command[] {
  return [PING, GET, SET, MULTI, EXEC, QUIT]
}

const NO_KEYS = { first: 0, last: 0, step: 0 } as const
const ONE_KEY = { first: 1, last: 1, step: 1 } as const

const PING: Command = {
  name: 'ping',
  group: 'connection',
  arity: -1,
  flags: ['fast'],
  keys: NO_KEYS,
  summary: 'Answers PONG, or the message that it was given.',
  read: (words) => ({ kind: 'answer', reply: words.length === 1 ? { kind: 'simple', text: 'PONG' } : words.binary(1) }),
}

const GET: Command = {
  name: 'get',
  group: 'string',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  summary: 'The value of a key.',
  read: (words) => {
    const key = keyFromBinary(words.binary(1))
    return { kind: 'read', keys: [key], run: (view) => view.read(key)?.value.data ?? null }
  },
}

const SET: Command = {
  name: 'set',
  group: 'string',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: ONE_KEY,
  summary: 'Sets the value of a key.',
  read: (words) =>
    words.length > 3
      ? { kind: 'answer', reply: errorReply('ERR syntax error') }
      : { kind: 'set', key: keyFromBinary(words.binary(1)), value: { type: 'bytes', data: words.binary(2) } },
}

const MULTI: Command = {
  name: 'multi',
  group: 'transactions',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast'],
  keys: NO_KEYS,
  summary: 'Begins a transaction.',
  read: () => ({
    kind: 'connection',
    run: (connection) => {
      if (connection.queue !== null) return errorReply('ERR MULTI calls can not be nested')
      connection.queue = []
      return { kind: 'simple', text: 'OK' }
    },
  }),
}

const EXEC: Command = {
  name: 'exec',
  group: 'transactions',
  arity: 1,
  flags: ['noscript', 'loading', 'stale'],
  keys: NO_KEYS,
  summary: 'Runs the commands of a transaction.',
  read: () => ({ kind: 'exec' }),
}

const QUIT: Command = {
  name: 'quit',
  group: 'connection',
  arity: -1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth'],
  keys: NO_KEYS,
  summary: 'Ends the connection.',
  read: () => ({
    kind: 'connection',
    run: (connection) => {
      connection.isClosing = true
      return { kind: 'simple', text: 'OK' }
    },
  }),
}
