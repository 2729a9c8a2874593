/** `skein conflicts`: concurrent writes that lost, why, and the way back for them (RG3). */

import { SkeinError } from '../base/index.ts'
import type { KeyConflict, KeyConflicts } from '../client/index.ts'
import { defineCommand, type Invocation } from './command.ts'
import { renderConflict } from './conflict-text.ts'
import { CLIENT_OPTIONS, parseKeyOperand, withDatabase } from './connection.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { integerOption, type OptionValues, textOption } from './options.ts'
import type { Output } from './output.ts'
import { formatPlural } from './quantities.ts'
import { inlineText, shownValue } from './value-text.ts'

const LIMIT_DEFAULT = 100

const OPTIONS = {
  ...CLIENT_OPTIONS,
  limit: integerOption({ summary: 'at most so many keys', placeholder: '<n>', min: 1, max: Number.MAX_SAFE_INTEGER }, LIMIT_DEFAULT),
  restore: textOption({ summary: 'write this losing version again, over what the key has now', placeholder: '<version>' }, null),
}

type Options = OptionValues<typeof OPTIONS>

export const conflicts = defineCommand({
  name: 'conflicts',
  operands: [{ form: '[key]', summary: 'one key; all keys with conflicts if left out' }],
  summary: 'explains concurrent writes: what won, what lost, and why',
  details:
    'When two nodes write the same key without knowing of each other, one rule picks the winner on every node, and the loser ' +
    'is kept here for 7 days, at most 16 for each key. With a key, exits with 1 if it has none.',
  examples: [
    { line: 'skein conflicts', meaning: 'all keys' },
    { line: 'skein conflicts user:1', meaning: 'one key' },
    { line: 'skein conflicts user:1 --restore n3.9f03c211:4', meaning: 'the loser is written again, and wins' },
  ],
  options: OPTIONS,
  run: (invocation) => (invocation.options.restore === null ? list(invocation) : restore(invocation, invocation.options.restore)),
})

async function list({ operands, options, output }: Invocation<Options>): Promise<ExitCode> {
  const key = operands[0] === undefined ? undefined : parseKeyOperand(operands[0])
  let listed = 0
  await withDatabase(options, async (database, call) => {
    for await (const found of database.conflicts(key, call)) {
      if (listed === options.limit) {
        output.note(`there are more than ${formatPlural(listed, 'key')}: raise --limit to list them`)
        break
      }
      if (output.isJson) output.json({ ...found, conflicts: found.conflicts.map(shownConflict) })
      else printKey(found, listed > 0, output)
      listed += 1
    }
  })
  if (listed > 0) return EXIT.done
  if (!output.isJson) output.line(key === undefined ? 'no conflicts on record' : `${inlineText(key)} has no conflicts on record`)
  return key === undefined ? EXIT.done : EXIT.no
}

function printKey({ key, conflicts: records }: KeyConflicts, isFurther: boolean, output: Output): void {
  const { palette } = output
  if (isFurther) output.line()
  output.line(`${palette.strong(inlineText(key))}  ${palette.quiet(formatPlural(records.length, 'conflict'))}`)
  for (const record of records) {
    output.line()
    for (const line of renderConflict(record, palette)) output.line(line === '' ? '' : `  ${line}`)
    output.line(palette.quiet(`  to write the loser again: skein conflicts ${shellQuoted(key)} --restore ${record.loser.version}`))
  }
}

async function restore({ operands, options, output }: Invocation<Options>, version: string): Promise<ExitCode> {
  if (operands[0] === undefined) throw new SkeinError('BAD_REQUEST', '--restore needs the key: skein conflicts user:1 --restore <version>')
  const key = parseKeyOperand(operands[0])
  const written = await withDatabase(options, (database, call) => database.restore(key, version, call))
  if (output.isJson) output.json({ key, restored: version, version: written.version })
  else output.line(`${inlineText(key)} has again what ${version} wrote  ${written.version}`)
  return EXIT.done
}

function shownConflict({ winner, loser, rule }: KeyConflict): unknown {
  const shown = (side: KeyConflict['winner']): unknown => ({ ...side, ...shownValue(side.value ?? null) })
  return { winner: shown(winner), loser: shown(loser), rule }
}

function shellQuoted(text: string): string {
  return /^[\w:./@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
