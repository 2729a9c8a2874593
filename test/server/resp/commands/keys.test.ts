/** Commands on keys and their deadlines, as transcripts: what is sent, and Redis's answer. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../../support/eventually.ts'
import type { Answer } from '../../../support/resp-replies.ts'
import { Conversation } from '../conversation.ts'
import { openResp, type RunningResp } from '../running-resp.ts'

const DEADLINE_MS = 5000

let running: RunningResp
let redis: Conversation

beforeAll(async () => {
  running = await openResp()
  redis = new Conversation(await running.connect())
})

afterAll(() => running.stop())

describe('keys', () => {
  it.each<[string, readonly (readonly [string, Answer])[]]>([
    [
      'DEL and UNLINK count what was there',
      [
        ['MSET d1 a d2 b d3 c', '+OK'],
        ['DEL d1 none d1', 1],
        ['UNLINK d2 d3', 2],
        ['EXISTS d1 d2 d3', 0],
      ],
    ],
    [
      'EXISTS and TOUCH count a key as often as it is named',
      [
        ['SET e1 a', '+OK'],
        ['EXISTS e1 e1 none', 2],
        ['TOUCH e1 none e1', 2],
      ],
    ],
    [
      'TYPE',
      [
        ['SET t1 a', '+OK'],
        ['TYPE t1', '+string'],
        ['TYPE none', '+none'],
      ],
    ],
    [
      'RENAME takes value and deadline along',
      [
        ['SET r1 a EXAT 9999999999', '+OK'],
        ['SET r2 b', '+OK'],
        ['RENAME r1 r2', '+OK'],
        ['GET r2', 'a'],
        ['EXPIRETIME r2', 9_999_999_999],
        ['EXISTS r1', 0],
      ],
    ],
    [
      'RENAME of what is not there',
      [
        ['RENAME none r3', '-ERR no such key'],
        ['RENAMENX none r3', '-ERR no such key'],
        ['RENAME none none', '-ERR no such key'],
      ],
    ],
    [
      'RENAME to its own name changes nothing',
      [
        ['SET r4 a', '+OK'],
        ['RENAME r4 r4', '+OK'],
        ['RENAMENX r4 r4', 0],
        ['GET r4', 'a'],
      ],
    ],
    [
      'RENAMENX leaves what is there',
      [
        ['MSET r5 a r6 b', '+OK'],
        ['RENAMENX r5 r6', 0],
        ['GET r6', 'b'],
        ['RENAMENX r5 r7', 1],
        ['GET r7', 'a'],
      ],
    ],
    [
      'COPY takes value and deadline along',
      [
        ['SET c1 a EXAT 9999999999', '+OK'],
        ['COPY c1 c2', 1],
        ['EXPIRETIME c2', 9_999_999_999],
        ['SET c1 b', '+OK'],
        ['COPY c1 c2', 0],
        ['COPY c1 c2 REPLACE DB 0', 1],
        ['GET c2', 'b'],
        ['TTL c2', -1],
        ['COPY none c2 REPLACE', 0],
      ],
    ],
    [
      'COPY is refused',
      [
        ['COPY c1 c1', '-ERR source and destination objects are the same'],
        ['COPY c1 c2 DB 1', '-ERR DB index is out of range'],
        ['COPY c1 c2 FOO', '-ERR syntax error'],
      ],
    ],
    [
      'EXPIRE sets a time to live',
      [
        ['SET x1 a', '+OK'],
        ['EXPIRE x1 1000', 1],
        ['TTL x1', 1000],
        ['PERSIST x1', 1],
        ['PERSIST x1', 0],
        ['TTL x1', -1],
        ['EXPIRE none 10', 0],
        ['TTL none', -2],
        ['PTTL none', -2],
        ['EXPIRETIME none', -2],
      ],
    ],
    [
      'a deadline that is past deletes',
      [
        ['MSET x2 a x3 a x4 a', '+OK'],
        ['EXPIRE x2 0', 1],
        ['PEXPIRE x3 -5', 1],
        ['EXPIREAT x4 1', 1],
        ['EXISTS x2 x3 x4', 0],
      ],
    ],
    [
      'NX, XX, GT and LT',
      [
        ['SET x5 a', '+OK'],
        ['EXPIREAT x5 4102444800 XX', 0],
        ['EXPIREAT x5 4102444800 GT', 0],
        ['EXPIREAT x5 4102444800 NX', 1],
        ['EXPIREAT x5 9999999999 NX', 0],
        ['EXPIREAT x5 9999999999 LT', 0],
        ['EXPIREAT x5 9999999999 GT XX', 1],
        ['PEXPIREAT x5 4102444800123 LT', 1],
        ['PEXPIRETIME x5', 4_102_444_800_123],
      ],
    ],
    [
      'a key without a deadline lives longest',
      [
        ['SET x6 a', '+OK'],
        ['EXPIREAT x6 4102444800 LT', 1],
        ['EXPIRETIME x6', 4_102_444_800],
      ],
    ],
    [
      'options that contradict each other',
      [
        ['EXPIRE x6 10 NX XX', '-ERR NX and XX, GT or LT options at the same time are not compatible'],
        ['EXPIRE x6 10 GT LT', '-ERR GT and LT options at the same time are not compatible'],
        ['EXPIRE x6 10 FOO', '-ERR Unsupported option FOO'],
      ],
    ],
    [
      'times that are none',
      [
        ['EXPIRE x6 ten', '-ERR value is not an integer or out of range'],
        ['EXPIRE x6 9223372036854775807', "-ERR invalid expire time in 'expire' command"],
        ['PEXPIREAT x6 9007199254740992', "-ERR invalid expire time in 'pexpireat' command"],
      ],
    ],
    [
      'OBJECT tells how Redis would keep a value',
      [
        ['MSET o1 12 o2 hello o3 -0 o4 99999999999999999999', '+OK'],
        ['OBJECT ENCODING o1', 'int'],
        ['OBJECT ENCODING o2', 'embstr'],
        ['OBJECT ENCODING o3', 'embstr'],
        ['OBJECT ENCODING o4', 'embstr'],
        ['OBJECT ENCODING none', null],
        ['OBJECT REFCOUNT o2', 1],
        ['OBJECT IDLETIME o2', 0],
      ],
    ],
  ])('[RESP] %s', async (_title, lines) => {
    for (const [line, answer] of lines) expect([line, await redis.say(line)]).toEqual([line, answer])
  })

  it('[RG6] a key is gone once its deadline is past', async () => {
    await redis.say('SET soon a PX 30')
    expect(await eventually(async () => (await redis.say('GET soon')) === null, DEADLINE_MS)).toBe(true)
    expect(await redis.say('PTTL soon')).toBe(-2)
  })

  it('[RESP] PTTL counts down from what was set', async () => {
    await redis.say('SET counting a PX 5000')
    const left = Number(await redis.say('PTTL counting'))
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(5000)
  })
})
