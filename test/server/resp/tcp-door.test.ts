/** The TCP door and the engine of the Redis protocol, over real sockets on a real node. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, openResp, type RunningResp } from './running-resp.ts'

let running: RunningResp

beforeAll(async () => {
  running = await openResp()
})

afterAll(() => running.stop())

describe('the Redis protocol', () => {
  it('[RESP] writes and reads', async () => {
    const client = await running.connect()
    expect(await client.ask(command('PING'), '+PONG\r\n')).toBe('+PONG\r\n')
    expect(await client.ask(command('SET', 'a', 'one'), '+OK\r\n')).toBe('+OK\r\n')
    expect(await client.ask(command('get', 'a'), '$3\r\none\r\n')).toBe('$3\r\none\r\n')
    expect(await client.ask(command('GET', 'nothing'), '$-1\r\n')).toBe('$-1\r\n')
  })
})
