/**
 * A place in the chain (LM1): the epoch of a leader and a length of its log. Epoch first, it is
 * Raft's (last term, last index): one writer a log fixes the content by the length, and the
 * header of the log fixes what lies below it.
 */

import type { Epoch, WriterId } from '../../base/index.ts'

export interface Position {
  /** 0 before any. */
  readonly epoch: Epoch | 0
  /** Blocks, the header included. */
  readonly length: number
}

/** Names a block of a leader's log, and with it the whole chain up to there. */
export interface ChainPlace extends Position {
  readonly epoch: Epoch
  readonly writer: WriterId
}

export const NOWHERE: Position = { epoch: 0, length: 0 }

/** Positive if `left` is further. */
export function comparePositions(left: Position, right: Position): number {
  return left.epoch - right.epoch || left.length - right.length
}

export function isFurther(left: Position, right: Position): boolean {
  return comparePositions(left, right) > 0
}
