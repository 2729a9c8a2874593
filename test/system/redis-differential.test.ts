/**
 * The same commands to this node and to a Redis server, one connection each: the answers are the
 * same, byte for byte. It needs Debian's `redis-server`.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Prng } from '../../base/index.ts'
import { takeReplies } from '../server/resp/conversation.ts'
import { command, openResp, RespClient, type RunningResp } from '../server/resp/running-resp.ts'
import { type Likeness, type RandomCommand, RandomCommands } from '../support/random-commands.ts'
import { hasRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { itemsOf } from '../support/resp-replies.ts'

/** In each version of the protocol. */
const COMMANDS = Number(process.env.SKEIN_DIFFERENTIAL_COMMANDS ?? 20_000)
const PIPELINE = 50
const MAX_VALUE_BYTES = 1024 * 1024
/** Between the two servers running the same command, in milliseconds. */
const CLOCK_DIFFERENCE_MS = 5000

let redis: RedisServer
let skein: RunningResp

describe.skipIf(!hasRedisServer())('beside Redis', () => {
  beforeAll(async () => {
    redis = await startRedisServer('--proto-max-bulk-len', String(MAX_VALUE_BYTES))
    skein = await openResp({}, MAX_VALUE_BYTES)
  })

  afterAll(async () => {
    await skein.stop()
    await redis.stop()
  })

  it.each([
    [2, 20_260_501],
    [3, 20_260_502],
  ])(
    '[RESP] random commands are answered the same over RESP%i (seed %i)',
    async (protocol, seed) => {
      const theirs = await RespClient.connect(redis.port)
      const ours = await skein.connect()
      for (const client of [theirs, ours]) {
        client.send(command('HELLO', String(protocol)))
        await takeReplies(client, 1)
        client.send(command('FLUSHALL'))
        await takeReplies(client, 1)
      }
      const commands = new RandomCommands(new Prng(seed))
      const counts = { errors: 0, nulls: 0 }
      for (let done = 0; done < COMMANDS; done += PIPELINE) {
        const pipeline = Array.from({ length: PIPELINE }, () => commands.next())
        const bytes = pipeline.map(({ words }) => command(...words)).join('')
        theirs.send(bytes)
        ours.send(bytes)
        const [expected, actual] = [await takeReplies(theirs, PIPELINE), await takeReplies(ours, PIPELINE)]
        for (const [i, sent] of pipeline.entries()) compare(sent, expected[i] ?? '', actual[i] ?? '', done + i)
        counts.errors += expected.filter((reply) => reply.startsWith('-')).length
        counts.nulls += expected.filter((reply) => reply === '$-1\r\n' || reply === '_\r\n').length
      }
      theirs.destroy()
      // A run of nothing but errors, or without any, would compare little.
      expect(counts.errors).toBeGreaterThan(COMMANDS / 100)
      expect(counts.errors).toBeLessThan(COMMANDS / 4)
      expect(counts.nulls).toBeGreaterThan(COMMANDS / 100)
    },
    240_000,
  )
})

function compare({ words, likeness }: RandomCommand, expected: string, actual: string, index: number): void {
  if (isAlike(likeness, expected, actual)) return
  expect({ index, words, reply: actual }).toEqual({ index, words, reply: expected })
}

function isAlike(likeness: Likeness, expected: string, actual: string): boolean {
  if (expected === actual) return true
  switch (likeness) {
    case 'exact':
      return false
    case 'about':
      return isAbout(expected, actual)
    case 'unordered':
      return sorted(expected) === sorted(actual)
  }
}

/** Numbers of which both are large may differ by the clocks, those of EXEC's answers, too. */
function isAbout(expected: string, actual: string): boolean {
  if (expected === actual) return true
  if (isArray(expected) && isArray(actual)) {
    const [left, right] = [itemsOf(expected), itemsOf(actual)]
    return left.length === right.length && left.every((item, i) => isAbout(item, right[i] ?? ''))
  }
  const [left, right] = [numberOf(expected), numberOf(actual)]
  return left > 1000 && right > 1000 && Math.abs(left - right) <= CLOCK_DIFFERENCE_MS
}

/** With the items of arrays in one order. */
function sorted(reply: string): string {
  return isArray(reply) ? `*[${itemsOf(reply).map(sorted).sort().join(' ')}]` : reply
}

function isArray(reply: string): boolean {
  return reply.startsWith('*')
}

function numberOf(reply: string): number {
  return reply.startsWith(':') ? Number(reply.slice(1, -2)) : Number.NaN
}
