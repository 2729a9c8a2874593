/**
 * WAIT: how many other nodes hold the last write of the connection durably. Redis counts replicas
 * that took it into memory; here they have it on their disks.
 */

import { assert, DAY_MS } from '../../../base/index.ts'
import type { Action, Arguments, Command, NodeAccess } from '../command.ts'
import { failureReply } from '../error-text.ts'
import type { RespReply } from '../reply.ts'
import { ArgumentError, commandsOf } from './entry.ts'
import { integerAt, positionAt } from './read-words.ts'

/** For ever, as `WAIT n 0` says: nobody waits longer. */
const FOR_EVER_MS = 365 * DAY_MS
const BAD_TIMEOUT = 'ERR timeout is not an integer or out of range'

export function waitCommand(): readonly Command[] {
  return commandsOf('generic', [
    {
      name: 'wait',
      arity: 3,
      flags: ['noscript', 'no_multi'],
      summary: 'Wait until other nodes hold the last write of this connection, and count them',
      read: readWait,
    },
  ])
}

function readWait(words: Arguments): Action {
  const nodes = Math.max(positionAt(words, 1), 0)
  const timeoutMs = Number(integerAt(words, 2, BAD_TIMEOUT))
  if (timeoutMs < 0) throw new ArgumentError('ERR timeout is negative')
  return { kind: 'node', run: (node, done) => wait(node, nodes, timeoutMs === 0 ? FOR_EVER_MS : Math.min(timeoutMs, FOR_EVER_MS), done) }
}

/** What was never written is on every node that can be asked. */
function wait({ gateway, connection }: NodeAccess, nodes: number, timeoutMs: number, done: (reply: RespReply) => void): () => void {
  const version = connection.lastWrite
  if (version === null) {
    done(gateway.status().peers.filter((peer) => peer.connected).length)
    return () => {}
  }
  // This node holds it, too, and is not counted.
  return gateway.request({ kind: 'copies', version, wanted: nodes + 1, timeoutMs }, (reply) => {
    if (reply.kind === 'failed') return done(failureReply(reply.error))
    assert(reply.kind === 'copies', 'a question about copies is answered with their number')
    done(reply.nodes - 1)
  })
}
