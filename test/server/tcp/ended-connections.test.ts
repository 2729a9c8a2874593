import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, openResp, type RunningResp } from '../resp/running-resp.ts'

const VALUE_BYTES = 60_000
/** Longer than an ended connection may linger when all has left. */
const PACE_MS = 1500
/** What leaves at once depends on the buffers of the system: some of these are a little more than that. */
const READS = [40, 50, 60, 66, 70, 74, 78, 82]

let running: RunningResp

beforeAll(async () => {
  running = await openResp()
  const client = await running.connect()
  await client.ask(command('SET', 'large', 'x'.repeat(VALUE_BYTES)), '+OK\r\n')
})

afterAll(() => running.stop())

describe('a connection that has been ended', () => {
  it('[Bounded] a client that takes its time gets all that it was answered', async () => {
    const received = await Promise.all(READS.map((reads) => readLate(command('GET', 'large').repeat(reads) + command('QUIT'))))
    const answerBytes = `$${VALUE_BYTES}\r\n`.length + VALUE_BYTES + 2
    expect(received).toEqual(READS.map((reads) => reads * answerBytes + '+OK\r\n'.length))
  })
})

/** How many bytes a client gets that sends commands and begins to read a while later. */
async function readLate(commands: string): Promise<number> {
  const socket = connect({ port: running.port, host: '127.0.0.1' })
  socket.pause()
  socket.write(commands, 'latin1')
  // The client's pace, not a wait for a condition.
  await new Promise((resolve) => setTimeout(resolve, PACE_MS))
  let bytes = 0
  socket.on('data', (chunk) => {
    bytes += chunk.length
  })
  socket.resume()
  await once(socket, 'close')
  return bytes
}
