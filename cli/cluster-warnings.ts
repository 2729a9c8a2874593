/**
 * What in the nodes' reports needs an operator, in plain words: what is so, and what to do. A
 * warning that several nodes share is given once.
 */

import { unreachable } from '../base/index.ts'
import { viewLeadership } from './leadership-view.ts'
import type { NodeReport, ReportedLog } from './node-report.ts'
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
  return [
    ...explainDivergence(reports),
    ...reports.flatMap(explainState),
    ...explainLeadership(reports),
    ...explainLostVotes(reports),
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

/** A leader gives a new directory its vote by itself; in multi-leader mode nobody does (MB1). */
function explainLostVotes(reports: readonly NodeReport[]): Warning[] {
  const leadership = viewLeadership(reports)
  if (leadership === null || leadership.mode === 'leader') return []
  const { voters } = leadership
  const lost = voters.filter(({ bound, directory }) => bound !== null && directory !== null && bound !== directory)
  if (lost.length === 0) return []
  const isElectable = voters.length - lost.length > voters.length / 2
  const advice = isElectable
    ? 'before another one does: skein mode leader, asked of one of the others, then skein mode multi'
    : 'too few votes are left to elect a leader: leader mode needs a new cluster'
  const names = lost.map(({ node }) => node).join(', ')
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
    default:
      return { code: reason, message: `${node} is read-only: ${reason}`, advice: 'look into its log' }
  }
}

function explainNames({ node, peers, refusedBy }: NodeReport): Warning[] {
  const advice = 'stop one of the two, or give one another --node'
  return [
    ...peers
      .filter((peer) => peer.nameContested)
      .map((peer) => ({
        code: 'NAME_IN_USE',
        message: `${node} hears two live processes that call themselves ${peer.node}`,
        advice,
      })),
    ...refusedBy.map((refusal) => ({ code: refusal.reason, message: `${refusal.node} refuses ${node}: ${refusal.reason}`, advice })),
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
  const counts = [...refused].filter(([, count]) => count > 0)
  if (counts.length === 0) return []
  const message = `${node} refused connections since its start: ${counts.map(([reason, count]) => `${reason} ${formatCount(count)}`).join(', ')}`
  return [{ code: 'REFUSED', message, advice: 'if they are your nodes, compare their --secret-file and --node' }]
}
