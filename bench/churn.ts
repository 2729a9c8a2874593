/**
 * Connections that open, say something and die, in every way a connection can: politely, in the
 * middle of a command, without reading what they asked for. Afterwards the process must be as
 * large as before.
 */

import { connect } from 'node:net'
import { join } from 'node:path'
import { type ProcessMemory, startTcpServer } from './child-server.ts'
import { type Row, thousands } from './measure.ts'
import { inScratchDirectory } from './scratch.ts'

/** Connections at once. */
const CONNECTIONS = 32
/** How often memory is looked at in between. */
const LOOKS = 10
const MIB = 1024 * 1024
/** Keys, few: what is written over is no leak. */
const KEYS = 100

/** What a connection sends before it dies, and how. */
const LIVES: readonly { readonly text: string; readonly end: 'politely' | 'at once' }[] = [
  { text: 'PING\r\n', end: 'politely' },
  { text: '', end: 'politely' },
  { text: '', end: 'at once' },
  { text: `${'*3\r\n$3\r\nSET\r\n$5\r\nchurn\r\n$100\r\n'}${'x'.repeat(100)}\r\n`.repeat(50), end: 'politely' },
  { text: `${'*3\r\n$3\r\nSET\r\n$5\r\nchurn\r\n$100\r\n'}${'x'.repeat(100)}\r\n`.repeat(50), end: 'at once' },
  { text: '*3\r\n$3\r\nSET\r\n$5\r\nchurn\r\n$100000\r\nhalf of it', end: 'at once' },
  { text: '*1\r\n$4\r\nPING\r\n*what?\r\n', end: 'politely' },
  { text: 'MULTI\r\nSET churn 1\r\nWATCH churn\r\n', end: 'at once' },
  { text: '{"op":"set","key":"churn","value":1}\n{"op":"scan"}\n', end: 'politely' },
  { text: '{"op":"set","key":"churn","value":"half of it', end: 'at once' },
]

export async function benchChurn(minutes: number): Promise<Row[]> {
  return inScratchDirectory(async (scratch) => {
    const server = await startTcpServer('skein', join(scratch, 'node'))
    try {
      const memories: ProcessMemory[] = []
      const lifeMs = (minutes * 60_000) / (LOOKS + 1)
      let lives = 0
      // The first stretch warms up: pools, compiled code, RocksDB's own memory.
      for (let look = 0; look <= LOOKS; look++) {
        lives += await churn(server.port, lifeMs, lives)
        memories.push(await server.memory())
      }
      const show = (figure: (memory: ProcessMemory) => number) => memories.map((memory) => (figure(memory) / MIB).toFixed(0)).join(' ')
      return [
        {
          what: `memory while ${thousands(lives)} connections open and die in ${minutes} minutes, looked at ${memories.length} times`,
          figure: `heap ${show(({ heapBytes }) => heapBytes)} MiB, resident ${show(({ rssBytes }) => rssBytes)} MiB`,
          target: 'flat',
        },
      ]
    } finally {
      await server.stop()
    }
  })
}

/** How many connections lived. */
async function churn(port: number, ms: number, first: number): Promise<number> {
  const end = performance.now() + ms
  let lives = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < end) await live(port, first + lives++)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  return lives
}

function live(port: number, index: number): Promise<void> {
  const life = LIVES[index % LIVES.length]
  const text = life?.text.replaceAll('churn', `chu${String(index % KEYS).padStart(2, '0')}`) ?? ''
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.on('close', () => resolve())
    socket.on('error', () => {})
    socket.on('data', () => {})
    socket.once('connect', () => {
      if (life?.end === 'politely') socket.end(text)
      else socket.write(text, () => socket.resetAndDestroy())
    })
  })
}
