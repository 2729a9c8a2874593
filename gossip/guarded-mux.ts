/**
 * Protomux for connections with strangers. Two things that anybody can do to a plain one before
 * it is known who they are:
 *
 * - a batch of frames may hold a batch, and so on; protomux follows until the stack is full, and
 *   takes that for a bug of its own and ends the process. Nobody sends batches in batches, so
 *   the first one ends the connection instead;
 * - frames may be large and many. Until a connection is trusted it takes one, the hello.
 *
 * Both are done by overriding what protomux keeps private, so its version is pinned, and tests
 * would notice a change.
 */

import type { NoiseStream } from '@hyperswarm/secret-stream'
import type { State } from 'compact-encoding'
import Protomux from 'protomux'

/** The sealed hello and protomux's own few words. */
const HELLO_FRAME_BYTES_MAX = 1024

export class GuardedMux extends Protomux {
  readonly #onExcess: () => void
  #isTrusted = false
  #hasHello = false
  #isInBatch = false

  private constructor(stream: NoiseStream, onExcess: () => void) {
    super(stream)
    this.#onExcess = onExcess
  }

  /**
   * Takes over a stream in the tick in which it opened; `Protomux.from` gives the same one from
   * then on. `onExcess` is called when the remote says more than a hello before it is trusted.
   */
  static over(stream: NoiseStream, onExcess: () => void): GuardedMux {
    return new GuardedMux(stream, onExcess)
  }

  /** From now on every frame is taken. */
  trust(): void {
    this.#isTrusted = true
  }

  protected override _ondata(frame: Buffer): void {
    if (!this.#isTrusted) {
      if (this.#hasHello || frame.length > HELLO_FRAME_BYTES_MAX) return this.#onExcess()
      this.#hasHello = true
    }
    super._ondata(frame)
  }

  protected override _onbatch(state: State): void {
    // Protomux closes the connection at an error that is not one of the language itself.
    if (this.#isInBatch) throw new Error('a batch holds a batch')
    this.#isInBatch = true
    try {
      super._onbatch(state)
    } finally {
      this.#isInBatch = false
    }
  }
}
