/**
 * Which node a call tries next. The last one that answered comes first, for its connections are
 * open and it has seen this session; nodes that failed lately come last, the one that failed
 * longest ago first among them, so that a node is never given up for good.
 *
 * Health checks in the background were rejected: they cost idle clients traffic, and tell of the
 * past. The next call is the check.
 */

import { assert } from '../base/index.ts'
import { backOffMs } from './back-off.ts'

/** A failed node is passed over for up to 100 ms, 200 ms, … 5 s: the longer, the more often it failed in a row. */
const PASS_OVER = { baseMs: 100, capMs: 5_000 }

interface RingNode {
  readonly url: string
  /** In a row, since it last answered. */
  failures: number
  /** Monotonic. Until then others are tried before it. */
  passedOverUntilMs: number
}

export class NodeRing {
  /** In the caller's order. Invariant: at least one. */
  readonly #nodes: readonly RingNode[]
  readonly #random: () => number
  #preferred: string | null = null

  constructor(urls: readonly string[], random: () => number) {
    assert(urls.length > 0, 'a ring has a node')
    this.#nodes = urls.map((url) => ({ url, failures: 0, passedOverUntilMs: 0 }))
    this.#random = random
  }

  /** The best node that is not in `tried`, or null if all are. */
  next(tried: ReadonlySet<string>, nowMs: number): string | null {
    let best: RingNode | null = null
    for (const node of this.#nodes) {
      if (!tried.has(node.url) && (best === null || this.#isBetter(node, best, nowMs))) best = node
    }
    return best === null ? null : best.url
  }

  answered(url: string): void {
    this.#preferred = url
    const node = this.#find(url)
    if (node === undefined) return
    node.failures = 0
    node.passedOverUntilMs = 0
  }

  failed(url: string, nowMs: number): void {
    if (this.#preferred === url) this.#preferred = null
    const node = this.#find(url)
    if (node === undefined) return
    // A time drawn at random keeps the clients of a node that comes back from coming all at once.
    node.passedOverUntilMs = nowMs + backOffMs(node.failures, PASS_OVER, this.#random)
    node.failures += 1
  }

  #isBetter(node: RingNode, best: RingNode, nowMs: number): boolean {
    const isWaiting = node.passedOverUntilMs > nowMs
    if (isWaiting !== best.passedOverUntilMs > nowMs) return !isWaiting
    if (isWaiting) return node.passedOverUntilMs < best.passedOverUntilMs
    return node.url === this.#preferred
  }

  /** Undefined for a leader's address that is not among the configured ones. */
  #find(url: string): RingNode | undefined {
    return this.#nodes.find((node) => node.url === url)
  }
}
