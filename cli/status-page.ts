/** A cluster's picture as text: first the answer, then who, then what lies behind it. */

import { SECOND_MS, unreachable } from '../base/index.ts'
import type { Agreement, ClusterView, LogView, MemberView, Reach, Standing } from './cluster-view.ts'
import type { LeadershipView, VoterView } from './leadership-view.ts'
import type { NodeReport, ReportedPlace } from './node-report.ts'
import type { Palette } from './palette.ts'
import { formatAge, formatCount, formatMs, formatPlural } from './quantities.ts'
import { formatTable } from './table.ts'

/** Logs that are in order are counted, not listed, beyond so many. */
const FOLLOWING_SHOWN_MAX = 12
const DIGEST_SHOWN = 16
const DIRECTORY_SHOWN = 8

export function renderStatus(view: ClusterView, palette: Palette): string[] {
  const sections = [
    renderHeadline(view, palette),
    renderMembers(view.members, palette),
    view.members.length > 1 ? renderReach(view, palette) : [],
    renderVoters(view, palette),
    renderLogs(view.logs, palette),
    renderWarnings(view, palette),
  ]
  return sections.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))
}

function renderHeadline(view: ClusterView, palette: Palette): string[] {
  const reports = view.members.flatMap((member) => (member.kind === 'answered' ? [member.report] : []))
  const parts = [
    palette.strong(formatPlural(view.members.length, 'node')),
    describeAgreement(view.agreement, palette),
    ...describeAbsent(view, palette),
  ]
  const lines = [parts.join(palette.quiet(' · '))]
  if (reports.length === 0) return lines
  const conflicts = Math.max(...reports.map((report) => report.keysWithConflicts))
  const facts = [
    ...[...view.digests].map(([digest, nodes]) => `digest ${digest.slice(0, DIGEST_SHOWN)} on ${nodes.join(', ')}`),
    ...(view.leadership === null ? [] : [describeLeadership(view.leadership)]),
    ...(conflicts > 0 ? [`${formatPlural(conflicts, 'key')} with conflicts (skein conflicts)`] : []),
  ]
  return [...lines, palette.quiet(facts.join(' · '))]
}

function describeLeadership({ mode, leader, epoch, committed }: LeadershipView): string {
  if (mode === 'multi') return `multi, epoch ${epoch}`
  return `${leader === null ? 'nobody leads' : `led by ${leader}`}, epoch ${epoch}, committed ${describePlace(committed)}`
}

function describeAgreement(agreement: Agreement, palette: Palette): string {
  switch (agreement.kind) {
    case 'converged':
      return palette.good('converged')
    case 'apart':
      return palette.warning(`${formatPlural(agreement.transactions, 'transaction')} apart`)
    case 'diverged':
      return palette.bad('DIVERGED')
    default:
      return unreachable(agreement)
  }
}

function describeAbsent({ members, silent }: ClusterView, palette: Palette): string[] {
  const down = members.filter((member) => member.kind !== 'answered' && !(member.kind === 'reported' && member.state === 'alive'))
  if (down.length > 0) return [palette.bad(`not here: ${down.map((member) => member.node).join(', ')}`)]
  return silent.length > 0 ? [palette.warning(`${formatPlural(silent.length, 'address')} silent`.replace('addresss', 'addresses'))] : []
}

function renderMembers(members: readonly MemberView[], palette: Palette): string[] {
  const columns = [
    { title: '  node', align: 'left' },
    { title: 'state', align: 'left' },
    { title: 'writer', align: 'left' },
    { title: 'keys', align: 'right' },
    { title: 'applied', align: 'right' },
    { title: 'lag', align: 'right' },
    { title: 'skew', align: 'right' },
    { title: 'uptime', align: 'right' },
    { title: 'version', align: 'left' },
  ] as const
  return formatTable(
    columns,
    members.map((member) => memberCells(member, palette)),
    palette.quiet,
  )
}

function memberCells(member: MemberView, palette: Palette): string[] {
  switch (member.kind) {
    case 'answered': {
      const { report, lag, skewMs } = member
      const [mark, state] = describeState(report, member.standing, palette)
      const applied = [...report.frontier.values()].reduce((sum, sequence) => sum + sequence, 0)
      return [
        `${mark} ${palette.strong(report.node)}`,
        state,
        report.writer ?? palette.quiet('no write yet'),
        formatCount(report.keys),
        formatCount(applied),
        lag === 0 ? '0' : palette.warning(formatCount(lag)),
        skewMs === null ? palette.quiet('–') : formatMs(skewMs),
        formatAge(report.uptime * SECOND_MS),
        report.version,
      ]
    }
    case 'reported': {
      const { node, state, lag } = member
      const paint = state === 'alive' ? palette.good : state === 'suspect' ? palette.warning : palette.bad
      const heard = member.standing === 'learner' ? 'learner, heard by others' : 'heard by others'
      const shown = state === 'alive' ? heard : state
      return [
        `${paint(state === 'alive' ? '●' : '○')} ${palette.strong(node)}`,
        paint(shown),
        '',
        '',
        '',
        lag === null ? '' : formatCount(lag),
      ]
    }
    case 'unknown':
      return [`${palette.quiet('○')} ${palette.strong(member.node)}`, palette.quiet('nobody has heard it')]
    default:
      return unreachable(member)
  }
}

