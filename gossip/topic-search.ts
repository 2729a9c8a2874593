/**
 * Looks for members on a DHT by the cluster's topic, and announces this node there. hyperswarm
 * does both once and then every ten minutes, which three nodes that start together don't
 * survive: each looks before the others have announced. So the search is repeated while somebody
 * may be missing, and seldom otherwise (two nodes that know only a third find each other so).
 */

import type Hyperswarm from 'hyperswarm'
import type { DiscoverySession } from 'hyperswarm'
import { SECOND_MS } from '../base/index.ts'

export interface SearchPace {
  /** While somebody is missing. A search costs some ten packets. */
  readonly eagerMs: number
  /** While nobody is. */
  readonly calmMs: number
}

/** Nodes of a private DHT are few and near. */
export const PRIVATE_DHT_PACE: SearchPace = { eagerMs: 1 * SECOND_MS, calmMs: 10 * SECOND_MS }
/** The public one is shared with others. */
export const PUBLIC_DHT_PACE: SearchPace = { eagerMs: 30 * SECOND_MS, calmMs: 600 * SECOND_MS }

export class TopicSearch {
  readonly #session: DiscoverySession
  readonly #pace: SearchPace
  readonly #isSomebodyMissing: () => boolean
  #timer: NodeJS.Timeout | null = null
  #lastMs = performance.now()

  private constructor(session: DiscoverySession, pace: SearchPace, isSomebodyMissing: () => boolean) {
    this.#session = session
    this.#pace = pace
    this.#isSomebodyMissing = isSomebodyMissing
  }

  static start(swarm: Hyperswarm, topic: Buffer, pace: SearchPace, isSomebodyMissing: () => boolean): TopicSearch {
    const search = new TopicSearch(swarm.join(topic, { server: true, client: true }), pace, isSomebodyMissing)
    search.#timer = setInterval(() => search.#searchIfDue(), pace.eagerMs)
    return search
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #searchIfDue(): void {
    const now = performance.now()
    if (!this.#isSomebodyMissing() && now - this.#lastMs < this.#pace.calmMs) return
    this.#lastMs = now
    // Answers false where nobody answered, which the next search will see to; a search still
    // under way is joined. It rejects only once it is destroyed, with the swarm.
    this.#session.refresh({ server: true, client: true }).catch((error: unknown) => {
      if (this.#timer !== null) throw error
    })
  }
}
