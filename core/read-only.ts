/**
 * Why a node takes no writes for now, and what a refused write is told. Reads go on in all of these.
 */

import { type NodeName, SkeinError, unreachable } from '../base/index.ts'

export type ReadOnlyReason = 'DISK_FULL' | 'CLOCK_SKEW' | 'NAME_IN_USE' | 'REMOVED'

/** The answer to a write on `node`, or null if nothing keeps it from writing. */
export function readOnlyError(reason: ReadOnlyReason | null, node: NodeName): SkeinError | null {
  switch (reason) {
    case null:
      return null
    case 'DISK_FULL':
      return new SkeinError('DISK_FULL', 'the disk is full: free some space; reads go on, and writes will without a restart')
    case 'CLOCK_SKEW':
      return new SkeinError(
        'CLOCK_SKEW',
        "this node's clock is, or was, far ahead of the others: set it right, and it takes writes again once its last timestamp is not " +
          'ahead any more; until then write to another node',
      )
    case 'NAME_IN_USE':
      return new SkeinError('UNAVAILABLE', `another process runs under the name ${node}: stop one of the two`, { details: { reason } })
    case 'REMOVED':
      return new SkeinError(
        'REMOVED',
        `${node} was removed from this cluster: write to another node; to come back it starts on an empty data directory with --join`,
      )
    default:
      return unreachable(reason)
  }
}