function describeState({ state }: NodeReport, standing: Standing, palette: Palette): readonly [mark: string, text: string] {
  if (standing === 'removed') return [palette.bad('○'), palette.bad('removed')]
  switch (state.kind) {
    case 'serving':
      return [palette.good('●'), standing === 'learner' ? 'learner' : 'serving']
    case 'recovering':
      return [palette.warning('◐'), palette.warning('recovering')]
    case 'read-only':
      return [palette.warning('◐'), palette.warning('read-only')]
    default:
      return unreachable(state)
  }
}

function renderReach({ members, reach }: ClusterView, palette: Palette): string[] {
  const columns = [
    { title: '  reaches', align: 'left' },
    ...members.map((member) => ({ title: member.node, align: 'left' }) as const),
  ] as const
  const rows = members.map((member, from) => [`  ${member.node}`, ...(reach[from] ?? []).map((cell) => describeReach(cell, palette))])
  return formatTable(columns, rows, palette.quiet)
}

function describeReach(reach: Reach, palette: Palette): string {
  switch (reach.kind) {
    case 'self':
      return palette.quiet('·')
    case 'reached': {
      const mark = reach.isSuspect ? palette.warning('◐') : palette.good('●')
      return reach.rttMs === null ? mark : `${mark} ${palette.quiet(formatMs(reach.rttMs))}`
    }
    case 'cut':
      return palette.bad('✗ no')
    case 'unknown':
      return palette.quiet('?')
    default:
      return unreachable(reach)
  }
}

function renderVoters({ leadership }: ClusterView, palette: Palette): string[] {
  if (leadership === null || leadership.mode === 'multi') return []
  const columns = [
    { title: '  voter', align: 'left' },
    { title: 'role', align: 'left' },
    { title: 'holds', align: 'right' },
    { title: 'applied', align: 'right' },
    { title: 'directory', align: 'left' },
  ] as const
  const rows = leadership.voters.map((voter) => [
    `  ${voter.node}`,
    voter.role === 'leader' ? palette.good(voter.role) : (voter.role ?? ''),
    describePlace(voter.held),
    describePlace(voter.applied),
    describeBinding(voter, palette),
  ])
  return formatTable(columns, rows, palette.quiet)
}

/** Epoch and blocks: `4/12` is twelve blocks of the log of epoch 4's leader. */
function describePlace(place: ReportedPlace | null): string {
  return place === null ? '–' : `${place.epoch}/${place.length}`
}

function describeBinding({ bound, directory }: VoterView, palette: Palette): string {
  if (bound === null) return palette.warning('none has its vote')
  const name = bound.slice(0, DIRECTORY_SHOWN)
  if (directory === null || directory === bound) return palette.quiet(name)
  return palette.warning(`${name} has its vote, not ${directory.slice(0, DIRECTORY_SHOWN)}`)
}

function renderLogs(logs: readonly LogView[], palette: Palette): string[] {
  const isInOrder = (log: LogView): boolean => log.waiting === 0 && (log.state === 'sealed' || log.state === 'following')
  const following = logs.filter((log) => isInOrder(log) && log.state === 'following')
  const shown = [...logs.filter((log) => !isInOrder(log)), ...following.slice(0, FOLLOWING_SHOWN_MAX)]
  const columns = [
    { title: '  log', align: 'left' },
    { title: 'state', align: 'left' },
    { title: 'blocks', align: 'right' },
    { title: 'waiting', align: 'right' },
    { title: '', align: 'left' },
  ] as const
  const rows = shown.map(({ writer, state, length, waiting, reason }) => [
    `  ${writer}`,
    paintLogState(state, palette),
    formatCount(length),
    waiting === 0 ? palette.quiet('0') : palette.warning(formatCount(waiting)),
    reason ?? '',
  ])
  const rest = logs.length - shown.length
  const more = rest > 0 ? [palette.quiet(`  and ${formatPlural(rest, 'earlier log')}, complete and in order`)] : []
  return rows.length === 0 ? [] : [...formatTable(columns, rows, palette.quiet), ...more]
}

function paintLogState(state: string, palette: Palette): string {
  switch (state) {
    case 'active':
      return palette.good(state)
    case 'following':
      return state
    case 'sealed':
      return palette.quiet(state)
    case 'waiting':
    case 'skewed':
      return palette.warning(state)
    default:
      return palette.bad(state)
  }
}

function renderWarnings({ warnings, silent, members }: ClusterView, palette: Palette): string[] {
  const lines = warnings.flatMap(({ code, message, advice }) => [
    `${palette.warning(`! ${code}`)}  ${message}`,
    palette.quiet(`  → ${advice}`),
  ])
  for (const { url, reason } of silent) {
    lines.push(
      `${palette.warning('! SILENT')}  ${url} does not answer (${reason})`,
      palette.quiet('  → start the node there, or correct --url'),
    )
  }
  const notAsked = members.filter((member) => member.kind === 'reported' && member.state === 'alive').map((member) => member.node)
  if (notAsked.length > 0) lines.push(palette.quiet(`${notAsked.join(', ')} known from the others alone: give more --url to ask everyone`))
  return lines
}
