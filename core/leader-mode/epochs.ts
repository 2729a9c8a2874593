/** The numbers of epochs (EP1): they only rise, even ones are leader epochs, odd ones multi. */

import { type Epoch, isLeaderEpoch } from '../../base/index.ts'

/** The lowest leader epoch above `epoch`. */
export function leaderEpochAbove(epoch: Epoch): Epoch {
  return (isLeaderEpoch(epoch) ? epoch + 2 : epoch + 1) as Epoch
}

/** The multi epoch that the `end` of a leader epoch begins (EP5). */
export function multiEpochAfter(leaderEpoch: Epoch): Epoch {
  return (leaderEpoch + 1) as Epoch
}

export function highest(left: Epoch, right: Epoch): Epoch {
  return left > right ? left : right
}
