/**
 * One direction of a connection: an ordered, reliable stream, as a peer sees it. A lost packet is
 * sent again, so loss is delay, and all that is behind it waits. While the direction is blocked
 * nothing comes out; afterwards it comes, in order, unless the connection has broken meanwhile.
 *
 * Each item has one event, and each event delivers the *oldest* item: so the order of a stream
 * holds whatever the delays were, and an event needs no memory of what it delivers.
 */

import { assert, type Prng, present } from '../base/index.ts'
import type { GroupName } from '../core/index.ts'
import { drawDurationUs, drawRetransmissionsUs } from './chance.ts'
import type { EventQueue, Lane } from './event-queue.ts'
import type { TransferId } from './trace.ts'
import type { NetworkWeather } from './weather.ts'

export type Item =
  /** The other end welcomed this one: the connection is up here. */
  | { readonly kind: 'welcome' }
  | { readonly kind: 'message'; readonly id: TransferId; readonly group: GroupName; readonly bytes: Uint8Array }
  /** What `take` does with them is the business of whoever sent them. */
  | { readonly kind: 'blocks'; readonly id: TransferId; readonly take: () => void }

export interface StreamOptions {
  readonly queue: EventQueue
  readonly random: Prng
  readonly weather: NetworkWeather
  /** The life of the receiving process. */
  readonly receiver: Lane
  /** True while nothing passes in this direction. */
  readonly isBlocked: () => boolean
  readonly onItem: (item: Item) => void
}

export class NetworkStream {
  readonly #options: StreamOptions
  /** Sent and not delivered, in order, from `#head` on. */
  #items: Item[] = []
  #head = 0
  #lastAtUs = 0
  /** Events that came due while the direction was blocked. Invariant: at most the items left. */
  #owed = 0
  #isClosed = false
  readonly #deliverNext = (): void => this.#onDue()

  constructor(options: StreamOptions) {
    this.#options = options
  }

  send(item: Item): void {
    assert(!this.#isClosed, 'a closed stream takes nothing')
    const { queue } = this.#options
    this.#items.push(item)
    this.#lastAtUs = Math.max(this.#lastAtUs, queue.nowUs + this.#drawDelayUs())
    queue.scheduleAt(this.#lastAtUs, this.#options.receiver, this.#deliverNext)
  }

  /** The direction is free again: what was held up comes, after a packet's time. */
  release(): void {
    const { queue, receiver } = this.#options
    const count = this.#owed
    this.#owed = 0
    if (count === 0) return
    const atUs = queue.nowUs + this.#drawDelayUs()
    this.#lastAtUs = Math.max(this.#lastAtUs, atUs)
    for (let i = 0; i < count; i++) queue.scheduleAt(atUs, receiver, this.#deliverNext)
  }

  /** Nothing more comes out. Returns what was under way. */
  close(): readonly Item[] {
    this.#isClosed = true
    const left = this.#items.slice(this.#head)
    this.#items = []
    this.#head = 0
    return left
  }

  #onDue(): void {
    if (this.#isClosed) return
    if (this.#options.isBlocked()) {
      this.#owed += 1
      return
    }
    const item = present(this.#items[this.#head], 'each event has an item')
    this.#head += 1
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    }
    this.#options.onItem(item)
  }

  #drawDelayUs(): number {
    const { random, weather } = this.#options
    return drawPacketUs(random, weather)
  }
}

/** The time that a packet takes, sent again as often as it is lost. */
export function drawPacketUs(random: Prng, weather: NetworkWeather): number {
  return drawDurationUs(random, weather.delayMinMs, weather.delayMeanMs) + drawRetransmissionsUs(random, weather.loss, weather.retransmitMs)
}
