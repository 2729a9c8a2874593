/**
 * RetryOnce (the multi-leader part of ExactlyOnce): a request that is asked again under its
 * idempotency key is not executed by a node that has applied its first execution. At a node that
 * has not, it may be executed a second time: then there are two dots, both of which may be
 * answered.
 *
 * A look into a table for each sealed transaction with such a key.
 */

import { formatDot } from '../../crdt/index.ts'
import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import type { SealedTransaction } from '../sealed-transactions.ts'

export function retryOnce(oracle: Oracle): Invariant {
  const executed = new Map<string, SealedTransaction[]>()
  return {
    name: 'RetryOnce',
    kinds: ['sealed'],
    observe({ number, happening }) {
      if (happening.kind !== 'sealed') return null
      const { frontier } = oracle.shadow(happening.node)
      for (const transaction of oracle.sealed.filed) {
        const { idempotencyKey, dot } = transaction
        if (idempotencyKey === null) continue
        const earlier = executed.get(idempotencyKey)
        const known = earlier?.find((first) => frontier.has(first.dot) || first.sealedAt === number)
        if (known !== undefined) {
          const message = `${formatDot(dot)} executes again what node ${happening.node} had applied as ${formatDot(known.dot)}`
          return { message, events: [known.sealedAt, number] }
        }
        if (earlier === undefined) executed.set(idempotencyKey, [transaction])
        else earlier.push(transaction)
      }
      return null
    },
    finish: () => null,
  }
}
