/**
 * The address that a node listens on, checked before anything is built on it: hyperdht reports a
 * port in use late and leaves half of itself open. Between the check and the real binding another
 * process could take the port; then the start fails too, only with a plainer message.
 */

import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'
import { SkeinError } from '../base/index.ts'

/**
 * The IPv4 address of `host`, on which the UDP port `port` (0: any) can be bound.
 *
 * @throws BAD_REQUEST if the host is none of this machine's, UNAVAILABLE if the port is in use
 */
export async function resolveListenAddress(host: string, port: number): Promise<string> {
  const ip = isIPv4(host) ? host : await resolveHost(host)
  const socket = createSocket('udp4')
  try {
    socket.bind({ address: ip, port, exclusive: true })
    await once(socket, 'listening')
  } catch (error) {
    throw bindFailure(host, port, error)
  } finally {
    await new Promise<void>((done) => socket.close(done))
  }
  return ip
}

async function resolveHost(host: string): Promise<string> {
  try {
    return (await lookup(host, { family: 4 })).address
  } catch (cause) {
    throw new SkeinError('BAD_REQUEST', `gossip host ${JSON.stringify(host)} has no IPv4 address: give one of this machine's`, { cause })
  }
}

function bindFailure(host: string, port: number, cause: unknown): SkeinError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null
  if (code === 'EADDRINUSE') {
    const message = `gossip port ${port} on ${host} is in use: stop the other process or choose another --gossip-port`
    return new SkeinError('UNAVAILABLE', message, { cause, details: { host, port } })
  }
  if (code === 'EACCES') return new SkeinError('BAD_REQUEST', `gossip port ${port} needs more rights: choose one above 1023`, { cause })
  return new SkeinError('BAD_REQUEST', `gossip host ${host} can't be listened on: give one of this machine's addresses`, { cause })
}
