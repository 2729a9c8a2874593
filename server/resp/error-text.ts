/** Refusals of commands, and failures of the core, in Redis's words where Redis has the same. */

import { binaryFromText, type SkeinError } from '../../base/index.ts'
import type { Arguments, Command } from './command.ts'
import { notServed } from './commands/not-served.ts'
import { type ErrorReply, errorReply } from './reply.ts'

/** Of an unknown command's name and words this much is repeated. */
const REPEATED_BYTES_MAX = 128

/** For a name that is in no table; one that Redis knows is told apart. */
export function unknownCommand(words: Arguments): ErrorReply {
  const name = words.binary(0)
  const known = notServed(name.toLowerCase())
  if (known !== null) return errorReply(known)
  let repeated = ''
  for (let i = 1; i < words.length && repeated.length < REPEATED_BYTES_MAX; i++)
    repeated += `'${repeatedWord(words.binary(i), REPEATED_BYTES_MAX - repeated.length)}' `
  return errorReply(`ERR unknown command '${repeatedWord(name)}', with args beginning with: ${repeated}`)
}

export function unknownSubcommand({ name }: Command, words: Arguments): ErrorReply {
  return errorReply(`ERR unknown subcommand '${repeatedWord(words.binary(1))}'. Try ${name.toUpperCase()} HELP.`)
}

/** A client's word as errors repeat it: Redis does so up to its first NUL. */
export function repeatedWord(word: string, bytesMax = REPEATED_BYTES_MAX): string {
  const end = word.indexOf('\0')
  return word.slice(0, Math.min(end < 0 ? word.length : end, bytesMax))
}

/** True for what an HTTP client sends: a page in a browser may make its reader's browser attack this port. */
export function isCrossProtocol(words: Arguments): boolean {
  return words.is(0, 'POST') || words.is(0, 'HOST:')
}

export function wrongArity({ name }: Command): ErrorReply {
  return errorReply(`ERR wrong number of arguments for '${name}' command`)
}

/**
 * A failure of the core. Clients of Redis look at the first word: LOADING and CLUSTERDOWN make them
 * wait, READONLY, which Redis's replicas say, makes them look for the master. What Redis has no word
 * for begins with the failure's code.
 */
export function failureReply(error: SkeinError): ErrorReply {
  return errorReply(binaryFromText(`${firstWords(error)} ${error.message}`))
}

function firstWords({ code, details }: SkeinError): string {
  switch (code) {
    case 'BAD_REQUEST':
      return 'ERR'
    case 'NOT_LEADER':
      return 'READONLY NOT_LEADER:'
    case 'NO_QUORUM':
      return 'CLUSTERDOWN NO_QUORUM:'
    case 'CLOCK_SKEW':
      return 'READONLY CLOCK_SKEW:'
    case 'REMOVED':
      return 'READONLY REMOVED:'
    case 'UNAVAILABLE':
      if (details !== undefined && 'recovering' in details) return 'LOADING'
      return details?.reason === 'NAME_IN_USE' ? 'READONLY NAME_IN_USE:' : code
    default:
      return code
  }
}
