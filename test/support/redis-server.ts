/** A Redis server of one's own, to compare with: nothing is saved, and it ends with the test. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

const START_DEADLINE_MS = 10_000

export interface RedisServer {
  readonly port: number
  stop(): Promise<void>
}

/** True if Debian's `redis-server` (or another) is installed. */
export function hasRedisServer(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export async function startRedisServer(...options: readonly string[]): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-redis-'))
  const port = await freePort()
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory]
  const redis = spawn('redis-server', [...fixed, ...options], { stdio: 'ignore' })
  await eventually(
    () => isListening(port),
    START_DEADLINE_MS,
    () => `redis-server on port ${port}`,
  )
  return {
    port,
    stop: async () => {
      await end(redis)
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('a listening server has an address')
  return address.port
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function end(redis: ChildProcess): Promise<void> {
  const ended = redis.exitCode === null ? once(redis, 'exit') : null
  redis.kill('SIGKILL')
  await ended
}
