/**
 * The TCP door: one port for every protocol that is spoken over a bare connection. The first byte
 * decides: `{` begins JSON lines, anything else the Redis protocol. The door accepts, counts and
 * ends connections; what is said on them is their session's.
 */

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from 'pino'
import { assert, MIB, SECOND_MS, SkeinError } from '../../base/index.ts'
import type { Gateway } from '../gateway.ts'
import { JsonLinesProtocol } from '../json-lines/json-lines-protocol.ts'
import { commandTable } from '../resp/command-table.ts'
import { RespProtocol } from '../resp/resp-protocol.ts'
import { HeldBytes } from './held-bytes.ts'
import { Outbox } from './outbox.ts'
import { SocketWire, type WireSurroundings } from './socket-wire.ts'
import { Turns } from './turns.ts'

export interface TcpLimits {
  /** Connections at once; one more is told so and closed. */
  readonly connectionsMax: number
  /** Unfinished commands and unread answers of all connections, in bytes. */
  readonly heldBytesMax: number
  /** Without a byte, in the middle of a command or with an answer unread. An idle connection may last for ever. */
  readonly stallTimeoutMs: number
  /** How long commands under way may take when the door closes. */
  readonly closeGraceMs: number
}

export const TCP_LIMITS: TcpLimits = {
  connectionsMax: 10_000,
  heldBytesMax: 256 * MIB,
  stallTimeoutMs: 60 * SECOND_MS,
  closeGraceMs: 5 * SECOND_MS,
}

/** The first byte of JSON lines: no command of the Redis protocol begins with it. */
const OPEN_BRACE = 0x7b
/** Connections that were made and not accepted yet. */
const BACKLOG = 511
/** A connection that says nothing is asked so often whether its other end still exists. */
const KEEP_ALIVE_MS = 300 * SECOND_MS

export interface TcpDoorOptions {
  readonly gateway: Gateway
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Of one value, in bytes. */
  readonly maxValueBytes: number
  readonly limits?: Partial<TcpLimits>
  readonly logger: Logger
}

export class TcpDoor {
  readonly #server: Server
  readonly #limits: TcpLimits
  readonly #wires = new Set<SocketWire>()
  readonly #surroundings: WireSurroundings
  #closed: Promise<void> | null = null

  private constructor(options: TcpDoorOptions) {
    const { gateway, maxValueBytes, logger } = options
    this.#limits = { ...TCP_LIMITS, ...options.limits }
    const held = new HeldBytes(this.#limits.heldBytesMax)
    const shared = { gateway, maxValueBytes, turns: new Turns(), held, logger }
    const resp = new RespProtocol({ ...shared, commands: commandTable({ maxValueBytes }) })
    const lines = new JsonLinesProtocol(shared)
    this.#surroundings = {
      outbox: new Outbox(),
      held,
      stallTimeoutMs: this.#limits.stallTimeoutMs,
      begin: (wire, first) => (first[0] === OPEN_BRACE ? lines : resp).open(wire),
      closed: (wire) => this.#wires.delete(wire),
    }
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
    this.#server.on('connection', (socket) => this.#accept(socket))
    this.#server.on('error', (error) => logger.warn({ err: error }, 'a connection could not be accepted'))
  }

  /** Listens, and answers by the gateway. @throws UNAVAILABLE if the address can't be taken */
  static async open(options: TcpDoorOptions): Promise<TcpDoor> {
    const door = new TcpDoor(options)
    await door.#listen(options.host, options.port)
    return door
  }

  /** Where the door listens. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.address()
    assert(typeof address === 'object' && address !== null, 'a listening TCP server has an address')
    return { host: address.address, port: address.port }
  }

  get connections(): number {
    return this.#wires.size
  }

  /** Bytes of unfinished commands and unread answers that it holds. */
  get heldBytes(): number {
    return this.#surroundings.held.bytes
  }

  /** Stops accepting, lets commands that were taken be answered for a while, then ends every connection. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #listen(host: string, port: number): Promise<void> {
    try {
      this.#server.listen({ host, port, backlog: BACKLOG })
      await once(this.#server, 'listening')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new SkeinError(
        'UNAVAILABLE',
        `the TCP door can't listen on ${host}:${port} (${reason}): choose another --resp-port, or stop what holds it`,
        { cause: error },
      )
    }
  }

  async #close(): Promise<void> {
    const ended = new Promise((resolve) => this.#server.close(resolve))
    for (const wire of this.#wires) wire.stop()
    const timer = setTimeout(() => {
      for (const wire of this.#wires) wire.destroy()
    }, this.#limits.closeGraceMs)
    await ended
    clearTimeout(timer)
  }

  #accept(socket: Socket): void {
    if (this.#wires.size >= this.#limits.connectionsMax) {
      socket.on('error', () => {})
      socket.end('-ERR max number of clients reached\r\n')
      socket.destroySoon()
      return
    }
    const wire = new SocketWire(socket, this.#surroundings)
    this.#wires.add(wire)
    wire.listen()
  }
}
