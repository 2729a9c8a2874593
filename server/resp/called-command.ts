/**
 * The command that words call, once its name is found: of a container such as CLIENT it is the
 * member that the second word names. Whoever gets a command from here can read the words with it.
 */

import type { Arguments, Command } from './command.ts'
import { unknownSubcommand, wrongArity } from './error-text.ts'
import type { ErrorReply } from './reply.ts'

/** The command itself or its member, or why the words call neither. */
export function calledCommand(command: Command, words: Arguments): Command | ErrorReply {
  const { subcommands } = command
  if (subcommands === undefined || words.length === 1) return checkArity(command, words)
  const member = memberNamed(command, words.binary(1))
  return member === undefined ? unknownSubcommand(command, words) : checkArity(member, words)
}

export function memberNamed({ name, subcommands = [] }: Command, word: string): Command | undefined {
  const wanted = `${name}|${word.toLowerCase()}`
  return subcommands.find((member) => member.name === wanted)
}

/** @param length words, the name included */
export function hasArity({ arity }: Command, length: number): boolean {
  return arity > 0 ? length === arity : length >= -arity
}

function checkArity(command: Command, words: Arguments): Command | ErrorReply {
  return hasArity(command, words.length) ? command : wrongArity(command)
}
