import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyFromBinary } from '../../../base/index.ts'
import { type LinesClient, type LinesWorld, MAX_VALUE_BYTES, openLines } from './lines-client.ts'

let world: LinesWorld
let client: LinesClient

beforeAll(async () => {
  world = await openLines()
  client = world.connect()
})

afterAll(() => world.stop())

/** A write of another door: JSON lines take keys of text alone. */
function putBytes(key: string, data: string): Promise<unknown> {
  const operations = [{ kind: 'set', key: keyFromBinary(key), value: { type: 'bytes', data }, ttlMs: null }] as const
  const request = {
    kind: 'transaction',
    operations,
    conditions: [],
    concern: 1,
    idempotencyKey: null,
    session: null,
    timeoutMs: 1,
  } as const
  return new Promise((resolve) => world.node.request(request, resolve))
}

describe('values over JSON lines', () => {
  it.each([
    ['a number', '1', '1'],
    ['null', 'null', 'null'],
    ['an empty object', '{}', '{}'],
    ['a large integer', '12345678901234567890', '12345678901234567890'],
    ['a repeated name', '{"a":1,"a":2}', '{"a":1,"a":2}'],
    ['names of prototypes', '{"__proto__":{"x":1},"constructor":null}', '{"__proto__":{"x":1},"constructor":null}'],
    ['an emoji', '"👋"', '"👋"'],
  ])('[LINES] JSON is answered as it was written: %s', async (_name, source, expected) => {
    await client.ask(`{"op":"set","key":"json","value":${source}}`)
    await client.ask('{"op":"get","key":"json"}')
    expect(Buffer.from(client.lines.at(-1) ?? '', 'latin1').toString()).toContain(`"value":${expected},"type":"json"`)
  })

  it('[LINES] text and bytes are kept as what they are', async () => {
    await client.ask({ op: 'set', key: 'text', value: 'hé "you"\n', type: 'text' })
    expect(await client.ask({ op: 'get', key: 'text' })).toMatchObject({ value: 'hé "you"\n', type: 'text' })
    await client.ask({ op: 'set', key: 'bytes', value: '/wA=', encoding: 'base64' })
    expect(await client.ask({ op: 'get', key: 'bytes' })).toMatchObject({ value: '/wA=', type: 'bytes', encoding: 'base64' })
  })

  it.each(['__proto__', 'constructor', 'a b/c', '\0', '👋', 'x'.repeat(1024)])('[LINES] %j is an ordinary key', async (key) => {
    const { version } = await client.ask({ op: 'set', key, value: 1 })
    expect(await client.ask({ op: 'get', key })).toMatchObject({ key, value: 1, version, conflicts: 0 })
    expect(await client.ask({ op: 'del', key })).toMatchObject({ deleted: true })
    expect((await client.ask({ op: 'get', key })).error?.code).toBe('NOT_FOUND')
    expect(await client.ask({ op: 'del', key })).toMatchObject({ deleted: false })
  })

  it('[LINES] a value with breaks, written elsewhere, is answered in one line', async () => {
    const operations = [
      { kind: 'set', key: keyFromBinary('broken'), value: { type: 'json', data: '{\n "a":\r\n [1]\n}' }, ttlMs: null },
    ] as const
    const request = {
      kind: 'transaction',
      operations,
      conditions: [],
      concern: 1,
      idempotencyKey: null,
      session: null,
      timeoutMs: 1,
    } as const
    await new Promise((resolve) => world.node.request(request, resolve))
    expect(await client.ask({ op: 'get', key: 'broken' })).toMatchObject({ value: { a: [1] } })
    expect(client.lines.at(-1)).toContain('"value":{  "a":   [1] }')
    expect(client.sent).not.toContain('\r')
  })

  it('[RG6] a time to live is read as over HTTP', async () => {
    await client.ask({ op: 'set', key: 'short', value: 1, ttl: '1h' })
    const first = await client.ask({ op: 'get', key: 'short' })
    expect(first).toMatchObject({ expiresAt: expect.stringMatching(/Z$/) })
    await client.ask({ op: 'set', key: 'short', value: 1, ttl: 1 })
    await expect.poll(async () => (await client.ask({ op: 'get', key: 'short' })).error?.code).toBe('NOT_FOUND')
  })

  it('[Bounded] a value over its limit is TOO_LARGE, and nothing is written', async () => {
    const answer = await client.ask({ op: 'set', key: 'large', value: 'x'.repeat(MAX_VALUE_BYTES + 1), type: 'text' })
    expect(answer.error?.code).toBe('TOO_LARGE')
    expect((await client.ask({ op: 'get', key: 'large' })).error?.code).toBe('NOT_FOUND')
  })
})

