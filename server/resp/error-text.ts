/** Refusals of commands, and failures of the core, in Redis's words where Redis has the same. */

import { binaryFromText, type SkeinError } from '../../base/index.ts'
import type { Arguments, Command } from './command.ts'
import { type ErrorReply, errorReply } from './reply.ts'

/** Of an unknown command's name and words this much is repeated. */
const REPEATED_BYTES_MAX = 128

export function unknownCommand(words: Arguments): ErrorReply {
  let repeated = ''
  for (let i = 1; i < words.length && repeated.length < REPEATED_BYTES_MAX; i++)
    repeated += `'${words.binary(i).slice(0, REPEATED_BYTES_MAX - repeated.length)}' `
  return errorReply(`ERR unknown command '${words.binary(0).slice(0, REPEATED_BYTES_MAX)}', with args beginning with: ${repeated}`)
}

/** True for what an HTTP client sends: a page in a browser may make its reader's browser attack this port. */
export function isCrossProtocol(words: Arguments): boolean {
  return words.is(0, 'POST') || words.is(0, 'HOST:')
}

export function wrongArity({ name }: Command): ErrorReply {
  return errorReply(`ERR wrong number of arguments for '${name}' command`)
}

/**
 * A failure of the core. Clients of Redis look at the first word: LOADING and READONLY make them
 * wait or turn elsewhere. What Redis has no word for begins with the failure's code.
 */
export function failureReply(error: SkeinError): ErrorReply {
  return errorReply(binaryFromText(`${firstWords(error)} ${error.message}`))
}

function firstWords({ code, details }: SkeinError): string {
  switch (code) {
    case 'BAD_REQUEST':
      return 'ERR'
    case 'CLOCK_SKEW':
      return 'READONLY CLOCK_SKEW:'
    case 'UNAVAILABLE':
      if (details !== undefined && 'recovering' in details) return 'LOADING'
      return details?.reason === 'NAME_IN_USE' ? 'READONLY NAME_IN_USE:' : code
    default:
      return code
  }
}
