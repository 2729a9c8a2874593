/**
 * Who leads after a leader that stops in good order (LM10): the voter that holds most of its log,
 * so that the least has to be copied while writes wait. Letting the others find out by themselves
 * was rejected: they notice a silent leader after an election timeout, and writes would wait a
 * second at every restart of a machine.
 */

import type { NodeName } from '../base/index.ts'
import type { Status } from '../core/index.ts'

/** Voters that could lead, the best first; none unless `status` is the leader's own. */
export function successors({ node, leader, chain, peers }: Status): readonly NodeName[] {
  if (leader !== node) return []
  const present = new Map(peers.filter((peer) => peer.connected).map((peer) => [peer.node, peer.directory]))
  return chain.voters
    .filter((voter) => voter.node !== node && voter.directory !== null && present.get(voter.node) === voter.directory)
    .sort((left, right) => (right.length ?? 0) - (left.length ?? 0))
    .map((voter) => voter.node)
}
