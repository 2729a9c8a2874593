/** Tells invariants the events that concern them, and keeps what they find: of each the first thing. */

import type { ClusterView, Finding, Invariant, Violation } from './invariant.ts'
import type { Happening, TraceEvent } from './trace.ts'

type Kind = Happening['kind']

export class Watch {
  readonly #invariants: readonly Invariant[]
  /** Those that a kind of event concerns, made when the first of its kind comes. */
  readonly #byKind = new Map<Kind, Invariant[]>()
  readonly #violations: Violation[] = []

  constructor(invariants: readonly Invariant[]) {
    this.#invariants = invariants
  }

  /** In the order in which they were noticed. */
  get violations(): readonly Violation[] {
    return this.#violations
  }

  observe(event: TraceEvent, cluster: ClusterView): void {
    for (const invariant of this.#concerned(event.happening.kind)) {
      const finding = observeWith(invariant, event, cluster)
      if (finding !== null) this.report(invariant.name, finding, event.atMs)
    }
  }

  /** Asked once, after the cluster has healed and settled. */
  finish(cluster: ClusterView): void {
    for (const invariant of this.#invariants) {
      const finding = finishWith(invariant, cluster)
      if (finding !== null) this.report(invariant.name, finding, cluster.atMs)
    }
  }

  report(invariant: string, finding: Finding, atMs: number): void {
    if (this.#violations.some((violation) => violation.invariant === invariant)) return
    const { message, events, stack } = finding
    this.#violations.push({ invariant, atMs, message, events, ...(stack === undefined ? {} : { stack }) })
  }

  #concerned(kind: Kind): readonly Invariant[] {
    let concerned = this.#byKind.get(kind)
    if (concerned === undefined) {
      concerned = this.#invariants.filter(({ kinds }) => kinds === undefined || kinds.includes(kind))
      this.#byKind.set(kind, concerned)
    }
    return concerned
  }
}

function observeWith(invariant: Invariant, event: TraceEvent, cluster: ClusterView): Finding | null {
  try {
    return invariant.observe(event, cluster)
  } catch (error) {
    throw named(invariant, error)
  }
}

function finishWith(invariant: Invariant, cluster: ClusterView): Finding | null {
  try {
    return invariant.finish(cluster)
  } catch (error) {
    throw named(invariant, error)
  }
}

/** What an invariant throws is told with its name. */
function named({ name }: Invariant, error: unknown): Error {
  return new Error(`the invariant ${name} throws: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
