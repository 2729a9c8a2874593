/**
 * What a connection gathers until EXEC: the commands that MULTI queued and the keys under WATCH.
 * Both are bounded, and their bytes count among what all connections hold together.
 */

import { assert, BATCH_BYTES_MAX, BATCH_OPERATIONS_MAX } from '../../base/index.ts'
import type { HeldBytes } from '../tcp/held-bytes.ts'
import type { Action, Command } from './command.ts'
import type { ConnectionState } from './connection-state.ts'
import { type ErrorReply, errorReply } from './reply.ts'
import { OVERLOADED } from './request-parser.ts'
import { bytesOf, QueuedTransaction } from './transaction.ts'

/** Commands that are carried out inside MULTI instead of being queued. */
const NEVER_QUEUED: readonly string[] = ['exec', 'discard', 'multi', 'watch', 'quit', 'reset']

export class Multi {
  readonly #state: ConnectionState
  readonly #held: HeldBytes
  /** Of what is queued and watched; counted in `#held`. */
  #bytes = 0

  constructor(state: ConnectionState, held: HeldBytes) {
    this.#state = state
    this.#held = held
  }

  /** True if the command is to be queued now. */
  queues({ name }: Command): boolean {
    return this.#state.queue !== null && !NEVER_QUEUED.includes(name)
  }

  /** Queues a command, or says why not. @param sentBytes of its words */
  add({ name, flags }: Command, action: Action, sentBytes: number): ErrorReply | null {
    const { queue } = this.#state
    assert(queue !== null, 'commands are queued between MULTI and EXEC')
    if (action.kind === 'node' || flags.includes('no_multi')) return errorReply('ERR Command not allowed inside a transaction')
    // What is not about keys may hold on to all of its words.
    const bytes = bytesOf(action) || sentBytes
    if (queue.length === BATCH_OPERATIONS_MAX || this.#bytes + bytes > BATCH_BYTES_MAX) {
      return errorReply(`TOO_LARGE a transaction has at most ${BATCH_OPERATIONS_MAX} commands and ${BATCH_BYTES_MAX} bytes: split it`)
    }
    if (!this.#keep(bytes)) return errorReply(OVERLOADED)
    queue.push({ name, action })
    return null
  }

  /** Makes room for watching more keys, or says why not. */
  watch(action: Extract<Action, { kind: 'read' }>): ErrorReply | null {
    const { queue, watched } = this.#state
    if (queue !== null) return errorReply('ERR WATCH inside MULTI is not allowed')
    const fresh = action.keys.filter((key) => !watched.has(key))
    if (watched.size + fresh.length > BATCH_OPERATIONS_MAX) {
      return errorReply(`TOO_LARGE at most ${BATCH_OPERATIONS_MAX} keys can be watched: watch fewer`)
    }
    const bytes = fresh.reduce((sum, key) => sum + key.length, 0)
    return this.#keep(bytes) ? null : errorReply(OVERLOADED)
  }

  /** Takes what was queued for EXEC, or says why there is nothing to be run. */
  take(): QueuedTransaction | ErrorReply {
    const { queue, watched, isAborted } = this.#state
    if (queue === null) return errorReply('ERR EXEC without MULTI')
    this.forget()
    if (isAborted) return errorReply('EXECABORT Transaction discarded because of previous errors.')
    return new QueuedTransaction(queue, watched, this.#state)
  }

  /** The transaction is over. */
  forget(): void {
    this.#state.queue = null
    this.#state.isAborted = false
    this.#state.watched = new Map()
  }

  /** A command has run; one that ends a transaction lets go of what it kept. */
  settle(): void {
    if (this.#bytes > 0 && this.#state.queue === null && this.#state.watched.size === 0) this.close()
  }

  /** Lets go of everything: the connection is over. */
  close(): void {
    this.#held.change(this.#bytes, 0)
    this.#bytes = 0
  }

  #keep(bytes: number): boolean {
    if (!this.#held.change(0, bytes)) {
      this.#held.change(bytes, 0)
      return false
    }
    this.#bytes += bytes
    return true
  }
}
