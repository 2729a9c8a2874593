/**
 * HTTP/1.1 over one kept-alive connection with one request in flight, for measurements: it writes
 * prepared bytes and reads of an answer only what it must, the status and the length. A real
 * client (fetch, an agent) costs several times what the server does, and would be what is measured.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { assert, MIB, SkeinError } from '../base/index.ts'

export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

const HEAD_END = '\r\n\r\n'
const ANSWER_BYTES_MAX = 16 * MIB
const CONNECT_TIMEOUT_MS = 5_000
const ANSWER_TIMEOUT_MS = 30_000

interface Waiting {
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (error: Error) => void
}

export class HttpSocket {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #waiting: Waiting | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** @throws whatever keeps the connection from being made */
  static async open(host: string, port: number): Promise<HttpSocket> {
    const socket = connect({ host, port, noDelay: true })
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')))
    await once(socket, 'connect')
    socket.setTimeout(ANSWER_TIMEOUT_MS)
    const opened = new HttpSocket(socket)
    socket.on('data', (chunk) => opened.#receive(chunk))
    socket.on('error', (error) => opened.#fail(error))
    socket.on('close', () => opened.#fail(new Error('the node closed the connection')))
    return opened
  }

  /** Sends a whole request and answers the whole reply. One at a time. */
  exchange(request: Uint8Array): Promise<HttpAnswer> {
    assert(this.#waiting === null, 'one request at a time')
    if (this.#socket.destroyed) return Promise.reject(new Error('the connection is closed'))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const headEnd = this.#received.indexOf(HEAD_END)
    if (headEnd >= 0) this.#readAnswer(headEnd)
    else if (this.#received.length > ANSWER_BYTES_MAX) this.#socket.destroy(new Error('the answer is too long'))
  }

  #readAnswer(headEnd: number): void {
    const head = this.#received.toString('latin1', 0, headEnd).toLowerCase()
    const field = head.indexOf('\r\ncontent-length:')
    const lineEnd = head.indexOf('\r\n', field + 2)
    const length = Number(field < 0 ? Number.NaN : head.slice(field + 17, lineEnd < 0 ? head.length : lineEnd))
    if (!Number.isSafeInteger(length) || length > ANSWER_BYTES_MAX) {
      this.#socket.destroy(new SkeinError('INTERNAL', 'the answer has no length: is there a proxy in between?'))
      return
    }
    const start = headEnd + HEAD_END.length
    if (this.#received.length < start + length) return
    const waiting = this.#waiting
    const body = this.#received.toString('utf8', start, start + length)
    // "HTTP/1.1 200 …": the status has a fixed place.
    const status = Number(head.slice(9, 12))
    this.#waiting = null
    this.#received = this.#received.subarray(start + length)
    waiting?.resolve({ status, body })
  }

  #fail(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.reject(error)
  }
}
