/**
 * CorruptNeverServed (LG4, RG2): what is read is what was written, byte for byte, and no log of a
 * correct node is ever found malformed or out of rank: the simulator damages journals only where
 * checksums see it, and blocks never.
 *
 * A comparison of each item that is read with what was sealed.
 */

import { formatDot } from '../../crdt/index.ts'
import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import { writtenVersion } from './no-thin-air.ts'

export function corruptNeverServed(oracle: Oracle): Invariant {
  return {
    name: 'CorruptNeverServed',
    kinds: ['answered', 'log-failed'],
    observe({ number, happening }) {
      if (happening.kind === 'log-failed') {
        if (happening.failure.kind !== 'corrupt') return null
        return {
          message: `node ${happening.node} finds the log ${happening.writer} corrupt: ${happening.failure.reason}`,
          events: [number],
        }
      }
      if (happening.kind !== 'answered') return null
      const { reply } = happening
      const items = reply.kind === 'page' ? reply.items : reply.kind === 'value' && reply.item !== null ? [reply.item] : []
      for (const { key, version, value } of items) {
        const written = writtenVersion(oracle, key, version)?.value
        // What nobody wrote is NoThinAir's.
        if (written === undefined || (written !== null && written.data === value.data && written.type === value.type)) continue
        return { message: `node ${happening.node} gives another value for ${formatDot(version.dot)} than was written`, events: [number] }
      }
      return null
    },
    finish: () => null,
  }
}
