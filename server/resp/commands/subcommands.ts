/**
 * Commands that are a family, such as CLIENT: the second word says which member is meant
 * (`called-command.ts`). HELP is a member that is made from the others.
 */

import { assert } from '../../../base/index.ts'
import type { Action, Command, CommandFlag, CommandGroup } from '../command.ts'
import type { RespReply, SimpleReply } from '../reply.ts'
import { answer, commandsOf, type Entry } from './entry.ts'

interface Family {
  readonly name: string
  readonly group: CommandGroup
  readonly summary: string
  /** Of the container itself. */
  readonly flags?: readonly CommandFlag[]
  /** Each with its own name alone. */
  readonly members: readonly Entry[]
  /** What the container does without a second word; it must have one if this is left out. */
  readonly alone?: () => Action
}

export function familyOf({ name, group, summary, flags = [], members, alone }: Family): Command {
  const help: Entry = {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    summary: 'List the subcommands',
    read: () => answer(helpOf(name, members)),
  }
  return {
    name,
    group,
    arity: alone === undefined ? -2 : -1,
    flags,
    keys: { first: 0, last: 0, step: 0 },
    summary,
    subcommands: commandsOf(
      group,
      [...members, help].map((member) => ({ ...member, name: `${name}|${member.name}` })),
    ),
    read: () => {
      assert(alone !== undefined, 'with a second word the member reads, without one the arity is wrong')
      return alone()
    },
  }
}

function helpOf(name: string, members: readonly Entry[]): RespReply {
  const lines = members.flatMap((member) => [member.name.toUpperCase(), `    ${member.summary}.`])
  const first = `${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`
  return [first, ...lines, 'HELP', '    Print this help.'].map(simple)
}

function simple(text: string): SimpleReply {
  return { kind: 'simple', text }
}
