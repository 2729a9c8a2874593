/** A real node by itself with a TCP door whose limits a test can choose, and a bare client for it. */

import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { parseNodeName } from '../../../base/index.ts'
import { NODE_DEFAULTS, Node, TcpDoor, type TcpLimits } from '../../../server/index.ts'
import { eventually } from '../../support/eventually.ts'

const DEADLINE_MS = 10_000

export interface RunningResp {
  readonly port: number
  readonly node: Node
  readonly door: TcpDoor
  connect(): Promise<RespClient>
  stop(): Promise<void>
}

export async function openResp(limits: Partial<TcpLimits> = {}, maxValueBytes = 64 * 1024): Promise<RunningResp> {
  const root = await mkdtemp(join(tmpdir(), 'skein-resp-'))
  const config = { ...NODE_DEFAULTS, node: parseNodeName('n1'), data: join(root, 'n1'), gossip: null, minFreeBytes: 0 }
  const onFatal = (failure: unknown): never => {
    throw failure
  }
  const node = await Node.open({ ...config, journalSegmentBytes: 16 * 1024 * 1024 }, { onFatal })
  await node.start()
  const logger = pino({ level: 'silent' })
  const door = await TcpDoor.open({ gateway: node, host: '127.0.0.1', port: 0, maxValueBytes, limits, logger })
  const clients: RespClient[] = []
  return {
    port: door.address.port,
    node,
    door,
    connect: async () => {
      const client = await RespClient.connect(door.address.port)
      clients.push(client)
      return client
    },
    stop: async () => {
      for (const client of clients) client.destroy()
      await door.close()
      await node.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** Sends bytes and keeps those that come back, as a binary string. */
export class RespClient {
  readonly socket: Socket
  #received: string[] = []
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes) => this.#received.push(bytes.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
    })
  }

  static async connect(port: number): Promise<RespClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RespClient(socket)
  }

  /** What has come and was not taken. */
  get received(): string {
    const text = this.#received.join('')
    this.#received = [text]
    return text
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  send(binary: string): void {
    this.socket.write(binary, 'latin1')
  }

  /** Sends bytes and takes exactly as many as `expected` has, once they are there. */
  async ask(binary: string, expected: string): Promise<string> {
    this.send(binary)
    return this.take(expected.length)
  }

  async take(length: number): Promise<string> {
    const text = await eventually(
      () => (this.received.length >= length || this.#isClosed ? this.received : null),
      DEADLINE_MS,
      () => `${length} bytes, after ${JSON.stringify(this.received.slice(-200))}`,
    )
    this.#received = [text.slice(length)]
    return text.slice(0, length)
  }

  /** Everything until the other side ends the connection. */
  async untilEnd(): Promise<string> {
    await eventually(
      () => this.socket.readableEnded || this.#isClosed,
      DEADLINE_MS,
      () => `the end, after ${JSON.stringify(this.received.slice(-200))}`,
    )
    return this.received
  }

  destroy(): void {
    this.socket.destroy()
  }
}

/** A command as an array of bulk strings. */
export function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}
