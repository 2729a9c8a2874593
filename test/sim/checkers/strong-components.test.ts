import { describe, expect, it } from 'vitest'
import { Prng } from '../../../base/index.ts'
import { DependencyGraph, EDGE } from '../../../sim/checkers/dependency-graph.ts'
import { findComponents } from '../../../sim/checkers/strong-components.ts'

describe('strongly connected components (Tarjan)', () => {
  it('agree with reachability on 500 random graphs', () => {
    const random = new Prng(31)
    let withComponents = 0
    for (let round = 0; round < 500; round++) {
      const nodes = 1 + random.below(12)
      const graph = new DependencyGraph(nodes)
      const reaches = Array.from({ length: nodes }, (_, from) => Array.from({ length: nodes }, (_, to) => from === to))
      for (let edge = random.below(2 * nodes); edge > 0; edge--) {
        const [from, to] = [random.below(nodes), random.below(nodes)]
        const isFollowed = random.below(4) > 0
        graph.add(from, to, isFollowed ? EDGE.writeRead : EDGE.readWrite)
        const row = reaches[from]
        if (isFollowed && row !== undefined) row[to] = true
      }
      for (let middle = 0; middle < nodes; middle++) {
        for (const row of reaches) for (let to = 0; to < nodes; to++) row[to] ||= row[middle] === true && reaches[middle]?.[to] === true
      }
      const expected = new Set<string>()
      for (let node = 0; node < nodes; node++) {
        const mutual = Array.from({ length: nodes }, (_, other) => other).filter(
          (other) => reaches[node]?.[other] && reaches[other]?.[node],
        )
        if (mutual.length > 1) expected.add(mutual.join())
      }
      const found = findComponents(graph.seal(), EDGE.writeRead).map((component) => component.join())
      expect(found.sort()).toEqual([...expected].sort())
      if (expected.size > 0) withComponents += 1
    }
    expect(withComponents).toBeGreaterThan(100)
  })

  it('follows a path of 200,000 nodes without a stack of calls', () => {
    const count = 200_000
    const graph = new DependencyGraph(count)
    for (let node = 0; node < count; node++) graph.add(node, (node + 1) % count, EDGE.writeWrite)
    expect(findComponents(graph.seal(), EDGE.writeWrite).map(({ length }) => length)).toEqual([count])
  })
})
