/**
 * What a leader writes besides its clients' entries, in the order of its urgency: who votes, the end of
 * its epoch, multi entries that the chain lacks, deadlines that have passed.
 */

import type { ChainAct } from './chain-block.ts'
import type { LeaderModeContext } from './context.ts'
import type { Leading } from './leading.ts'
import type { Seats } from './members-change.ts'
import type { Operations } from './operations.ts'

export class Agenda {
  readonly #context: Pick<LeaderModeContext, 'adoptable' | 'clock' | 'directoryOf' | 'expiry' | 'now' | 'stampingWallMs'>
  readonly #mode: { readonly wantsEnd: boolean }
  readonly #operations: Operations
  #isAdoptDue = false

  constructor(context: LeaderModeContext, mode: { readonly wantsEnd: boolean }, operations: Operations) {
    this.#context = context
    this.#mode = mode
    this.#operations = operations
  }

  /** Time to look for what the chain lacks (LM8). */
  tick(): void {
    this.#isAdoptDue = true
  }

  /** Null if there is nothing. */
  next(leading: Leading): ChainAct | null {
    const seats = this.#nextSeats(leading)
    if (seats !== null) return { kind: 'voters', ...seats }
    if (this.#mode.wantsEnd) return this.#operations.isOnErrand ? null : { kind: 'end' }
    return this.#nextAdoption() ?? this.#nextExpiry()
  }

  /** Until when deadlines have passed, in milliseconds since 1970. A clock that has just jumped ahead says nothing by that. */
  get expiredMs(): number {
    return Math.floor(Math.min(this.#context.now().wallMs, this.#context.stampingWallMs()))
  }

  /** First what needs nobody's asking: a directory that is gone loses its vote, and the new one gets it. */
  #nextSeats(leading: Leading): Seats | null {
    const voters = leading.nextVoters((node) => this.#context.directoryOf(node))
    return voters === null ? this.#operations.nextSeats(leading) : { voters, removed: [] }
  }

  #nextAdoption(): ChainAct | null {
    if (!this.#isAdoptDue) return null
    this.#isAdoptDue = false
    const adopts = this.#context.adoptable()
    return adopts === null ? null : { kind: 'adopt', adopts }
  }

  /** Nobody sees a deadline passed before that is committed (RG6). */
  #nextExpiry(): ChainAct | null {
    const { clock, expiry, stampingWallMs } = this.#context
    const [{ dueMs }, untilMs] = [expiry, this.expiredMs]
    if (dueMs === null || dueMs > untilMs || this.#operations.isHandingOver) return null
    return { kind: 'expire', untilMs, timestamp: clock.next(stampingWallMs()) }
  }
}
