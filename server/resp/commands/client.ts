/** CLIENT: what a connection is called, and what is known of all of them. */

import type { Action, Arguments, Command, NodeAccess } from '../command.ts'
import type { ConnectionState } from '../connection-state.ts'
import { repeatedWord } from '../error-text.ts'
import { errorReply, OK, type RespReply } from '../reply.ts'
import { clientLine } from './client-line.ts'
import { ArgumentError, answer, type Entry, SYNTAX_ERROR } from './entry.ts'
import { binariesFrom, choiceAt, integerAt } from './read-words.ts'
import { familyOf } from './subcommands.ts'

/** What a client says of itself is kept as long as its connection, and listed with that of all others. */
const NAME_BYTES_MAX = 256
const BAD_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.'
const FLAGS = ['noscript', 'loading', 'stale'] as const
const ADMIN_FLAGS = ['admin', ...FLAGS] as const
/** What Redis tells apart; all clients here are of the first kind. */
const CLIENT_TYPES: readonly string[] = ['normal', 'master', 'replica', 'slave', 'pubsub']
const DEFAULT_USER = 'default'
/** CLIENT GETREDIR without tracking. */
const NO_REDIRECTION = -1

export function clientCommand(): Command {
  return familyOf({
    name: 'client',
    group: 'connection',
    summary: 'Connections of clients',
    members: [
      connection('id', 'Get the number of this connection', (state) => state.id),
      connection('getname', 'Get the name of this connection', (state) => (state.name === '' ? null : state.name)),
      { name: 'setname', arity: 3, flags: FLAGS, summary: 'Give this connection a name', read: readSetName },
      { name: 'setinfo', arity: 4, flags: FLAGS, summary: 'Say what library speaks here', read: readSetInfo },
      node(
        'info',
        2,
        FLAGS,
        'Get what is known of this connection',
        () =>
          ({ connection }) =>
            verbatim(`${clientLine(connection)}\n`),
      ),
      node('list', -2, ADMIN_FLAGS, 'Get what is known of all connections', readList),
      node('kill', -3, ADMIN_FLAGS, 'Close connections', readKill),
      { name: 'reply', arity: 3, flags: FLAGS, summary: 'Turn answers off and on', read: readReply },
      { name: 'no-evict', arity: 3, flags: ADMIN_FLAGS, summary: 'Without effect: no connection is evicted', read: readSwitch },
      { name: 'no-touch', arity: 3, flags: FLAGS, summary: 'Without effect: reads leave no trace', read: readSwitch },
      { name: 'unblock', arity: -3, flags: ADMIN_FLAGS, summary: 'Without effect: no command blocks', read: readUnblock },
      connection('getredir', 'Get -1: no client tracks keys', () => NO_REDIRECTION),
    ],
  })
}

/** @throws ArgumentError */
export function clientNameAt(words: Arguments, index: number): string {
  return printableAt(words, index, BAD_NAME)
}

function connection(name: string, summary: string, run: (state: ConnectionState) => RespReply): Entry {
  return { name, arity: 2, flags: FLAGS, summary, read: () => ({ kind: 'connection', run }) }
}

type Look = (node: NodeAccess) => RespReply

/** A command that looks at all connections. */
function node(name: string, arity: number, flags: Entry['flags'], summary: string, read: (words: Arguments) => Look): Entry {
  const readNode = (words: Arguments): Action => {
    const look = read(words)
    return {
      kind: 'node',
      run: (access, done) => {
        done(look(access))
        return () => {}
      },
    }
  }
  return { name, arity, flags, summary, read: readNode }
}

function verbatim(data: string): RespReply {
  return { kind: 'verbatim', data }
}

function readSetName(words: Arguments): Action {
  const name = clientNameAt(words, 2)
  return connectionAction((state) => {
    state.name = name
  })
}

function connectionAction(change: (state: ConnectionState) => void): Action {
  return {
    kind: 'connection',
    run: (state) => {
      change(state)
      return OK
    },
  }
}

function readSetInfo(words: Arguments): Action {
  const attribute = choiceAt(words, 2, ['LIB-NAME', 'LIB-VER'] as const)
  if (attribute === null) throw new ArgumentError(`ERR Unrecognized option '${repeatedWord(words.binary(2))}'`)
  const word = attribute.toLowerCase()
  const text = printableAt(words, 3, `ERR ${word} cannot contain spaces, newlines or special characters.`)
  return connectionAction((state) => {
    if (attribute === 'LIB-NAME') state.library.name = text
    else state.library.version = text
  })
}

