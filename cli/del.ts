/** `skein del`: deletes keys, all of them in one transaction. */

import { defineCommand } from './command.ts'
import { CLIENT_OPTIONS, parseKeyOperand, withDatabase } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { CONCERN_OPTION } from './set.ts'

export const del = defineCommand({
  name: 'del',
  operands: [{ form: '<key...>', summary: 'the keys, deleted at once or not at all' }],
  summary: 'deletes keys and prints how many there were',
  details: 'Exits with 1 if none of the keys existed.',
  examples: [
    { line: 'skein del user:1', meaning: 'one key' },
    { line: 'skein del user:1 user:2', meaning: 'two, in one transaction' },
  ],
  options: { ...CLIENT_OPTIONS, w: CONCERN_OPTION },
  run: async ({ operands, options, output }) => {
    const operations = [...new Set(operands)].map((typed) => ({ op: 'del', key: parseKeyOperand(typed) }) as const)
    const { deleted, version } = await withDatabase(options, (database, call) => database.batch(operations, { ...call, w: options.w }))
    if (output.isJson) output.json({ deleted, version })
    else output.line(String(deleted))
    return deleted > 0 ? EXIT.done : EXIT.no
  },
})
