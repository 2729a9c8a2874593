/**
 * Colours of the terminal, as functions from text to text. Whoever formats asks for a meaning
 * (`good`, `bad`, `quiet`), not for a colour, and gets the text back unchanged where colours are
 * not wanted: in a pipe, under NO_COLOR, on a dumb terminal.
 */

export type Paint = (text: string) => string

export interface Palette {
  readonly strong: Paint
  /** What one may skip: units, labels, hints. */
  readonly quiet: Paint
  readonly good: Paint
  readonly warning: Paint
  readonly bad: Paint
  /** Names of nodes, commands and addresses. */
  readonly name: Paint
}

export const PLAIN: Palette = {
  strong: unchanged,
  quiet: unchanged,
  good: unchanged,
  warning: unchanged,
  bad: unchanged,
  name: unchanged,
}

/** The sixteen colours of every terminal theme: the user's own choice of shades stays in force. */
export const COLOURED: Palette = {
  strong: paint(1, 22),
  quiet: paint(2, 22),
  good: paint(32, 39),
  warning: paint(33, 39),
  bad: paint(31, 39),
  name: paint(36, 39),
}

export interface ColourQuestion {
  readonly isTerminal: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Colours only for a person at a terminal who did not ask for none (no-color.org). */
export function choosePalette({ isTerminal, environment }: ColourQuestion): Palette {
  const declined = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb'
  return isTerminal && !declined ? COLOURED : PLAIN
}

function paint(open: number, close: number): Paint {
  return (text) => `\u001b[${open}m${text}\u001b[${close}m`
}

function unchanged(text: string): string {
  return text
}
