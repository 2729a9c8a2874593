/**
 * A write on its way to the node, whichever route it came by: the same options, the same headers,
 * the same answer around it. A single PUT is a transaction of one operation (WR3).
 */

import type { FastifyReply } from 'fastify'
import { TIMEOUT, TIMEOUT_DEFAULT_MS } from '../api/parameters.ts'
import type { Write, WriteResult } from '../api/write.ts'
import { JSON_TYPE } from './errors.ts'
import { ask, type Door } from './gateway-call.ts'
import { idempotencyKeyOf, sessionOf } from './request-headers.ts'
import type { Query } from './request-url.ts'

/** Has the node execute a write, and sends the JSON that `answer` makes of the result. @throws BAD_REQUEST */
export function transact(door: Door, reply: FastifyReply, query: Query, write: Write, answer: (result: WriteResult) => string): void {
  const { headers } = reply.request
  const transaction = {
    kind: 'transaction',
    operations: write.operations,
    conditions: write.conditions,
    concern: write.concern,
    idempotencyKey: idempotencyKeyOf(headers),
    session: sessionOf(headers, door.tokens),
    timeoutMs: query.get(TIMEOUT) ?? TIMEOUT_DEFAULT_MS,
  } as const
  ask(door, transaction, 'committed', reply, ({ version, deleted, session }) => {
    const token = door.tokens.textOf(session)
    reply
      .header('content-type', JSON_TYPE)
      .header('skein-session', token)
      .send(answer({ version, deleted, session: token }))
  })
}
