/**
 * The same commands to this node and to a Redis server, one connection each: the answers are the
 * same, byte for byte. It needs Debian's `redis-server`.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Prng } from '../../base/index.ts'
import { commandTable } from '../../server/resp/command-table.ts'
import { Conversation, takeReplies } from '../server/resp/conversation.ts'
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

/** What the table has of Redis's flags; no_multi is its own. */
const FLAGS: readonly string[] = ['readonly', 'write', 'fast', 'denyoom', 'admin', 'loading', 'stale', 'noscript', 'no_auth']
const NEWER_THAN_REDIS_7_0 = ['client|setinfo', 'client|no-touch']

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

  it('[RESP] COMMAND INFO says of arity, flags and keys what Redis says', async () => {
    const theirs = new Conversation(await RespClient.connect(redis.port))
    const commands = commandTable({ maxValueBytes: MAX_VALUE_BYTES })
    const mine = [...commands, ...commands.flatMap(({ subcommands = [] }) => subcommands)]
    const answers = await theirs.ask('COMMAND', 'INFO', ...mine.map(({ name }) => name))
    if (!Array.isArray(answers)) throw new Error('COMMAND INFO answers an array')
    const known = new Map(answers.flatMap((answer) => (Array.isArray(answer) ? [[String(answer[0]), answer] as const] : [])))
    const unknown = mine.filter(({ name }) => !known.has(name))
    expect(unknown.map(({ name }) => name)).toEqual(NEWER_THAN_REDIS_7_0)
    for (const command of mine.filter(({ name }) => known.has(name))) {
      const [name, arity, flags, ...keys] = known.get(command.name) ?? []
      const shared = String(flags)
        .split(',')
        .filter((flag) => FLAGS.includes(flag.slice(1)))
        .map((flag) => flag.slice(1))
      const expected = { name, arity, flags: shared.sort(), keys: keys.slice(0, 3) }
      const { first, last, step } = command.keys
      const actual = { name: command.name, arity: command.arity, flags: command.flags.filter((flag) => FLAGS.includes(flag)).sort() }
      expect({ ...actual, keys: [first, last, step] }).toEqual(expected)
    }
  })
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
