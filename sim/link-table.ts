/**
 * The links between all nodes of a cluster, each with what goes on over it: one for each two nodes.
 */

import { assert, present } from '../base/index.ts'
import type { Connection } from './connection.ts'
import type { NodeIndex } from './fault.ts'
import { Link } from './link.ts'

export interface Pair {
  readonly link: Link
  /** The last one; null once it broke. */
  connection: Connection | null
  /** True while a greeting is under way. */
  isDialling: boolean
  /** No greeting before this, in microseconds. */
  restUntilUs: number
}

export class LinkTable {
  /** In the order of their left ends, then of their right ends. */
  readonly pairs: readonly Pair[]
  readonly #byNode: readonly (readonly (Pair | null)[])[]

  constructor(nodes: number) {
    const pairs: Pair[] = []
    const byNode = Array.from({ length: nodes }, () => new Array<Pair | null>(nodes).fill(null))
    for (let left = 0; left < nodes; left++) {
      for (let right = left + 1; right < nodes; right++) {
        const pair: Pair = { link: new Link(left, right), connection: null, isDialling: false, restUntilUs: 0 }
        pairs.push(pair)
        for (const [from, to] of [
          [left, right],
          [right, left],
        ] as const) {
          present(byNode[from], 'a node has a row')[to] = pair
        }
      }
    }
    this.pairs = pairs
    this.#byNode = byNode
  }

  between(one: NodeIndex, other: NodeIndex): Pair {
    assert(one !== other, 'a node has no link to itself')
    return present(this.#byNode[one]?.[other], 'two nodes of a cluster have a link')
  }

  of(node: NodeIndex): Pair[] {
    return this.pairs.filter(({ link }) => link.left === node || link.right === node)
  }
}
