/**
 * How the commands of a group are written down. What is wrong with a command's words is thrown
 * while they are read, from however deep, and becomes the command's answer here: the readers of
 * options and numbers then return what they read and nothing else.
 */

import type { Action, Arguments, Command, CommandFlag, CommandGroup, KeyPositions } from '../command.ts'
import { errorReply, type RespReply } from '../reply.ts'

/** A command as its group writes it down. */
export interface Entry {
  readonly name: string
  readonly arity: number
  readonly flags: readonly CommandFlag[]
  /** None if it is left out. */
  readonly keys?: KeyPositions
  readonly summary: string
  readonly subcommands?: readonly Command[]
  /** May throw an `ArgumentError`, or the failure of a key. */
  readonly read: (words: Arguments) => Action
}

export const FIRST_WORD: KeyPositions = { first: 1, last: 1, step: 1 }
export const FIRST_TWO_WORDS: KeyPositions = { first: 1, last: 2, step: 1 }
export const ALL_WORDS: KeyPositions = { first: 1, last: -1, step: 1 }
export const EVERY_OTHER_WORD: KeyPositions = { first: 1, last: -1, step: 2 }
const NO_KEYS: KeyPositions = { first: 0, last: 0, step: 0 }

export const SYNTAX_ERROR = 'ERR syntax error'
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'

/** Words that a command can't be made of. Its message is the answer, with Redis's first word. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError'
}

export function commandsOf(group: CommandGroup, entries: readonly Entry[]): readonly Command[] {
  return entries.map((entry) => ({ keys: NO_KEYS, ...entry, group, read: (words) => readGuarded(entry, words) }))
}

export function answer(reply: RespReply): Action {
  return { kind: 'answer', reply }
}

function readGuarded(entry: Entry, words: Arguments): Action {
  try {
    return entry.read(words)
  } catch (error) {
    if (error instanceof ArgumentError) return answer(errorReply(error.message))
    throw error
  }
}
