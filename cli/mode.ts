/** `skein mode`: how the cluster takes writes, shown or switched (EP4, EP5). */

import { SkeinError } from '../base/index.ts'
import type { ClusterMode } from '../client/index.ts'
import { defineCommand } from './command.ts'
import { CLIENT_OPTIONS, withDatabase } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import { formatMs } from './quantities.ts'

export const mode = defineCommand({
  name: 'mode',
  operands: [{ form: '[multi|leader]', summary: 'the mode to switch to; without it the mode is shown' }],
  summary: 'shows who takes writes, or switches it',
  details:
    'In multi-leader mode every node takes writes, also while it is cut off, and concurrent ones are merged. In leader mode ' +
    'one node takes them, once a majority holds them; conditions are decided by it alone, and reads may be linearizable. ' +
    'Nothing that was acknowledged is lost by a switch. It returns when it is done; asking for the mode that is changes nothing.',
  examples: [
    { line: 'skein mode', meaning: 'shows the mode' },
    { line: 'skein mode leader', meaning: 'has a leader elected, which takes the writes' },
    { line: 'skein mode multi --timeout 30s', meaning: 'lets every node take writes again' },
    { line: 'skein mode --json | jq -r .leader', meaning: 'for a script' },
  ],
  options: CLIENT_OPTIONS,
  run: async ({ operands: [wanted], options, output }) => {
    if (wanted !== undefined && wanted !== 'multi' && wanted !== 'leader')
      throw new SkeinError('BAD_REQUEST', `there is no mode ${JSON.stringify(wanted.slice(0, 40))}: it is multi or leader`)
    const startedMs = performance.now()
    const reached = await withDatabase(options, (database, call) =>
      wanted === undefined ? database.mode(call) : database.switchMode(wanted, call),
    )
    const tookMs = wanted === undefined ? null : performance.now() - startedMs
    if (output.isJson) output.json({ ...reached, ...(tookMs === null ? {} : { tookMs: Math.round(tookMs) }) })
    else output.line(`${describeMode(reached)}${tookMs === null ? '' : ` (took ${formatMs(tookMs)})`}`)
    return EXIT.done
  },
})

/** `leader, led by n2, epoch 4`. */
export function describeMode({ mode: reached, epoch, leader }: ClusterMode): string {
  if (reached === 'multi') return `multi, epoch ${epoch}`
  return `leader, ${leader === null ? 'nobody leads' : `led by ${leader}`}, epoch ${epoch}`
}
