/**
 * Some key, by a random walk down the tree that keys in their order are: of the keys with a common
 * beginning it takes the first and the last, draws the next byte between theirs, and goes on among
 * those that begin so, until they are few enough to draw one. Every key can come; keys in thin
 * branches come more often than others. A uniform draw would need to count all keys, or an index
 * for this one command.
 */

import { randomInt } from 'node:crypto'
import { type Key, keyFromBinary } from '../../../base/index.ts'
import { type KeyRange, keyRange } from '../../../core/index.ts'
import type { Gateway } from '../../gateway.ts'
import { failureReply } from '../error-text.ts'
import type { RespReply } from '../reply.ts'
import { pageOf, scanRequest } from './key-walk.ts'
import { RequestChain } from './request-chain.ts'

/** Keys that one page shows: of so many one is drawn. */
const PAGE_KEYS = 100
/** Branches that are taken: after so many those that are left are drawn from their first page. */
const BRANCHES_MAX = 64

/** Returns what withdraws it. */
export function randomKey(gateway: Gateway, done: (reply: RespReply) => void): () => void {
  const chain = new RequestChain(gateway, (error) => done(failureReply(error)))

  function descend(prefix: Key | null, branches: number): void {
    const range = keyRange({ prefix, start: null, end: null, reverse: false, cursor: null })
    firstOf(range, PAGE_KEYS, (keys, isAll) => {
      const first = keys[0]
      if (isAll || first === undefined || branches === BRANCHES_MAX) return done(drawOne(keys))
      firstOf({ ...range, reverse: true }, 1, ([last = first]) => {
        // Others may have been deleted meanwhile, and one that comes before it written.
        if (last <= first) return done(first)
        const branch = drawBranch(first, last)
        firstOf({ ...range, start: branch }, 1, ([next = first]) => descend(beginningOf(next, branch.length), branches + 1))
      })
    })
  }

  function firstOf(range: KeyRange, limit: number, take: (keys: readonly Key[], isAll: boolean) => void): void {
    chain.ask(scanRequest(range, limit), (reply) => {
      const { items, next } = pageOf(reply)
      take(
        items.map(({ key }) => key),
        next === null,
      )
    })
  }

  descend(null, 0)
  return () => chain.stop()
}

function drawOne(keys: readonly Key[]): Key | null {
  return keys.length === 0 ? null : (keys[randomInt(keys.length)] ?? null)
}

/** The beginning with which to go on: what both have in common, and a byte between theirs. */
function drawBranch(first: Key, last: Key): Key {
  let length = 0
  while (length < first.length && first[length] === last[length]) length++
  // A first key that ends where the others go on is drawn with those behind it.
  const low = length < first.length ? first.charCodeAt(length) : 0
  const high = length < last.length ? last.charCodeAt(length) : low
  return keyFromBinary(first.slice(0, length) + String.fromCharCode(randomInt(low, high + 1)))
}

function beginningOf(key: Key, length: number): Key {
  return keyFromBinary(key.slice(0, length))
}
