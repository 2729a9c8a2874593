/**
 * Requests of one command, each made when the one before is answered, with other work of the
 * process between them. When its connection closes the chain is stopped, wherever it is; when a
 * request fails it ends by itself.
 */

import type { SkeinError } from '../../../base/index.ts'
import type { Reply, Request } from '../../../core/index.ts'
import type { Gateway } from '../../gateway.ts'

export class RequestChain {
  readonly #gateway: Gateway
  readonly #failed: (error: SkeinError) => void
  #withdraw = (): void => {}
  #turn: NodeJS.Immediate | null = null
  #isStopped = false

  /** @param failed told once, if a request fails: nothing follows */
  constructor(gateway: Gateway, failed: (error: SkeinError) => void) {
    this.#gateway = gateway
    this.#failed = failed
  }

  /** The answer may come before this returns. */
  ask(request: Request, take: (reply: Exclude<Reply, { kind: 'failed' }>) => void): void {
    let isAnswered = false
    const withdraw = this.#gateway.request(request, (reply) => {
      isAnswered = true
      if (this.#isStopped) return
      if (reply.kind === 'failed') this.#failed(reply.error)
      else take(reply)
    })
    // If the answer came at once a later request may be under way by now.
    if (!isAnswered) this.#withdraw = withdraw
  }

  /** Goes on after other work. */
  later(action: () => void): void {
    this.#turn = setImmediate(action)
  }

  stop(): void {
    this.#isStopped = true
    this.#withdraw()
    if (this.#turn !== null) clearImmediate(this.#turn)
  }
}
