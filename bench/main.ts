/**
 * `npm run bench`: measures and prints a table with the peer beside ours, the ratio and the
 * target. `-- --quick` for a look, `-- --json` for machines, `-- embedded http` for some parts,
 * `-- churn --minutes=10` for as long as that.
 */

import { benchBytes } from './bytes.ts'
import { benchCheckers } from './checkers.ts'
import { benchChurn } from './churn.ts'
import { benchEmbedded } from './embedded.ts'
import { benchHttp } from './http.ts'
import { benchIdle } from './idle.ts'
import { benchLeader } from './leader.ts'
import type { Row } from './measure.ts'
import { benchRecovery } from './recovery.ts'
import { benchResp } from './resp.ts'
import { benchVisible } from './visible.ts'

const flags = process.argv.slice(2).filter((word) => word.startsWith('--'))
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const isQuick = flags.includes('--quick')
const rounds = isQuick ? 2 : 5
/** How long connections open and die. */
const minutes = Number(flags.find((flag) => flag.startsWith('--minutes='))?.slice('--minutes='.length) ?? 1)
const roundMs = isQuick ? 500 : 3000

const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
  embedded: () => benchEmbedded(rounds, roundMs),
  http: () => benchHttp(rounds, roundMs),
  visible: () => benchVisible(1000, isQuick ? 2 : 10),
  recovery: () => benchRecovery(isQuick ? [1000, 10_000] : [1000, 10_000, 100_000]),
  bytes: () => benchBytes(),
  resp: () => benchResp(rounds, roundMs),
  idle: () => benchIdle(isQuick ? 500 : 5000, rounds, roundMs),
  leader: () => benchLeader(rounds, roundMs),
  churn: () => benchChurn(isQuick ? 0.2 : minutes),
  checkers: async () => benchCheckers(isQuick ? 100_000 : 1_000_000),
}

const unknown = wanted.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`bench: there is no part named ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}

const rows: Row[] = []
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  if (!flags.includes('--json')) console.error(`measuring ${name} …`)
  rows.push(...(await run()))
}
if (flags.includes('--json')) console.log(JSON.stringify(rows, null, 2))
else for (const row of rows) console.log(describe(row))

function describe({ what, figure, peer, ratio, target }: Row): string {
  const lines = [what, `    ${figure}`]
  if (peer !== undefined) lines.push(`    beside ${peer}`)
  if (ratio !== undefined || target !== undefined)
    lines.push(`    ${[ratio, target === undefined ? '' : `(target ${target})`].join(' ').trim()}`)
  return lines.join('\n')
}
