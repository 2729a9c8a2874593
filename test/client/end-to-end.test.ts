import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import { connect, type Database, type KeyConflicts } from '../../client/index.ts'
import { open } from '../../server/index.ts'
import { eventually } from '../support/eventually.ts'
import { type LocalCluster, startCluster } from '../support/local-cluster.ts'

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

let cluster: LocalCluster
let directory: string
let embedded: Database
let remote: Database

beforeAll(async () => {
  cluster = await startCluster(3)
  remote = connect({ nodes: cluster.urls })
  directory = await mkdtemp(join(tmpdir(), 'skein-client-'))
  embedded = await open({ data: join(directory, 'data'), minFreeBytes: 0, journalSegmentBytes: 1024 * 1024 })
})

afterAll(async () => {
  await remote.close()
  await embedded.close()
  await cluster.stop()
  await rm(directory, { recursive: true, force: true })
})

describe.each<[name: string, database: () => Database]>([
  ['over HTTP', () => remote],
  ['in this process', () => embedded],
])('a database %s', (_name, database) => {
  it.each<[name: string, value: unknown]>([
    ['an object', { name: 'Alice', tags: ['a', null], nested: { deep: 1.5 } }],
    ['an empty object', {}],
    ['a string', 'héllo "quoted" \u2028'],
    ['an empty string', ''],
    ['a number', -0.25],
    ['null', null],
    ['false', false],
    ['bytes', new Uint8Array([0, 255, 128, 10])],
    ['bytes that are text', new Uint8Array([104, 105])],
    ['no bytes', new Uint8Array(0)],
    ['a name that every object has', JSON.parse('{"__proto__": 1, "constructor": 2}')],
  ])('gives back %s as it was written, alone, in a batch and in a scan', async (name, value) => {
    const db = database()
    await db.set(`value:${name}:a`, value)
    await db.batch([{ op: 'set', key: `value:${name}:b`, value }])
    expect([await db.get(`value:${name}:a`), await db.get(`value:${name}:b`)]).toEqual([value, value])
    const scanned = await collect(db.scan({ prefix: `value:${name}:` }))
    expect(scanned.map((item) => [item.key, item.value])).toEqual([
      [`value:${name}:a`, value],
      [`value:${name}:b`, value],
    ])
  })

  it.each(['', 'text', 'a\0b', '\ufeffmark'])('gives back the text %j', async (text) => {
    await database().set('text', text, { as: 'text' })
    expect(await database().get('text')).toBe(text)
  })

  it.each([
    ...['.', '..', '/', 'a/../b', '%2e%2e', '%', 'a b', ' ', '+', '?q=1', '#', '\\', '\0', '😀', '__proto__'].map((key) => [key, key]),
    ['1024 bytes', 'é'.repeat(512)],
  ])('takes %j for a key like any other', async (_name, key) => {
    const db = database()
    const { version } = await db.set(key, { key })
    expect(await db.getItem(key)).toMatchObject({ key, value: { key }, version, expiresAt: null })
    expect(await db.delete(key)).toBe(true)
    expect(await db.get(key)).toBeUndefined()
    expect(await db.delete(key)).toBe(false)
  })

  it('[RG5] decides conditions', async () => {
    const db = database()
    const { version } = await db.set('condition', 1, { ifAbsent: true })
    await expect(db.set('condition', 2, { ifAbsent: true })).rejects.toMatchObject({ code: 'CONFLICT', details: { current: version } })
    const next = await db.set('condition', 2, { ifVersion: version })
    await expect(db.set('condition', 3, { ifVersion: version })).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(db.delete('condition', { ifVersion: version })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await db.delete('condition', { ifVersion: next.version })).toBe(true)
  })

  it('[WR3] applies a batch whole or not at all', async () => {
    const db = database()
    await db.bulkSet({ 'batch:a': 1, 'batch:b': 2 })
    const failed = db.batch([{ op: 'set', key: 'batch:c', value: 3 }], { if: [{ key: 'batch:a', absent: true }] })
    await expect(failed).rejects.toMatchObject({ code: 'CONFLICT' })
    const { deleted } = await db.batch([
      { op: 'del', key: 'batch:a' },
      { op: 'del', key: 'batch:none' },
      { op: 'set', key: 'batch:d', value: 4 },
    ])
    expect(deleted).toBe(1)
    expect((await collect(db.scan({ prefix: 'batch:' }))).map(({ key }) => key)).toEqual(['batch:b', 'batch:d'])
  })

  it('scans in the order of bytes, over pages, in both directions and within bounds', async () => {
    const db = database()
    const keys = Array.from({ length: 250 }, (_, i) => `scan:${String(i).padStart(3, '0')}`)
    await db.bulkSet(keys.map((key) => [key, 1] as const))
    const keysOf = async (options: Parameters<Database['scan']>[0]) =>
      (await collect(db.scan({ pageSize: 60, ...options }))).map(({ key }) => key)
    expect(await keysOf({ prefix: 'scan:' })).toEqual(keys)
    expect(await keysOf({ prefix: 'scan:', reverse: true })).toEqual([...keys].reverse())
    expect(await keysOf({ prefix: 'scan:', limit: 130 })).toEqual(keys.slice(0, 130))
    expect(await keysOf({ start: 'scan:010', end: 'scan:200' })).toEqual(keys.slice(10, 200))
  })

  it('[RG6] lets a value go at its deadline', async () => {
    const db = database()
    await db.set('short', 1, { ttl: '200ms' })
    expect((await db.getItem('short'))?.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT/)
    await eventually(async () => (await db.get('short')) === undefined, 5_000)
  })

  it('[ID3] answers a repeated idempotency key with the first version', async () => {
    const db = database()
    const first = await db.set('once', 1, { idempotencyKey: 'the-same' })
    await db.set('once', 2)
    expect(await db.set('once', 1, { idempotencyKey: 'the-same' })).toEqual(first)
    expect(await db.get('once')).toBe(2)
  })

  it('refuses a value that is nested too deep', async () => {
    let value: unknown = 1
    for (let i = 0; i < 10_000; i++) value = { value }
    await expect(database().set('deep', value)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    expect(await database().get('deep')).toBeUndefined()
  })

  it('tells its status', async () => {
    expect(await database().status()).toMatchObject({ mode: 'multi', digest: expect.any(String) })
  })
})

describe('a cluster', () => {
  it('[SS1] every node shows a session its own writes', async () => {
    const [first, second, third] = cluster.urls.map((url) => connect({ nodes: [url] }))
    const writer = present(first, 'a first node')
    for (let i = 0; i < 30; i++) {
      await writer.set('mine', i)
      for (const reader of [present(second, 'a second node'), present(third, 'a third node')]) {
        reader.session = writer.session
        expect(await reader.get('mine')).toBe(i)
      }
    }
  })

  it('[WR4] a write concern is met', async () => {
    await remote.set('everywhere', 1, { w: 'all' })
    for (const url of cluster.urls) expect(await connect({ nodes: [url] }).get('everywhere')).toBe(1)
  })

  it('[RG3] concurrent writes leave a conflict, which can be read and taken back', async () => {
    const writers = cluster.urls.map((url) => connect({ nodes: [url] }))
    let found: KeyConflicts | undefined
    for (let round = 0; found === undefined && round < 200; round++) {
      await Promise.all(writers.map((db, node) => db.set('contested', { node, round })))
      for (const db of writers) remote.session = db.session
      found = (await collect(remote.conflicts('contested')))[0]
    }
    const conflict = present(found?.conflicts[0], 'three writers at once conflict some time')
    expect(conflict.loser.version).not.toBe(conflict.winner.version)
    expect(conflict.loser.value).toMatchObject({ round: expect.any(Number) })
    expect((await collect(remote.conflicts())).map(({ key }) => key)).toContain('contested')
    await remote.restore('contested', conflict.loser.version)
    expect(await remote.get('contested')).toEqual(conflict.loser.value)
  })

  it('writes go on while a node is down, and it has them when it is back', async () => {
    const [node] = cluster.nodes
    const down = present(node, 'a first node')
    const db = connect({ nodes: cluster.urls })
    // On other nodes too: a session waits for its own writes, wherever they are.
    await db.set('fail-over', 'before', { w: 'majority' })
    await down.stop()
    await db.set('fail-over', 'while')
    expect(await db.get('fail-over')).toBe('while')
    await down.restart()
    const alone = connect({ nodes: [down.url] })
    alone.session = db.session
    expect(await alone.get('fail-over')).toBe('while')
  })
})
