/** Transports on loopback for the tests: free ports, conditions with deadlines, everything closed at the end. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type NodeName, type Now, parseNodeName } from '../../base/index.ts'
import { ClusterSecret, type Discovery, type PeerAddress, SwarmTransport, type SwarmTransportOptions } from '../../gossip/index.ts'
import { closed, directoryOf, Recorder } from '../contract/transport.ts'

export const HOST = '127.0.0.1'
const DEADLINE_MS = 8000
const POLL_MS = 5

export const A = parseNodeName('a')
export const B = parseNodeName('b')
export const C = parseNodeName('c')

export interface Member {
  readonly node: NodeName
  readonly transport: SwarmTransport
  readonly recorder: Recorder
}

export interface MemberOptions extends Partial<SwarmTransportOptions> {
  readonly discovery: Discovery
  readonly recorder?: Recorder
}

/** Members of one cluster, closed together. */
export class Loopback {
  readonly secret = ClusterSecret.generate()
  readonly #closers: (() => Promise<void>)[] = []

  async start(node: NodeName, options: MemberOptions): Promise<Member> {
    const { recorder = new Recorder(), ...given } = options
    const transport = await SwarmTransport.open({
      node,
      directory: directoryOf(node.charCodeAt(0)),
      secret: this.secret,
      host: HOST,
      port: 0,
      replicate: () => {},
      events: recorder,
      now,
      ...given,
    })
    this.onClose(() => closed(transport))
    return { node, transport, recorder }
  }

  onClose(closer: () => Promise<void>): void {
    this.#closers.push(closer)
  }

  async close(): Promise<void> {
    await Promise.all(this.#closers.splice(0).map((closer) => closer()))
  }
}

export function now(): Now {
  return { wallMs: Date.now(), monotonicMs: performance.now() }
}

/** Milliseconds until `condition` held. */
export async function until(what: string, condition: () => boolean, deadlineMs = DEADLINE_MS): Promise<number> {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > deadlineMs) throw new Error(`after ${deadlineMs} ms still not: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return performance.now() - start
}

/** UDP ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'))
  const ports: number[] = []
  for (const socket of sockets) {
    socket.bind({ address: HOST, port: 0, exclusive: true })
    await once(socket, 'listening')
    ports.push(socket.address().port)
  }
  await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(() => done()))))
  return ports
}

export function peer(name: NodeName, port: number): PeerAddress {
  return { name, host: HOST, port }
}
