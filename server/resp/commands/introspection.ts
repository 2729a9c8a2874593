/** COMMAND: the table of commands, as clients ask for it. */

import { unreachable } from '../../../base/index.ts'
import { hasArity, memberNamed } from '../called-command.ts'
import type { Action, Arguments, Command } from '../command.ts'
import type { RespReply, SimpleReply } from '../reply.ts'
import { ArgumentError, answer, SYNTAX_ERROR } from './entry.ts'
import { Glob } from './glob.ts'
import { binariesFrom } from './read-words.ts'
import { familyOf } from './subcommands.ts'

const FLAGS = ['loading', 'stale'] as const

/** @param commands the whole table, which has this command, too */
export function introspectionCommand(commands: () => readonly Command[]): Command {
  return familyOf({
    name: 'command',
    group: 'server',
    summary: 'The commands of this node',
    flags: FLAGS,
    alone: () => answer(commands().map(infoOf)),
    members: [
      { name: 'count', arity: 2, flags: FLAGS, summary: 'Count the commands', read: () => answer(commands().length) },
      {
        name: 'info',
        arity: -2,
        flags: FLAGS,
        summary: 'Get arity, flags and positions of keys of commands',
        read: (words) => answer(named(words, commands()).map((command) => (command === null ? null : infoOf(command)))),
      },
      {
        name: 'docs',
        arity: -2,
        flags: FLAGS,
        summary: 'Get what commands are for',
        read: (words) => answer(docsOf(named(words, commands()).filter((command) => command !== null))),
      },
      { name: 'list', arity: -2, flags: FLAGS, summary: 'Get the names of commands', read: (words) => answer(readList(words, commands())) },
      { name: 'getkeys', arity: -4, flags: FLAGS, summary: 'Get the keys of a command', read: (words) => readGetKeys(words, commands()) },
    ],
  })
}

/** The commands that the words after the second name, null for a name that there is not; all commands without such words. */
function named(words: Arguments, commands: readonly Command[]): readonly (Command | null)[] {
  if (words.length === 2) return commands
  const byName = new Map(
    [...commands, ...commands.flatMap(({ subcommands = [] }) => subcommands)].map((command) => [command.name, command]),
  )
  return binariesFrom(words, 2).map((name) => byName.get(name.toLowerCase()) ?? null)
}

function infoOf(command: Command): RespReply {
  const { name, arity, flags, keys, subcommands = [] } = command
  return [
    name,
    arity,
    { kind: 'set', items: flags.map(simple) },
    keys.first,
    keys.last,
    keys.step,
    { kind: 'set', items: categoriesOf(command).map(simple) },
    // Tips and key specifications, which only clusters of Redis need.
    [],
    [],
    subcommands.map(infoOf),
  ]
}

function categoriesOf({ group, flags }: Command): readonly string[] {
  const categories = flags.includes('write') ? ['@write'] : flags.includes('readonly') ? ['@read'] : []
  const own = categoryOf(group)
  if (own !== null) categories.push(own)
  if (flags.includes('admin')) categories.push('@admin', '@dangerous')
  return [...categories, flags.includes('fast') ? '@fast' : '@slow']
}

function categoryOf(group: Command['group']): string | null {
  switch (group) {
    case 'string':
      return '@string'
    case 'generic':
      return '@keyspace'
    case 'connection':
      return '@connection'
    case 'transactions':
      return '@transaction'
    case 'server':
      return null
    default:
      return unreachable(group)
  }
}

function docsOf(commands: readonly Command[]): RespReply {
  return { kind: 'map', entries: commands.map((command) => [command.name, docOf(command)]) }
}

function docOf({ summary, group, subcommands = [] }: Command): RespReply {
  const entries: (readonly [RespReply, RespReply])[] = [
    ['summary', summary],
    ['group', group],
  ]
  if (subcommands.length > 0) entries.push(['subcommands', docsOf(subcommands)])
  return { kind: 'map', entries }
}

function readList(words: Arguments, commands: readonly Command[]): RespReply {
  if (words.length === 2) return commands.map(({ name }) => name)
  if (words.length !== 5 || !words.is(2, 'FILTERBY')) throw new ArgumentError(SYNTAX_ERROR)
  const filter = words.binary(4).toLowerCase()
  if (words.is(3, 'MODULE')) return []
  if (words.is(3, 'ACLCAT')) return commands.filter((command) => categoriesOf(command).includes(`@${filter}`)).map(({ name }) => name)
  if (!words.is(3, 'PATTERN')) throw new ArgumentError(SYNTAX_ERROR)
  const glob = Glob.parse(filter)
  return commands.map(({ name }) => name).filter((name) => glob.matches(name))
}

function readGetKeys(words: Arguments, commands: readonly Command[]): Action {
  const [name = '', ...rest] = binariesFrom(words, 2)
  const found = commands.find((command) => command.name === name.toLowerCase())
  const command = found?.subcommands === undefined ? found : memberNamed(found, rest[0] ?? '')
  if (command === undefined) throw new ArgumentError('ERR Invalid command specified')
  const { first, last, step } = command.keys
  if (first === 0) throw new ArgumentError('ERR The command has no key arguments')
  const length = rest.length + 1
  if (!hasArity(command, length)) throw new ArgumentError('ERR Invalid number of arguments specified for command')
  const end = last < 0 ? length + last : last
  // The first word of the command is its name.
  return answer(rest.filter((_, i) => i + 1 >= first && i + 1 <= end && (i + 1 - first) % step === 0))
}

function simple(text: string): SimpleReply {
  return { kind: 'simple', text }
}
