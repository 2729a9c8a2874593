import { describe, expect, it } from 'vitest'
import { BATCH_BYTES_MAX, BATCH_OPERATIONS_MAX, MIB, makeWriterId, parseNodeName } from '../../base/index.ts'
import { connect, type Database } from '../../client/index.ts'
import { formatToken, VersionVector } from '../../crdt/index.ts'
import { answers, type Behaviour, holds, item, startPeer, writes } from './scripted-peer.ts'

const VERSION = 'n1.0a1b2c3d:1'

function token(sequence: number): string {
  return formatToken(new VersionVector([[makeWriterId(parseNodeName('n1'), 1), sequence]]))
}

function open(url: string): Database {
  return connect({ nodes: [url], timeoutMs: 5_000, token: 'secret' })
}

describe('requests', () => {
  it.each<[name: string, value: unknown, type: string, body: string]>([
    ['an object', { a: [1, null] }, 'application/json', '{"a":[1,null]}'],
    ['a string', 'text', 'application/json', '"text"'],
    ['null', null, 'application/json', 'null'],
    ['bytes', new Uint8Array([0x61, 0]), 'application/octet-stream', 'a\0'],
    ['no bytes', new Uint8Array(0), 'application/octet-stream', ''],
  ])('a set of %s is a PUT of the bare value', async (_name, value, type, body) => {
    const peer = await startPeer(writes(VERSION))
    await open(peer.url).set('user:1/ü', value)
    expect(peer.seen[0]).toMatchObject({
      method: 'PUT',
      path: '/v1/keys/user%3A1%2F%C3%BC',
      body,
      headers: { 'content-type': type, authorization: 'Bearer secret' },
    })
  })

  it('a set takes text, a time to live and a write concern', async () => {
    const peer = await startPeer(writes(VERSION))
    await open(peer.url).set('k', 'héllo', { as: 'text', ttl: '30s', w: 2 })
    expect(peer.seen[0]).toMatchObject({
      query: { ttl: '30000ms', w: '2' },
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: 'héllo',
    })
  })

  it('a delete says whether the key existed', async () => {
    const peer = await startPeer(
      answers({ deleted: true, version: VERSION, session: '' }),
      answers({ deleted: false, version: null, session: '' }),
    )
    const db = open(peer.url)
    expect([await db.delete('k', { ifVersion: VERSION }), await db.delete('k')]).toEqual([true, false])
    expect(peer.seen[0]).toMatchObject({ method: 'DELETE', path: '/v1/keys/k', headers: { 'if-match': `"${VERSION}"` } })
  })

  it('[WR3] a batch is one request with all operations and conditions', async () => {
    const peer = await startPeer(answers({ version: VERSION, deleted: 1, session: '' }))
    const result = await open(peer.url).batch(
      [
        { op: 'set', key: 'a', value: { deep: ['"'] }, ttl: 1500 },
        { op: 'set', key: 'b', value: 'text', as: 'text' },
        { op: 'set', key: 'c', value: new Uint8Array([255]) },
        { op: 'del', key: 'd"' },
      ],
      {
        if: [
          { key: 'a', absent: true },
          { key: 'd"', version: VERSION },
        ],
        w: 'majority',
      },
    )
    expect(result).toEqual({ version: VERSION, deleted: 1 })
    expect(peer.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /v1/batch'])
    expect(JSON.parse(peer.seen[0]?.body ?? '')).toEqual({
      ops: [
        { op: 'set', key: 'a', value: { deep: ['"'] }, ttl: '1500ms' },
        { op: 'set', key: 'b', value: 'text', type: 'text' },
        { op: 'set', key: 'c', value: '/w==', type: 'bytes', encoding: 'base64' },
        { op: 'del', key: 'd"' },
      ],
      if: [
        { key: 'a', absent: true },
        { key: 'd"', version: VERSION },
      ],
      w: 'majority',
    })
  })

  it.each([
    [
      'a list',
      [
        ['a', 1],
        ['b', 2],
      ] as const,
    ],
    [
      'a Map',
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    ],
    ['an object', { a: 1, b: 2 }],
  ])('[WR3] bulkSet of %s is one batch', async (_name, pairs) => {
    const peer = await startPeer(answers({ version: VERSION, deleted: 0, session: '' }))
    await open(peer.url).bulkSet(pairs)
    const ops = [
      { op: 'set', key: 'a', value: 1 },
      { op: 'set', key: 'b', value: 2 },
    ]
    expect(peer.seen.map(({ body }) => JSON.parse(body))).toEqual([{ ops }])
  })

  it.each(['.', '..'])('the key %s, which no URL can hold, goes by batch and by range', async (key) => {
    const peer = await startPeer(
      answers({ version: VERSION, deleted: 0, session: '' }),
      answers({ items: [item(key, 'dots')], cursor: null }),
      answers({ items: [], cursor: null }),
    )
    const db = open(peer.url)
    await db.set(key, 'dots')
    expect([await db.get(key), await db.get(key)]).toEqual(['dots', undefined])
    expect(peer.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /v1/batch', 'GET /v1/keys', 'GET /v1/keys'])
    expect(peer.seen[1]?.query).toMatchObject({ start: key, end: `${key}\0`, limit: '1' })
  })

  it('a restore names the key and the losing version', async () => {
    const peer = await startPeer(answers({ version: VERSION, deleted: 0, session: '' }))
    expect(await open(peer.url).restore('k', 'n2.0a1b2c3d:7')).toEqual({ version: VERSION })
    expect(JSON.parse(peer.seen[0]?.body ?? '')).toEqual({ ops: [{ op: 'restore', key: 'k', version: 'n2.0a1b2c3d:7' }] })
  })
})

describe('answers', () => {
  it('an item has its version, writer, times and conflicts', async () => {
    const peer = await startPeer(answers({ ...item('k', { a: 1 }), conflicts: 2, expiresAt: '2027-01-01T00:00:00.000Z' }))
    expect(await open(peer.url).getItem('k')).toEqual({
      key: 'k',
      value: { a: 1 },
      version: VERSION,
      writer: 'n1.0a1b2c3d',
      timestamp: '2026-01-01T00:00:00.000Z',
      expiresAt: '2027-01-01T00:00:00.000Z',
      conflicts: 2,
    })
  })

  it.each<[name: string, fields: Readonly<Record<string, unknown>>, value: unknown]>([
    ['text', { type: 'text', value: 'hé' }, 'hé'],
    ['bytes that are text', { type: 'bytes', value: 'hé' }, new Uint8Array([0x68, 0xc3, 0xa9])],
    ['other bytes', { type: 'bytes', value: '/w==', encoding: 'base64' }, new Uint8Array([255])],
    ['null', { type: 'json', value: null }, null],
  ])('%s is read as what was written', async (_name, fields, value) => {
    const peer = await startPeer(answers({ ...item('k', 0), ...fields }))
    expect(await open(peer.url).get('k')).toEqual(value)
  })

  it('a key that does not exist is undefined', async () => {
    const absent = answers({ error: { code: 'NOT_FOUND', message: 'no such key' } }, { 'skein-session': token(1) }, 404)
    const peer = await startPeer(absent)
    const db = open(peer.url)
    expect([await db.get('k'), await db.getItem('k')]).toEqual([undefined, undefined])
    expect(db.session).toBe(token(1))
  })

  it('conflicts come key by key, over all pages, with both sides', async () => {
    const side = { version: VERSION, writer: 'n1.0a1b2c3d', timestamp: 't', epoch: 1, type: 'json', value: 1, clock: { 'n1.0a1b2c3d': 1 } }
    const record = { winner: side, loser: { ...side, type: null, value: null }, rule: 'timestamp', explanation: 'later' }
    const peer = await startPeer(
      answers({ items: [{ key: 'a', conflicts: [record] }], cursor: 'next' }),
      answers({ items: [{ key: 'b', conflicts: [record, record] }], cursor: null }),
    )
    const found = []
    for await (const { key, conflicts } of open(peer.url).conflicts()) found.push([key, conflicts.length, conflicts[0]])
    const { type, ...shown } = side
    const expected = { winner: { ...shown, isDelete: false }, loser: { ...shown, value: undefined, isDelete: true }, rule: 'timestamp' }
    expect(found).toEqual([
      ['a', 1, expected],
      ['b', 2, expected],
    ])
    expect(peer.seen.map(({ query }) => query.cursor)).toEqual([undefined, 'next'])
  })

  it('the status is passed on as it is', async () => {
    const peer = await startPeer(answers({ node: 'n1', digest: 'abc' }))
    expect(await open(peer.url).status()).toEqual({ node: 'n1', digest: 'abc' })
  })
})

describe('sessions', () => {
  it('[SS1] each call carries what the last one was answered', async () => {
    const peer = await startPeer(answers({ version: VERSION, session: token(1) }), holds(1, token(2)), holds(1, token(2)))
    const db = open(peer.url)
    await db.set('k', 1)
    await db.get('k')
    await db.get('k')
    expect(peer.seen.map(({ headers }) => headers['skein-session'])).toEqual([undefined, token(1), token(2)])
    expect(peer.seen.map(({ query }) => query.read)).toEqual([undefined, 'session', 'session'])
    expect(db.session).toBe(token(2))
  })

  it('[SS1] a local read carries no session, but is part of it', async () => {
    const peer = await startPeer(answers({ version: VERSION, session: token(1) }), holds(1, token(3)), holds(1, token(3)))
    const db = open(peer.url)
    await db.set('k', 1)
    await db.get('k', { consistency: 'local' })
    await db.get('k', { consistency: 'linearizable' })
    expect(peer.seen.map(({ headers }) => headers['skein-session'])).toEqual([undefined, undefined, token(3)])
    expect(peer.seen.map(({ query }) => query.read)).toEqual([undefined, 'local', 'linearizable'])
  })

  it('[SS1] a token goes from one database to another', async () => {
    const peer = await startPeer(holds(1, token(5)))
    const db = open(peer.url)
    db.session = token(5)
    await db.get('k')
    expect(peer.seen[0]?.headers['skein-session']).toBe(token(5))
  })
})

describe('scan', () => {
  /** A thousand keys, by the number in the cursor. */
  const thousand: Behaviour = (response, request) => {
    const from = Number(request.query.cursor ?? 0)
    const to = Math.min(1000, from + Number(request.query.limit))
    const items = Array.from({ length: to - from }, (_, i) => item(`k${from + i}`, from + i))
    answers({ items, cursor: to === 1000 ? null : String(to) }, { 'skein-session': token(to + 1) })(response, request)
  }

  it('fetches page after page until the end', async () => {
    const peer = await startPeer(thousand)
    let count = 0
    for await (const { key, value } of open(peer.url).scan<number>({ prefix: 'k', pageSize: 300 })) {
      expect(key).toBe(`k${value}`)
      count += 1
    }
    expect(count).toBe(1000)
    expect(peer.seen.map(({ query }) => query.cursor)).toEqual([undefined, '300', '600', '900'])
    expect(new Set(peer.seen.map(({ query }) => query.prefix))).toEqual(new Set(['k']))
  })

  it('[SS1] no page is older than the one before', async () => {
    const peer = await startPeer(thousand)
    for await (const { value } of open(peer.url).scan<number>({ pageSize: 500 })) expect(value).toBeLessThan(1000)
    expect(peer.seen.map(({ headers }) => headers['skein-session'])).toEqual([undefined, token(501)])
  })

  it('fetches nothing more once the loop ends', async () => {
    const peer = await startPeer(thousand)
    for await (const { key } of open(peer.url).scan({ pageSize: 10 })) if (key === 'k14') break
    expect(peer.seen.length).toBe(2)
  })

  it('fetches nothing before the loop begins', async () => {
    const peer = await startPeer(thousand)
    const scan = open(peer.url).scan()
    await scan.return()
    expect(peer.seen.length).toBe(0)
  })

  it('ends at its limit, and asks for no more than that', async () => {
    const peer = await startPeer(thousand)
    const keys = []
    for await (const { key } of open(peer.url).scan({ limit: 25, pageSize: 10, reverse: true, start: 'a', end: 'z' })) keys.push(key)
    expect(keys.length).toBe(25)
    expect(peer.seen.map(({ query }) => query.limit)).toEqual(['10', '10', '5'])
    expect(peer.seen[0]?.query).toMatchObject({ reverse: 'true', start: 'a', end: 'z' })
  })

  it('ends with the reason of its signal', async () => {
    const peer = await startPeer(thousand)
    const controller = new AbortController()
    const scan = open(peer.url).scan({ pageSize: 1, signal: controller.signal })
    await scan.next()
    controller.abort(new Error('enough'))
    await expect(scan.next()).rejects.toThrow('enough')
  })
})

describe('refused before anything is sent', () => {
  it.each<[name: string, code: string, call: (db: Database) => Promise<unknown>]>([
    ['an empty key', 'BAD_REQUEST', (db) => db.set('', 1)],
    ['half of a surrogate pair in a key', 'BAD_REQUEST', (db) => db.get('\ud800')],
    ['too long a key', 'TOO_LARGE', (db) => db.get('k'.repeat(1025))],
    [
      'a key of a batch',
      'BAD_REQUEST',
      (db) =>
        db.batch([
          { op: 'del', key: '' },
          { op: 'del', key: 'a' },
        ]),
    ],
    ['a value without a JSON form', 'BAD_REQUEST', (db) => db.set('k', undefined)],
    ['a time to live of nothing', 'BAD_REQUEST', (db) => db.set('k', 1, { ttl: 0 })],
    ['a time to live that is no duration', 'BAD_REQUEST', (db) => db.set('k', 1, { ttl: 'soon' })],
    ['two conditions', 'BAD_REQUEST', (db) => db.set('k', 1, { ifAbsent: true, ifVersion: VERSION })],
    ['a version that is none', 'BAD_REQUEST', (db) => db.set('k', 1, { ifVersion: 'x"\r\ny: z' })],
    ['a write concern of nothing', 'BAD_REQUEST', (db) => db.set('k', 1, { w: 0 })],
    ['an idempotency key that no header holds', 'BAD_REQUEST', (db) => db.set('k', 1, { idempotencyKey: 'a\nb' })],
    ['a time-out of nothing', 'BAD_REQUEST', (db) => db.get('k', { timeoutMs: 0 })],
    ['a time-out that is no number', 'BAD_REQUEST', (db) => db.get('k', { timeoutMs: Number.NaN })],
    ['a limit of nothing', 'BAD_REQUEST', async (db) => db.scan({ limit: 0 }).next()],
    ['too large a page', 'BAD_REQUEST', async (db) => db.scan({ pageSize: 1_000_000 }).next()],
    ['half of a surrogate pair in a prefix', 'BAD_REQUEST', async (db) => db.scan({ prefix: '\ud800' }).next()],
    [
      'too many operations',
      'TOO_LARGE',
      (db) => db.bulkSet(Array.from({ length: BATCH_OPERATIONS_MAX + 1 }, (_, i) => [`k${i}`, i] as const)),
    ],
    ['too many bytes', 'TOO_LARGE', (db) => db.bulkSet({ a: new Uint8Array(BATCH_BYTES_MAX - MIB), b: new Uint8Array(MIB) })],
  ])('%s', async (_name, code, call) => {
    const peer = await startPeer(writes())
    const db = open(peer.url)
    await expect(call(db)).rejects.toMatchObject({ name: 'SkeinError', code })
    expect(peer.seen.length).toBe(0)
  })

  it('an empty batch is no request', async () => {
    const peer = await startPeer(writes())
    expect(await open(peer.url).bulkSet([])).toEqual({ version: null, deleted: 0 })
    expect(peer.seen.length).toBe(0)
  })
})

describe('connect', () => {
  it.each<[name: string, nodes: readonly string[], message: string]>([
    ['no nodes', [], 'list of addresses'],
    ['what is no URL', ['127.0.0.1'], 'is no address'],
    ['a host without its protocol', ['localhost:8401'], 'http://'],
    ['another protocol', ['ftp://localhost'], 'http://'],
    ['a password', ['http://user:secret@localhost'], 'token'],
    ['a query', ['http://localhost/?a=1'], 'leave out'],
  ])('%s is refused with what to write instead', (_name, nodes, message) => {
    expect(() => connect({ nodes })).toThrow(expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringContaining(message) }))
  })

  it.each(['a b', 'a\n', ''])('the token %j is refused', (secret) => {
    expect(() => connect({ nodes: ['http://localhost'], token: secret })).toThrow('token')
  })

  it('a message never shows a password', () => {
    expect(() => connect({ nodes: ['http://user:secret@localhost'] })).not.toThrow('secret')
  })

  it('an address may have a path and a slash at its end', async () => {
    const peer = await startPeer(holds(1))
    await connect({ nodes: [`${peer.url}/behind/a/proxy/`] }).get('k')
    expect(peer.seen[0]?.path).toBe('/behind/a/proxy/v1/keys/k')
  })
})
