/**
 * A wire over a socket: gathers what is sent in one turn into one write, bounds what a client
 * leaves unread, and ends connections so that the last answer arrives.
 *
 * Text is handed to the socket as a binary string, which it copies once. A connection that is
 * idle has no buffer of its own.
 */

import type { Socket } from 'node:net'
import { KIB, MIB, SECOND_MS } from '../../base/index.ts'
import type { HeldBytes } from './held-bytes.ts'
import type { Outbox } from './outbox.ts'
import type { Session, Wire } from './wire.ts'

/** What is gathered leaves at once when it is longer. */
const WRITE_BYTES_MAX = 64 * KIB
/** A client that has left more unread gets no more answers made, until it has read. */
const UNREAD_BYTES_MAX = MIB
/** How long a client that was told the end may take to see it. */
const LINGER_MS = SECOND_MS

export interface WireSurroundings {
  readonly outbox: Outbox
  readonly held: HeldBytes
  /** Without a byte in either direction, while something is owed. */
  readonly stallTimeoutMs: number
  /** The first bytes have arrived: what do they speak? */
  readonly begin: (wire: SocketWire, first: Buffer) => Session
  readonly closed: (wire: SocketWire) => void
}

export class SocketWire implements Wire {
  readonly remote: string
  readonly #socket: Socket
  readonly #around: WireSurroundings
  #session: Session | null = null
  #text = ''
  #isInOutbox = false
  #isExpecting = false
  #isTimed = false
  #isEnding = false
  #heldBytes = 0

  constructor(socket: Socket, around: WireSurroundings) {
    this.#socket = socket
    this.#around = around
    this.remote = remoteOf(socket)
  }

  /** Listens to the socket; from now on the session is handed what happens. */
  listen(): void {
    const socket = this.#socket
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('end', () => this.#inputEnded())
    socket.on('drain', () => this.#drained())
    socket.on('timeout', () => this.#timedOut())
    // What broke is told by the close that follows.
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
  }

  get isClogged(): boolean {
    return this.#text.length + this.#socket.writableLength > UNREAD_BYTES_MAX
  }

  write(text: string): void {
    if (this.#isEnding) return
    this.#text += text
    if (this.#text.length > WRITE_BYTES_MAX) return this.flush()
    if (this.#isInOutbox) return
    this.#isInOutbox = true
    this.#around.outbox.add(this)
  }

  /** Hands what was gathered to the socket. */
  flush(): void {
    this.#isInOutbox = false
    if (this.#text === '') return
    const text = this.#text
    this.#text = ''
    this.#socket.write(text, 'latin1')
    if (this.#socket.writableLength > 0 || this.#heldBytes > 0) this.#accountUnread()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  expect(isExpecting: boolean): void {
    this.#isExpecting = isExpecting
    this.#time()
  }

  end(): void {
    if (this.#isEnding) return
    this.flush()
    this.#isEnding = true
    const socket = this.#socket
    // Until the last answer has left, only a client that does not take it for too long loses it.
    socket.end(() => {
      const timer = setTimeout(() => this.destroy(), LINGER_MS)
      socket.once('close', () => clearTimeout(timer))
    })
    // Closing with input unread would take the last answers back. What comes is thrown away for a while.
    socket.resume()
  }

  destroy(): void {
    this.#isEnding = true
    this.#text = ''
    this.#socket.destroy()
  }

  /** Takes nothing more; what was taken is answered, then the connection ends. */
  stop(): void {
    if (this.#session === null) this.end()
    else this.#session.stop()
  }

  #take(bytes: Buffer): void {
    if (this.#isEnding) return
    this.#session ??= this.#around.begin(this, bytes)
    this.#session.take(bytes)
  }

  #inputEnded(): void {
    if (this.#session === null) this.end()
    else this.#session.inputEnded()
  }

  #drained(): void {
    this.#accountUnread()
    if (!this.#isEnding) this.#session?.drained()
  }

  #timedOut(): void {
    // Bytes that left since the last look count as a sign of life: the socket sees to that.
    if (this.#isExpecting || this.#socket.writableLength > 0) this.destroy()
    else this.#time()
  }

  #closed(): void {
    this.#around.held.change(this.#heldBytes, 0)
    this.#heldBytes = 0
    this.#session?.closed()
    this.#around.closed(this)
  }

  #accountUnread(): void {
    const before = this.#heldBytes
    this.#heldBytes = this.#socket.writableLength
    if (!this.#around.held.change(before, this.#heldBytes)) this.destroy()
    this.#time()
  }

  #time(): void {
    const isTimed = this.#isExpecting || this.#socket.writableLength > 0
    if (isTimed === this.#isTimed) return
    this.#isTimed = isTimed
    this.#socket.setTimeout(isTimed ? this.#around.stallTimeoutMs : 0)
  }
}

/** A client that is gone already has no address any more. */
function remoteOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`
}
