/**
 * Strongly connected components (Tarjan, "Depth-first search and linear graph algorithms", 1972),
 * with a stack of its own instead of recursion. Linear. A cycle of the graph lies in one component
 * of more than one node, so where there is none there is no cycle.
 */

import type { DependencyGraph } from './dependency-graph.ts'

const UNVISITED = -1

/** The components of more than one node, over the edges whose kind is in `mask`, each sorted. */
export function findComponents(graph: DependencyGraph, mask: number): readonly Int32Array[] {
  const count = graph.nodeCount
  /** The order in which nodes were found, and the earliest that can be reached from below each. */
  const found = new Int32Array(count).fill(UNVISITED)
  const lowest = new Int32Array(count)
  const isPending = new Uint8Array(count)
  /** Nodes whose component is not known yet. */
  const pending = new Int32Array(count)
  let pendingCount = 0
  /** The path from the root, with the next edge to follow of each node on it. */
  const path = new Int32Array(count)
  const nextEdge = new Int32Array(count)
  let foundCount = 0
  const components: Int32Array[] = []
  for (let root = 0; root < count; root++) {
    if (found[root] !== UNVISITED) continue
    let depth = 0
    path[0] = root
    let isNew = true
    while (depth >= 0) {
      const node = path[depth] ?? 0
      if (isNew) {
        found[node] = lowest[node] = foundCount++
        pending[pendingCount++] = node
        isPending[node] = 1
        nextEdge[node] = graph.firstEdge(node)
        isNew = false
      }
      const end = graph.firstEdge(node + 1)
      let edge = nextEdge[node] ?? end
      for (; edge < end; edge++) {
        if ((graph.kind(edge) & mask) === 0) continue
        const target = graph.target(edge)
        if (found[target] === UNVISITED) {
          path[++depth] = target
          isNew = true
          break
        }
        if (isPending[target] === 1) lowest[node] = Math.min(lowest[node] ?? 0, found[target] ?? 0)
      }
      nextEdge[node] = edge + 1
      if (isNew) continue
      if (lowest[node] === found[node]) {
        const top = pendingCount
        do isPending[pending[--pendingCount] ?? 0] = 0
        while (pending[pendingCount] !== node)
        if (top - pendingCount > 1) components.push(pending.slice(pendingCount, top).sort())
      }
      depth -= 1
      const above = path[depth]
      if (depth >= 0 && above !== undefined) lowest[above] = Math.min(lowest[above] ?? 0, lowest[node] ?? 0)
    }
  }
  return components
}
