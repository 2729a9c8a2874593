/** Servers of the benchmarks in processes of their own, so that neither shares a processor's turn with the load. */

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

export interface ServerProcess {
  readonly port: number
  /** Memory of the process after a collection, if it is one of ours. */
  memory(): Promise<ProcessMemory>
  stop(): Promise<void>
}

export interface ProcessMemory {
  readonly rssBytes: number
  readonly heapBytes: number
}

const PORT_DEADLINE_MS = 10_000

/** A node with its TCP door, or a bare server that answers each chunk with the same bytes. */
export async function startTcpServer(kind: 'skein' | 'echo', data: string): Promise<ServerProcess> {
  const script = fileURLToPath(new URL('./tcp-server.js', import.meta.url))
  const child = fork(script, [kind, data], { stdio: 'inherit', execArgv: ['--expose-gc'] })
  const [port] = await once(child, 'message')
  return {
    port: Number(port),
    memory: async () => {
      child.send('memory')
      const [memory] = await once(child, 'message')
      return memory as ProcessMemory
    },
    stop: () => ended(child, () => child.send('stop')),
  }
}

/** Redis as durable as a node: every write is synced before it is answered. */
export async function startRedis(directory: string): Promise<ServerProcess> {
  const port = await freeTcpPort()
  const options = { port, bind: '127.0.0.1', dir: directory, save: '', appendonly: 'yes', appendfsync: 'always' }
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = spawn('redis-server', words, { stdio: 'ignore' })
  await listening(port)
  return {
    port,
    memory: () => Promise.reject(new Error('not asked of Redis')),
    stop: () => ended(child, () => child.kill()),
  }
}

async function ended(child: ChildProcess, end: () => void): Promise<void> {
  const exit = once(child, 'exit')
  end()
  await exit
}

async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function listening(port: number): Promise<void> {
  const until = performance.now() + PORT_DEADLINE_MS
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)))
    socket.destroy()
    if (isOpen) return
    if (performance.now() > until) throw new Error(`nobody listens on port ${port}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
