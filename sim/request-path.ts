/**
 * The way of a client's request to a node and of its answer back. Both take time and may be lost;
 * a node that is down is not reached; and if the process goes away while it works on a request,
 * the connection breaks and nobody knows whether it was done.
 */

import type { Prng } from '../base/index.ts'
import type { Reply, Request } from '../core/index.ts'
import type { EventQueue } from './event-queue.ts'
import { drawPacketUs } from './network-stream.ts'
import type { SimulatedNode } from './node.ts'
import type { NetworkWeather } from './weather.ts'

/** A client whose request or answer was lost hears of it after this, if it has not given up before, in microseconds. */
const LOST_AFTER_US = 30_000_000

export type RequestOutcome =
  | { readonly kind: 'answered'; readonly reply: Reply }
  /** Nobody knows whether it was done. */
  | { readonly kind: 'lost' }
  /** The node was not there: it was not done. */
  | { readonly kind: 'unreachable' }

export interface PendingRequest {
  /** Nobody waits any more: no outcome comes. The node hears of it as of a closed socket. */
  withdraw(): void
}

export interface RequestPathOptions {
  readonly queue: EventQueue
  readonly weather: NetworkWeather
  readonly random: Prng
}

export class RequestPath {
  readonly #options: RequestPathOptions
  #isCalm = false

  constructor(options: RequestPathOptions) {
    this.#options = options
  }

  /** From now on nothing is lost. */
  calm(): void {
    this.#isCalm = true
  }

  send(node: SimulatedNode, request: Request, done: (outcome: RequestOutcome) => void): PendingRequest {
    const call = new Call(this, node, request, done)
    if (this.drawIsLost()) this.later(LOST_AFTER_US, () => call.settle({ kind: 'lost' }))
    else this.later(this.drawDelayUs(), () => call.arrive())
    return call
  }

  later(delayUs: number, action: () => void): void {
    this.#options.queue.schedule(delayUs, null, action)
  }

  drawDelayUs(): number {
    return drawPacketUs(this.#options.random, this.#options.weather)
  }

  drawIsLost(): boolean {
    const { random, weather } = this.#options
    return !this.#isCalm && weather.clientLoss.numerator > 0 && random.chance(weather.clientLoss)
  }

  get lostAfterUs(): number {
    return LOST_AFTER_US
  }
}

class Call implements PendingRequest {
  readonly #path: RequestPath
  readonly #node: SimulatedNode
  readonly #request: Request
  readonly #done: (outcome: RequestOutcome) => void
  #isSettled = false
  /** Withdraws it from the process that works on it. */
  #withdraw: (() => void) | null = null

  constructor(path: RequestPath, node: SimulatedNode, request: Request, done: (outcome: RequestOutcome) => void) {
    this.#path = path
    this.#node = node
    this.#request = request
    this.#done = done
  }

  withdraw(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    const withdraw = this.#withdraw
    if (withdraw !== null) this.#path.later(this.#path.drawDelayUs(), withdraw)
  }

  settle(outcome: RequestOutcome): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#done(outcome)
  }

  arrive(): void {
    const { life } = this.#node
    if (this.#isSettled) return
    if (life?.isOpen !== true) return this.#sendBack({ kind: 'unreachable' })
    this.#withdraw = life.request(
      this.#request,
      (reply) => this.#sendBack({ kind: 'answered', reply }),
      () => this.#sendBack({ kind: 'lost' }),
    )
  }

  #sendBack(outcome: RequestOutcome): void {
    this.#withdraw = null
    const isLost = outcome.kind === 'answered' && this.#path.drawIsLost()
    if (isLost) this.#path.later(this.#path.lostAfterUs, () => this.settle({ kind: 'lost' }))
    else this.#path.later(this.#path.drawDelayUs(), () => this.settle(outcome))
  }
}
