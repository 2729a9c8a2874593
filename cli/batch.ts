/** `skein batch`: many operations, applied as one transaction (WR3). */

import { BATCH_BYTES_MAX } from '../base/index.ts'
import { parseBatchLines } from './batch-lines.ts'
import { defineCommand } from './command.ts'
import { CLIENT_OPTIONS, withDatabase } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { readTextInput } from './input.ts'
import { CONCERN_OPTION } from './set.ts'

/** JSON and base64 around the bytes of a batch at its limit. */
const INPUT_BYTES_MAX = 4 * BATCH_BYTES_MAX

export const batch = defineCommand({
  name: 'batch',
  operands: [{ form: '<file>', summary: 'one JSON operation a line; - reads the standard input' }],
  summary: 'applies many operations as one transaction',
  details:
    'A line is {"op":"set","key":…,"value":…} or {"op":"del","key":…}. A set may have "ttl":"30s", "type":"text", ' +
    'or "encoding":"base64" for bytes. All of it becomes visible at once, on every node, or nothing does.',
  examples: [
    { line: 'skein batch changes.jsonl', meaning: 'a file' },
    { line: `echo '{"op":"set","key":"a","value":1}' | skein batch -`, meaning: 'a pipe' },
  ],
  options: { ...CLIENT_OPTIONS, w: CONCERN_OPTION },
  run: async ({ operands: [path = ''], options, output, terminal }) => {
    const operations = parseBatchLines(await readTextInput({ path, stdin: terminal.stdin, bytesMax: INPUT_BYTES_MAX }))
    const { version, deleted } = await withDatabase(options, (database, call) => database.batch(operations, { ...call, w: options.w }))
    if (output.isJson) output.json({ operations: operations.length, version, deleted })
    else
      output.line(`${operations.length} ${operations.length === 1 ? 'operation' : 'operations'}${version === null ? '' : `  ${version}`}`)
    return EXIT.done
  },
})
