/**
 * Columns of text. Cells are aligned by what is seen and coloured afterwards, so that escape
 * codes take no room.
 */

import { stripVTControlCharacters } from 'node:util'

export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
}

const GAP = '   '

/** Lines of a table: the titles, if any, then the rows. Cells may be coloured already. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paintTitle: (text: string) => string,
): string[] {
  const widths = columns.map((column, index) => Math.max(visibleWidth(column.title), ...rows.map((row) => visibleWidth(row[index] ?? ''))))
  const format = (cells: readonly string[]): string =>
    columns
      .map((column, index) => pad(cells[index] ?? '', widths[index] ?? 0, column.align))
      .join(GAP)
      .trimEnd()
  const lines = rows.map(format)
  const titles = columns.map((column) => column.title)
  return titles.every((title) => title === '') ? lines : [paintTitle(format(titles)), ...lines]
}

export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - visibleWidth(text)))
  return align === 'left' ? text + space : space + text
}

/** Columns that a text takes: its code points without escape codes. */
function visibleWidth(text: string): number {
  return [...stripVTControlCharacters(text)].length
}
