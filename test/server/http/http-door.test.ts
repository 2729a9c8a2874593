import { connect, type Socket } from 'node:net'
import pino from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { HttpDoor, type HttpLimits } from '../../../server/http/index.ts'
import { eventually } from '../../support/eventually.ts'
import { jsonOf, openDoor, type RunningDoor, sendRaw } from './running-door.ts'

const DEADLINE_MS = 5000

const opened: RunningDoor[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const running of opened.splice(0)) await running.stop()
})

async function open(limits: Partial<HttpLimits> = {}): Promise<RunningDoor> {
  const running = await openDoor(limits)
  opened.push(running)
  return running
}

/** A bare connection that remembers what came back and whether it was ended. */
async function dial(url: string): Promise<{ socket: Socket; received: () => string; isClosed: () => boolean }> {
  let received = ''
  let isClosed = false
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  sockets.push(socket)
  socket.on('data', (chunk) => {
    received += chunk.toString()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
  })
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return { socket, received: () => received, isClosed: () => isClosed }
}

const put = (key: string, body: string, announced = body.length): string =>
  `PUT /v1/keys/${key} HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: ${announced}\r\n\r\n${body}`

/** A read that waits for a session which never comes: n9.00000009 at sequence 5. */
const WAITING_TOKEN = Buffer.from('\x01\x01\x0bn9.00000009\x05', 'latin1').toString('base64url')
const waitingRead = (timeout: string): string =>
  `GET /v1/keys/a?timeout=${timeout} HTTP/1.1\r\nhost: a\r\nskein-session: ${WAITING_TOKEN}\r\n\r\n`

describe('limits', () => {
  it('[Bounded] a client that never finishes its headers is told so and cut off', async () => {
    const { url } = await open({ headersTimeoutMs: 100, requestTimeoutMs: 200 })
    const answer = await sendRaw(url, 'GET /healthz HTTP/1.1\r\nhost: a\r\n')
    expect(answer).toContain('"code":"TIMEOUT"')
  })

  it('[Bounded] a client that never finishes its body is told so and cut off', async () => {
    const { url } = await open({ headersTimeoutMs: 100, requestTimeoutMs: 200 })
    const answer = await sendRaw(url, put('slow', 'x', 10))
    expect(answer).toContain('"code":"TIMEOUT"')
    expect((await fetch(`${url}/v1/keys/slow`)).status).toBe(404)
  })

  it('[Bounded] a connection without a request is closed after a while', async () => {
    const { url } = await open({ headersTimeoutMs: 100, requestTimeoutMs: 200 })
    const silent = await dial(url)
    expect(await eventually(silent.isClosed, DEADLINE_MS)).toBe(true)
  })

  it('[Bounded] a connection that is not used again is closed after a while', async () => {
    const { url } = await open({ keepAliveTimeoutMs: 50 })
    const idle = await dial(url)
    idle.socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
    expect(await eventually(idle.isClosed, DEADLINE_MS)).toBe(true)
    expect(idle.received()).toContain('200 OK')
  })

  it('[Bounded] more connections than allowed are closed at once', async () => {
    const { url } = await open({ connectionsMax: 2 })
    const first = await dial(url)
    await dial(url)
    const third = await dial(url)
    expect(await eventually(third.isClosed, DEADLINE_MS)).toBe(true)
    first.socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
    expect(await eventually(() => first.received().includes('200 OK'), DEADLINE_MS)).toBe(true)
  })

  it('[Bounded] more requests than allowed are refused with a time to come back, and operators still hear', async () => {
    const { url } = await open({ requestsMax: 1 })
    const waiting = await dial(url)
    waiting.socket.write(waitingRead('30s'))
    const refused = await eventually(async () => {
      const response = await fetch(`${url}/v1/keys/a`)
      return response.status === 503 ? response : null
    }, DEADLINE_MS)
    expect((await jsonOf(refused)).error.code).toBe('UNAVAILABLE')
    expect(refused.headers.get('retry-after')).toBe('1')
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    waiting.socket.destroy()
    expect(await eventually(async () => (await fetch(`${url}/v1/keys/a`)).status === 404, DEADLINE_MS)).toBe(true)
  })

  it('[Bounded] bodies on their way are bounded together', async () => {
    const { url } = await open({ heldBytesMax: 1000 })
    const uploading = await dial(url)
    uploading.socket.write(put('a', 'x', 900))
    const refused = await eventually(async () => {
      const response = await fetch(`${url}/v1/keys/b`, { method: 'PUT', body: 'x'.repeat(200) })
      return response.status === 503 ? response : null
    }, DEADLINE_MS)
    expect((await jsonOf(refused)).error.code).toBe('UNAVAILABLE')
    uploading.socket.write('x'.repeat(899))
    expect(await eventually(() => uploading.received().includes('200 OK'), DEADLINE_MS)).toBe(true)
    expect((await fetch(`${url}/v1/keys/b`, { method: 'PUT', body: 'x'.repeat(200) })).status).toBe(200)
  })

  it('[Bounded] long answers that a client does not take are bounded with them', async () => {
    const { url } = await open({ heldBytesMax: 1_000_000 })
    const value = 'x'.repeat(60_000)
    // More than the sockets' own buffers take in.
    for (let i = 0; i < 140; i++) await fetch(`${url}/v1/keys/${i}`, { method: 'PUT', body: value })
    const lazy = await dial(url)
    lazy.socket.pause()
    lazy.socket.write('GET /v1/keys?limit=10000 HTTP/1.1\r\nhost: a\r\n\r\n')
    expect(await eventually(async () => (await fetch(`${url}/v1/keys/0`)).status === 503, DEADLINE_MS)).toBe(true)
    lazy.socket.destroy()
    expect(await eventually(async () => (await fetch(`${url}/v1/keys/0`)).status === 200, DEADLINE_MS)).toBe(true)
  })

  it('[HTTP] a port in use is a failure that names it', async () => {
    const { url, node } = await open()
    const logger = pino({ level: 'silent' })
    const port = Number(new URL(url).port)
    await expect(HttpDoor.open({ gateway: node, host: '127.0.0.1', port, maxValueBytes: 1, logger })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(String(port)),
    })
  })
})

