/**
 * SessionGuarantees (SS1): an answer covers the session that its request brought, so a client
 * reads its own writes, and never older than before, on any node; and a write is executed on a
 * state that covers it. An acknowledged write is in the session that its answer carries.
 *
 * Together with ReadsMatchModel, which holds each answer against its session, nothing that the
 * session had seen can beat what is read. A step for each writer of the session.
 */

import type { ReadonlyVersionVector } from '../../crdt/index.ts'
import { formatDot } from '../../crdt/index.ts'
import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

export function sessionGuarantees(oracle: Oracle): Invariant {
  return {
    name: 'SessionGuarantees',
    kinds: ['answered'],
    observe({ number, happening }) {
      if (happening.kind !== 'answered') return null
      const { reply } = happening
      if (reply.kind !== 'value' && reply.kind !== 'page' && reply.kind !== 'committed') return null
      const call = oracle.call(happening.call)
      if (call === undefined || !('session' in call.request)) return null
      const { session } = call.request
      const events = [call.invokedAt, number]
      if (session !== null && !reply.session.covers(session)) {
        return {
          message: `node ${happening.node} answers without ${firstMissing(session, reply.session)}, which the session had seen`,
          events,
        }
      }
      if (reply.kind === 'committed' && reply.version !== null && !reply.session.has(reply.version)) {
        return { message: `the write ${formatDot(reply.version)} is not in the session of its own answer`, events }
      }
      return null
    },
    finish: () => null,
  }
}

function firstMissing(wanted: ReadonlyVersionVector, had: ReadonlyVersionVector): string {
  for (const [writer, sequence] of wanted.entries()) if (had.get(writer) < sequence) return formatDot({ writer, sequence })
  return 'nothing'
}
