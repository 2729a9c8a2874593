/**
 * The HTTP door with fifty connections beside a bare Fastify that answers what it is sent. Both
 * servers run in processes of their own; the load comes from this one.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alternate, latencyOf, type Row, rateOf, type Sample, showLatency, showRate } from './measure.ts'
import { load, requestOf, requestOnce } from './request-loop.ts'
import { inScratchDirectory } from './scratch.ts'

const CONNECTIONS = 50
const VALUE = 'v'.repeat(100)
const KEYS = 1000

export async function benchHttp(rounds: number, roundMs: number): Promise<Row[]> {
  return inScratchDirectory(async (scratch) => {
    const skein = await startServer('skein', join(scratch, 'node'))
    const echo = await startServer('echo', '')
    try {
      const put = (index: number) => requestOf('PUT', `/v1/keys/key${index % KEYS}`, VALUE)
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
