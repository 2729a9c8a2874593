/**
 * How a call learns that nobody waits for it any more: its caller's `AbortSignal`, or the end of
 * the channel. A call waits for one thing at a time (an answer, a pause), and that is stopped.
 *
 * `AbortSignal.any` would be less to write; rejected, since each call would then leave a listener
 * on a signal that may live as long as the program, and Node warns from the eleventh on. Here a
 * signal has one listener, however many calls share it, and none once they are done.
 */

export class Cancellation {
  #cancelled: { readonly reason: unknown } | null = null
  #stop: ((reason: unknown) => void) | null = null

  /** @throws the reason of the signal, as `fetch` does */
  throwIfCancelled(): void {
    if (this.#cancelled !== null) throw this.#cancelled.reason
  }

  /** Sets how to stop what the call waits for now; null when it has ended. */
  whileWaiting(stop: ((reason: unknown) => void) | null): void {
    this.#stop = stop
    if (stop !== null && this.#cancelled !== null) stop(this.#cancelled.reason)
  }

  cancel(reason: unknown): void {
    if (this.#cancelled !== null) return
    this.#cancelled = { reason }
    this.#stop?.(reason)
  }
}

interface Watch {
  readonly calls: Set<Cancellation>
  readonly onAbort: () => void
}

/** The running calls of a channel. */
export class RunningCalls {
  readonly #calls = new Set<Cancellation>()
  readonly #watches = new Map<AbortSignal, Watch>()

  /** Opens a call; `end` has to follow. @throws the reason of a signal that is aborted already */
  begin(signal: AbortSignal | undefined): Cancellation {
    signal?.throwIfAborted()
    const call = new Cancellation()
    this.#calls.add(call)
    if (signal !== undefined) this.#watch(signal).calls.add(call)
    return call
  }

  end(call: Cancellation, signal: AbortSignal | undefined): void {
    this.#calls.delete(call)
    const watch = signal === undefined ? undefined : this.#watches.get(signal)
    if (signal === undefined || watch === undefined) return
    watch.calls.delete(call)
    if (watch.calls.size > 0) return
    signal.removeEventListener('abort', watch.onAbort)
    this.#watches.delete(signal)
  }

  cancelAll(reason: unknown): void {
    for (const call of [...this.#calls]) call.cancel(reason)
  }

  #watch(signal: AbortSignal): Watch {
    const known = this.#watches.get(signal)
    if (known !== undefined) return known
    const calls = new Set<Cancellation>()
    const onAbort = (): void => {
      for (const call of [...calls]) call.cancel(signal.reason)
    }
    signal.addEventListener('abort', onAbort)
    const watch = { calls, onAbort }
    this.#watches.set(signal, watch)
    return watch
  }
}
