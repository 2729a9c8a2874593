/**
 * CONFIG: the settings of Redis that mean something here, to be read. What is set is set when the
 * node starts, so nothing can be changed.
 */

import type { Action, Arguments, Command } from '../command.ts'
import { repeatedWord } from '../error-text.ts'
import { errorReply, OK, type RespReply } from '../reply.ts'
import { ArgumentError, answer, SYNTAX_ERROR } from './entry.ts'
import { Glob } from './glob.ts'
import type { CommandLimits } from './limits.ts'
import { binariesFrom } from './read-words.ts'
import { familyOf } from './subcommands.ts'

const FLAGS = ['admin', 'noscript', 'loading', 'stale'] as const

type Settings = ReadonlyMap<string, string>

export function configCommand({ maxValueBytes }: CommandLimits): Command {
  const settings: Settings = new Map([
    ['appendonly', 'yes'],
    ['appendfsync', 'always'],
    ['save', ''],
    ['databases', '1'],
    ['maxmemory', '0'],
    ['maxmemory-policy', 'noeviction'],
    ['proto-max-bulk-len', String(maxValueBytes)],
    ['timeout', '0'],
    ['cluster-enabled', 'no'],
  ])
  return familyOf({
    name: 'config',
    group: 'server',
    summary: 'Settings of the server',
    members: [
      {
        name: 'get',
        arity: -3,
        flags: FLAGS,
        summary: 'Get the settings whose names match one of the patterns',
        read: (words) => answer(readGet(words, settings)),
      },
      {
        name: 'set',
        arity: -4,
        flags: FLAGS,
        summary: 'Refused: settings are options of `skein start`',
        read: (words) => readSet(words, settings),
      },
      { name: 'resetstat', arity: 2, flags: FLAGS, summary: 'Without effect: there are no counters', read: () => answer(OK) },
      {
        name: 'rewrite',
        arity: 2,
        flags: FLAGS,
        summary: 'Refused: there is no file of settings to write to',
        read: () => answer(errorReply('ERR The server is running without a config file')),
      },
    ],
  })
}

function readGet(words: Arguments, settings: Settings): RespReply {
  const globs = binariesFrom(words, 2).map((pattern) => Glob.parse(pattern.toLowerCase()))
  return { kind: 'map', entries: [...settings].filter(([name]) => globs.some((glob) => glob.matches(name))) }
}

function readSet(words: Arguments, settings: Settings): Action {
  if (words.length % 2 !== 0) throw new ArgumentError(SYNTAX_ERROR)
  for (let i = 2; i < words.length; i += 2) {
    const name = repeatedWord(words.binary(i))
    if (!settings.has(name.toLowerCase())) {
      throw new ArgumentError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`)
    }
  }
  const first = repeatedWord(words.binary(2))
  throw new ArgumentError(`ERR CONFIG SET failed (possibly related to argument '${first}') - can't set immutable config`)
}
