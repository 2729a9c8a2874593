/**
 * Options of the commands. Each is a flag (`--http-port`), an environment variable
 * (`SKEIN_HTTP_PORT`) and a key of the JSON file that `--config` names (`httpPort`); the flag
 * beats the variable, which beats the file. An option is declared once, as a value that knows how
 * to decode its texts; from a table of such values comes the typed record that a command gets.
 *
 * Commander's own `env()` and default handling are not used: they take any text for a true switch
 * (`SKEIN_JSON=0`), and know no file.
 */

import { parseDuration, parseSize, SkeinError } from '../base/index.ts'

export interface OptionSpec<Value> {
  readonly summary: string
  /** What stands for the value in the help; null for a switch, which has none. */
  readonly placeholder: string | null
  /** Several values, given by repeating the flag or separated by commas. */
  readonly isList: boolean
  /** What holds if nobody says anything. */
  readonly fallback: Value
  /** How the help shows that, or null if there is nothing to show. */
  readonly shownFallback: string | null
  /** Not in the help: for this program's own use. */
  readonly isHidden: boolean
  /** At least one text; `name` is how its origin calls the option. @throws BAD_REQUEST */
  decode(texts: readonly string[], name: string): Value
}

export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>

export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends OptionSpec<infer Value> ? Value : never
}

/** What each origin says. Invariant: lists of a flag hold at least one text. */
export interface OptionSources {
  readonly flags: ReadonlyMap<string, readonly string[]>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly file: ReadonlyMap<string, readonly string[]>
}

const SWITCH_TEXTS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['yes', true],
  ['on', true],
  ['0', false],
  ['false', false],
  ['no', false],
  ['off', false],
])

/** Values of all options in `table`. @throws BAD_REQUEST naming the flag, variable or key at fault */
export function resolveOptions<Table extends OptionTable>(table: Table, sources: OptionSources): OptionValues<Table> {
  const values: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(table)) values[name] = resolveOption(name, spec, sources)
  // Each value was decoded by the spec of its name; the compiler cannot follow that through the loop.
  return values as OptionValues<Table>
}

/** `httpPort` → `--http-port` */
export function flagOf(name: string): string {
  return `--${hyphenated(name)}`
}

/** `httpPort` → `SKEIN_HTTP_PORT` */
export function variableOf(name: string): string {
  return `SKEIN_${hyphenated(name).replaceAll('-', '_').toUpperCase()}`
}

function resolveOption(name: string, spec: OptionSpec<unknown>, sources: OptionSources): unknown {
  const flag = sources.flags.get(name)
  if (flag !== undefined) return decodeOption(spec, flag, flagOf(name))
  const variable = sources.environment[variableOf(name)]
  // An empty variable is how a shell or a compose file says "not set".
  if (variable !== undefined && variable !== '') return decodeOption(spec, [variable], variableOf(name))
  const entry = sources.file.get(name)
  if (entry === undefined) return spec.fallback
  const origin = `${JSON.stringify(name)} of the config file`
  if (!spec.isList && entry.length !== 1) throw new SkeinError('BAD_REQUEST', `${origin} is a list: give one value`)
  return decodeOption(spec, entry, origin)
}

function decodeOption(spec: OptionSpec<unknown>, texts: readonly string[], name: string): unknown {
  if (!spec.isList) return spec.decode(texts.slice(-1), name)
  const items = texts
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '')
  return spec.decode(items, name)
}

function hyphenated(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

interface Described {
  readonly summary: string
  readonly placeholder: string
}

export function textOption<Fallback extends string | null>(described: Described, fallback: Fallback): OptionSpec<string | Fallback> {
  return spec<string | Fallback>(described, fallback, fallback, ([text = ''], name) => {
    if (text === '') throw new SkeinError('BAD_REQUEST', `${name} is empty: give ${described.placeholder}`)
    return text
  })
}

export function integerOption<Fallback extends number | null>(
  described: Described & { readonly min: number; readonly max: number },
  fallback: Fallback,
): OptionSpec<number | Fallback> {
  const { min, max } = described
  return spec<number | Fallback>(described, fallback, fallback === null ? null : String(fallback), ([text = ''], name) => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min && value <= max) return value
    throw new SkeinError('BAD_REQUEST', `${name} ${quoted(text)} is not a whole number from ${min} to ${max}`)
  })
}

