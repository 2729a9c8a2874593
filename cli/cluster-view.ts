/**
 * A cluster as several nodes describe it, put together into one picture: who is a member and how
 * far behind, who reaches whom, whether all hold the same, and what needs an operator. Each node
 * is believed about itself; about one that did not answer, those are believed who heard it last.
 */

import { explainWarnings, type Warning } from './cluster-warnings.ts'
import { type LeadershipView, viewLeadership } from './leadership-view.ts'
import { isRemoved, type NodeReport, type ReportedPeer } from './node-report.ts'

export type Answer =
  | { readonly url: string; readonly report: NodeReport }
  | { readonly url: string; readonly report: null; readonly reason: string }

/** `learner`: it has no vote (MB2). `removed`: it was told that it is no member any more (MB4). */
export type Standing = 'member' | 'learner' | 'removed'

export type MemberView =
  | {
      readonly kind: 'answered'
      readonly node: string
      readonly standing: Standing
      readonly report: NodeReport
      readonly lag: number
      readonly skewMs: number | null
    }
  /** Known from others alone; `state` is the best that anybody says of it. */
  | {
      readonly kind: 'reported'
      readonly node: string
      readonly standing: Standing
      readonly state: string
      readonly lag: number | null
      readonly digest: string | null
    }
  | { readonly kind: 'unknown'; readonly node: string }

export type Reach =
  | { readonly kind: 'self' }
  | { readonly kind: 'reached'; readonly rttMs: number | null; readonly isSuspect: boolean }
  | { readonly kind: 'cut' }
  | { readonly kind: 'unknown' }

export type Agreement =
  | { readonly kind: 'converged' }
  /** Transactions that not every node has. */
  | { readonly kind: 'apart'; readonly transactions: number }
  /** Equal frontiers and different digests: never, unless the program is wrong (CA5). */
  | { readonly kind: 'diverged' }

export interface LogView {
  readonly writer: string
  /** What most needs looking at, of the states that the nodes report. */
  readonly state: string
  readonly length: number
  readonly waiting: number
  readonly reason: string | null
}

export interface ClusterView {
  /** In the order of their names; with them who is here without being one. */
  readonly members: readonly MemberView[]
  /** `reach[i][j]`: whether member i reaches member j. */
  readonly reach: readonly (readonly Reach[])[]
  readonly agreement: Agreement
  /** Null if nobody answered. */
  readonly leadership: LeadershipView | null
  /** Which nodes have which digest. */
  readonly digests: ReadonlyMap<string, readonly string[]>
  readonly logs: readonly LogView[]
  readonly warnings: readonly Warning[]
  readonly silent: readonly { readonly url: string; readonly reason: string }[]
  /** Converged, nobody is missing, and somebody takes writes. */
  readonly isWell: boolean
}

/** Worst last. */
const LOG_STATES = ['sealed', 'following', 'active', 'waiting', 'skewed', 'corrupt', 'forked']

export function assembleView(answers: readonly Answer[]): ClusterView {
  const reports = new Map<string, NodeReport>()
  for (const { report } of answers) if (report !== null) reports.set(report.node, report)
  // What a removed node says is of a cluster that it does not belong to.
  const known = [...reports.values()].filter((report) => !isRemoved(report))
  const listed = listedMembers(known)
  const learners = known.flatMap((report) => report.learners)
  const names = [...new Set([...reports.keys(), ...listed, ...learners])].sort()
  const members = names.map((name) => viewMember(name, listed, reports))
  const silent = answers.flatMap(({ url, ...rest }) => (rest.report === null ? [{ url, reason: rest.reason }] : []))
  const agreement = judgeAgreement(members, known)
  const leadership = viewLeadership(known)
  const isLed = leadership === null || leadership.mode === 'multi' || leadership.leader !== null
  return {
    members,
    reach: names.map((from) => names.map((to) => viewReach(from, to, reports))),
    agreement,
    leadership,
    digests: groupDigests(members),
    logs: viewLogs(known),
    warnings: explainWarnings([...reports.values()]),
    silent,
    isWell: agreement.kind === 'converged' && silent.length === 0 && isLed && listed.size > 0 && members.every(isUpOrGone),
  }
}

/** Who the members are, by those that know of the last change: it began a new epoch, or is in the present one. */
function listedMembers(reports: readonly NodeReport[]): ReadonlySet<string> {
  const epoch = Math.max(...reports.map((report) => report.epoch))
  return new Set(reports.filter((report) => report.epoch === epoch).flatMap((report) => report.members))
}

function isUpOrGone(member: MemberView): boolean {
  return isUp(member) || (member.kind === 'answered' && member.standing === 'removed')
}

