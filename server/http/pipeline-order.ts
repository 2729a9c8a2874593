/**
 * Requests that share a connection are executed in the order in which they were sent: one that was
 * pipelined behind another waits until that one is answered. Node hands them over as it parses
 * them, and one without a body would overtake a write whose body is still being read.
 */

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export class PipelineOrder {
  /** The answer to the last request of each connection. */
  readonly #last = new WeakMap<Socket, ServerResponse>()

  /** Calls `next` when all earlier requests of the connection are answered: at once, unless it is pipelined. Never if the connection ends. */
  enter(socket: Socket, response: ServerResponse, next: () => void): void {
    const previous = this.#last.get(socket)
    this.#last.set(socket, response)
    if (previous === undefined || previous.writableEnded) return next()
    previous.once('close', () => {
      if (!socket.destroyed) next()
    })
  }
}