describe('a connection', () => {
  it('[HTTP] pipelined requests are answered in order', async () => {
    const { url } = await open()
    const client = await dial(url)
    client.socket.write(`${put('p', '1')}${put('p', '2')}GET /v1/keys/p HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    expect(await eventually(client.isClosed, DEADLINE_MS)).toBe(true)
    expect(client.received().match(/HTTP\/1.1 200 OK/g)).toHaveLength(3)
    expect(client.received().endsWith('\r\n\r\n2')).toBe(true)
  })

  it('[HTTP] a pipelined read sees the write before it and not the one behind it', async () => {
    const { url } = await open()
    const client = await dial(url)
    client.socket.write(`${put('p', '1')}GET /v1/keys/p HTTP/1.1\r\nhost: a\r\n\r\n${put('p', '2')}`)
    client.socket.write('GET /v1/keys/p HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    expect(await eventually(client.isClosed, DEADLINE_MS)).toBe(true)
    expect(client.received().match(/\r\n\r\n[12](?=HTTP|$)/g)).toEqual(['\r\n\r\n1', '\r\n\r\n2'])
  })

  it('[HTTP] a client that leaves withdraws what it asked', async () => {
    const { url, door } = await open({ requestsMax: 1 })
    const waiting = await dial(url)
    waiting.socket.write(waitingRead('60s'))
    await eventually(async () => (await fetch(`${url}/v1/keys/a`)).status === 503, DEADLINE_MS)
    waiting.socket.destroy()
    expect(await eventually(async () => (await fetch(`${url}/v1/keys/a`)).status === 404, DEADLINE_MS)).toBe(true)
    await door.close()
  })

  it('[HTTP] a client that leaves in the middle of a body writes nothing', async () => {
    const { url, node } = await open()
    const client = await dial(url)
    const before = node.status().digest
    client.socket.write(put('torn', 'xxx', 100))
    client.socket.destroy()
    expect((await fetch(`${url}/v1/keys/other`, { method: 'DELETE' })).status).toBe(200)
    expect(node.status().digest).toBe(before)
  })
})

describe('closing', () => {
  it('[HTTP] a write in flight is answered, and then the connection ends', async () => {
    const { url, door, node } = await open()
    const client = await dial(url)
    client.socket.write(put('last', 'x', 5))
    await eventually(async () => (await fetch(`${url}/healthz`)).status === 200, DEADLINE_MS)
    const closing = door.close()
    client.socket.write('xxxx')
    await closing
    expect(await eventually(client.isClosed, DEADLINE_MS)).toBe(true)
    expect(client.received()).toContain('200 OK')
    expect(node.status().keys).toBe(1)
  })

  it('[HTTP] no new connection is taken', async () => {
    const { url, door } = await open()
    await door.close()
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })

  it('[HTTP] idle and silent connections do not hold it up', async () => {
    const { url, door } = await open()
    const idle = await dial(url)
    idle.socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')
    await eventually(() => idle.received().includes('200 OK'), DEADLINE_MS)
    await dial(url)
    const startMs = performance.now()
    await door.close()
    expect(performance.now() - startMs).toBeLessThan(1000)
  })

  it('[HTTP] what takes longer than the grace is cut off', async () => {
    const { url, door } = await open({ closeGraceMs: 100 })
    const waiting = await dial(url)
    waiting.socket.write(waitingRead('60s'))
    await eventually(async () => (await fetch(`${url}/healthz`)).status === 200, DEADLINE_MS)
    const startMs = performance.now()
    await door.close()
    expect(performance.now() - startMs).toBeLessThan(2000)
    expect(await eventually(waiting.isClosed, DEADLINE_MS)).toBe(true)
  })

  it('[HTTP] closing twice is closing once', async () => {
    const { door } = await open()
    expect(await Promise.all([door.close(), door.close()])).toEqual([undefined, undefined])
  })
})
