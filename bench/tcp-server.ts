/** A server of the Redis protocol benchmarks in a process of its own: a Skein node, or a bare server that answers whatever comes. */

import { createServer } from 'node:net'
import type { ProcessMemory } from './child-server.ts'
import { startLoneNode } from './lone-node.ts'

const [kind, data = ''] = process.argv.slice(2)
/** What a GET of the benchmark is answered. */
const ECHO = Buffer.from(`$100\r\n${'x'.repeat(100)}\r\n`)

if (kind === 'echo') {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', () => socket.write(ECHO))
    socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    process.send?.(typeof address === 'object' ? address?.port : 0)
  })
  serve(() => process.exit(0))
} else {
  const server = await startLoneNode(data)
  process.send?.(Number(new URL(`tcp://${server.urls.resp}`).port))
  serve(() => server.stop().then(() => process.exit(0)))
}

function serve(stop: () => void): void {
  process.on('message', (message) => {
    if (message === 'stop') return stop()
    globalThis.gc?.()
    const { rss, heapUsed } = process.memoryUsage()
    process.send?.({ rssBytes: rss, heapBytes: heapUsed } satisfies ProcessMemory)
  })
}