export function isUp(member: MemberView): boolean {
  if (member.kind === 'answered' && member.standing === 'removed') return false
  return member.kind === 'answered' ? member.report.state.kind !== 'recovering' : member.kind === 'reported' && member.state === 'alive'
}

function viewMember(node: string, listed: ReadonlySet<string>, reports: ReadonlyMap<string, NodeReport>): MemberView {
  const own = reports.get(node)
  const heard = hearsay(node, reports)
  const presence = listed.has(node) ? 'member' : 'learner'
  if (own !== undefined) {
    const standing = isRemoved(own) ? 'removed' : presence
    const lag = missingTransactions(own, [...reports.values()])
    return { kind: 'answered', node, standing, report: own, lag, skewMs: medianSkew(heard) }
  }
  const latest = heard[0]
  if (latest === undefined) return { kind: 'unknown', node }
  const lags = heard.flatMap((peer) => (peer.lag === null ? [] : [peer.lag]))
  return {
    kind: 'reported',
    node,
    standing: presence,
    state: latest.state,
    lag: lags.length === 0 ? null : Math.max(...lags),
    digest: latest.digest,
  }
}

/** What the others say of a node, whoever heard it last first. */
function hearsay(node: string, reports: ReadonlyMap<string, NodeReport>): ReportedPeer[] {
  const said = [...reports.values()].flatMap((report) => report.peers.filter((peer) => peer.node === node))
  const age = (peer: ReportedPeer): number => peer.secondsSinceHeard ?? Number.POSITIVE_INFINITY
  return said.sort((left, right) => (age(left) === age(right) ? 0 : age(left) - age(right)))
}

function missingTransactions(own: NodeReport, all: readonly NodeReport[]): number {
  let missing = 0
  for (const writer of writersOf(all)) {
    const most = Math.max(...all.map((report) => report.frontier.get(writer) ?? 0))
    missing += most - (own.frontier.get(writer) ?? 0)
  }
  return missing
}

function medianSkew(heard: readonly ReportedPeer[]): number | null {
  const skews = heard.flatMap((peer) => (peer.clockSkewMs === null ? [] : [peer.clockSkewMs])).sort((left, right) => left - right)
  return skews[Math.floor((skews.length - 1) / 2)] ?? null
}

function viewReach(from: string, to: string, reports: ReadonlyMap<string, NodeReport>): Reach {
  if (from === to) return { kind: 'self' }
  const own = reports.get(from)
  if (own === undefined) {
    const latest = hearsay(from, reports)[0]
    // What a node that is down once reached says nothing about now.
    if (latest === undefined || latest.state === 'down') return { kind: 'unknown' }
    return latest.reaches.includes(to) ? { kind: 'reached', rttMs: null, isSuspect: false } : { kind: 'cut' }
  }
  const peer = own.peers.find((candidate) => candidate.node === to)
  if (peer === undefined || !peer.connected || peer.state === 'down') return { kind: 'cut' }
  return { kind: 'reached', rttMs: peer.rttMs, isSuspect: peer.state === 'suspect' }
}

function judgeAgreement(members: readonly MemberView[], reports: readonly NodeReport[]): Agreement {
  let transactions = 0
  for (const writer of writersOf(reports)) {
    const sequences = reports.map((report) => report.frontier.get(writer) ?? 0)
    transactions += Math.max(...sequences) - Math.min(...sequences)
  }
  for (const member of members) if (member.kind === 'reported') transactions += member.lag ?? 0
  if (transactions > 0) return { kind: 'apart', transactions }
  return new Set(reports.map((report) => report.digest)).size > 1 ? { kind: 'diverged' } : { kind: 'converged' }
}

function groupDigests(members: readonly MemberView[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const member of members) {
    const digest = member.kind === 'answered' ? member.report.digest : member.kind === 'reported' ? member.digest : null
    if (digest !== null) groups.set(digest, [...(groups.get(digest) ?? []), member.node])
  }
  return groups
}

function viewLogs(reports: readonly NodeReport[]): LogView[] {
  const views = new Map<string, LogView>()
  for (const { writer, state, length, waiting, reason } of reports.flatMap((report) => report.logs)) {
    const seen = views.get(writer)
    const isWorse = seen === undefined || LOG_STATES.indexOf(state) > LOG_STATES.indexOf(seen.state)
    views.set(writer, {
      writer,
      state: isWorse ? state : seen.state,
      length: Math.max(length, seen?.length ?? 0),
      waiting: Math.max(waiting, seen?.waiting ?? 0),
      reason: isWorse ? reason : seen.reason,
    })
  }
  return [...views.values()].sort((left, right) => (left.writer < right.writer ? -1 : 1))
}

function writersOf(reports: readonly NodeReport[]): Set<string> {
  return new Set(reports.flatMap((report) => [...report.frontier.keys()]))
}
