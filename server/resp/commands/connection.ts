/** Commands about the connection itself. There is one user, without a password, and one database. */

import type { Action, Arguments, Command } from '../command.ts'
import type { ConnectionState } from '../connection-state.ts'
import { repeatedWord } from '../error-text.ts'
import { errorReply, OK, type RespReply, type SimpleReply } from '../reply.ts'
import { clientNameAt } from './client.ts'
import { ArgumentError, answer, commandsOf, SYNTAX_ERROR } from './entry.ts'
import { integerAt } from './read-words.ts'
import { REDIS_VERSION } from './redis-version.ts'

const PONG: SimpleReply = { kind: 'simple', text: 'PONG' }
const RESET: SimpleReply = { kind: 'simple', text: 'RESET' }
const DEFAULT_USER = 'default'
const WRONG_USER = 'WRONGPASS invalid username-password pair or user is disabled.'
const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?'
const FLAGS = ['noscript', 'loading', 'stale', 'fast', 'no_auth'] as const

export function connectionCommands(): readonly Command[] {
  return commandsOf('connection', [
    { name: 'ping', arity: -1, flags: ['fast'], summary: 'Ask for a sign of life', read: readPing },
    {
      name: 'echo',
      arity: 2,
      flags: ['loading', 'stale', 'fast'],
      summary: 'Get back what was sent',
      read: (words) => answer(words.binary(1)),
    },
    { name: 'hello', arity: -1, flags: FLAGS, summary: 'Choose the version of the protocol', read: readHello },
    { name: 'auth', arity: -2, flags: FLAGS, summary: 'Say who you are', read: readAuth },
    {
      name: 'select',
      arity: 2,
      flags: ['loading', 'stale', 'fast'],
      summary: 'Choose the database: there is one, 0',
      read: readSelect,
    },
    {
      name: 'reset',
      arity: 1,
      flags: FLAGS,
      summary: 'Make the connection as it was when it began',
      read: () => ({ kind: 'connection', run: reset }),
    },
    { name: 'quit', arity: -1, flags: FLAGS, summary: 'Close the connection', read: () => ({ kind: 'connection', run: quit }) },
  ])
}

function readPing(words: Arguments): Action {
  if (words.length > 2) throw new ArgumentError("ERR wrong number of arguments for 'ping' command")
  return answer(words.length === 2 ? words.binary(1) : PONG)
}

interface Hello {
  readonly protocol: 2 | 3 | null
  readonly name: string | null
}

function readHello(words: Arguments): Action {
  const hello = readHelloOptions(words)
  return { kind: 'connection', run: (connection) => greet(connection, hello) }
}

/** @throws ArgumentError */
function readHelloOptions(words: Arguments): Hello {
  const protocol = words.length > 1 ? protocolAt(words, 1) : null
  let name: string | null = null
  let user: string | null = null
  for (let i = 2; i < words.length; i++) {
    if (words.is(i, 'AUTH') && i + 2 < words.length) {
      user = words.binary(i + 1)
      i += 2
    } else if (words.is(i, 'SETNAME') && i + 1 < words.length) {
      i += 1
      name = clientNameAt(words, i)
    } else throw new ArgumentError(`ERR Syntax error in HELLO option '${repeatedWord(words.binary(i))}'`)
  }
  if (user !== null) checkUser(user)
  return { protocol, name }
}

/** @throws ArgumentError */
function protocolAt(words: Arguments, index: number): 2 | 3 {
  switch (integerAt(words, index, 'ERR Protocol version is not an integer or out of range')) {
    case 2n:
      return 2
    case 3n:
      return 3
    default:
      throw new ArgumentError('NOPROTO unsupported protocol version')
  }
}

/** The default user has no password: any is right. @throws ArgumentError */
function checkUser(user: string): void {
  if (user !== DEFAULT_USER) throw new ArgumentError(WRONG_USER)
}

function greet(connection: ConnectionState, { protocol, name }: Hello): RespReply {
  if (protocol !== null) connection.protocol = protocol
  if (name !== null) connection.name = name
  return {
    kind: 'map',
    entries: [
      ['server', 'redis'],
      ['version', REDIS_VERSION],
      ['proto', connection.protocol],
      ['id', connection.id],
      ['mode', 'standalone'],
      ['role', 'master'],
      ['modules', []],
    ],
  }
}

function readAuth(words: Arguments): Action {
  if (words.length > 3) throw new ArgumentError(SYNTAX_ERROR)
  if (words.length === 2) throw new ArgumentError(NO_PASSWORD)
  checkUser(words.binary(1))
  return answer(OK)
}

function readSelect(words: Arguments): Action {
  return answer(integerAt(words, 1) === 0n ? OK : errorReply('ERR DB index is out of range'))
}

function reset(connection: ConnectionState): RespReply {
  connection.queue = null
  connection.isAborted = false
  connection.watched.clear()
  connection.protocol = 2
  connection.name = ''
  connection.replies = 'on'
  return RESET
}

function quit(connection: ConnectionState): RespReply {
  connection.isClosing = true
  return OK
}
