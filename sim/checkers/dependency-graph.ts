/**
 * A directed graph with kinds of edges, for millions of them: edges are collected in flat arrays
 * and then sorted by source (compressed sparse rows). An array of targets for each node was
 * rejected: a million small arrays cost more than the whole check.
 *
 * A graph is looked at through a mask of kinds, so one graph serves all anomalies.
 */

/** Kinds of edges, as bits: which one is set in a mask is followed. */
export const EDGE = {
  /** Wrote over what the other one wrote. */
  writeWrite: 1,
  /** Read what the other one wrote. */
  writeRead: 2,
  /** Read what the other one wrote over (an anti-dependency). */
  readWrite: 4,
  /** Came after it in one process. */
  processOrder: 8,
  /** Started after it had ended. */
  realTime: 16,
} as const

export type EdgeKind = (typeof EDGE)[keyof typeof EDGE]

const INITIAL_EDGES = 1024

export class DependencyGraph {
  readonly nodeCount: number
  #count = 0
  #sources = new Int32Array(INITIAL_EDGES)
  #targets = new Int32Array(INITIAL_EDGES)
  #kinds = new Uint8Array(INITIAL_EDGES)
  /** Where the edges of each node begin in the rows; empty until `seal`. */
  #rowStarts = new Int32Array(0)
  #rowTargets = new Int32Array(0)
  #rowKinds = new Uint8Array(0)

  constructor(nodeCount: number) {
    this.nodeCount = nodeCount
  }

  get edgeCount(): number {
    return this.#count
  }

  /** Before `seal` only. An edge from a node to itself says nothing and is left out. */
  add(source: number, target: number, kind: EdgeKind): void {
    if (source === target) return
    if (this.#count === this.#sources.length) this.#grow()
    this.#sources[this.#count] = source
    this.#targets[this.#count] = target
    this.#kinds[this.#count] = kind
    this.#count += 1
  }

  /** Sorts the edges by their sources: a counting sort, which keeps the order of each node's edges. */
  seal(): this {
    const starts = new Int32Array(this.nodeCount + 1)
    for (let edge = 0; edge < this.#count; edge++) {
      const row = (this.#sources[edge] ?? 0) + 1
      starts[row] = (starts[row] ?? 0) + 1
    }
    for (let node = 0; node < this.nodeCount; node++) starts[node + 1] = (starts[node + 1] ?? 0) + (starts[node] ?? 0)
    const free = starts.slice()
    const targets = new Int32Array(this.#count)
    const kinds = new Uint8Array(this.#count)
    for (let edge = 0; edge < this.#count; edge++) {
      const source = this.#sources[edge] ?? 0
      const place = free[source] ?? 0
      free[source] = place + 1
      targets[place] = this.#targets[edge] ?? 0
      kinds[place] = this.#kinds[edge] ?? 0
    }
    this.#rowStarts = starts
    this.#rowTargets = targets
    this.#rowKinds = kinds
    // The rows have all that these had.
    this.#sources = this.#targets = new Int32Array(0)
    this.#kinds = new Uint8Array(0)
    return this
  }

  /** The first edge of a node; its edges go up to the first one of the next node. */
  firstEdge(node: number): number {
    return this.#rowStarts[node] ?? this.#count
  }

  target(edge: number): number {
    return this.#rowTargets[edge] ?? 0
  }

  kind(edge: number): number {
    return this.#rowKinds[edge] ?? 0
  }

  #grow(): void {
    const [sources, targets, kinds] = [this.#sources, this.#targets, this.#kinds]
    this.#sources = new Int32Array(2 * sources.length)
    this.#targets = new Int32Array(2 * targets.length)
    this.#kinds = new Uint8Array(2 * kinds.length)
    this.#sources.set(sources)
    this.#targets.set(targets)
    this.#kinds.set(kinds)
  }
}
