/**
 * The HTTP door with fifty connections beside a bare Fastify that answers what it is sent. Both
 * servers run in processes of their own; the load comes from this one over raw sockets that keep
 * one request in flight each, so that the client costs as little as possible.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alternate, latencyOf, type Row, rateOf, type Sample, showLatency, showRate } from './measure.ts'
import { inScratchDirectory } from './scratch.ts'

const CONNECTIONS = 50
const VALUE = 'v'.repeat(100)
const KEYS = 1000

export async function benchHttp(rounds: number, roundMs: number): Promise<Row[]> {
  return inScratchDirectory(async (scratch) => {
    const skein = await startServer('skein', join(scratch, 'node'))
    const echo = await startServer('echo', '')
    try {
      const put = (index: number) => requestOf('PUT', `/v1/keys/key${index % KEYS}`)
      const get = (index: number) => requestOf('GET', `/v1/keys/key${index % KEYS}`)
      const fill = await load(skein.port, 1, 200, put)
      if (fill.latencies.length === 0) throw new Error('no request was answered')
      for (let index = 0; index < KEYS; index++) await requestOnce(skein.port, put(index))
      const puts = await alternate(rounds, {
        echo: () => load(echo.port, CONNECTIONS, roundMs, put),
        skein: () => load(skein.port, CONNECTIONS, roundMs, put),
      })
      const gets = await alternate(rounds, {
        echo: () => load(echo.port, CONNECTIONS, roundMs, get),
        skein: () => load(skein.port, CONNECTIONS, roundMs, get),
      })
      return [rowOf('HTTP PUT, durable, 50 connections', puts.skein, puts.echo), rowOf('HTTP GET, 50 connections', gets.skein, gets.echo)]
    } finally {
      await Promise.all([stopServer(skein.process), stopServer(echo.process)])
    }
  })
}

function rowOf(what: string, skein: readonly Sample[], echo: readonly Sample[]): Row {
  return {
    what,
    figure: `${showRate(skein)} ${showLatency(skein)}`,
    peer: `bare Fastify: ${showRate(echo)} p50 ${latencyOf(echo, 0.5).toFixed(2)} ms`,
    ratio: `${(rateOf(skein) / rateOf(echo)).toFixed(2)} ×`,
  }
}

async function startServer(kind: 'skein' | 'echo', data: string): Promise<{ process: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(new URL('./http-server.js', import.meta.url)), [kind, data], { stdio: 'inherit' })
  const [message] = await once(child, 'message')
  return { process: child, port: Number(message) }
}

async function stopServer(child: ChildProcess): Promise<void> {
  child.send('stop')
  await once(child, 'exit')
}

function requestOf(method: 'PUT' | 'GET', path: string): string {
  const body = method === 'PUT' ? `content-type: text/plain\r\ncontent-length: ${VALUE.length}\r\n\r\n${VALUE}` : '\r\n'
  return `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${body}`
}

async function requestOnce(port: number, request: string): Promise<void> {
  const loop = new RequestLoop(connect(port, '127.0.0.1'))
  await loop.ask(request)
  loop.close()
}

async function load(port: number, connections: number, ms: number, request: (index: number) => string): Promise<Sample> {
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
