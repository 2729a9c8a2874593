/**
 * Transactions by their idempotency key, so that a retry is answered instead of executed again.
 * The keys travel in the entries: a retry at another node finds its first try there as soon as
 * that has arrived. In a multi epoch a retry can overtake it, and then both take effect, in the
 * order of their timestamps.
 */

import type { Dot } from '../crdt/index.ts'
import type { Entry } from './entry.ts'

/** The oldest is forgotten past this: at 1,000 writes a second a client has over a minute to retry. */
export const IDEMPOTENCY_KEYS_MAX = 100_000

export interface Executed {
  readonly version: Dot
  readonly deleted: number
}

export class IdempotencyTable {
  /** In the order of arrival. */
  readonly #executed = new Map<string, Executed>()

  find(idempotencyKey: string): Executed | undefined {
    return this.#executed.get(idempotencyKey)
  }

  learn(entry: Entry): void {
    for (const { idempotencyKey, sequence, changes } of entry.transactions) {
      if (idempotencyKey === null) continue
      const deleted = changes.reduce((count, change) => count + (change.version.value === null ? 1 : 0), 0)
      this.#executed.set(idempotencyKey, { version: { writer: entry.writer, sequence }, deleted })
      if (this.#executed.size <= IDEMPOTENCY_KEYS_MAX) continue
      for (const oldest of this.#executed.keys()) {
        this.#executed.delete(oldest)
        break
      }
    }
  }
}
