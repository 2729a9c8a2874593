/** `skein remove`: a node out of the cluster (MB4). */

import { parseNodeName } from '../base/index.ts'
import { defineCommand } from './command.ts'
import { CLIENT_OPTIONS, withDatabase } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { describeVoters } from './join.ts'
import { switchOption } from './options.ts'
import { formatMs } from './quantities.ts'

export const remove = defineCommand({
  name: 'remove',
  operands: [{ form: '<node>', summary: 'the name of a node, as skein status shows it' }],
  summary: 'takes a node out of the cluster',
  details:
    'It votes and counts no more, the others refuse it, and its writes get REMOVED. It need not run. What only it had is lost: ' +
    'what it wrote while it was cut off, and with w=1 its last moments. To lose nothing, stop it first when its lag is 0 ' +
    '(skein status). It comes back with an empty data directory, --join and skein join. Refused if too few of the others ' +
    'are reached to go on without it, and for the leader: hand over first (skein promote).',
  examples: [
    { line: 'skein remove n3', meaning: 'n3 is no member any more' },
    { line: 'skein remove n3 --url http://10.0.0.1:8401', meaning: 'asked of any member that stays' },
    { line: 'skein remove n2 --force', meaning: 'n1 goes on alone: n2 was the only other one, and is lost for good' },
    { line: 'skein remove n3 --json | jq .voters', meaning: 'for a script' },
  ],
  options: {
    ...CLIENT_OPTIONS,
    force: switchOption('of two voters the other one is lost for good: go on alone, without what only it had'),
  },
  run: async ({ operands: [name = ''], options, output }) => {
    const node = parseNodeName(name)
    const startedMs = performance.now()
    const changed = await withDatabase(options, (database, call) => database.remove(node, { ...call, force: options.force }))
    const tookMs = performance.now() - startedMs
    if (output.isJson) output.json({ ...changed, tookMs: Math.round(tookMs) })
    else output.line(`${describeVoters(changed.voters)} (took ${formatMs(tookMs)})`)
    return EXIT.done
  },
})
