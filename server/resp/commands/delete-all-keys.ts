/**
 * Deletes every key, page by page, each page as one transaction. One transaction for all was
 * rejected: it would hold up the node, and be larger than a transaction may be. So what is written
 * behind the place that was reached stays, and if a page fails the rest is still there.
 */

import type { Key, SkeinError } from '../../../base/index.ts'
import type { Item, TransactionRequest } from '../../../core/index.ts'
import type { Dot } from '../../../crdt/index.ts'
import { TIMEOUT_DEFAULT_MS } from '../../api/parameters.ts'
import type { Gateway } from '../../gateway.ts'
import { pageOf, scanRequest } from './key-walk.ts'
import { RequestChain } from './request-chain.ts'

/** Keys of one transaction: an entry of some hundred kilobytes at most. */
const PAGE_KEYS = 250

export interface DeletionEvents {
  /** A page is gone for good. */
  committed(version: Dot): void
  /** @param error why it stopped, or null */
  readonly done: (error: SkeinError | null) => void
}

/** Returns what stops it after the page that is under way. */
export function deleteAllKeys(gateway: Gateway, events: DeletionEvents): () => void {
  const chain = new RequestChain(gateway, events.done)

  function deleteFrom(start: Key | null): void {
    chain.ask(scanRequest({ start, end: null, reverse: false }, PAGE_KEYS), (reply) => {
      const { items, next } = pageOf(reply)
      if (items.length === 0) return goOn(next)
      chain.ask(deletionOf(items), (deleted) => {
        if (deleted.kind === 'committed' && deleted.version !== null) events.committed(deleted.version)
        goOn(next)
      })
    })
  }

  function goOn(next: Key | null): void {
    if (next === null) events.done(null)
    else chain.later(() => deleteFrom(next))
  }

  deleteFrom(null)
  return () => chain.stop()
}

function deletionOf(items: readonly Item[]): TransactionRequest {
  return {
    kind: 'transaction',
    operations: items.map(({ key }) => ({ kind: 'delete', key })),
    conditions: [],
    concern: 1,
    idempotencyKey: null,
    session: null,
    timeoutMs: TIMEOUT_DEFAULT_MS,
  }
}
