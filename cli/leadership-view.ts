/**
 * Who takes writes, put together from what the nodes say (EP, LM, MB1): the mode of the highest
 * epoch that anybody has entered, and for each voter how much of the leaders' logs it holds and
 * which data directory its vote is bound to.
 */

import type { NodeReport, ReportedPlace } from './node-report.ts'

export interface VoterView {
  readonly node: string
  /** Null: it was not asked. */
  readonly role: string | null
  /** What it holds, as it says itself, or else as its leader knows. */
  readonly held: ReportedPlace | null
  readonly applied: ReportedPlace | null
  /** The data directory whose vote counts; null: none does. */
  readonly bound: string | null
  /** The data directory that it has, as far as it is known. */
  readonly directory: string | null
}

export interface LeadershipView {
  readonly mode: string
  readonly epoch: number
  readonly leader: string | null
  /** The furthest that anybody knows of. */
  readonly committed: ReportedPlace | null
  readonly voters: readonly VoterView[]
}

/** Null if nobody answered. */
export function viewLeadership(reports: readonly NodeReport[]): LeadershipView | null {
  const [newest] = [...reports].sort(
    (left, right) => right.epoch - left.epoch || Number(right.leader !== null) - Number(left.leader !== null),
  )
  if (newest === undefined) return null
  const { mode, epoch, leader } = newest
  const teller = reports.find((report) => report.node === leader) ?? newest
  const committed = reports.map(({ chain }) => chain.committed).reduce(further, null)
  return { mode, epoch, leader, committed, voters: teller.chain.voters.map((voter) => viewVoter(voter, teller, reports)) }
}

function viewVoter(voter: NodeReport['chain']['voters'][number], teller: NodeReport, reports: readonly NodeReport[]): VoterView {
  const { node, directory: bound, length } = voter
  const own = reports.find((report) => report.node === node)
  if (own !== undefined) {
    const { role, position, applied } = own.chain
    return { node, role, held: position, applied, bound, directory: own.directory }
  }
  const held = length === null ? null : { epoch: teller.epoch, length }
  const directory = teller.peers.find((peer) => peer.node === node)?.directory ?? null
  return { node, role: null, held, applied: null, bound, directory }
}

function further(left: ReportedPlace | null, right: ReportedPlace | null): ReportedPlace | null {
  if (left === null || right === null) return left ?? right
  return right.epoch > left.epoch || (right.epoch === left.epoch && right.length > left.length) ? right : left
}
