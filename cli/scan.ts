/** `skein scan`: keys in the order of their bytes, with their values, page after page. */

import type { ScanItem } from '../client/index.ts'
import { defineCommand } from './command.ts'
import { CLIENT_OPTIONS, READ_OPTION, withDatabase } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { integerOption, switchOption, textOption } from './options.ts'
import type { Output } from './output.ts'
import { inlineText, inlineValue, shownValue } from './value-text.ts'

const OPTIONS = {
  ...CLIENT_OPTIONS,
  prefix: textOption({ summary: 'only keys that begin with this', placeholder: '<text>' }, null),
  start: textOption({ summary: 'from this key on', placeholder: '<key>' }, null),
  end: textOption({ summary: 'up to this key, without it', placeholder: '<key>' }, null),
  limit: integerOption({ summary: 'at most so many keys', placeholder: '<n>', min: 1, max: Number.MAX_SAFE_INTEGER }, null),
  reverse: switchOption('from the last to the first'),
  keysOnly: switchOption('keys without values'),
  read: READ_OPTION,
}

export const scan = defineCommand({
  name: 'scan',
  operands: [],
  summary: 'lists keys in order, with their values',
  details:
    'One line a key: key, tab, value; text with line ends or other control characters is quoted as JSON. ' +
    'Pages are fetched as needed. --timeout is for each page.',
  examples: [
    { line: 'skein scan --prefix user:', meaning: 'all users' },
    { line: 'skein scan --start a --end m --keys-only', meaning: 'keys from a up to m' },
    { line: 'skein scan --reverse --limit 10', meaning: 'the last ten' },
    { line: 'skein scan --json', meaning: 'JSON lines, with version and writer' },
  ],
  options: OPTIONS,
  run: async ({ options, output }) => {
    const { prefix, start, end, limit, reverse, keysOnly, read } = options
    await withDatabase(options, async (database, call) => {
      const range = { prefix: prefix ?? undefined, start: start ?? undefined, end: end ?? undefined, limit: limit ?? undefined, reverse }
      for await (const item of database.scan({ ...range, ...call, consistency: read })) printItem(item, keysOnly, output)
    })
    return EXIT.done
  },
})

function printItem(item: ScanItem, isKeyOnly: boolean, output: Output): void {
  const { value, ...rest } = item
  if (output.isJson) output.json(isKeyOnly ? { key: rest.key, version: rest.version } : { ...rest, ...shownValue(value) })
  else output.line(isKeyOnly ? inlineText(rest.key) : `${inlineText(rest.key)}\t${inlineValue(value)}`)
}
