/**
 * From a write's call on one node to the moment a client of another node reads it: two processes
 * on loopback, at a steady rate. The reader asks with a session that covers the coming write, so
 * it is answered as soon as that is applied; both read the same monotonic clock.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClusterSecret } from '../gossip/index.ts'
import { open } from '../server/index.ts'
import { measureBareFollow } from './bare-follow.ts'
import { percentile, type Row, showMs } from './measure.ts'
import { freeUdpPorts, inScratchDirectory } from './scratch.ts'

const WARM_UP_WRITES = 1000

export async function benchVisible(writesPerSecond: number, seconds: number): Promise<Row[]> {
  return inScratchDirectory(async (scratch) => {
    const secret = ClusterSecret.generate().reveal()
    const [own = 0, other = 0] = await freeUdpPorts(2)
    const peers = [{ name: 'reader', host: '127.0.0.1', port: other }]
    const writer = await open({ node: 'writer', data: join(scratch, 'writer'), secret, gossip: { port: own }, peers, minFreeBytes: 0 })
    const reader = fork(fileURLToPath(new URL('./visible-reader.js', import.meta.url)), [
      join(scratch, 'reader'),
      secret,
      String(own),
      String(other),
    ])
    try {
      await once(reader, 'message')
      const first = await writer.set('warm', '')
      const log = first.version.slice(0, first.version.lastIndexOf(':'))
      const total = WARM_UP_WRITES + writesPerSecond * seconds
      reader.send({ log, total })
      const durable = await writeSteadily(total, writesPerSecond, (index) => writer.set(`k${index}`, process.hrtime.bigint().toString()))
      const [latencies] = (await once(reader, 'message')) as [number[]]
      const sorted = latencies.slice(WARM_UP_WRITES).sort((left, right) => left - right)
      const own = durable.slice(WARM_UP_WRITES).sort((left, right) => left - right)
      const bare = (await measureBareFollow(scratch, total, writesPerSecond)).slice(WARM_UP_WRITES).sort((left, right) => left - right)
      return [
        {
          what: `write to visible on another node, ${writesPerSecond}/s`,
          figure: `p50 ${showMs(percentile(sorted, 0.5))} p99 ${showMs(percentile(sorted, 0.99))}`,
          peer: `bare hypercore, nothing durable: p50 ${showMs(percentile(bare, 0.5))} p99 ${showMs(percentile(bare, 0.99))}; durable at the writer: p50 ${showMs(percentile(own, 0.5))}`,
          ratio: `p50 ${(percentile(sorted, 0.5) / percentile(bare, 0.5)).toFixed(2)} ×`,
          target: 'p50 ≤ 3 ms, p99 ≤ 15 ms',
        },
      ]
    } finally {
      reader.send('stop')
      await once(reader, 'exit')
      await writer.close()
    }
  })
}

/** One write every so often, whether or not the ones before are done. Milliseconds until each was durable. */
async function writeSteadily(total: number, perSecond: number, write: (index: number) => Promise<unknown>): Promise<number[]> {
  const pending: Promise<unknown>[] = []
  const durable: number[] = []
  const start = performance.now()
  while (pending.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * perSecond))
    while (pending.length < due) {
      const began = performance.now()
      pending.push(write(pending.length).then(() => durable.push(performance.now() - began)))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(pending)
  return durable
}
