/**
 * ZeroFork (LG2, ID3): no log ever has two blocks of one index. There is no exception: a directory
 * that was wiped, put back or rolled back mints a new writer with its next life, and what it
 * appends again from its journal is the same byte for byte (JR5), so even copies of an identity
 * can't fork a log. Nor do two logs ever claim one writer: a log's key follows from the directory
 * and the writer.
 */

import type { Invariant } from '../invariant.ts'

export function zeroFork(): Invariant {
  return {
    name: 'ZeroFork',
    kinds: ['log-failed'],
    observe({ number, happening }) {
      if (happening.kind !== 'log-failed' || happening.failure.kind !== 'forked') return null
      return {
        message: `the log ${happening.writer} forked, seen by node ${happening.node}: ${happening.failure.reason}`,
        events: [number],
      }
    },
    finish: () => null,
  }
}
