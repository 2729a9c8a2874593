/** Whether ports are free, asked before anything is started: a refusal then names the port and its flag. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { SkeinError } from '../base/index.ts'

export interface PortUse {
  readonly protocol: 'tcp' | 'udp'
  readonly host: string
  readonly port: number
  /** What the port is for, as the refusal says it. */
  readonly purpose: string
}

/** @throws UNAVAILABLE naming the first port that is taken */
export async function checkPortsFree(uses: readonly PortUse[], advice: string): Promise<void> {
  for (const use of uses) {
    const failure = await (use.protocol === 'tcp' ? tryTcp(use) : tryUdp(use)).then(
      () => null,
      (error: NodeJS.ErrnoException) => error,
    )
    if (failure === null) continue
    const what = failure.code === 'EADDRINUSE' ? 'is in use' : `can't be opened (${failure.message})`
    throw new SkeinError('UNAVAILABLE', `${use.protocol.toUpperCase()} port ${use.port} (${use.purpose}) ${what}: ${advice}`)
  }
}

async function tryTcp({ host, port }: PortUse): Promise<void> {
  const server = createServer()
  server.listen({ host, port, exclusive: true })
  await once(server, 'listening')
  await new Promise((done) => server.close(done))
}

async function tryUdp({ host, port }: PortUse): Promise<void> {
  const socket = createSocket('udp4')
  socket.bind({ address: host, port, exclusive: true })
  await once(socket, 'listening')
  await new Promise<void>((done) => socket.close(done))
}
