/**
 * A conflict in words: what both sides wrote, what each had seen, and why one of them stands. The
 * vector clocks are shown in full, because they are the proof that neither side knew of the other.
 */

import { unreachable } from '../base/index.ts'
import type { ConflictingVersion, KeyConflict } from '../client/index.ts'
import type { Palette } from './palette.ts'
import { formatPlural } from './quantities.ts'
import { formatTable } from './table.ts'
import { inlineValue } from './value-text.ts'

const VALUE_LENGTH_MAX = 200
const CLOCK_COLUMNS_MAX = 5

/** Lines about one conflict of a key. */
export function renderConflict({ winner, loser, rule }: KeyConflict, palette: Palette): string[] {
  const columns = Array.from({ length: 5 }, () => ({ title: '', align: 'left' }) as const)
  const rows = [factsOf(palette.good('stands'), winner), factsOf(palette.warning('lost'), loser)]
  return [
    ...formatTable(columns, rows, palette.quiet),
    '',
    ...renderClocks(winner, loser, palette),
    '',
    `Neither had seen what the other wrote: the writes are concurrent. ${explainRule(rule, winner, loser)}`,
  ]
}

/** Why the winner won (RG3). */
export function explainRule(rule: KeyConflict['rule'], winner: ConflictingVersion, loser: ConflictingVersion): string {
  switch (rule) {
    case 'epoch':
      return `Epoch ${winner.epoch} beats epoch ${loser.epoch}.`
    case 'timestamp':
      return 'The later hybrid time wins, on every node alike.'
    case 'writer':
      return 'Their hybrid times are equal, so the greater writer name wins, on every node alike.'
    default:
      return unreachable(rule)
  }
}

function factsOf(mark: string, side: ConflictingVersion): string[] {
  return [mark, shownSide(side), side.version, side.timestamp, `epoch ${side.epoch}`]
}

function shownSide({ value, isDelete }: ConflictingVersion): string {
  if (isDelete) return '(deleted)'
  const text = value === undefined ? '(value too long to list)' : inlineValue(value)
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text
}

/** The vector clocks side by side, for the logs in which they differ: each is ahead in one. */
function renderClocks(winner: ConflictingVersion, loser: ConflictingVersion, palette: Palette): string[] {
  const writers = [...new Set([...Object.keys(winner.clock), ...Object.keys(loser.clock)])].sort()
  const differing = writers.filter((writer) => winner.clock[writer] !== loser.clock[writer])
  const shown = differing.slice(0, CLOCK_COLUMNS_MAX)
  const columns = [{ title: 'had seen of', align: 'left' }, ...shown.map((writer) => ({ title: writer, align: 'right' }) as const)] as const
  const cells = (mark: string, { clock }: ConflictingVersion): string[] => [mark, ...shown.map((writer) => String(clock[writer] ?? 0))]
  const rows = [cells(palette.good('stands'), winner), cells(palette.warning('lost'), loser)]
  const equal = writers.length - differing.length
  const rest = equal > 0 ? [palette.quiet(`and the same of ${formatPlural(equal, 'other log')}`)] : []
  return [...formatTable(columns, rows, palette.quiet), ...rest]
}
