/**
 * P1–P4: the Redis protocol beside Redis with `appendfsync always` and beside a bare Node server
 * that answers each request without looking at it. Same tool, same machine, rounds in turn. P5,
 * the read inside the process, is measured by `embedded`.
 */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ServerProcess, startRedis, startTcpServer } from './child-server.ts'
import { alternate, type Row } from './measure.ts'
import { describeLoad, type Load, type LoadSample, loadOf, medianOf, missingPrograms } from './redis-benchmark.ts'
import { inScratchDirectory } from './scratch.ts'

const ONE: Load = { test: 'set', connections: 1, pipeline: 1 }
const FIFTY: Load = { test: 'set', connections: 50, pipeline: 1 }
const PIPELINED: Load = { test: 'set', connections: 50, pipeline: 16 }
const READS: Load = { test: 'get', connections: 50, pipeline: 1 }

/** No rows, and a word about it, where Redis is not installed. */
export async function benchResp(rounds: number, roundMs: number): Promise<Row[]> {
  const missing = await missingPrograms()
  if (missing.length > 0) {
    console.error(`resp: left out, ${missing.join(' and ')} can't be run here: apt-get install redis-server redis-tools`)
    return []
  }
  return inScratchDirectory(async (scratch) => {
    const redisData = join(scratch, 'redis')
    await mkdir(redisData)
    const servers: ServerProcess[] = []
    try {
      const skein = await startTcpServer('skein', join(scratch, 'node'))
      servers.push(skein)
      const redis = await startRedis(redisData)
      servers.push(redis)
      const echo = await startTcpServer('echo', '')
      servers.push(echo)
      const beside = (peer: ServerProcess, load: Load) =>
        alternate(rounds, { peer: loadOf(peer.port, load, roundMs), skein: loadOf(skein.port, load, roundMs) })
      const fifty = await beside(redis, FIFTY)
      const pipelined = await beside(redis, PIPELINED)
      const one = await beside(redis, ONE)
      const reads = await beside(echo, READS)
      return [
        rateRow('P1 RESP SET, durable, 50 connections', 'Redis, appendfsync always', fifty, '≥ 1.0 ×'),
        rateRow('P2 RESP SET, durable, 50 connections × 16 pipelined', 'Redis, appendfsync always', pipelined, '≥ 1.0 ×'),
        {
          what: 'P3 RESP SET, durable, 1 connection',
          figure: describeLoad(one.skein),
          peer: `Redis, appendfsync always: ${describeLoad(one.peer)}`,
          ratio: `p50 ${(medianOf(one.skein, p50Of) / medianOf(one.peer, p50Of)).toFixed(2)} ×`,
          target: '≤ 1.5 ×',
        },
        rateRow('P4 RESP GET, 50 connections', 'bare Node server', reads, '≥ 0.9 ×'),
      ]
    } finally {
      await Promise.all(servers.map((server) => server.stop()))
    }
  })
}

function rateRow(what: string, peer: string, samples: Readonly<Record<'peer' | 'skein', readonly LoadSample[]>>, target: string): Row {
  const ratio = medianOf(samples.skein, ({ rate }) => rate) / medianOf(samples.peer, ({ rate }) => rate)
  return {
    what,
    figure: describeLoad(samples.skein),
    peer: `${peer}: ${describeLoad(samples.peer)}`,
    ratio: `${ratio.toFixed(2)} ×`,
    target,
  }
}

function p50Of({ p50Ms }: LoadSample): number {
  return p50Ms
}
