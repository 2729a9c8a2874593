/**
 * Walks over the live keys in their order, a page at a time, with other work between the pages:
 * commands that look at all keys must not hold up anybody else. What is written meanwhile may be
 * seen or not.
 */

import { assert, type Key, present, type SkeinError } from '../../../base/index.ts'
import type { Item, KeyRange, Reply, ScanRequest } from '../../../core/index.ts'
import { TIMEOUT_DEFAULT_MS } from '../../api/parameters.ts'
import type { Gateway } from '../../gateway.ts'
import { RequestChain } from './request-chain.ts'

/** Keys of one page: a page may wait for a durable write, so it should be worth the wait. */
export const WALK_PAGE_KEYS = 1000
/** Comparisons in one turn of the event loop: a page with an ordinary pattern, or a long key with an evil one; some milliseconds. */
const COMPARISONS_PER_TURN = 200_000

export interface KeyWalk {
  readonly range: KeyRange
  /** Keys to be visited at most. */
  readonly most: number
  /** Takes a key. Returns how many comparisons that took at most, or `stop`: then `done` follows. */
  visit(item: Item): number | 'stop'
  /** @param next the key after the last one visited, or null at the end */
  done(next: Key | null): void
  readonly failed: (error: SkeinError) => void
}

/** Returns what stops it: then nothing is called any more. */
export function walkKeys(gateway: Gateway, walk: KeyWalk): () => void {
  const chain = new RequestChain(gateway, walk.failed)
  let { range } = walk
  let left = walk.most

  function ask(): void {
    chain.ask(scanRequest(range, Math.min(left, WALK_PAGE_KEYS)), (reply) => {
      const { items, next } = pageOf(reply)
      left -= items.length
      visitFrom(items, 0, next)
    })
  }

  function visitFrom(items: readonly Item[], first: number, next: Key | null): void {
    let comparisons = 0
    for (let i = first; i < items.length; i++) {
      if (comparisons > COMPARISONS_PER_TURN) return chain.later(() => visitFrom(items, i, next))
      const cost = walk.visit(present(items[i], 'the index is below the length'))
      if (cost === 'stop') return walk.done(next)
      comparisons += cost
    }
    if (next === null || left === 0) return walk.done(next)
    range = { ...range, start: next }
    chain.later(ask)
  }

  ask()
  return () => chain.stop()
}

/** A page of keys as they are on this node. */
export function scanRequest(range: KeyRange, limit: number): ScanRequest {
  return { kind: 'scan', range, limit, consistency: 'local', session: null, timeoutMs: TIMEOUT_DEFAULT_MS }
}

/** The page that a scan was answered with. */
export function pageOf(reply: Reply): Extract<Reply, { kind: 'page' }> {
  assert(reply.kind === 'page', 'a scan is answered with a page')
  return reply
}
