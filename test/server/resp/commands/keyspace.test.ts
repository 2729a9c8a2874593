/** Commands over all keys. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Answer } from '../../../support/resp-replies.ts'
import { Conversation } from '../conversation.ts'
import { openResp, type RunningResp } from '../running-resp.ts'

let running: RunningResp
let redis: Conversation

beforeAll(async () => {
  running = await openResp()
  redis = new Conversation(await running.connect())
})

beforeEach(() => redis.say('FLUSHALL'))
afterAll(() => running.stop())

/** key:0000, key:0001, … */
async function fill(count: number): Promise<readonly string[]> {
  const keys = Array.from({ length: count }, (_, i) => `key:${String(i).padStart(5, '0')}`)
  await redis.ask('MSET', ...keys.flatMap((key) => [key, 'v']))
  return keys
}

/** A whole scan: the keys as they came. */
async function scanAll(...options: readonly string[]): Promise<readonly string[]> {
  const keys: string[] = []
  let cursor = '0'
  do {
    const page = pageOf(await redis.ask('SCAN', cursor, ...options))
    keys.push(...page.keys)
    cursor = page.cursor
  } while (cursor !== '0')
  return keys
}

function pageOf(answer: Answer): { readonly cursor: string; readonly keys: readonly string[] } {
  if (!Array.isArray(answer) || !Array.isArray(answer[1])) throw new Error(`not a page: ${JSON.stringify(answer)}`)
  return { cursor: String(answer[0]), keys: answer[1].map(String) }
}

describe('the keyspace', () => {
  it('[RESP] KEYS lists what matches', async () => {
    await redis.say('MSET user:1 a user:2 b users c other d')
    expect(await redis.say('KEYS *')).toEqual(['other', 'user:1', 'user:2', 'users'])
    expect(await redis.say('KEYS user:*')).toEqual(['user:1', 'user:2'])
    expect(await redis.say('KEYS ?sers')).toEqual(['users'])
    expect(await redis.say('KEYS nothing')).toEqual([])
  })

  it('[RESP] KEYS and DBSIZE go over many pages', async () => {
    const keys = await fill(2500)
    expect(await redis.say('DBSIZE')).toBe(2500)
    expect(await redis.say('KEYS key:*')).toEqual(keys)
  })

  it('[RESP] what is past its deadline or deleted is not counted', async () => {
    await redis.say('MSET a 1 b 2 c 3')
    await redis.askAll([
      ['DEL', 'a'],
      ['PEXPIREAT', 'b', '1'],
    ])
    expect(await redis.say('DBSIZE')).toBe(1)
    expect(await scanAll()).toEqual(['c'])
  })

  it('[RESP] SCAN returns every key once, page by page', async () => {
    const keys = await fill(1234)
    expect(await scanAll()).toEqual(keys)
    expect(await scanAll('COUNT', '500')).toEqual(keys)
    expect(pageOf(await redis.say('SCAN 0 COUNT 7')).keys).toHaveLength(7)
  })

  it('[RESP] SCAN returns what is there all the time, whatever comes and goes', async () => {
    const keys = await fill(300)
    const stays = keys.filter((_, i) => i % 3 === 0)
    const found: string[] = []
    let cursor = '0'
    let turn = 0
    do {
      const page = pageOf(await redis.ask('SCAN', cursor))
      found.push(...page.keys)
      cursor = page.cursor
      const [first, second] = [keys[(turn * 3 + 1) % 300], keys[(turn * 3 + 2) % 300]]
      await redis.askAll([
        ['DEL', first ?? '', second ?? ''],
        ['SET', `new:${turn}`, 'v'],
      ])
      turn += 1
    } while (cursor !== '0')
    expect(found).toEqual(expect.arrayContaining([...stays]))
  })

  it('[RESP] SCAN filters by pattern and type', async () => {
    await fill(100)
    await redis.say('MSET other:1 a other:2 b')
    expect(await scanAll('MATCH', 'other:*')).toEqual(['other:1', 'other:2'])
    expect(await scanAll('MATCH', '*:0001?')).toHaveLength(10)
    expect(await scanAll('TYPE', 'STRING')).toHaveLength(102)
    expect(await scanAll('TYPE', 'hash')).toEqual([])
  })

  it('[RESP] a page can be asked for again, and over another connection', async () => {
    await fill(50)
    const { cursor } = pageOf(await redis.say('SCAN 0'))
    const second = pageOf(await redis.ask('SCAN', cursor))
    const other = new Conversation(await running.connect())
    expect(pageOf(await other.ask('SCAN', cursor)).keys).toEqual(second.keys)
    expect(pageOf(await other.ask('SCAN', second.cursor)).keys).toHaveLength(10)
  })

  it.each([
    ['SCAN x', '-ERR invalid cursor'],
    ['SCAN -1', '-ERR invalid cursor'],
    ['SCAN 7', '-ERR invalid cursor: this node knows no scan under way that it belongs to, begin again with 0'],
    ['SCAN 0 COUNT 0', '-ERR syntax error'],
    ['SCAN 0 COUNT ten', '-ERR value is not an integer or out of range'],
    ['SCAN 0 MATCH', '-ERR syntax error'],
    ['SCAN 0 FOO bar', '-ERR syntax error'],
    ['FLUSHALL NOW', '-ERR syntax error'],
  ])('[RESP] %s is refused', async (line, answer) => {
    expect(await redis.say(line)).toBe(answer)
  })

  it('[RESP] RANDOMKEY draws every key of a few, and null if there is none', async () => {
    expect(await redis.say('RANDOMKEY')).toBeNull()
    await redis.say('MSET a 1 aa 2 ab 3 abcdef 4 zzz 5')
    const drawn = await redis.askAll(Array.from({ length: 200 }, () => ['RANDOMKEY']))
    expect(new Set(drawn)).toEqual(new Set(['a', 'aa', 'ab', 'abcdef', 'zzz']))
  })

  it('[RESP] RANDOMKEY draws from all parts of many keys', async () => {
    const keys = await fill(3000)
    const drawn = await redis.askAll(Array.from({ length: 100 }, () => ['RANDOMKEY']))
    expect(drawn.every((key) => keys.includes(String(key)))).toBe(true)
    expect(new Set(drawn.map((key) => String(key).slice(0, 'key:00'.length + 1))).size).toBeGreaterThan(10)
  })

  it('[RESP] FLUSHALL and FLUSHDB delete all keys', async () => {
    await fill(1000)
    expect(await redis.say('FLUSHDB ASYNC')).toBe('+OK')
    expect(await redis.say('DBSIZE')).toBe(0)
    await fill(3)
    expect(await redis.say('FLUSHALL')).toBe('+OK')
    expect(await redis.say('KEYS *')).toEqual([])
  })

  it('[RESP] a command over all keys comes after what was sent before it', async () => {
    const answers = await redis.askAll([
      ['SET', 'a', '1'],
      ['DBSIZE'],
      ['SET', 'b', '2'],
      ['KEYS', '*'],
      ['FLUSHALL'],
      ['EXISTS', 'a', 'b'],
    ])
    expect(answers).toEqual(['+OK', 1, '+OK', ['a', 'b'], '+OK', 0])
  })

  it('[RESP] commands over all keys are refused inside MULTI', async () => {
    await redis.say('MULTI')
    expect(await redis.say('FLUSHALL')).toBe('-ERR Command not allowed inside a transaction')
    expect(await redis.say('EXEC')).toBe('-EXECABORT Transaction discarded because of previous errors.')
  })
})
