/**
 * What the visibility benchmark stands on: one block from a bare hypercore to a bare follower in
 * another process, over an encrypted stream on loopback. No journal, no replica, nothing synced.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import SecretStream from '@hyperswarm/secret-stream'
import Corestore from 'corestore'
import type Hypercore from 'hypercore'

const [role] = process.argv.slice(2)

/** Milliseconds from each append's call to the block's arrival at the follower, in order. */
export async function measureBareFollow(scratch: string, total: number, perSecond: number): Promise<number[]> {
  const store = new Corestore(join(scratch, 'bare-writer'))
  const core = store.get({ name: 'log' })
  await core.ready()
  await core.append(Buffer.from('0'))
  const server = createServer((socket) => void store.replicate(secured(false, socket)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const file = fileURLToPath(new URL('./bare-follow.js', import.meta.url))
  const follower = fork(file, ['follower', join(scratch, 'bare-reader'), String(port), core.key.toString('hex'), String(total)])
  try {
    await once(follower, 'message')
    await appendSteadily(core, total, perSecond)
    const [latencies] = (await once(follower, 'message')) as [number[]]
    return latencies
  } finally {
    follower.send('stop')
    await once(follower, 'exit')
    server.close()
    await store.close()
  }
}

async function appendSteadily(core: Hypercore, total: number, perSecond: number): Promise<void> {
  const start = performance.now()
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * perSecond))
    for (; sent < due; sent++) void core.append(Buffer.from(`${process.hrtime.bigint()} ${'v'.repeat(100)}`))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

async function follow(directory: string, port: number, key: string, total: number): Promise<void> {
  const store = new Corestore(directory)
  const core = store.get({ key: Buffer.from(key, 'hex') })
  await core.ready()
  store.replicate(secured(true, connectTcp(port, '127.0.0.1')))
  core.download({ start: 0, end: -1, linear: true })
  await core.get(0)
  process.send?.('ready')
  const latencies: number[] = []
  for (let index = 1; index <= total; index++) {
    const sentAt = (await core.get(index)).toString().split(' ')[0] ?? '0'
    latencies.push(Number(process.hrtime.bigint() - BigInt(sentAt)) / 1e6)
  }
  process.send?.(latencies)
  await once(process, 'message')
  process.exit(0)
}

function secured(isInitiator: boolean, socket: Socket): InstanceType<typeof SecretStream> {
  socket.setNoDelay(true)
  const stream = new SecretStream(isInitiator, socket)
  // The end of the measurement resets the connection.
  stream.on('error', () => {})
  return stream
}

if (role === 'follower') {
  const [, directory = '', port = '', key = '', total = ''] = process.argv.slice(2)
  await follow(directory, Number(port), key, Number(total))
}
