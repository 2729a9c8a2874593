/**
 * Deletes every key, page by page, each page as one transaction. One transaction for all was
 * rejected: it would hold up the node, and be larger than a transaction may be. So what is written
 * behind the place that was reached stays, and if a page fails the rest is still there.
 */

import type { Key, SkeinError } from '../../../base/index.ts'
import type { Item, Reply, TransactionRequest } from '../../../core/index.ts'
import type { Dot } from '../../../crdt/index.ts'
import type { Gateway } from '../../gateway.ts'
import { pageOf, scanRequest } from './key-walk.ts'

/** Keys of one transaction: an entry of some hundred kilobytes at most. */
const PAGE_KEYS = 250

export interface DeletionEvents {
  /** A page is gone for good. */
  committed(version: Dot): void
  /** @param error why it stopped, or null */
  done(error: SkeinError | null): void
}

/** Returns what stops it after the page that is under way. */
export function deleteAllKeys(gateway: Gateway, events: DeletionEvents): () => void {
  let next: Key | null = null
  let turn: NodeJS.Immediate | null = null
  let withdraw = (): void => {}

  function ask(): void {
    withdraw = gateway.request(scanRequest({ start: next, end: null, reverse: false }, PAGE_KEYS), take)
  }

  function take(reply: Reply): void {
    if (reply.kind === 'failed') return events.done(reply.error)
    const page = pageOf(reply)
    next = page.next
    if (page.items.length === 0) goOn()
    else withdraw = gateway.request(deletionOf(page.items), deleted)
  }

  function deleted(reply: Reply): void {
    if (reply.kind === 'failed') return events.done(reply.error)
    if (reply.kind === 'committed' && reply.version !== null) events.committed(reply.version)
    goOn()
  }

  function goOn(): void {
    if (next === null) events.done(null)
    else turn = setImmediate(ask)
  }

  ask()
  return () => {
    withdraw()
    if (turn !== null) clearImmediate(turn)
  }
}

function deletionOf(items: readonly Item[]): TransactionRequest {
  return {
    kind: 'transaction',
    operations: items.map(({ key }) => ({ kind: 'delete', key })),
    conditions: [],
    concern: 1,
    idempotencyKey: null,
    session: null,
    timeoutMs: 0,
  }
}
