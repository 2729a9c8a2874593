/**
 * A closed loop: each connection sends its next request when the answer to the last is there. So
 * the throughput is what the cluster gives to that many callers who wait, not what it can be
 * flooded with. Keys and the mix of reads and writes are drawn from a fixed seed.
 */

import { Prng, SECOND_MS, SkeinError, utf8 } from '../base/index.ts'
import { connectFailure } from './connection.ts'
import { UNREACHABLE } from './exit-codes.ts'
import { type HttpAnswer, HttpSocket } from './http-socket.ts'
import { Latencies } from './latencies.ts'

export interface LoadOptions {
  readonly urls: readonly string[]
  readonly connections: number
  readonly durationMs: number
  /** Bytes. */
  readonly valueSize: number
  /** From 0 to 1. */
  readonly readShare: number
  readonly keys: number
}

export interface Figures {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface LoadResult {
  readonly connections: number
  readonly seconds: number
  readonly valueSize: number
  readonly write: Figures | null
  readonly read: Figures | null
  readonly failed: number
  readonly firstFailure: string | null
}

const SEED = 1
/** Resolution of the share of reads. */
const SHARE_STEPS = 1_000_000
const HTTP_PORT = 80

/** What all connections write down. */
interface Tally {
  readonly write: Latencies
  readonly read: Latencies
  failed: number
  firstFailure: string | null
}

/** @throws UNAVAILABLE if a node does not answer */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const tally: Tally = { write: new Latencies(), read: new Latencies(), failed: 0, firstFailure: null }
  const sockets = await openSockets(options)
  try {
    if (options.readShare > 0) await fillKeys(sockets, options)
    const startedAt = performance.now()
    const deadline = startedAt + options.durationMs
    await Promise.all(sockets.map((socket, index) => loop(socket, new Prng(SEED + index), options, deadline, tally)))
    const seconds = (performance.now() - startedAt) / SECOND_MS
    return {
      connections: options.connections,
      seconds,
      valueSize: options.valueSize,
      write: figuresOf(tally.write, seconds),
      read: figuresOf(tally.read, seconds),
      failed: tally.failed,
      firstFailure: tally.firstFailure,
    }
  } finally {
    for (const socket of sockets) socket.close()
  }
}

async function openSockets({ urls, connections }: LoadOptions): Promise<HttpSocket[]> {
  const sockets: HttpSocket[] = []
  for (let i = 0; i < connections; i++) {
    const url = urls[i % urls.length] ?? ''
    const { protocol, hostname, port } = new URL(url)
    if (protocol !== 'http:') throw new SkeinError('BAD_REQUEST', `the bench speaks plain HTTP: give http:// instead of ${url}`)
    sockets.push(
      await HttpSocket.open(hostname, port === '' ? HTTP_PORT : Number(port)).catch((error: unknown) => refuse(error, url, sockets)),
    )
  }
  return sockets
}

function refuse(error: unknown, url: string, sockets: readonly HttpSocket[]): never {
  for (const socket of sockets) socket.close()
  const reason = connectFailure(error) ?? (error instanceof Error ? error.message : String(error))
  throw new SkeinError('UNAVAILABLE', `no node answers at ${url} (${reason})`, { details: { reason: UNREACHABLE } })
}

/** Writes every key once, so that reads find something. */
async function fillKeys(sockets: readonly HttpSocket[], options: LoadOptions): Promise<void> {
  let next = 0
  await Promise.all(
    sockets.map(async (socket) => {
      while (next < options.keys) {
        const answer = await socket.exchange(putRequest(next++, options.valueSize))
        if (answer.status !== 200) throw new SkeinError('UNAVAILABLE', `the keys could not be written: ${failureOf(answer)}`)
      }
    }),
  )
}

async function loop(socket: HttpSocket, random: Prng, options: LoadOptions, deadline: number, tally: Tally): Promise<void> {
  for (let now = performance.now(); now < deadline; ) {
    const isRead = random.below(SHARE_STEPS) < options.readShare * SHARE_STEPS
    const key = random.below(options.keys)
    const answer = await socket.exchange(isRead ? getRequest(key) : putRequest(key, options.valueSize)).catch((error: Error) => error)
    const endedAt = performance.now()
    if (!(answer instanceof Error) && answer.status === 200) (isRead ? tally.read : tally.write).record(endedAt - now)
    else {
      tally.failed += 1
      tally.firstFailure ??= answer instanceof Error ? answer.message : failureOf(answer)
      // A connection that is gone has no next request.
      if (answer instanceof Error) return
    }
    now = endedAt
  }
}

function getRequest(key: number): Uint8Array {
  return utf8(`GET /v1/keys/bench:${key} HTTP/1.1\r\nhost: bench\r\n\r\n`)
}

function putRequest(key: number, valueSize: number): Uint8Array {
  const value = 'x'.repeat(valueSize)
  const head = `PUT /v1/keys/bench:${key} HTTP/1.1\r\nhost: bench\r\ncontent-type: text/plain\r\ncontent-length: ${valueSize}\r\n\r\n`
  return utf8(head + value)
}

function failureOf({ status, body }: HttpAnswer): string {
  return `${status} ${body.slice(0, 200)}`
}

function figuresOf(latencies: Latencies, seconds: number): Figures | null {
  if (latencies.count === 0) return null
  return {
    requests: latencies.count,
    perSecond: latencies.count / seconds,
    p50Ms: latencies.quantileMs(0.5),
    p99Ms: latencies.quantileMs(0.99),
    maxMs: latencies.maxMs,
  }
}
