import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, openResp, type RunningResp } from '../resp/running-resp.ts'

let running: RunningResp

beforeAll(async () => {
  running = await openResp()
})

afterAll(() => running.stop())

/** Sends all at once, says that this was all, and gathers what comes back until the other side ends it. */
function sendAll(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect({ port: running.port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(text, 'utf8'))
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      received += String(chunk)
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(received))
  })
}

describe('JSON lines on the TCP door', () => {
  it('[LINES] a first byte of { makes a connection JSON lines, and it is answered whole after its end', async () => {
    const answers = (await sendAll('{"op":"set","key":"é","value":"👋"}\n{"op":"get","key":"é","id":1}')).split('\n')
    expect(answers.length).toBe(3)
    expect(JSON.parse(answers[1] ?? '')).toMatchObject({ id: 1, key: 'é', value: '👋' })
  })

  it('[LINES] what one protocol wrote the other reads', async () => {
    const client = await running.connect()
    await sendAll('{"op":"set","key":"shared","value":{"a": 1}}\n')
    expect(await client.ask(command('GET', 'shared'), '$8\r\n{"a": 1}\r\n')).toBe('$8\r\n{"a": 1}\r\n')
    expect(await client.ask(command('SET', 'shared', '\xff'), '+OK\r\n')).toBe('+OK\r\n')
    expect(JSON.parse(await sendAll('{"op":"get","key":"shared"}\n'))).toMatchObject({ value: '/w==', type: 'bytes', encoding: 'base64' })
  })

  it('[Bounded] a client that reads late gets every line of a long pipeline', async () => {
    const value = 'x'.repeat(40 * 1024)
    await sendAll(`{"op":"set","key":"long","value":"${value}"}\n`)
    const socket = connect({ port: running.port, host: '127.0.0.1' })
    socket.pause()
    const count = 300
    socket.write(Array.from({ length: count }, (_, id) => `{"op":"get","key":"long","id":${id}}\n`).join(''))
    // The door has stopped taking lines when another connection has been served many times.
    const other = await running.connect()
    for (let i = 0; i < 50; i++) await other.ask(command('PING'), '+PONG\r\n')
    let received = ''
    await new Promise<void>((resolve) => {
      socket.setEncoding('utf8').on('data', (chunk) => {
        received += String(chunk)
        if (received.split('\n').length > count) resolve()
      })
      socket.resume()
    })
    socket.destroy()
    const ids = received
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: number }).id)
    expect(ids).toEqual(ids.map((_, id) => id))
  })
})
