/** Keeps the facts of a group (`facts.ts`): which logs are out of service for good (LG2), and whether the journal has to be told. */

import type { WriterId } from '../base/index.ts'
import { encodeFacts } from './facts.ts'
import type { DurablePromise } from './leader-mode/durable-promise.ts'
import type { LogFailure } from './ports.ts'

export class FactsKeeper {
  readonly #forked = new Map<WriterId, LogFailure>()
  #isChanged = false

  /** Takes up what the journal has. */
  recover(forked: ReadonlyMap<WriterId, LogFailure>): void {
    for (const [writer, failure] of forked) this.#forked.set(writer, failure)
  }

  get forked(): ReadonlyMap<WriterId, LogFailure> {
    return this.#forked
  }

  /** True if they have changed in a way that others wait for. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  /** True if that was not known. */
  fork(writer: WriterId, failure: LogFailure): boolean {
    if (failure.kind !== 'forked' || this.#forked.has(writer)) return false
    this.#forked.set(writer, failure)
    this.#isChanged = true
    return true
  }

  /** For the durable write that starts now; null if nothing has changed. */
  take({ promise, isChanged }: { readonly promise: DurablePromise; readonly isChanged: boolean }): Uint8Array | null {
    if (!this.#isChanged && !isChanged) return null
    this.#isChanged = false
    return encodeFacts({ forked: this.#forked, promise })
  }
}
