/** Commands on values, as transcripts: what is sent, and Redis's answer. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer } from '../../../support/resp-replies.ts'
import { Conversation } from '../conversation.ts'
import { openResp, type RunningResp } from '../running-resp.ts'

const MAX_VALUE_BYTES = 2048
const FAR_S = 100_000

let running: RunningResp
let redis: Conversation

beforeAll(async () => {
  running = await openResp({}, MAX_VALUE_BYTES)
  redis = new Conversation(await running.connect())
})

afterAll(() => running.stop())

describe('strings', () => {
  it.each<[string, readonly (readonly [string, Answer])[]]>([
    [
      'GET of what is not there is null',
      [
        ['GET none', null],
        ['STRLEN none', 0],
        ['GETRANGE none 0 -1', ''],
      ],
    ],
    [
      'SET replaces the value and its deadline',
      [
        ['SET s1 a EX 1000', '+OK'],
        ['SET s1 b', '+OK'],
        ['GET s1', 'b'],
        ['TTL s1', -1],
      ],
    ],
    [
      'SET NX writes only what is not there',
      [
        ['SET s2 a NX', '+OK'],
        ['SET s2 b NX', null],
        ['GET s2', 'a'],
      ],
    ],
    [
      'SET XX writes only what is there',
      [
        ['SET s3 a XX', null],
        ['GET s3', null],
        ['SET s3 a', '+OK'],
        ['SET s3 b xx', '+OK'],
        ['GET s3', 'b'],
      ],
    ],
    [
      'SET GET answers what was there',
      [
        ['SET s4 a GET', null],
        ['SET s4 b GET', 'a'],
        ['SET s4 c NX GET', 'b'],
        ['GET s4', 'b'],
      ],
    ],
    [
      'SET KEEPTTL keeps the deadline',
      [
        ['SET s5 a EXAT 9999999999', '+OK'],
        ['SET s5 b KEEPTTL', '+OK'],
        ['EXPIRETIME s5', 9_999_999_999],
      ],
    ],
    [
      'SET with a deadline that is past deletes',
      [
        ['SET s6 a', '+OK'],
        ['SET s6 b PXAT 1', '+OK'],
        ['EXISTS s6', 0],
      ],
    ],
    [
      'SETNX, SETEX and PSETEX',
      [
        ['SETNX s7 a', 1],
        ['SETNX s7 b', 0],
        [`SETEX s7 ${FAR_S} c`, '+OK'],
        ['TTL s7', FAR_S],
        [`PSETEX s7 ${FAR_S}000 d`, '+OK'],
        ['GET s7', 'd'],
      ],
    ],
    [
      'GETSET forgets the deadline',
      [
        ['SET s8 a EX 1000', '+OK'],
        ['GETSET s8 b', 'a'],
        ['TTL s8', -1],
        ['GETSET s8x a', null],
      ],
    ],
    [
      'GETDEL takes the value away',
      [
        ['SET s9 a', '+OK'],
        ['GETDEL s9', 'a'],
        ['GETDEL s9', null],
      ],
    ],
    [
      'GETEX sets and removes the deadline',
      [
        ['SET s10 a', '+OK'],
        ['GETEX s10 EXAT 9999999999', 'a'],
        ['EXPIRETIME s10', 9_999_999_999],
        ['GETEX s10', 'a'],
        ['EXPIRETIME s10', 9_999_999_999],
        ['GETEX s10 PERSIST', 'a'],
        ['TTL s10', -1],
        ['GETEX s10 PXAT 1', 'a'],
        ['GET s10', null],
      ],
    ],
    [
      'MSET and MGET',
      [
        ['MSET m1 a m2 b m1 c', '+OK'],
        ['MGET m1 none m2 m1', ['c', null, 'b', 'c']],
      ],
    ],
    [
      'MSETNX writes all or nothing',
      [
        ['MSETNX n1 a n2 b', 1],
        ['MSETNX n2 x n3 y', 0],
        ['MGET n1 n2 n3', ['a', 'b', null]],
      ],
    ],
    [
      'APPEND makes and lengthens, and keeps the deadline',
      [
        ['APPEND a1 ab', 2],
        ['EXPIREAT a1 9999999999', 1],
        ['APPEND a1 cd', 4],
        ['GET a1', 'abcd'],
        ['EXPIRETIME a1', 9_999_999_999],
      ],
    ],
    [
      'GETRANGE counts from both ends',
      [
        ['SET r1 hello', '+OK'],
        ['GETRANGE r1 1 3', 'ell'],
        ['GETRANGE r1 -3 -1', 'llo'],
        ['GETRANGE r1 -100 1', 'he'],
        ['SUBSTR r1 3 100', 'lo'],
        ['GETRANGE r1 3 1', ''],
        ['GETRANGE r1 -1 -3', ''],
      ],
    ],
    [
      'SETRANGE overwrites and fills with zeros',
      [
        ['SET r2 hello', '+OK'],
        ['SETRANGE r2 1 ipp', 5],
        ['GET r2', 'hippo'],
        ['SETRANGE r3 2 x', 3],
        ['GET r3', '\0\0x'],
      ],
    ],
    [
      'LCS finds what two values have in common',
      [
        ['MSET l1 ohmytext l2 mynewtext', '+OK'],
        ['LCS l1 l2', 'mytext'],
        ['LCS l1 l2 LEN', 6],
        [
          'LCS l1 l2 IDX',
          [
            'matches',
            [
              [
                [4, 7],
                [5, 8],
              ],
              [
                [2, 3],
                [0, 1],
              ],
            ],
            'len',
            6,
          ],
        ],
        ['LCS l1 l2 IDX MINMATCHLEN 4 WITHMATCHLEN', ['matches', [[[4, 7], [5, 8], 4]], 'len', 6]],
        ['LCS l1 none', ''],
      ],
    ],
  ])('[RESP] %s', async (_title, lines) => {
    for (const [line, answer] of lines) expect([line, await redis.say(line)]).toEqual([line, answer])
  })

  it.each([
    ['SET k v FOO', '-ERR syntax error'],
    ['SET k v NX XX', '-ERR syntax error'],
    ['SET k v EX', '-ERR syntax error'],
    ['SET k v EX 10 PX 10', '-ERR syntax error'],
    ['SET k v EX 10 KEEPTTL', '-ERR syntax error'],
    ['SET k v EX 0', "-ERR invalid expire time in 'set' command"],
    ['SET k v PX -1', "-ERR invalid expire time in 'set' command"],
    ['SET k v EX 9223372036854775807', "-ERR invalid expire time in 'set' command"],
    ['SET k v EX 1.5', '-ERR value is not an integer or out of range'],
    ['SETEX k 0 v', "-ERR invalid expire time in 'setex' command"],
    ['GETEX k PERSIST EX 5', '-ERR syntax error'],
    ['MSET a 1 b', "-ERR wrong number of arguments for 'mset' command"],
    ['SETRANGE k -1 x', '-ERR offset is out of range'],
    ['SETRANGE k 2048 x', '-ERR string exceeds maximum allowed size (proto-max-bulk-len)'],
    ['SETRANGE k 9223372036854775807 x', '-ERR string exceeds maximum allowed size (proto-max-bulk-len)'],
    ['SETRANGE k 9223372036854775808 x', '-ERR value is not an integer or out of range'],
    ['GETRANGE k a 1', '-ERR value is not an integer or out of range'],
    ['LCS a b LEN IDX', '-ERR If you want both the length and indexes, please just use IDX.'],
    ['GET', "-ERR wrong number of arguments for 'get' command"],
  ])('[RESP] %s is refused', async (line, answer) => {
    expect(await redis.say(line)).toBe(answer)
    expect(await redis.say('EXISTS k')).toBe(0)
  })

  it('[RESP] a value grows up to the limit and no further', async () => {
    await redis.ask('SET', 'full', 'x'.repeat(MAX_VALUE_BYTES - 1))
    expect(await redis.say('APPEND full y')).toBe(MAX_VALUE_BYTES)
    expect(await redis.say('APPEND full z')).toBe('-ERR string exceeds maximum allowed size (proto-max-bulk-len)')
    expect(await redis.say('STRLEN full')).toBe(MAX_VALUE_BYTES)
  })

  it('[RESP] an invalid deadline matters to GETEX only where there is a key', async () => {
    expect(await redis.say('GETEX nothing EX 0')).toBeNull()
    await redis.say('SET something a')
    expect(await redis.say('GETEX something EX 0')).toBe("-ERR invalid expire time in 'getex' command")
  })

  it('[RESP] keys and values are bytes', async () => {
    const bytes = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
    expect(await redis.ask('SET', bytes, bytes)).toBe('+OK')
    expect(await redis.ask('GET', bytes)).toBe(bytes)
  })

  it('[RESP] a key is 1 to 1024 bytes', async () => {
    expect(await redis.ask('SET', '', 'v')).toBe('-ERR the key is empty: a key has 1 to 1024 bytes')
    expect(await redis.ask('SET', 'k'.repeat(1024), 'v')).toBe('+OK')
    expect(await redis.ask('GET', 'k'.repeat(1025))).toBe('-TOO_LARGE the key has 1025 bytes: a key has 1 to 1024 bytes')
  })
})

describe('a limit of values below that of keys', () => {
  const LIMIT = 100
  let small: RunningResp

  beforeAll(async () => {
    small = await openResp({}, LIMIT)
  })

  afterAll(() => small.stop())

  it.each([
    [['SET', 'k', '']],
    [['SET', 'k', '', 'EX', '1000']],
    [['SETNX', 'k', '']],
    [['SETEX', 'k', '1000', '']],
    [['PSETEX', 'k', '100000', '']],
    [['GETSET', 'k', '']],
    [['MSET', 'other', 'a', 'k', '']],
    [['MSETNX', 'other', 'a', 'k', '']],
  ])('[RESP] holds for %j', async (words) => {
    const say = new Conversation(await small.connect())
    const withValue = (length: number) => words.map((word) => (word === '' ? 'x'.repeat(length) : word))
    expect(await say.ask(...withValue(LIMIT + 1))).toBe(
      '-TOO_LARGE the value has 101 bytes, at most 100 are taken: split it over several keys',
    )
    expect(await say.ask('EXISTS', 'k', 'other')).toBe(0)
    await say.ask(...withValue(LIMIT))
    expect(await say.ask('STRLEN', 'k')).toBe(LIMIT)
    await say.ask('DEL', 'k', 'other')
  })
})
