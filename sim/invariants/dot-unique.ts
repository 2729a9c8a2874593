/**
 * DotUnique (CA2, ID3): a dot names one transaction for ever. Each log's transactions are sealed
 * once, one after the other; what was lost in a crash is never sealed again under its number.
 *
 * One look into a table for each sealed transaction.
 */

import { formatDot } from '../../crdt/index.ts'
import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

export function dotUnique(oracle: Oracle): Invariant {
  return {
    name: 'DotUnique',
    kinds: ['sealed'],
    observe({ number }) {
      const { clash } = oracle.sealed
      if (clash === null) return null
      if ('before' in clash) {
        return { message: `${formatDot(clash.dot)} is sealed a second time`, events: [clash.before.sealedAt, number] }
      }
      return { message: `${formatDot(clash)} is sealed out of line: a number before it is missing`, events: [number] }
    },
    finish: () => null,
  }
}
