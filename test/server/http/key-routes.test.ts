import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { jsonOf, openDoor, type RunningDoor } from './running-door.ts'

let running: RunningDoor

beforeAll(async () => {
  running = await openDoor()
})
afterAll(() => running.stop())

const at = (key: string, query = ''): string => `${running.url}/v1/keys/${encodeURIComponent(key)}${query}`

async function put(key: string, body: string | Uint8Array, type: string, headers: Record<string, string> = {}, query = '') {
  const response = await fetch(at(key, query), { method: 'PUT', body, headers: { 'content-type': type, ...headers } })
  return { status: response.status, headers: response.headers, body: await jsonOf(response) }
}

describe('values', () => {
  it.each([
    ['application/json', '{"name":"Alice","__proto__":{"x":1}}', 'application/json; charset=utf-8'],
    ['application/json', 'null', 'application/json; charset=utf-8'],
    ['application/json', '{}', 'application/json; charset=utf-8'],
    ['application/json', '12345678901234567890', 'application/json; charset=utf-8'],
    ['text/plain', 'héllo\u0000 🦊', 'text/plain; charset=utf-8'],
    ['text/plain', '', 'text/plain; charset=utf-8'],
    ['text/plain', 'x'.repeat(60_000), 'text/plain; charset=utf-8'],
    ['application/octet-stream', 'plain', 'application/octet-stream'],
  ])('[HTTP] %s %j is read as it was written', async (type, text, answered) => {
    expect((await put('value', text, type)).status).toBe(200)
    const response = await fetch(at('value'))
    expect(response.headers.get('content-type')).toBe(answered)
    expect(await response.text()).toBe(text)
  })

  it('[HTTP] every byte survives', async () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, i) => i % 256)
    await put('bytes', bytes, 'application/octet-stream')
    expect(new Uint8Array(await (await fetch(at('bytes'))).arrayBuffer())).toEqual(bytes)
  })

  it('[HTTP] a body without a type is bytes', async () => {
    await fetch(at('untyped'), { method: 'PUT', body: new Uint8Array([1, 2]) })
    const response = await fetch(at('untyped'))
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
  })

  it('[HTTP] an answer carries its version and session', async () => {
    const { body, headers } = await put('versioned', '1', 'application/json')
    const response = await fetch(at('versioned'))
    expect(response.headers.get('etag')).toBe(`"${body.version}"`)
    expect(body.version).toMatch(/^n1\.[0-9a-f]{8}:\d+$/)
    expect(response.headers.get('skein-session')).toBe(body.session)
    expect(headers.get('skein-session')).toBe(body.session)
  })

  it('[HTTP] meta=true answers what is known of a value', async () => {
    const { body } = await put('meta', '{"a":1}', 'application/json')
    const meta = await jsonOf(await fetch(at('meta', '?meta=true')))
    expect(meta).toEqual({
      key: 'meta',
      value: { a: 1 },
      type: 'json',
      version: body.version,
      writer: body.version.split(':')[0],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      expiresAt: null,
      conflicts: 0,
    })
  })

  it('[HTTP] meta of bytes that are not UTF-8 is base64', async () => {
    await put('meta-bytes', new Uint8Array([255, 0]), 'application/octet-stream')
    const meta = await jsonOf(await fetch(at('meta-bytes', '?meta=true')))
    expect(meta).toMatchObject({ value: '/wA=', type: 'bytes', encoding: 'base64' })
  })

  it('[HTTP] HEAD answers the headers alone', async () => {
    await put('head', 'hello', 'text/plain')
    const response = await fetch(at('head'), { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('5')
    expect(response.headers.get('etag')).not.toBeNull()
    expect(await response.text()).toBe('')
  })

  it('[HTTP] an absent key is NOT_FOUND, with the session that saw it', async () => {
    const response = await fetch(at('absent'))
    expect(response.status).toBe(404)
    expect(await jsonOf(response)).toMatchObject({ error: { code: 'NOT_FOUND' } })
    expect(response.headers.get('skein-session')).not.toBeNull()
  })

  it('[HTTP] DELETE says whether there was something', async () => {
    await put('gone', '1', 'application/json')
    const first = await jsonOf(await fetch(at('gone'), { method: 'DELETE' }))
    const second = await jsonOf(await fetch(at('gone'), { method: 'DELETE' }))
    expect(first).toEqual({ deleted: true, version: expect.any(String), session: expect.any(String) })
    expect(second).toMatchObject({ deleted: false, version: null })
    expect((await fetch(at('gone'))).status).toBe(404)
  })
})

