/**
 * The clients that people use, each on the same tour through a node and through Redis itself: what
 * a client makes of the answers must be the same. It needs Debian's redis-server, redis-tools and
 * python3-redis; what is missing is left out.
 */

import { execFileSync, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createClient } from '@redis/client'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { commandTable } from '../../server/resp/command-table.ts'
import { type LocalNode, startNode } from '../support/local-cluster.ts'
import { hasRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { BARE_TOUR, NOT_FOR_LIBRARIES, TOUR, type TourStop } from '../support/redis-tour.ts'
import { report } from './report.ts'

/** Debian's: the one that has python3-redis. */
const PYTHON = '/usr/bin/python3'
const PYTHON_TOUR = fileURLToPath(new URL('../support/redis-tour.py', import.meta.url))
/** Of redis-benchmark; a single connection waits for the disk each time. */
const REQUESTS = 4000
const REQUESTS_ONE_BY_ONE = 400

let redis: RedisServer
let node: LocalNode
let port: number

describe.skipIf(!hasRedisServer())('real clients of Redis', () => {
  beforeAll(async () => {
    redis = await startRedisServer('--enable-debug-command', 'yes', '--appendonly', 'yes')
    node = await startNode()
    port = Number(node.resp.split(':').at(-1))
  })

  afterAll(async () => {
    await node.stop()
    await redis.stop()
  })

  beforeEach(async () => {
    for (const each of [redis.port, port]) expect(await redisCli(each, ['FLUSHALL\n'])).toContain('OK')
  })

  it('[RESP] the tour visits every command', () => {
    const visited = new Set([...BARE_TOUR.map(({ words }) => words[0]?.toLowerCase()), ...NOT_FOR_LIBRARIES])
    const missing = commandTable({ maxValueBytes: 1024 }).filter(({ name }) => !visited.has(name))
    expect(missing.map(({ name }) => name)).toEqual([])
  })

  it.each([
    ['RESP2', []],
    ['RESP3', ['-3']],
  ])('[RESP] redis-cli, %s', async (_protocol, options) => {
    const lines = (isAnsweredAlike: boolean) =>
      BARE_TOUR.filter((stop) => stop.isAnsweredAlike === isAnsweredAlike).map(({ words }) => `${words.join(' ')}\n`)
    const [theirs, ours] = [await redisCli(redis.port, lines(true), ...options), await redisCli(port, lines(true), ...options)]
    expect(ours.split('\n').length).toBeGreaterThan(lines(true).length)
    expect(ours).toBe(theirs)
    expect(await redisCli(port, lines(false), ...options)).not.toContain('(error)')
  })

  it('[RESP] ioredis', async () => {
    const answersOf = async (each: number): Promise<unknown[]> => {
      const client = new Redis({ port: each, host: '127.0.0.1' })
      const answers: unknown[] = []
      for (const { words } of TOUR) {
        const [name = '', ...rest] = words
        answers.push(await client.call(name, ...rest).catch(errorText))
      }
      client.disconnect()
      return answers
    }
    expectAlike(TOUR, await answersOf(redis.port), await answersOf(port))

    const client = new Redis({ port, host: '127.0.0.1' })
    await client.set('a', 'b', 'EX', 100)
    expect(await client.multi().set('c', 1).get('c').strlen('a').exec()).toEqual([
      [null, 'OK'],
      [null, '1'],
      [null, 1],
    ])
    await client.mset(Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`key:${index}`, index])))
    const found: string[] = []
    for await (const keys of client.scanStream({ match: 'key:*', count: 7 })) found.push(...(keys as string[]))
    expect(found.length).toBe(25)
    expect(await client.pipeline().get('a').mget('key:1', 'nothing').exec()).toEqual([
      [null, 'b'],
      [null, ['1', null]],
    ])
    await client.set('bytes', Buffer.from([0xff, 0, 13, 10]))
    expect(await client.getBuffer('bytes')).toEqual(Buffer.from([0xff, 0, 13, 10]))
    await client.quit()
  })

  it.each([2, 3] as const)('[RESP] node-redis, RESP%i', async (RESP) => {
    const answersOf = async (each: number): Promise<unknown[]> => {
      const client = createClient({ socket: { port: each, host: '127.0.0.1' }, RESP })
      await client.connect()
      const answers: unknown[] = []
      for (const { words } of TOUR) answers.push(await client.sendCommand([...words]).catch(errorText))
      client.destroy()
      return answers
    }
    expectAlike(TOUR, await answersOf(redis.port), await answersOf(port))

    const client = createClient({ socket: { port, host: '127.0.0.1' }, RESP })
    await client.connect()
    await client.set('a', 'b', { expiration: { type: 'EX', value: 100 } })
    expect(await client.multi().set('c', '1').get('c').strLen('a').exec()).toEqual(['OK', '1', 1])
    await client.mSet(Array.from({ length: 25 }, (_, index) => [`key:${index}`, String(index)] as [string, string]))
    const found: string[] = []
    for await (const keys of client.scanIterator({ MATCH: 'key:*', COUNT: 7 })) found.push(...keys)
    expect(found.length).toBe(25)
    expect(await Promise.all([client.get('a'), client.mGet(['key:1', 'nothing']), client.ttl('a')])).toEqual(['b', ['1', null], 100])
    await client.close()
  })

  it.skipIf(!hasPythonRedis())('[RESP] redis-py', async () => {
    const run = async (each: number): Promise<{ tour: unknown[]; methods: unknown }> => {
      const output = await runWith(JSON.stringify(TOUR.map(({ words }) => words)), PYTHON, PYTHON_TOUR, String(each))
      return JSON.parse(output) as { tour: unknown[]; methods: unknown }
    }
    const [theirs, ours] = [await run(redis.port), await run(port)]
    expectAlike(TOUR, theirs.tour, ours.tour)
    expect(ours.methods).toEqual(theirs.methods)
  })

  it.each([
    [1, 1],
    [50, 1],
    [1, 16],
    [50, 16],
  ])('[RESP] redis-benchmark with %i connections, %i pipelined', async (connections, pipeline) => {
    const numbers = { p: port, c: connections, P: pipeline, n: connections * pipeline === 1 ? REQUESTS_ONE_BY_ONE : REQUESTS, r: 1000 }
    const options = Object.entries(numbers).flatMap(([name, value]) => [`-${name}`, String(value)])
    const output = await runWith('', 'redis-benchmark', '--csv', '-t', 'set,get,mset', ...options)
    const rows = output.trimEnd().split('\n')
    expect(rows.map((row) => row.split(',')[0])).toEqual(['"test"', '"SET"', '"GET"', '"MSET (10 keys)"'])
    for (const row of rows.slice(1)) expect(Number(row.split(',')[1]?.replaceAll('"', ''))).toBeGreaterThan(0)
    report(
      rows
        .slice(1)
        .map((row) => row.split(',').slice(0, 2).join(' '))
        .join(', '),
    )
  })
})

function expectAlike(tour: readonly TourStop[], theirs: readonly unknown[], ours: readonly unknown[]): void {
  expect(ours.length).toBe(tour.length)
  for (const [index, { words, isAnsweredAlike }] of tour.entries()) {
    if (isAnsweredAlike) expect(ours[index], words.join(' ')).toEqual(theirs[index])
    else expect(String(ours[index]), words.join(' ')).not.toMatch(/^(\(error\)|error:)/)
  }
}

function errorText(error: unknown): string {
  return `error: ${error instanceof Error ? error.message : String(error)}`
}

/** What redis-cli prints. */
function redisCli(each: number, lines: readonly string[], ...options: readonly string[]): Promise<string> {
  return runWith(lines.join(''), 'redis-cli', '-p', String(each), '--no-raw', ...options)
}

/** Runs a program to its end with something on its standard input. It must succeed, and complain of nothing. */
function runWith(input: string, program: string, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const output = { out: '', err: '' }
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      output.out += text
    })
    child.stderr.setEncoding('latin1').on('data', (text: string) => {
      output.err += text
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0 && output.err === '') resolve(output.out)
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}: ${output.err}${output.out.slice(-400)}`))
    })
    child.stdin.end(input)
  })
}

function hasPythonRedis(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import redis'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
