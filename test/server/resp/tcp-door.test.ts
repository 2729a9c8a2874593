/** The TCP door and the engine of the Redis protocol, over real sockets on a real node. */

import pino from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { keyFromText } from '../../../base/index.ts'
import { TcpDoor, type TcpLimits } from '../../../server/index.ts'
import { eventually } from '../../support/eventually.ts'
import { command, openResp, type RespClient, type RunningResp } from './running-resp.ts'

const DEADLINE_MS = 10_000

const running: RunningResp[] = []

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

async function open(limits: Partial<TcpLimits> = {}, maxValueBytes?: number): Promise<RunningResp> {
  const one = await openResp(limits, maxValueBytes)
  running.push(one)
  return one
}

describe('the TCP door', () => {
  it('[RESP] writes and reads', async () => {
    const client = await (await open()).connect()
    expect(await client.ask(command('PING'), '+PONG\r\n')).toBe('+PONG\r\n')
    expect(await client.ask(command('SET', 'a', 'one'), '+OK\r\n')).toBe('+OK\r\n')
    expect(await client.ask(command('get', 'a'), '$3\r\none\r\n')).toBe('$3\r\none\r\n')
    expect(await client.ask(command('GET', 'nothing'), '$-1\r\n')).toBe('$-1\r\n')
  })

  it('[RESP] a pipeline of writes and reads is answered in order, each read with what was written before it', async () => {
    const client = await (await open()).connect()
    let sent = ''
    let expected = ''
    for (let i = 0; i < 500; i++) {
      const [key, value] = [`key:${i % 7}`, `value ${i}`]
      sent += command('SET', key, value) + command('GET', key) + command('GET', 'nothing') + command('PING')
      expected += `+OK\r\n$${value.length}\r\n${value}\r\n$-1\r\n+PONG\r\n`
    }
    expect(await client.ask(sent, expected)).toBe(expected)
  })

  it('[RESP] values of any bytes and of the largest size come back as they were, sent byte by byte or at once', async () => {
    const client = await (await open()).connect()
    const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))
    for (const byte of command('SET', bytes, bytes)) client.send(byte)
    expect(await client.ask(command('GET', bytes), `+OK\r\n$256\r\n${bytes}\r\n`)).toBe(`+OK\r\n$256\r\n${bytes}\r\n`)
    const large = bytes.repeat(256)
    expect(await client.ask(command('SET', 'large', large), '+OK\r\n')).toBe('+OK\r\n')
    const answer = `$${large.length}\r\n${large}\r\n`
    expect((await client.ask(command('GET', 'large'), answer)) === answer).toBe(true)
  })

  it('[RESP] a client that ends its side gets all its answers, then the end', async () => {
    const client = await (await open()).connect()
    client.socket.end(command('SET', 'a', '1') + command('GET', 'a'))
    expect(await client.untilEnd()).toBe('+OK\r\n$1\r\n1\r\n')
  })

  it('[RESP] after a protocol error what came before is answered, and the connection ends', async () => {
    const client = await (await open()).connect()
    client.send(`${command('SET', 'a', '1')}*1\r\n!\r\n${command('SET', 'a', '2')}`)
    expect(await client.untilEnd()).toBe("+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n")
    await eventually(() => client.isClosed || client.socket.readableEnded, DEADLINE_MS)
  })

  it('[RESP] an HTTP request finds the connection closed', async () => {
    const client = await (await open()).connect()
    client.send('POST /v1/batch HTTP/1.1\r\nHost: localhost\r\n\r\nSET a 1\r\n')
    expect(await client.untilEnd()).toBe('')
  })

  it('[RESP] one connection too many is told so', async () => {
    const door = await open({ connectionsMax: 2 })
    const [first, second] = [await door.connect(), await door.connect()]
    for (const client of [first, second]) await client.ask(command('PING'), '+PONG\r\n')
    const third = await door.connect()
    expect(await third.untilEnd()).toBe('-ERR max number of clients reached\r\n')
    first.destroy()
    await eventually(() => door.door.connections === 1, DEADLINE_MS)
    const fourth = await door.connect()
    expect(await fourth.ask(command('PING'), '+PONG\r\n')).toBe('+PONG\r\n')
  })

  it('[RESP] a huge pipeline does not keep others waiting', async () => {
    const door = await open()
    const [busy, other] = [await door.connect(), await door.connect()]
    const count = 100_000
    busy.send('PING\r\n'.repeat(count))
    await busy.take(7)
    expect(await other.ask('PING\r\n', '+PONG\r\n')).toBe('+PONG\r\n')
    expect(busy.received.length).toBeLessThan((count - 1) * 7)
    expect((await busy.take((count - 1) * 7)).length).toBe((count - 1) * 7)
  })

  it('[RESP] a client that reads late gets everything, and little is held for it meanwhile', async () => {
    const door = await open({}, 1024 * 1024)
    const client = await door.connect()
    const value = 'x'.repeat(200_000)
    await client.ask(command('SET', 'a', value), '+OK\r\n')
    client.socket.pause()
    const count = 200
    client.send(command('GET', 'a').repeat(count))
    await eventually(() => door.door.heldBytes > 0, DEADLINE_MS)
    expect(door.door.heldBytes).toBeLessThan(2_000_000)
    client.socket.resume()
    const size = count * (value.length + 11)
    expect((await client.take(size)).length).toBe(size)
    expect(door.door.heldBytes).toBe(0)
  })

  it.each<[what: string, send: (client: RespClient) => void]>([
    [
      'leaves its answers unread',
      (client) => {
        client.socket.pause()
        client.send(command('GET', 'a').repeat(500))
      },
    ],
    ['stops in the middle of a command', (client) => client.send('*2\r\n$3\r\nGET\r\n$1')],
  ])('[RESP] a client that %s loses its connection after a while', async (_what, send) => {
    const door = await open({ stallTimeoutMs: 200 })
    const [client, idle] = [await door.connect(), await door.connect()]
    await idle.ask(command('SET', 'a', 'x'.repeat(60_000)), '+OK\r\n')
    await client.ask(command('PING'), '+PONG\r\n')
    send(client)
    await eventually(() => door.door.connections === 1, DEADLINE_MS)
    expect(door.door.heldBytes).toBe(0)
    expect(await idle.ask(command('PING'), '+PONG\r\n')).toBe('+PONG\r\n')
  })

  it('[RESP] together connections hold no more than the bound', async () => {
    const door = await open({ heldBytesMax: 200_000 }, 1024 * 1024)
    const clients = [await door.connect(), await door.connect(), await door.connect()]
    for (const client of clients) client.send(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1000000\r\n${'x'.repeat(90_000)}`)
    await eventually(() => clients.some((client) => client.socket.readableEnded || client.isClosed), DEADLINE_MS)
    expect(clients.map(({ received }) => received).join('')).toMatch(/^-UNAVAILABLE the node holds as much/)
    await eventually(() => door.door.heldBytes <= 200_000, DEADLINE_MS)
  })

  it('[RESP] closing answers what was taken, and what was answered was written', async () => {
    const door = await open()
    const client = await door.connect()
    client.send(Array.from({ length: 2000 }, (_, i) => command('SET', `key:${i}`, 'x')).join(''))
    await client.take(5)
    await door.door.close()
    const answered = 1 + (await client.untilEnd()).length / 5
    expect(Number.isInteger(answered)).toBe(true)
    const reply = await new Promise((resolve) => {
      const key = keyFromText(`key:${answered - 1}`)
      door.node.request({ kind: 'get', key, consistency: 'local', session: null, timeoutMs: 0 }, resolve)
    })
    expect(reply).toMatchObject({ kind: 'value', item: { value: { data: 'x' } } })
  })

  it('[RESP] closing does not wait for idle connections, nor for those that never said a word', async () => {
    const door = await open({ closeGraceMs: 60_000 })
    const [spoken, silent] = [await door.connect(), await door.connect()]
    await spoken.ask(command('PING'), '+PONG\r\n')
    spoken.socket.on('end', () => spoken.socket.end())
    silent.socket.on('end', () => silent.socket.end())
    const startedAt = performance.now()
    await door.door.close()
    expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS)
  })

  it('[RESP] a port that is taken is refused with what to do', async () => {
    const door = await open()
    const options = { gateway: door.node, host: '127.0.0.1', port: door.port, maxValueBytes: 1, logger: pino({ level: 'silent' }) }
    await expect(TcpDoor.open(options)).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('--resp-port') })
  })
})
