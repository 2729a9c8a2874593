/**
 * What in the nodes' reports needs an operator, in plain words: what is so, and what to do. A
 * warning that several nodes share is given once.
 */

import { unreachable } from '../base/index.ts'
import { viewLeadership } from './leadership-view.ts'
import { isRemoved, type NodeReport, type ReportedLog } from './node-report.ts'
import { formatCount, formatMs } from './quantities.ts'

export interface Warning {
  /** The stable word for it. */
  readonly code: string
  readonly message: string
  readonly advice: string
}

/** A clock that is further off than this (in milliseconds) is worth a line; HL3 acts at 60 s. */
const CLOCK_OFF_MS = 1000

export function explainWarnings(reports: readonly NodeReport[]): Warning[] {
  const known = reports.filter((report) => !isRemoved(report))
  return [
    ...explainDivergence(reports),
    ...reports.flatMap(explainState),
    ...explainLeadership(known),
    ...explainLostVotes(known),
    ...explainDifferentPeers(known),
    ...reports.flatMap(explainForeign),
    ...explainLearners(known),
    ...reports.flatMap(explainNames),
    ...reports.flatMap(explainClock),
    ...explainLogs(reports),
    ...reports.flatMap(explainStrangers),
  ]
}

function explainDivergence(reports: readonly NodeReport[]): Warning[] {
  const byFrontier = new Map<string, NodeReport>()
  for (const report of reports) {
    const frontier = JSON.stringify([...report.frontier].sort())
    const twin = byFrontier.get(frontier)
    if (twin !== undefined && twin.digest !== report.digest) {
      const message = `${twin.node} and ${report.node} have applied the same and hold different data`
      return [{ code: 'DIVERGED', message, advice: 'keep both data directories as they are and report it: this is a bug' }]
    }
    byFrontier.set(frontier, report)
  }
  return []
}

function explainState({ node, state }: NodeReport): Warning[] {
  switch (state.kind) {
    case 'serving':
      return []
    case 'recovering': {
      const message = `${node} reads its logs: ${formatCount(state.done)} of ${formatCount(state.total)} entries`
      return [{ code: 'RECOVERING', message, advice: 'it serves when it is done' }]
    }
    case 'read-only':
      return [explainReadOnly(node, state.reason)]
    default:
      return unreachable(state)
  }
}

function explainLeadership(reports: readonly NodeReport[]): Warning[] {
  const leadership = viewLeadership(reports)
  if (leadership === null || leadership.mode === 'multi' || leadership.leader !== null) return []
  const voters = leadership.voters.map(({ node }) => node)
  const message = `nobody leads: writes wait, and then are refused (${voters.join(', ')} elect)`
  const majority = Math.floor(voters.length / 2) + 1
  return [{ code: 'NO_QUORUM', message, advice: `wait a second; if it stays so, let ${majority} of them run and reach each other` }]
}

function explainDifferentPeers(reports: readonly NodeReport[]): Warning[] {
  const differing = reports.filter(({ foundersDiffer }) => foundersDiffer.size > 0)
  if (differing.length === 0) return []
  const lists = new Map(differing.flatMap(({ node, members, foundersDiffer }) => [...foundersDiffer, [node, members] as const]))
  const told = [...lists].sort(([left], [right]) => (left < right ? -1 : 1)).map(([node, members]) => `${node} has ${members.join(', ')}`)
  const message = `the nodes were started with different --peers: ${told.join('; ')}`
  return [{ code: 'PEERS_DIFFER', message, advice: 'start each with the same list: before that no leader can be elected' }]
}

function explainForeign({ node, foreign }: NodeReport): Warning[] {
  if (foreign.length === 0) return []
  const message = `${node} does not follow the leaders of ${foreign.join(', ')}: their cluster was begun apart, with the same secret`
  return [{ code: 'FOREIGN', message, advice: 'decide which of the two stays; wipe the nodes of the other and start them with --join' }]
}

function explainLearners(reports: readonly NodeReport[]): Warning[] {
  const members = new Set(reports.flatMap((report) => report.members))
  const learners = [...new Set(reports.flatMap((report) => report.learners))].filter((node) => !members.has(node)).sort()
  return learners.map((node) => {
    const message = `${node} is no member: it has no vote, and no write concern counts it`
    return { code: 'LEARNER', message, advice: `skein join ${node}, once it has caught up` }
  })
}

/** A leader gives a new directory its vote by itself; in multi-leader mode nobody does (MB1). */
function explainLostVotes(reports: readonly NodeReport[]): Warning[] {
  const leadership = viewLeadership(reports)
  if (leadership === null || leadership.mode === 'leader') return []
  const { voters } = leadership
  const lost = voters.filter(({ bound, directory }) => bound !== null && directory !== null && bound !== directory)
  if (lost.length === 0) return []
  const isElectable = voters.length - lost.length > voters.length / 2
  const names = lost.map(({ node }) => node).join(', ')
  const advice = isElectable
    ? `before another one does: ${lost.map(({ node }) => `skein join ${node}`).join(', ')}`
    : 'too few votes are left to elect a leader: leader mode needs a new cluster'
  return [{ code: 'VOTE_LOST', message: `${names} came back with another data directory, which has no vote`, advice }]
}

