/**
 * What this member reports as durable (EP4). Once it has promised a leader epoch it acknowledges
 * nothing more of a lower one: its report stands still but for what the chain adopts.
 */

import { type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import type { Chain } from './chain.ts'

export class DurableReport {
  readonly #frontier: ReadonlyVersionVector
  readonly #chain: Chain
  /** Null: all that is here is reported. */
  #reported: VersionVector | null = null

  constructor(frontier: ReadonlyVersionVector, chain: Chain) {
    this.#frontier = frontier
    this.#chain = chain
  }

  get current(): ReadonlyVersionVector {
    if (this.#reported === null) return this.#frontier
    // What the chain adopted counts once it is here.
    for (const [writer, sequence] of this.#chain.contents.entries())
      this.#reported.advance(writer, Math.min(sequence, this.#frontier.get(writer)))
    return this.#reported
  }

  /** After a restart: what was reported before is forgotten, so nothing of a multi epoch is until the chain has it. */
  forget(): void {
    this.#reported = new VersionVector()
  }

  /** @param isFree in a multi epoch above which nothing is promised */
  follow(isFree: boolean): void {
    if (isFree) this.#reported = null
    else this.#reported ??= this.#frontier.copy()
  }
}
