/** `skein join`: a vote for a node that runs already (MB1, MB2). */

import { parseNodeName } from '../base/index.ts'
import { defineCommand } from './command.ts'
import { CLIENT_OPTIONS, withDatabase } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { formatMs } from './quantities.ts'

export const join = defineCommand({
  name: 'join',
  operands: [{ form: '<node>', summary: 'the name of a node that runs, as skein status shows it' }],
  summary: 'gives a node a vote: it becomes a member',
  details:
    'The node was started with --join, so it copies everything and has no vote. This brings it up to date and gives it one, and ' +
    'from then on it counts for write concerns. In multi-leader mode writes wait meanwhile, some hundreds of milliseconds. ' +
    'A node that came back with an empty data directory gets its vote back in the same way. Asking again changes nothing.',
  examples: [
    { line: 'skein join n4', meaning: 'n4, which was started with --join, is a member' },
    { line: 'skein join n4 --url http://10.0.0.3:8401 --timeout 60s', meaning: 'asked of any member; n4 has much to fetch' },
    { line: 'skein join n4 --json | jq .voters', meaning: 'for a script' },
  ],
  options: CLIENT_OPTIONS,
  run: async ({ operands: [name = ''], options, output }) => {
    const node = parseNodeName(name)
    const startedMs = performance.now()
    const changed = await withDatabase(options, (database, call) => database.join(node, call))
    const tookMs = performance.now() - startedMs
    if (output.isJson) output.json({ ...changed, tookMs: Math.round(tookMs) })
    else output.line(`${describeVoters(changed.voters)} (took ${formatMs(tookMs)})`)
    return EXIT.done
  },
})

/** `n1, n2, n3 vote`. */
export function describeVoters(voters: readonly string[]): string {
  return `${voters.join(', ')} ${voters.length === 1 ? 'votes' : 'vote'}`
}
