/**
 * Some key, by a random walk down the tree that keys in their order are: of the keys with a common
 * beginning it takes the first and the last, draws the next byte between theirs, and goes on among
 * those that begin so. Every key can come; keys in thin branches come more often than others. A
 * uniform draw would need to count all keys, or an index for this one command.
 */

import { randomInt } from 'node:crypto'
import { type Key, keyFromBinary } from '../../../base/index.ts'
import { type KeyRange, keyRange } from '../../../core/index.ts'
import type { Gateway } from '../../gateway.ts'
import { failureReply } from '../error-text.ts'
import type { RespReply } from '../reply.ts'
import { pageOf, scanRequest } from './key-walk.ts'

/** Branches that are taken: after so many the first key of those that are left is as random as any. */
const BRANCHES_MAX = 64

/** Returns what withdraws it. */
export function randomKey(gateway: Gateway, done: (reply: RespReply) => void): () => void {
  let withdraw = (): void => {}
  let isWithdrawn = false

  function ask(range: KeyRange, take: (key: Key | null) => void): void {
    if (isWithdrawn) return
    withdraw = gateway.request(scanRequest(range, 1), (reply) => {
      if (reply.kind === 'failed') done(failureReply(reply.error))
      else take(pageOf(reply).items[0]?.key ?? null)
    })
  }

  function descend(prefix: Key | null, branches: number): void {
    const range = keyRange({ prefix, start: null, end: null, reverse: false, cursor: null })
    ask(range, (first) => {
      if (first === null || branches === BRANCHES_MAX) return done(first)
      ask({ ...range, reverse: true }, (last) => {
        const branch = drawBranch(first, last ?? first)
        if (branch === null) return done(first)
        ask({ ...range, start: branch }, (next) => descend(beginningOf(next ?? first, branch.length), branches + 1))
      })
    })
  }

  descend(null, 0)
  return () => {
    isWithdrawn = true
    withdraw()
  }
}

/** The beginning with which to go on, or null: the first key is the draw. */
function drawBranch(first: Key, last: Key): Key | null {
  if (first === last) return null
  let length = 0
  while (length < first.length && first[length] === last[length]) length++
  // The first key may end where the others go on: it is a branch of its own.
  const low = length < first.length ? first.charCodeAt(length) : -1
  const drawn = randomInt(low, last.charCodeAt(length) + 1)
  return drawn < 0 ? null : keyFromBinary(first.slice(0, length) + String.fromCharCode(drawn))
}

function beginningOf(key: Key, length: number): Key {
  return keyFromBinary(key.slice(0, length))
}
