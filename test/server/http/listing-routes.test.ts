import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, jsonOf, openDoor, type RunningDoor } from './running-door.ts'

let running: RunningDoor

const KEYS = Array.from({ length: 25 }, (_, i) => `user:${String(i).padStart(2, '0')}`)

beforeAll(async () => {
  running = await openDoor()
  const ops = [...KEYS, 'a', 'z', 'user', 'user;', '🦊'].map((key) => ({ op: 'set', key, value: { key } }))
  await batch({ ops })
})
afterAll(() => running.stop())

async function batch(body: object): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`${running.url}/v1/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await jsonOf(response) }
}

async function page(query: string): Promise<Answer> {
  const response = await fetch(`${running.url}/v1/keys?${query}`)
  expect(response.status).toBe(200)
  expect(response.headers.get('skein-session')).not.toBeNull()
  return jsonOf(response)
}

async function allPages(query: string): Promise<string[]> {
  const keys: string[] = []
  let cursor: string | null = null
  do {
    const next: Answer = await page(cursor === null ? query : `${query}&cursor=${cursor}`)
    keys.push(...next.items.map(({ key }) => key))
    cursor = next.cursor
  } while (cursor !== null)
  return keys
}

describe('scans', () => {
  it('[HTTP] a prefix gives exactly the keys that start with it, in order', async () => {
    expect((await page('prefix=user:')).items.map(({ key }) => key)).toEqual(KEYS)
  })

  it.each([1, 4, 25, 26])('[HTTP] pages of %i give every key once', async (limit) => {
    expect(await allPages(`prefix=user:&limit=${limit}`)).toEqual(KEYS)
  })

  it.each([1, 4, 25, 26])('[HTTP] reversed pages of %i give every key once, backwards', async (limit) => {
    expect(await allPages(`prefix=user:&limit=${limit}&reverse=true`)).toEqual(KEYS.toReversed())
  })

  it('[HTTP] start is inclusive, end exclusive, and both narrow a prefix', async () => {
    expect(await allPages('start=user:03&end=user:06')).toEqual(['user:03', 'user:04', 'user:05'])
    expect(await allPages('prefix=user:0&start=user:08')).toEqual(['user:08', 'user:09'])
    expect(await allPages('prefix=user:0&end=user:02&reverse=true')).toEqual(['user:01', 'user:00'])
  })

  it.each(['start=b&end=a', 'prefix=a&start=b', 'prefix=nothing'])('[HTTP] %s is an empty page', async (query) => {
    expect(await page(query)).toEqual({ items: [], cursor: null })
  })

  it('[HTTP] without a limit a page has 100 keys, without a prefix all are listed', async () => {
    expect((await page('')).items).toHaveLength(30)
    expect((await page('start=&end=&prefix=')).items.at(-1)?.key).toBe('🦊')
  })

  it('[HTTP] values=false leaves the values out', async () => {
    const { items } = await page('prefix=a&values=false')
    expect(items[0]).toEqual({
      key: 'a',
      type: 'json',
      version: expect.any(String),
      writer: expect.any(String),
      timestamp: expect.any(String),
      expiresAt: null,
    })
  })

  it('[HTTP] deleted keys are not listed', async () => {
    await batch({
      ops: [
        { op: 'set', key: 'tmp:1', value: 1 },
        { op: 'set', key: 'tmp:2', value: 2 },
      ],
    })
    await batch({ ops: [{ op: 'del', key: 'tmp:1' }] })
    expect(await allPages('prefix=tmp:')).toEqual(['tmp:2'])
  })
})

describe('batches', () => {
  it('[WR3] all operations have one version', async () => {
    const { status, body } = await batch({
      ops: [
        { op: 'set', key: 'b:1', value: [1] },
        { op: 'set', key: 'b:2', value: 'x', type: 'text' },
        { op: 'set', key: 'b:3', value: '/w==', encoding: 'base64' },
      ],
    })
    expect(status).toBe(200)
    expect(body).toEqual({ version: expect.any(String), deleted: 0, session: expect.any(String) })
    const { items } = await page('prefix=b:')
    expect(items.map(({ version }) => version)).toEqual([body.version, body.version, body.version])
    expect(items.map(({ type, value, encoding }) => [type, value, encoding])).toEqual([
      ['json', [1], undefined],
      ['text', 'x', undefined],
      ['bytes', '/w==', 'base64'],
    ])
  })

  it('[WR3] what a scan shows, a batch takes back', async () => {
    await batch({
      ops: [
        { op: 'set', key: 'c:1', value: { __proto__: 1 } },
        { op: 'set', key: 'c:2', value: 'é', type: 'bytes' },
        { op: 'set', key: 'c:3', value: '/w==', encoding: 'base64' },
      ],
    })
    const { items } = await page('prefix=c:')
    const ops = items.map(({ key, value, type, encoding }) => ({ op: 'set', key: `d${key.slice(1)}`, value, type, encoding }))
    expect((await batch({ ops })).status).toBe(200)
    const copies = (await page('prefix=d:')).items
    expect(copies.map(({ value, type, encoding }) => [value, type, encoding])).toEqual(
      items.map(({ value, type, encoding }) => [value, type, encoding]),
    )
  })

  it('[WR3] a condition that fails leaves everything as it was', async () => {
    await batch({ ops: [{ op: 'set', key: 'e:1', value: 1 }] })
    const digest = running.node.status().digest
    const { status, body } = await batch({
      ops: [
        { op: 'set', key: 'e:2', value: 2 },
        { op: 'del', key: 'e:1' },
      ],
      if: [{ key: 'e:1', absent: true }],
    })
    expect(status).toBe(409)
    expect(body).toMatchObject({ error: { code: 'CONFLICT', details: { current: expect.any(String) } } })
    expect(running.node.status().digest).toBe(digest)
  })

  it('[WR3] deletes are counted by what existed', async () => {
    await batch({ ops: [{ op: 'set', key: 'f:1', value: 1 }] })
    const { body } = await batch({
      ops: [
        { op: 'del', key: 'f:1' },
        { op: 'del', key: 'f:2' },
      ],
    })
    expect(body.deleted).toBe(1)
    expect((await batch({ ops: [{ op: 'del', key: 'f:1' }] })).body).toMatchObject({ version: null, deleted: 0 })
  })

  it('[WR3] 10,000 operations are one transaction', async () => {
    const ops = Array.from({ length: 10_000 }, (_, i) => ({ op: 'set', key: `many:${i}`, value: i }))
    expect((await batch({ ops })).status).toBe(200)
    expect((await page('prefix=many:&limit=10000&values=false')).items).toHaveLength(10_000)
  })
})
