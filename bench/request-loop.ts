/**
 * A load of HTTP requests over raw sockets that keep one request in flight each, so that the client
 * costs as little as possible beside the server.
 */

import { connect, type Socket } from 'node:net'
import type { Sample } from './measure.ts'

/** A request as it goes over the wire. */
export function requestOf(method: 'GET' | 'PUT' | 'POST', path: string, body = ''): string {
  const type = method === 'POST' ? 'application/json' : 'text/plain'
  const head = body === '' ? '' : `content-type: ${type}\r\ncontent-length: ${body.length}\r\n`
  return `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${head}\r\n${body}`
}

export async function requestOnce(port: number, request: string): Promise<void> {
  const loop = new RequestLoop(connect(port, '127.0.0.1'))
  await loop.ask(request)
  loop.close()
}

/** Requests over so many connections until `ms` have passed. */
export async function load(port: number, connections: number, ms: number, request: (index: number) => string): Promise<Sample> {
  const latencies: number[] = []
  const start = performance.now()
  let index = 0
  const worker = async (): Promise<void> => {
    const loop = new RequestLoop(connect(port, '127.0.0.1'))
    while (performance.now() - start < ms) {
      const began = performance.now()
      await loop.ask(request(index++))
      latencies.push(performance.now() - began)
    }
    loop.close()
  }
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - start) / 1000
  return { rate: latencies.length / seconds, latencies: latencies.sort((left, right) => left - right) }
}

/** One connection, one request at a time; answers are told apart by their `content-length`. */
class RequestLoop {
  readonly #socket: Socket
  #received = ''
  #resolve: (() => void) | null = null

  constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true).setEncoding('latin1')
    socket.on('data', (chunk) => this.#take(String(chunk)))
  }

  ask(request: string): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: string): void {
    this.#received += chunk
    const head = this.#received.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(this.#received.slice(0, head))?.[1] ?? 0)
    if (this.#received.length < head + 4 + length) return
    if (!this.#received.startsWith('HTTP/1.1 2')) throw new Error(`the server answered ${this.#received.slice(0, 200)}`)
    this.#received = this.#received.slice(head + 4 + length)
    this.#resolve?.()
  }
}