describe('writes over JSON lines', () => {
  it('[RG5] conditions are those of HTTP', async () => {
    const { version } = await client.ask({ op: 'set', key: 'lock', value: 'me', ifAbsent: true })
    const refused = await client.ask({ op: 'set', key: 'lock', value: 'you', ifAbsent: true })
    expect(refused.error).toMatchObject({ code: 'CONFLICT', details: { current: version } })
    expect((await client.ask({ op: 'del', key: 'lock', ifVersion: 'n1.0a1b2c3d:1' })).error?.code).toBe('CONFLICT')
    expect(await client.ask({ op: 'del', key: 'lock', ifVersion: version })).toMatchObject({ deleted: true })
  })

  it('[WR3] a batch is all or nothing', async () => {
    const ops = [
      { op: 'set', key: 'batch:1', value: { a: 1 } },
      { op: 'set', key: 'batch:2', value: 'b', type: 'text' },
      { op: 'del', key: 'batch:0' },
    ]
    const { version, deleted } = await client.ask({ op: 'batch', ops, if: [{ key: 'batch:1', absent: true }] })
    expect(deleted).toBe(0)
    expect(await client.ask({ op: 'get', key: 'batch:2' })).toMatchObject({ value: 'b', version })
    const refused = await client.ask({ op: 'batch', ops: [{ op: 'del', key: 'batch:2' }], if: [{ key: 'batch:1', absent: true }] })
    expect(refused.error?.code).toBe('CONFLICT')
    expect(await client.ask({ op: 'get', key: 'batch:2' })).toMatchObject({ value: 'b' })
  })

  it('[ExactlyOnce] a write with its idempotency key is repeated safely', async () => {
    const line = { op: 'set', key: 'once', value: 1, idempotencyKey: '4f1c9b1e' }
    const { version } = await client.ask(line)
    expect((await client.ask(line)).version).toBe(version)
  })

  it('[WR4] a concern is read: more nodes than there are can not be asked for', async () => {
    const { error } = await client.ask({ op: 'set', key: 'w', value: 1, w: 2 })
    expect(error).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('1') })
    expect((await client.ask({ op: 'set', key: 'w', value: 1, w: 'all' })).error).toBeUndefined()
  })

  it('[LINES] restoring what no conflict lost is NOT_FOUND', async () => {
    expect((await client.ask({ op: 'restore', key: 'once', version: 'n1.0a1b2c3d:1' })).error?.code).toBe('NOT_FOUND')
  })
})

describe('reads over JSON lines', () => {
  it('[LINES] pages give every key once, in order and reversed', async () => {
    const ops = Array.from({ length: 7 }, (_, index) => ({ op: 'set', key: `page:${index}`, value: index }))
    await client.ask({ op: 'batch', ops })
    for (const reverse of [false, true]) {
      const found: string[] = []
      let cursor: string | null = null
      do {
        const from: object = cursor === null ? {} : { cursor }
        const page = await client.ask({ op: 'scan', prefix: 'page:', limit: 3, reverse, ...from })
        found.push(...page.items.map(({ key }) => key))
        cursor = page.cursor
      } while (cursor !== null)
      const expected = ops.map(({ key }) => key)
      expect(found).toEqual(reverse ? expected.reverse() : expected)
    }
  })

  it('[LINES] a scan without values, within bounds', async () => {
    const { items } = await client.ask({ op: 'scan', start: 'page:2', end: 'page:4', values: false })
    expect(items.map(({ key, value }) => [key, value])).toEqual([
      ['page:2', undefined],
      ['page:3', undefined],
    ])
  })

  it('[LINES] a key that is not UTF-8 is listed in base64', async () => {
    await putBytes('\xff\xfe', '\x80')
    const { items } = await client.ask({ op: 'scan', reverse: true, limit: 1 })
    expect(items[0]).toMatchObject({ key: '//4=', keyEncoding: 'base64', value: 'gA==', encoding: 'base64' })
  })

  it('[SS1] a session is taken and given', async () => {
    const { session } = await client.ask({ op: 'set', key: 'mine', value: 1 })
    const read = await client.ask({ op: 'get', key: 'mine', session })
    expect(read).toMatchObject({ value: 1, session: expect.any(String) })
    expect((await client.ask({ op: 'get', key: 'mine', session: 'abc' })).error).toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringContaining('session'),
    })
  })

  it('[LM7] a linearizable read is refused in multi-leader mode', async () => {
    expect((await client.ask({ op: 'get', key: 'mine', read: 'linearizable' })).error?.code).toBe('NO_QUORUM')
  })

  it('[LINES] status, cluster, ready, ping and conflicts answer', async () => {
    expect(await client.ask({ op: 'status' })).toMatchObject({ node: 'n1', mode: 'multi' })
    expect(await client.ask({ op: 'cluster' })).toMatchObject({ members: [{ node: 'n1', self: true }] })
    expect(await client.ask({ op: 'ready' })).toEqual({ ready: true })
    expect(await client.ask({ op: 'ping', id: 'p' })).toEqual({ id: 'p', pong: true })
    expect(await client.ask({ op: 'conflicts' })).toEqual({ items: [], cursor: null })
    expect(await client.ask({ op: 'conflicts', key: 'mine' })).toEqual({ items: [], cursor: null })
  })
})
