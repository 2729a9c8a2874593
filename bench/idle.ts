/**
 * What idle connections cost: memory each, and what the busy ones notice of them. An idle
 * connection has said something once, as a pool's connections have.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { startTcpServer } from './child-server.ts'
import { alternate, type Row, showMs, thousands } from './measure.ts'
import { describeLoad, type Load, type LoadSample, loadOf, medianOf, missingPrograms } from './redis-benchmark.ts'
import { inScratchDirectory } from './scratch.ts'

const BUSY: Load = { test: 'set', connections: 50, pipeline: 1 }
/** Connections that are made at once. */
const OPENED_AT_ONCE = 100

export async function benchIdle(connections: number, rounds: number, roundMs: number): Promise<Row[]> {
  if ((await missingPrograms()).length > 0) {
    console.error("idle: left out, redis-benchmark can't be run here: apt-get install redis-tools")
    return []
  }
  return inScratchDirectory(async (scratch) => {
    const server = await startTcpServer('skein', join(scratch, 'node'))
    try {
      const load = loadOf(server.port, BUSY, roundMs)
      const { alone } = await alternate(rounds, { alone: load })
      const before = await server.memory()
      const idle = await openIdle(server.port, connections)
      const after = await server.memory()
      const { crowded } = await alternate(rounds, { crowded: load })
      for (const socket of idle) socket.destroy()
      const perConnection = (bytes: 'rssBytes' | 'heapBytes') => thousands((after[bytes] - before[bytes]) / connections)
      return [
        {
          what: `memory of each of ${thousands(connections)} idle connections`,
          figure: `${perConnection('rssBytes')} bytes resident, ${perConnection('heapBytes')} of them on the heap`,
        },
        {
          what: `RESP SET, durable, 50 busy connections beside ${thousands(connections)} idle ones`,
          figure: describeLoad(crowded),
          peer: `with none idle: ${describeLoad(alone)}`,
          ratio: `p99 ${(medianOf(crowded, p99Of) / medianOf(alone, p99Of)).toFixed(2)} × (${showMs(medianOf(crowded, p99Of))})`,
        },
      ]
    } finally {
      await server.stop()
    }
  })
}

async function openIdle(port: number, connections: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < connections) {
    const wanted = Math.min(OPENED_AT_ONCE, connections - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: wanted }, () => openOne(port)))))
  }
  return sockets
}

async function openOne(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('PING\r\n')
  await once(socket, 'data')
  return socket
}

function p99Of({ p99Ms }: LoadSample): number {
  return p99Ms
}
