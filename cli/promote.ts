/** `skein promote`: the leadership handed over to a node (LM10). */

import { parseNodeName } from '../base/index.ts'
import { defineCommand } from './command.ts'
import { CLIENT_OPTIONS, withDatabase } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { describeMode } from './mode.ts'
import { formatMs } from './quantities.ts'

export const promote = defineCommand({
  name: 'promote',
  operands: [{ form: '<node>', summary: 'the name of a voter, as skein status shows them' }],
  summary: 'hands the leadership over to a node',
  details:
    'In leader mode: the leader brings the node up to date, and the node takes over. Writes wait meanwhile, some tens of ' +
    'milliseconds. A leader that is stopped in good order does so by itself.',
  examples: [
    { line: 'skein promote n2', meaning: 'n2 leads, for instance before work on the machine of n1' },
    { line: 'skein promote n2 --url http://10.0.0.3:8401', meaning: 'asked of any node' },
  ],
  options: CLIENT_OPTIONS,
  run: async ({ operands: [name = ''], options, output }) => {
    const node = parseNodeName(name)
    const startedMs = performance.now()
    const reached = await withDatabase(options, (database, call) => database.promote(node, call))
    const tookMs = performance.now() - startedMs
    if (output.isJson) output.json({ ...reached, tookMs: Math.round(tookMs) })
    else output.line(`${describeMode(reached)} (took ${formatMs(tookMs)})`)
    return EXIT.done
  },
})
