/** What a node says of itself and of its cluster: read from what is at hand, so that it waits for nothing. */

import { type NodeName, SkeinError, unreachable } from '../../base/index.ts'
import type { Gateway, NodeStatus } from '../gateway.ts'

/** The members as this node sees them, itself included, and after them who is here without a vote. */
export function clusterView(status: NodeStatus): object {
  const peers = new Map(status.peers.map((peer) => [peer.node, peer]))
  const view = (node: NodeName, learner: boolean): object => {
    const peer = peers.get(node)
    if (peer === undefined) return { node, self: node === status.node, learner, state: node === status.node ? 'alive' : 'down' }
    const { state, connected, directory, lag, behind, rttMs, clockSkewMs, digest } = peer
    return { node, self: false, learner, state, connected, directory, lag, behind, rttMs, clockSkewMs, digest }
  }
  const members = [...status.members.map((node) => view(node, false)), ...status.learners.map((node) => view(node, true))]
  const { node, mode, epoch, leader, digest, chain, foundersDiffer } = status
  const { role, promised, committed, applied, voters } = chain
  return { node, mode, epoch, leader, role, promised, committed, applied, voters, foundersDiffer, digest, members }
}

/** Why the node is not ready, or null if it is. */
export function unreadiness(gateway: Gateway): SkeinError | null {
  const status = gateway.status()
  const { state } = status
  switch (state.kind) {
    case 'recovering':
      return new SkeinError(
        'UNAVAILABLE',
        `the node is reading its logs, ${state.done} of ${state.total} entries so far: wait, or ask another node`,
        {
          details: { state },
        },
      )
    case 'read-only':
      return new SkeinError('UNAVAILABLE', `the node serves reads alone because of ${state.reason}: see GET /v1/status`, {
        details: { state },
      })
    case 'serving':
      return gateway.isReady
        ? leaderlessness(status)
        : new SkeinError('UNAVAILABLE', 'the node is starting or stopping: wait, or ask another node', { details: { state } })
    default:
      return unreachable(state)
  }
}

/** Why nobody is known who takes writes, or null. */
function leaderlessness({ node, mode, epoch, leader, chain }: NodeStatus): SkeinError | null {
  if (mode === 'multi') return null
  // It leads from its election on, and serves once a majority holds the header of its log.
  const isServedHere = leader === node && chain.role === 'leader' && epoch === chain.promised
  if (isServedHere || (leader !== null && leader !== node)) return null
  const message = `${node} knows of no leader that serves: wait for an election, or see in GET /v1/cluster who is reached`
  return new SkeinError('NO_QUORUM', message, { details: { epoch, promised: chain.promised } })
}
