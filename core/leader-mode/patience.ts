/**
 * How long a member waits for a leader's word, and a candidate for ballots (LM2). Time-outs that are
 * shorter than what the network takes elect leaders without end: each is suspected before it is heard.
 * So they double whenever one proves too short, which is when somebody who was given up speaks after
 * all, and shrink again in calm. That is how an eventually perfect failure detector is made (Chandra
 * and Toueg, 1996). Who is silent for good proves nothing: in a network that is quick a dead leader is
 * replaced as soon as ever, however many attempts that takes.
 *
 * Doubling with each failed attempt was rejected: most of those fail because others are down or cut
 * off, and then waiting longer only delays what follows their return.
 */

/**
 * A member stands if it heard no leader for a time drawn from here: several heartbeats must get lost for
 * a needless election, and a dead leader is replaced in about the mean plus two rounds.
 */
export const ELECTION_TIMEOUT_MIN_MS = 500
export const ELECTION_TIMEOUT_MAX_MS = 1000
/** Time-outs grow up to so many times their length: past this a network carries no heartbeats to speak of. */
const FACTOR_MAX = 8
/** So long after they have last changed they halve. */
const CALM_MS = 60_000

export class Patience {
  /** A power of two. */
  #factor = 1
  #changedMs = 0

  /** The shortest silence that means anything. */
  minMs(nowMs: number): number {
    return this.factor(nowMs) * ELECTION_TIMEOUT_MIN_MS
  }

  /** The silence that nobody bears. */
  maxMs(nowMs: number): number {
    return this.factor(nowMs) * ELECTION_TIMEOUT_MAX_MS
  }

  /** How many times as long as in a quick network. */
  factor(nowMs: number): number {
    while (this.#factor > 1 && nowMs - this.#changedMs >= CALM_MS) {
      this.#factor /= 2
      this.#changedMs += CALM_MS
    }
    return this.#factor
  }

  /** Somebody was given up too early. */
  lengthen(nowMs: number): void {
    this.#factor = Math.min(2 * this.factor(nowMs), FACTOR_MAX)
    this.#changedMs = nowMs
  }
}
