/**
 * Cycles of dependencies between transactions, and what each is called (Adya, "Weak Consistency",
 * 1999; Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
 * Observations", VLDB 2020). If transactions had run one after the other, all dependencies would
 * point forwards: a cycle proves that they did not.
 *
 * Each component of the graph gives one cycle, of the worst kind that it has: G0 is of ww edges
 * alone, G1c has wr edges too, G-single exactly one rw edge, G2 several. A kind with `-process` or
 * `-realtime` needs such edges to close. The search runs from each edge of the critical kind
 * breadth-first, so that the cycle shown is a short one, and it is bounded: in a component too
 * large to search through, a cycle may be shown as G2 where one with a single rw edge exists.
 */

import { present } from '../../base/index.ts'
import { type DependencyGraph, EDGE } from './dependency-graph.ts'
import { findComponents } from './strong-components.ts'

type Dependency = 'ww' | 'wr' | 'rw' | 'process' | 'realtime'
type PlainCycleKind = 'G0' | 'G1c' | 'G-single' | 'G2'
export type CycleKind = PlainCycleKind | `${PlainCycleKind}-process` | `${PlainCycleKind}-realtime`

export interface Cycle {
  readonly kind: CycleKind
  /** Nodes in order, each with what leads to the next one; the last leads to the first. */
  readonly steps: readonly { readonly node: number; readonly dependency: Dependency }[]
}

/** Edges that all searches of one component may look at. */
const SEARCH_EDGES_MAX = 20_000_000
const NONE = -1

/** What may close a cycle, the worst first: which edges are followed, and of which kind one must be in it. */
const RUNGS: readonly { readonly mask: number; readonly critical: number }[] = [
  0,
  EDGE.processOrder,
  EDGE.processOrder | EDGE.realTime,
].flatMap((order) => [
  { mask: EDGE.writeWrite | order, critical: EDGE.writeWrite },
  { mask: EDGE.writeWrite | EDGE.writeRead | order, critical: EDGE.writeRead },
  { mask: EDGE.writeWrite | EDGE.writeRead | order, critical: EDGE.readWrite },
  { mask: EDGE.writeWrite | EDGE.writeRead | EDGE.readWrite | order, critical: EDGE.readWrite },
])

/**
 * One cycle of each component. Nodes from `transactions` on are moments, not transactions: they
 * stand for edges of real time and are left out of the steps.
 */
export function findCycles(graph: DependencyGraph, transactions: number): readonly Cycle[] {
  const every = EDGE.writeWrite | EDGE.writeRead | EDGE.readWrite | EDGE.processOrder | EDGE.realTime
  const search = new CycleSearch(graph, transactions)
  return findComponents(graph, every).map((component) => search.worstIn(component))
}

class CycleSearch {
  readonly #graph: DependencyGraph
  readonly #transactions: number
  /** The component of each node that is in one, from 1. */
  readonly #componentOf: Int32Array
  #component = 0
  /** The search that reached each node, and the edge and the node by which it did. */
  readonly #reachedBy: Int32Array
  readonly #viaEdge: Int32Array
  readonly #viaNode: Int32Array
  #searches = 0
  #edgesLeft = 0

  constructor(graph: DependencyGraph, transactions: number) {
    this.#graph = graph
    this.#transactions = transactions
    this.#componentOf = new Int32Array(graph.nodeCount)
    this.#reachedBy = new Int32Array(graph.nodeCount)
    this.#viaEdge = new Int32Array(graph.nodeCount)
    this.#viaNode = new Int32Array(graph.nodeCount)
  }

  worstIn(component: Int32Array): Cycle {
    this.#component += 1
    this.#edgesLeft = SEARCH_EDGES_MAX
    for (const node of component) this.#componentOf[node] = this.#component
    for (const { mask, critical } of RUNGS) {
      const cycle = this.#cycleThrough(component, critical, mask)
      if (cycle !== null) return cycle
    }
    // Out of edges, or made of order alone: any cycle is shown.
    this.#edgesLeft = Number.POSITIVE_INFINITY
    const every = EDGE.writeWrite | EDGE.writeRead | EDGE.readWrite | EDGE.processOrder | EDGE.realTime
    return present(this.#cycleThrough(component, every, every), 'a component of several nodes has a cycle')
  }

  /** A short cycle of an edge whose kind is in `critical` and of others whose kinds are in `mask`, or null. */
  #cycleThrough(component: Int32Array, critical: number, mask: number): Cycle | null {
    const graph = this.#graph
    for (const node of component) {
      const end = graph.firstEdge(node + 1)
      for (let edge = graph.firstEdge(node); edge < end; edge++) {
        if ((graph.kind(edge) & critical) === 0 || this.#componentOf[graph.target(edge)] !== this.#component) continue
        if (this.#edgesLeft <= 0) return null
        if (this.#reaches(graph.target(edge), node, mask)) return this.#cycle(node, edge)
      }
    }
    return null
  }

  /** Breadth-first inside the component; leaves the way in `viaEdge` and `viaNode`. */
  #reaches(from: number, to: number, mask: number): boolean {
    const graph = this.#graph
    this.#searches += 1
    this.#reachedBy[from] = this.#searches
    this.#viaEdge[from] = NONE
    const queue = [from]
    for (let next = 0; next < queue.length; next++) {
      const node = queue[next] ?? to
      if (node === to) return true
      const end = graph.firstEdge(node + 1)
      for (let edge = graph.firstEdge(node); edge < end; edge++) {
        this.#edgesLeft -= 1
        const target = graph.target(edge)
        if ((graph.kind(edge) & mask) === 0 || this.#reachedBy[target] === this.#searches) continue
        if (this.#componentOf[target] !== this.#component) continue
        this.#reachedBy[target] = this.#searches
        this.#viaEdge[target] = edge
        this.#viaNode[target] = node
        queue.push(target)
      }
    }
    return false
  }

  /** From `node` over `edge`, and by the way that the last search found back to `node`. */
  #cycle(node: number, edge: number): Cycle {
    const back: { node: number; kind: number }[] = []
    for (let at = node; (this.#viaEdge[at] ?? NONE) !== NONE; at = this.#viaNode[at] ?? node) {
      back.push({ node: this.#viaNode[at] ?? node, kind: this.#graph.kind(this.#viaEdge[at] ?? 0) })
    }
    const all = [{ node, kind: this.#graph.kind(edge) }, ...back.reverse()]
    // An edge into a moment and the ones out of it are one edge of real time.
    const steps = all.filter((step) => step.node < this.#transactions).map((step) => ({ node: step.node, dependency: nameOf(step.kind) }))
    return { kind: kindOf(steps.map(({ dependency }) => dependency)), steps }
  }
}

function nameOf(kind: number): Dependency {
  switch (kind) {
    case EDGE.writeWrite:
      return 'ww'
    case EDGE.writeRead:
      return 'wr'
    case EDGE.readWrite:
      return 'rw'
    case EDGE.processOrder:
      return 'process'
    default:
      return 'realtime'
  }
}

function kindOf(dependencies: readonly Dependency[]): CycleKind {
  const antiDependencies = dependencies.filter((dependency) => dependency === 'rw').length
  const plain = antiDependencies > 1 ? 'G2' : antiDependencies === 1 ? 'G-single' : dependencies.includes('wr') ? 'G1c' : 'G0'
  if (dependencies.includes('realtime')) return `${plain}-realtime`
  return dependencies.includes('process') ? `${plain}-process` : plain
}
