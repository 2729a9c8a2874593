/**
 * Writes at a steady pace, each of a key of its own, with the moments at which they were
 * acknowledged: so that a test can say what was lost, and for how long nobody was served.
 *
 * A pace and not as many as go through: what a change costs is seen as a gap between
 * acknowledgements, and a gap means nothing if they come by themselves only now and then.
 */

import { eventually } from './eventually.ts'

/** Past it the pace is not kept: a machine that is too slow must not pile up calls. */
const IN_FLIGHT_MAX = 400
const PACE_MS = 5
const MS_PER_SECOND = 1000
const DEADLINE_MS = 30_000

/** Makes one write; resolves once it is acknowledged, with its version. */
export type Write = (key: string, value: number) => Promise<string>

export interface Acknowledged {
  readonly value: number
  readonly version: string
}

interface Span {
  readonly beganMs: number
  readonly endedMs: number
}

export class PacedLoad {
  readonly acknowledged = new Map<string, Acknowledged>()
  readonly failures: unknown[] = []
  /** Of the writes that were acknowledged, as they were. */
  readonly #spans: Span[] = []
  readonly #prefix: string
  readonly #write: Write
  readonly #perSecond: number
  readonly #running: Promise<void>
  #attempts = 0
  #inFlight = 0
  #isStopped = false

  constructor(prefix: string, perSecond: number, write: Write) {
    this.#prefix = prefix
    this.#perSecond = perSecond
    this.#write = write
    this.#running = this.#run()
  }

  /** Writes that were tried, whatever came of them. */
  get attempts(): number {
    return this.#attempts
  }

  /** Waits for so many acknowledged writes more than there are. */
  async goesOn(count: number): Promise<void> {
    const wanted = this.acknowledged.size + count
    await eventually(
      () => this.acknowledged.size >= wanted,
      DEADLINE_MS,
      () =>
        `${wanted} acknowledged writes of ${this.#prefix}; there are ${this.acknowledged.size}, and ${this.failures.length} failures: ${this.failures.at(-1)}`,
    )
  }

  /** The longest time without an acknowledgement, from the last one before `fromMs` to the first one after `toMs`. */
  longestGapMs(fromMs: number, toMs: number): number {
    const ends = this.#spans.map(({ endedMs }) => endedMs)
    const first = ends.findLast((endedMs) => endedMs <= fromMs) ?? fromMs
    const last = ends.find((endedMs) => endedMs >= toMs) ?? performance.now()
    const moments = [first, ...ends.filter((endedMs) => endedMs > fromMs && endedMs < toMs), last]
    return Math.max(...moments.map((moment, index) => moment - (moments[index - 1] ?? moment)))
  }

  /** How long those took that were on their way at some time between the two. */
  durationsMs(fromMs: number, toMs: number): number[] {
    return this.#spans
      .filter(({ beganMs, endedMs }) => beganMs <= toMs && endedMs >= fromMs)
      .map(({ beganMs, endedMs }) => endedMs - beganMs)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    const calls: Promise<void>[] = []
    const startMs = performance.now()
    for (let index = 0; !this.#isStopped; ) {
      const due = ((performance.now() - startMs) / MS_PER_SECOND) * this.#perSecond
      for (; index < due; index++) if (this.#inFlight < IN_FLIGHT_MAX) calls.push(this.#call(index))
      await new Promise((resolve) => setTimeout(resolve, PACE_MS))
    }
    await Promise.all(calls)
  }

  async #call(index: number): Promise<void> {
    const key = `${this.#prefix}:${index}`
    const beganMs = performance.now()
    this.#inFlight += 1
    this.#attempts += 1
    try {
      const version = await this.#write(key, index)
      this.acknowledged.set(key, { value: index, version })
      this.#spans.push({ beganMs, endedMs: performance.now() })
    } catch (error) {
      this.failures.push(error)
    }
    this.#inFlight -= 1
  }
}

/** What was acknowledged and is not among `items`. */
export function lostFrom(
  acknowledged: ReadonlyMap<string, Acknowledged>,
  items: ReadonlyMap<string, { readonly value: unknown }>,
): readonly string[] {
  return [...acknowledged].filter(([key, { value }]) => items.get(key)?.value !== value).map(([key]) => key)
}

/** The value below which so large a share of them lies; the largest for a share of 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
