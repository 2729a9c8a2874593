/**
 * Exit codes: what a script learns without reading a line of output. A refusal by the cluster and
 * a cluster that nobody hears are told apart, because only the second is worth repeating soon.
 */

import { type SkeinError, unreachable } from '../base/index.ts'

export const EXIT = {
  done: 0,
  /** The question was understood and the answer is no: key not found, condition failed, not converged. */
  no: 1,
  /** The command line, a variable, a file or the input is not what it should be. */
  usage: 2,
  /** No node answered in time. */
  unreachable: 3,
  /** The cluster, or the node to be started, said why it will not. */
  refused: 4,
  /** A bug in this program (EX_SOFTWARE of sysexits.h). */
  bug: 70,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Under `details.reason` of an UNAVAILABLE that no node's answer stands behind. */
export const UNREACHABLE = 'unreachable'

export function exitCodeOf(error: SkeinError): ExitCode {
  switch (error.code) {
    case 'NOT_FOUND':
    case 'CONFLICT':
      return EXIT.no
    case 'BAD_REQUEST':
    case 'WRONG_TYPE':
    case 'TOO_LARGE':
      return EXIT.usage
    case 'TIMEOUT':
      return EXIT.unreachable
    case 'UNAVAILABLE':
      return error.details?.reason === UNREACHABLE ? EXIT.unreachable : EXIT.refused
    case 'UNAUTHORIZED':
    case 'FORBIDDEN':
    case 'NOT_LEADER':
    case 'RATE_LIMITED':
    case 'INTERNAL':
    case 'NO_QUORUM':
    case 'STALE':
    case 'CLOCK_SKEW':
    case 'DISK_FULL':
    case 'REMOVED':
    case 'NAME_IN_USE':
    case 'DIRECTORY_IN_USE':
    case 'DIRECTORY_COPIED':
    case 'DIRECTORY_MISMATCH':
    case 'CORRUPT':
      return EXIT.refused
    default:
      return unreachable(error.code)
  }
}