/** A number that may have decimals, such as `0.5`. */
export function numberOption(described: Described & { readonly min: number; readonly max: number }, fallback: number): OptionSpec<number> {
  const { min, max } = described
  return spec(described, fallback, String(fallback), ([text = ''], name) => {
    const value = Number(text)
    if (text.trim() !== '' && value >= min && value <= max) return value
    throw new SkeinError('BAD_REQUEST', `${name} ${quoted(text)} is not a number from ${min} to ${max}`)
  })
}

/** A share of one, such as `0.01`. */
export function shareOption(described: Described, fallback: number): OptionSpec<number> {
  return spec(described, fallback, String(fallback), ([text = ''], name) => {
    const value = Number(text)
    if (text.trim() !== '' && value >= 0 && value <= 1) return value
    throw new SkeinError('BAD_REQUEST', `${name} ${quoted(text)} is not a share from 0 to 1: write 0.01 for one in a hundred`)
  })
}

/** Milliseconds, written as `500ms`, `30s` or `5m`. */
export function durationOption<Fallback extends number | null>(
  described: Described,
  fallback: Fallback,
  shownFallback: string | null,
): OptionSpec<number | Fallback> {
  return spec<number | Fallback>(described, fallback, shownFallback, ([text = ''], name) => parseDuration(text, name))
}

/** Bytes, written as `4096`, `64kb` or `1mb`, from `min` to `max`. */
export function sizeOption(
  described: Described & { readonly min: number; readonly max: number },
  fallback: number,
  shownFallback: string,
): OptionSpec<number> {
  const { min, max } = described
  return spec(described, fallback, shownFallback, ([text = ''], name) => {
    const bytes = parseSize(text, name)
    if (bytes >= min && bytes <= max) return bytes
    throw new SkeinError('BAD_REQUEST', `${name} ${quoted(text)} is not from ${min} to ${max} bytes`)
  })
}

export function choiceOption<Choice extends string>(
  described: { readonly summary: string; readonly choices: readonly Choice[] },
  fallback: Choice,
): OptionSpec<Choice> {
  const { choices } = described
  return spec({ summary: described.summary, placeholder: choices.join('|') }, fallback, fallback, ([text = ''], name) => {
    const choice = choices.find((candidate) => candidate === text)
    if (choice !== undefined) return choice
    throw new SkeinError('BAD_REQUEST', `${name} ${quoted(text)} is none of ${choices.join(', ')}`)
  })
}

/** Items of a list; `decodeItem` reads one. */
export function listOption<Item>(
  described: Described,
  fallback: readonly Item[],
  shownFallback: string | null,
  decodeItem: (text: string, name: string) => Item,
): OptionSpec<readonly Item[]> {
  const one = spec<readonly Item[]>(described, fallback, shownFallback, (texts, name) => texts.map((text) => decodeItem(text, name)))
  return { ...one, isList: true }
}

/** Off unless given; `--no-…` switches it off against a variable or the file. */
export function switchOption(summary: string): OptionSpec<boolean> {
  return optionalSwitch<false>(summary, false)
}

/** A switch whose absence means something else than no: the command decides. */
export function optionalSwitch<Fallback extends false | null>(summary: string, fallback: Fallback): OptionSpec<boolean | Fallback> {
  return {
    ...spec<boolean | Fallback>({ summary, placeholder: '' }, fallback, null, ([text = ''], name) => {
      const value = SWITCH_TEXTS.get(text.toLowerCase())
      if (value !== undefined) return value
      throw new SkeinError('BAD_REQUEST', `${name} ${quoted(text)} is neither yes nor no: write 1 or 0`)
    }),
    placeholder: null,
  }
}

export function hidden<Value>(option: OptionSpec<Value>): OptionSpec<Value> {
  return { ...option, isHidden: true }
}

function spec<Value>(
  described: Described,
  fallback: Value,
  shownFallback: string | null,
  decode: (texts: readonly string[], name: string) => Value,
): OptionSpec<Value> {
  return { summary: described.summary, placeholder: described.placeholder, isList: false, fallback, shownFallback, isHidden: false, decode }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}
