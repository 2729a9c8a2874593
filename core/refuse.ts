/** Why requests are refused that no node could serve in this state, in words that say what to do next. */

import { SkeinError } from '../base/index.ts'

/** @param progress blocks read and to be read, or null before the number is known */
export function recoveringError(progress: { readonly done: number; readonly total: number } | null): SkeinError {
  return new SkeinError('UNAVAILABLE', 'this node is still reading its logs: try again shortly or ask another node', {
    details: { recovering: progress },
  })
}

export function busyError(): SkeinError {
  return new SkeinError('UNAVAILABLE', 'too many requests are waiting on this node: slow down and try again, or ask another node')
}

export function noLeaderError(): SkeinError {
  const message = 'linearizable reads need a leader and this cluster is in multi-leader mode: read with session or local'
  return new SkeinError('NO_QUORUM', message)
}