describe('keys', () => {
  it.each([
    '__proto__',
    'constructor',
    'a/b//c',
    'restore',
    'a b+c',
    '100%',
    '%41',
    '?#&=',
    '🦊',
    'é',
    'nul\0byte',
    'x'.repeat(1024),
    '🦊'.repeat(256),
    'a/../b',
    '\u2028"\\',
  ])('[HTTP] %j is an ordinary key', async (key) => {
    const value = JSON.stringify({ of: key })
    expect((await put(key, value, 'application/json')).status).toBe(200)
    expect(await (await fetch(at(key))).text()).toBe(value)
    const page = await jsonOf(await fetch(`${running.url}/v1/keys?prefix=${encodeURIComponent(key)}&limit=1`))
    expect(page.items[0]).toMatchObject({ key, value: { of: key } })
    expect((await jsonOf(await fetch(at(key), { method: 'DELETE' }))).deleted).toBe(true)
  })
})

describe('conditions and options', () => {
  it('[RG5] If-Match writes over the version it names, and over no other', async () => {
    const first = await put('cas', '1', 'application/json')
    const second = await put('cas', '2', 'application/json', { 'if-match': `"${first.body.version}"` })
    expect(second.status).toBe(200)
    const third = await put('cas', '3', 'application/json', { 'if-match': `"${first.body.version}"` })
    expect(third.status).toBe(409)
    expect(third.body.error).toMatchObject({ code: 'CONFLICT', details: { current: second.body.version } })
    expect(await (await fetch(at('cas'))).text()).toBe('2')
  })

  it('[RG5] If-None-Match: * writes once', async () => {
    expect((await put('once', '1', 'application/json', { 'if-none-match': '*' })).status).toBe(200)
    expect((await put('once', '2', 'application/json', { 'if-none-match': '*' })).status).toBe(409)
  })

  it('[RG5] DELETE takes If-Match', async () => {
    const { body } = await put('cas-delete', '1', 'application/json')
    const wrong = await fetch(at('cas-delete'), { method: 'DELETE', headers: { 'if-match': '"n1.00000000:1"' } })
    expect(wrong.status).toBe(409)
    const right = await fetch(at('cas-delete'), { method: 'DELETE', headers: { 'if-match': `"${body.version}"` } })
    expect((await jsonOf(right)).deleted).toBe(true)
  })

  it('[RG6] a value with a ttl is gone after it', async () => {
    await put('brief', '1', 'application/json', {}, '?ttl=1h')
    const meta = await jsonOf(await fetch(at('brief', '?meta=true')))
    expect(Math.abs(Date.parse(meta.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000)
    await put('brief', '1', 'application/json', {}, '?ttl=30ms')
    expect(await eventually(async () => (await fetch(at('brief'))).status === 404, 2000)).toBe(true)
  })

  it('[SS1] a session that nobody can cover is STALE after the time-out', async () => {
    // One writer, n9.00000009, at sequence 5.
    const token = Buffer.from(`\x01\x01\x0bn9.00000009\x05`, 'latin1').toString('base64url')
    const headers = { 'skein-session': token }
    const read = await fetch(at('stale', '?timeout=50ms'), { headers })
    expect(read.status).toBe(503)
    expect((await jsonOf(read)).error.code).toBe('STALE')
    const write = await put('stale', '1', 'application/json', headers, '?timeout=50ms')
    expect(write.body.error.code).toBe('STALE')
    expect((await fetch(at('stale', '?read=local&timeout=50ms'), { headers })).status).toBe(404)
  })

  it('[ExactlyOnce] a write under a known idempotency key is not executed again', async () => {
    const headers = { 'idempotency-key': 'a-random-one' }
    const first = await put('retried', '1', 'application/json', headers)
    const second = await put('retried', '1', 'application/json', headers)
    expect(second.body.version).toBe(first.body.version)
  })

  it('[WR4] w asks for no more nodes than there are', async () => {
    expect((await put('concern', '1', 'application/json', {}, '?w=all')).status).toBe(200)
    expect((await put('concern', '1', 'application/json', {}, '?w=2')).body.error.code).toBe('BAD_REQUEST')
  })

  it('[LM7] linearizable reads are refused in a multi epoch', async () => {
    const response = await fetch(at('versioned', '?read=linearizable'))
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect((await jsonOf(response)).error.message).toContain('linearizable')
  })
})