function explainReadOnly(node: string, reason: string): Warning {
  switch (reason) {
    case 'DISK_FULL':
      return {
        code: reason,
        message: `${node} is read-only: its disk is full`,
        advice: 'free space there; it takes writes again by itself',
      }
    case 'CLOCK_SKEW':
      return {
        code: reason,
        message: `${node} is read-only: its clock is far ahead of the others'`,
        advice: 'set its clock (NTP); it takes writes again by itself',
      }
    case 'NAME_IN_USE':
      return {
        code: reason,
        message: `${node} is read-only: another live process uses its name`,
        advice: 'stop one of the two, or give this one another --node',
      }
    case 'REMOVED':
      return {
        code: reason,
        message: `${node} was removed from the cluster: the others refuse it, and it takes no writes`,
        advice: returnAdvice(node),
      }
    default:
      return { code: reason, message: `${node} is read-only: ${reason}`, advice: 'look into its log' }
  }
}

function returnAdvice(node: string): string {
  return `stop it; to have it back, start it with an empty data directory and --join, then skein join ${node}`
}

function explainNames(report: NodeReport): Warning[] {
  const { node, peers, refusedBy } = report
  const advice = 'stop one of the two, or give one another --node'
  return [
    ...peers
      .filter((peer) => peer.nameContested)
      .map((peer) => ({
        code: 'NAME_IN_USE',
        message: `${node} hears two live processes that call themselves ${peer.node}`,
        advice,
      })),
    // A node that knows that it was removed has said so by its state.
    ...refusedBy
      .filter(() => !isRemoved(report))
      .map(({ node: refuser, reason }) => ({
        code: reason,
        message: `${refuser} refuses ${node}: ${reason}`,
        advice: reason === 'REMOVED' ? returnAdvice(node) : advice,
      })),
  ]
}

function explainClock({ node, clockOffsetMs }: NodeReport): Warning[] {
  if (Math.abs(clockOffsetMs) <= CLOCK_OFF_MS) return []
  const side = clockOffsetMs < 0 ? 'ahead of' : 'behind'
  const message = `the clock of ${node} is ${formatMs(Math.abs(clockOffsetMs))} ${side} the others'`
  return [{ code: 'CLOCK_OFF', message, advice: 'set it (NTP): concurrent writes are decided by clocks' }]
}

function explainLogs(reports: readonly NodeReport[]): Warning[] {
  const seenAt = new Map<string, { readonly log: ReportedLog; readonly nodes: string[] }>()
  for (const { node, logs } of reports) {
    for (const log of logs) {
      const id = `${log.state} ${log.writer}`
      const seen = seenAt.get(id)
      if (seen === undefined) seenAt.set(id, { log, nodes: [node] })
      else seen.nodes.push(node)
    }
  }
  return [...seenAt.values()].flatMap(({ log, nodes }) => explainLog(log, nodes.join(', ')))
}

function explainLog({ writer, node, state, waiting, reason }: ReportedLog, nodes: string): Warning[] {
  const because = reason === null ? '' : ` (${reason})`
  switch (state) {
    case 'forked':
      return [
        {
          code: 'FORKED',
          message: `the log ${writer} has two versions, and is out of service at ${nodes}${because}`,
          advice: `find out how ${node} came to run on old or copied data; what was applied stays`,
        },
      ]
    case 'corrupt':
      return [
        {
          code: 'CORRUPT',
          message: `the log ${writer} is damaged, and out of service at ${nodes}${because}`,
          advice: `check the disk and the version of ${node}; all other logs go on`,
        },
      ]
    case 'skewed':
      return [
        {
          code: 'CLOCK_SKEW',
          message: `${nodes} ${nodes.includes(',') ? 'hold' : 'holds'} back ${formatCount(waiting)} entries of ${writer}: they are stamped far in the future`,
          advice: `set the clock of ${node}; they are applied when their time comes`,
        },
      ]
    default:
      return []
  }
}

function explainStrangers({ node, refused }: NodeReport): Warning[] {
  // A node that was removed says so itself.
  const counts = [...refused].filter(([reason, count]) => count > 0 && reason !== 'removed')
  if (counts.length === 0) return []
  const message = `${node} refused connections since its start: ${counts.map(([reason, count]) => `${reason} ${formatCount(count)}`).join(', ')}`
  return [{ code: 'REFUSED', message, advice: 'if they are your nodes, compare their --secret-file and --node' }]
}
