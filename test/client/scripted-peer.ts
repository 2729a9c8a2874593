/**
 * A real HTTP server on loopback that behaves as a test says: request by request, and then as
 * the last behaviour for ever. It keeps what it was sent.
 */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { afterEach } from 'vitest'
import { ERROR_STATUS, type ErrorCode, type ErrorDetails } from '../../base/index.ts'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Behaviour = (response: ServerResponse, request: SeenRequest) => void

export interface Peer {
  readonly url: string
  readonly seen: readonly SeenRequest[]
  stop(): Promise<void>
}

const running = new Set<Peer>()

afterEach(async () => {
  for (const peer of running) await peer.stop()
})

/** Stops by itself after the test. */
export async function startPeer(...behaviours: readonly [Behaviour, ...Behaviour[]]): Promise<Peer> {
  const seen: SeenRequest[] = []
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('error', () => undefined)
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://peer')
      const request = {
        method: incoming.method ?? '',
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      }
      seen.push(request)
      const behaviour = behaviours[Math.min(seen.length, behaviours.length) - 1]
      behaviour?.(response, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const peer: Peer = {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    stop: () =>
      new Promise<void>((resolve) => {
        running.delete(peer)
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  running.add(peer)
  return peer
}

/** An address at which nobody listens. */
export async function refusingAddress(): Promise<string> {
  const peer = await startPeer(hangs)
  await peer.stop()
  return peer.url
}

export function answers(body: unknown, headers: Readonly<Record<string, string>> = {}, status = 200): Behaviour {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}

export function answersText(status: number, text: string): Behaviour {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end(text)
  }
}

export function refuses(code: ErrorCode, details?: ErrorDetails): Behaviour {
  return answers(
    { error: { code, message: `${code} for this test`, ...(details === undefined ? {} : { details }) } },
    {},
    ERROR_STATUS[code],
  )
}

/** What a PUT is answered. */
export function writes(version = 'n1.0a1b2c3d:1'): Behaviour {
  return answers({ version, session: '' })
}

/** What a GET with `?meta=true` is answered. */
export function holds(value: unknown, session = ''): Behaviour {
  return answers(item('k', value), { 'skein-session': session })
}

export function item(key: string, value: unknown): Readonly<Record<string, unknown>> {
  return {
    key,
    value,
    type: 'json',
    version: 'n1.0a1b2c3d:1',
    writer: 'n1.0a1b2c3d',
    timestamp: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    conflicts: 0,
  }
}

/** Reads the request and says nothing. */
export const hangs: Behaviour = () => undefined

/** Reads the request, and ends the connection without an answer. */
export const drops: Behaviour = (response) => {
  response.destroy()
}
