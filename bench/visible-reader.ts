/** The reading node of the visibility benchmark. */

import type { WriterId } from '../base/index.ts'
import { formatToken, VersionVector } from '../crdt/index.ts'
import { open } from '../server/index.ts'

const [data = '', secret = '', writerPort = '', ownPort = ''] = process.argv.slice(2)
const database = await open({
  node: 'reader',
  data,
  secret,
  gossip: { port: Number(ownPort) },
  peers: [{ name: 'writer', host: '127.0.0.1', port: Number(writerPort) }],
  minFreeBytes: 0,
})
while (database.nodeStatus().peers[0]?.connected !== true) await new Promise((resolve) => setTimeout(resolve, 10))

process.on('message', async (message: { log: WriterId; total: number } | 'stop') => {
  if (message === 'stop') {
    await database.close()
    process.exit(0)
  }
  const latencies: number[] = []
  for (let index = 0; index < message.total; index++) {
    // The first transaction of the log was made before the count began.
    database.session = formatToken(new VersionVector([[message.log, index + 2]]))
    const written = await database.get<string>(`k${index}`, { timeoutMs: 60_000 })
    latencies.push(Number(process.hrtime.bigint() - BigInt(written ?? 0)) / 1e6)
  }
  process.send?.(latencies)
})
process.send?.('ready')
