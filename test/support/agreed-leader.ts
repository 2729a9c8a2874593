/** Waits until all nodes of a cluster in leader mode know one leader, and have entered its epoch. */

import type { NodeStatus } from '../../server/index.ts'
import { eventually } from './eventually.ts'

const ELECTION_DEADLINE_MS = 20_000

export async function agreedLeader<Node extends { readonly name: string; status(): Promise<NodeStatus> }>(
  nodes: readonly Node[],
): Promise<Node> {
  let said: readonly string[] = []
  return eventually(
    async () => {
      const statuses = await Promise.all(nodes.map((node) => node.status()))
      said = statuses.map(({ node, leader, epoch, chain }) => `${node}: ${leader}, epoch ${epoch}, promised ${chain.promised}`)
      const [first] = statuses
      const isAgreed = statuses.every(
        ({ leader, epoch, chain }) => leader === first?.leader && epoch === first?.epoch && epoch === chain.promised && epoch % 2 === 0,
      )
      return isAgreed ? (nodes.find((node) => node.name === first?.leader) ?? null) : null
    },
    ELECTION_DEADLINE_MS,
    () => `a leader that all know; now ${said.join('; ')}`,
  )
}