/** Short ASCII without spaces, so that it can stand in a list. @throws ArgumentError */
function printableAt(words: Arguments, index: number, refusal: string): string {
  const text = words.binary(index)
  if (text.length > NAME_BYTES_MAX)
    throw new ArgumentError(`TOO_LARGE it has ${text.length} bytes, at most ${NAME_BYTES_MAX} are kept: shorten it`)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) throw new ArgumentError(refusal)
  }
  return text
}

function readList(words: Arguments): Look {
  const isListed = readListFilter(words)
  return ({ connections }) =>
    verbatim(
      connections()
        .filter(isListed)
        .map((state) => `${clientLine(state)}\n`)
        .join(''),
    )
}

type Filter = (state: ConnectionState) => boolean

/** @throws ArgumentError */
function readListFilter(words: Arguments): Filter {
  if (words.length === 2) return () => true
  if (words.length === 4 && words.is(2, 'TYPE')) return typeFilter(words.binary(3))
  if (words.length < 4 || !words.is(2, 'ID')) throw new ArgumentError(SYNTAX_ERROR)
  const ids = new Set(binariesFrom(words, 3).map((_, i) => Number(integerAt(words, 3 + i, 'ERR Invalid client ID'))))
  return ({ id }) => ids.has(id)
}

/** @throws ArgumentError */
function typeFilter(type: string): Filter {
  const wanted = type.toLowerCase()
  if (!CLIENT_TYPES.includes(wanted)) throw new ArgumentError(`ERR Unknown client type '${repeatedWord(type)}'`)
  return () => wanted === 'normal'
}

function readKill(words: Arguments): Look {
  if (words.length === 3) return readKillAddress(words.binary(2))
  const { filters, spares } = readKillFilters(words)
  return ({ connection, connections, close }) => {
    const doomed = connections().filter((state) => filters.every((isMeant) => isMeant(state)) && !(spares && state === connection))
    for (const state of doomed) end(state, connection, close)
    return doomed.length
  }
}

/** The old form: one address, and OK. */
function readKillAddress(address: string): Look {
  return ({ connection, connections, close }) => {
    const doomed = connections().find(({ remote }) => remote === address)
    if (doomed === undefined) return errorReply('ERR No such client')
    end(doomed, connection, close)
    return OK
  }
}

/** The connection that asks is answered first. */
function end(doomed: ConnectionState, own: ConnectionState, close: NodeAccess['close']): void {
  if (doomed === own) own.isClosing = true
  else close(doomed.id)
}

/** @throws ArgumentError */
function readKillFilters(words: Arguments): { readonly filters: readonly Filter[]; readonly spares: boolean } {
  const filters: Filter[] = []
  let spares = true
  for (let i = 2; i < words.length; i += 2) {
    if (i + 1 >= words.length) throw new ArgumentError(SYNTAX_ERROR)
    const word = words.binary(i + 1)
    if (words.is(i, 'ID')) filters.push(idFilter(words, i + 1))
    else if (words.is(i, 'TYPE')) filters.push(typeFilter(word))
    else if (words.is(i, 'ADDR')) filters.push(({ remote }) => remote === word)
    else if (words.is(i, 'USER')) filters.push(userFilter(word))
    else if (words.is(i, 'SKIPME') && words.is(i + 1, 'YES')) spares = true
    else if (words.is(i, 'SKIPME') && words.is(i + 1, 'NO')) spares = false
    else throw new ArgumentError(SYNTAX_ERROR)
  }
  return { filters, spares }
}

/** @throws ArgumentError */
function idFilter(words: Arguments, index: number): Filter {
  const wanted = words.integer(index)
  if (wanted === null || wanted < 1n) throw new ArgumentError('ERR client-id should be greater than 0')
  return ({ id }) => BigInt(id) === wanted
}

/** @throws ArgumentError */
function userFilter(user: string): Filter {
  if (user !== DEFAULT_USER) throw new ArgumentError(`ERR No such user '${repeatedWord(user)}'`)
  return () => true
}

function readReply(words: Arguments): Action {
  const choice = choiceAt(words, 2, ['ON', 'OFF', 'SKIP'] as const)
  if (choice === null) throw new ArgumentError(SYNTAX_ERROR)
  return connectionAction((state) => {
    if (choice === 'ON') state.replies = 'on'
    else if (choice === 'OFF') state.replies = 'off'
    else if (state.replies === 'on') state.replies = 'skip-next'
  })
}

function readSwitch(words: Arguments): Action {
  if (choiceAt(words, 2, ['ON', 'OFF']) === null) throw new ArgumentError(SYNTAX_ERROR)
  return answer(OK)
}

function readUnblock(words: Arguments): Action {
  integerAt(words, 2)
  if (words.length > 4) throw new ArgumentError(SYNTAX_ERROR)
  if (words.length === 4 && choiceAt(words, 3, ['TIMEOUT', 'ERROR']) === null) {
    throw new ArgumentError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
  }
  return answer(0)
}
