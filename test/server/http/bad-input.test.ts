import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDoor, type RunningDoor, sendRaw, sendRequest } from './running-door.ts'

/**
 * Every route with what it must not take. Each gets its code, the state's digest stays as it is,
 * and the node goes on to answer.
 */

let running: RunningDoor

beforeAll(async () => {
  running = await openDoor()
  await fetch(`${running.url}/v1/keys/kept`, { method: 'PUT', body: '1', headers: JSON_BODY })
})
afterAll(() => running.stop())

const JSON_BODY = { 'content-type': 'application/json' }
const JSON_HEADER = 'content-type: application/json'
const TEXT_HEADER = 'content-type: text/plain'
const DEEP = '['.repeat(10_000) + ']'.repeat(10_000)
const NOT_UTF8 = '"\xff\xfe"'
const LONG_KEY = 'k'.repeat(1025)

interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
}

function refusalOf(answer: string): Refusal {
  const status = Number(answer.split(' ')[1])
  const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
  expect(body).toEqual({ error: expect.objectContaining({ code: expect.any(String), message: expect.any(String) }) })
  const { error } = body as { error: { code: string; message: string } }
  return { status, ...error }
}

type Case = readonly [what: string, method: string, target: string, headers: readonly string[], body: string, code: string, culprit: string]

const KEYS: readonly Case[] = [
  ['an empty key', 'GET', '/v1/keys/', [], '', 'BAD_REQUEST', 'key'],
  ['a long key', 'GET', `/v1/keys/${LONG_KEY}`, [], '', 'TOO_LARGE', '1025'],
  ['a long key', 'PUT', `/v1/keys/${LONG_KEY}`, [JSON_HEADER], '1', 'TOO_LARGE', '1025'],
  ['a long key', 'DELETE', `/v1/keys/${LONG_KEY}`, [], '', 'TOO_LARGE', '1025'],
  ['broken percent-encoding', 'GET', '/v1/keys/%zz', [], '', 'BAD_REQUEST', '%XX'],
  ['broken percent-encoding', 'PUT', '/v1/keys/a%2', [JSON_HEADER], '1', 'BAD_REQUEST', '%XX'],
  ['broken UTF-8', 'GET', '/v1/keys/%ff', [], '', 'BAD_REQUEST', 'UTF-8'],
  ['broken UTF-8', 'PUT', '/v1/keys/%C3', [JSON_HEADER], '1', 'BAD_REQUEST', 'UTF-8'],
  ['a raw byte that is not ASCII', 'DELETE', '/v1/keys/\xe9', [], '', 'BAD_REQUEST', 'first line'],
  ['an unknown parameter', 'GET', '/v1/keys/kept?foo=1', [], '', 'BAD_REQUEST', 'foo'],
  ['__proto__ as parameter', 'PUT', '/v1/keys/kept?__proto__=1', [JSON_HEADER], '2', 'BAD_REQUEST', '__proto__'],
  ['a parameter of another route', 'DELETE', '/v1/keys/kept?ttl=1s', [], '', 'BAD_REQUEST', 'ttl'],
  ['a parameter given twice', 'PUT', '/v1/keys/kept?ttl=1s&ttl=2s', [JSON_HEADER], '2', 'BAD_REQUEST', 'ttl'],
  ['a bad meta', 'GET', '/v1/keys/kept?meta=1', [], '', 'BAD_REQUEST', 'meta'],
  ['a bad read', 'GET', '/v1/keys/kept?read=latest', [], '', 'BAD_REQUEST', 'read'],
  ['a read called constructor', 'GET', '/v1/keys/kept?read=constructor', [], '', 'BAD_REQUEST', 'read'],
  ['a bad timeout', 'GET', '/v1/keys/kept?timeout=soon', [], '', 'BAD_REQUEST', 'timeout'],
  ['a negative timeout', 'GET', '/v1/keys/kept?timeout=-1s', [], '', 'BAD_REQUEST', 'timeout'],
  ['a timeout of zero', 'GET', '/v1/keys/kept?timeout=0', [], '', 'BAD_REQUEST', 'timeout'],
  ['a long timeout', 'GET', '/v1/keys/kept?timeout=61s', [], '', 'BAD_REQUEST', 'timeout'],
  ['a bad ttl', 'PUT', '/v1/keys/kept?ttl=never', [JSON_HEADER], '2', 'BAD_REQUEST', 'ttl'],
  ['a negative ttl', 'PUT', '/v1/keys/kept?ttl=-30s', [JSON_HEADER], '2', 'BAD_REQUEST', 'ttl'],
  ['a ttl of zero', 'PUT', '/v1/keys/kept?ttl=0s', [JSON_HEADER], '2', 'BAD_REQUEST', 'ttl'],
  ['an endless ttl', 'PUT', '/v1/keys/kept?ttl=99999999d', [JSON_HEADER], '2', 'BAD_REQUEST', 'ttl'],
  ['a concern of zero', 'PUT', '/v1/keys/kept?w=0', [JSON_HEADER], '2', 'BAD_REQUEST', 'w'],
  ['a negative concern', 'DELETE', '/v1/keys/kept?w=-1', [], '', 'BAD_REQUEST', 'w'],
  ['a concern in words', 'PUT', '/v1/keys/kept?w=most', [JSON_HEADER], '2', 'BAD_REQUEST', 'w'],
  ['an empty concern', 'PUT', '/v1/keys/kept?w=', [JSON_HEADER], '2', 'BAD_REQUEST', 'w'],
  ['a bad session', 'GET', '/v1/keys/kept', ['skein-session: abc'], '', 'BAD_REQUEST', 'Skein-Session'],
  ['a bad session', 'PUT', '/v1/keys/kept', [JSON_HEADER, 'skein-session: AQEA'], '2', 'BAD_REQUEST', 'Skein-Session'],
  ['a bad ETag', 'PUT', '/v1/keys/kept', [JSON_HEADER, 'if-match: "1"'], '2', 'BAD_REQUEST', 'If-Match'],
  ['If-Match: *', 'DELETE', '/v1/keys/kept', ['if-match: *'], '', 'BAD_REQUEST', 'If-Match'],
  [
    'If-None-Match of a version',
    'PUT',
    '/v1/keys/kept',
    [JSON_HEADER, 'if-none-match: "n1.0a1b2c3d:1"'],
    '2',
    'BAD_REQUEST',
    'If-None-Match',
  ],
  ['an idempotency key with a space', 'PUT', '/v1/keys/kept', [JSON_HEADER, 'idempotency-key: a b'], '2', 'BAD_REQUEST', 'Idempotency-Key'],
  ['a long idempotency key', 'DELETE', '/v1/keys/kept', [`idempotency-key: ${'x'.repeat(65)}`], '', 'BAD_REQUEST', 'Idempotency-Key'],
  ['two idempotency keys', 'DELETE', '/v1/keys/kept', ['idempotency-key: a', 'idempotency-key: b'], '', 'BAD_REQUEST', 'Idempotency-Key'],
  ['a form', 'PUT', '/v1/keys/kept', ['content-type: application/x-www-form-urlencoded'], 'a=1', 'BAD_REQUEST', 'application/json'],
  ['an unknown type', 'PUT', '/v1/keys/kept', ['content-type: application/xml'], '<a/>', 'BAD_REQUEST', 'text/plain'],
  ['no media type', 'PUT', '/v1/keys/kept', ['content-type: json'], '2', 'BAD_REQUEST', 'content-type'],
  ['another charset', 'PUT', '/v1/keys/kept', ['content-type: text/plain; charset=latin1'], 'x', 'BAD_REQUEST', 'charset'],
  ['a compressed body', 'PUT', '/v1/keys/kept', [TEXT_HEADER, 'content-encoding: gzip'], 'x', 'BAD_REQUEST', 'content-encoding'],
  ['an empty JSON body', 'PUT', '/v1/keys/kept', [JSON_HEADER], '', 'BAD_REQUEST', 'empty'],
  ['broken JSON', 'PUT', '/v1/keys/kept', [JSON_HEADER], '{"a":', 'BAD_REQUEST', 'JSON'],
  ['JSON that is not UTF-8', 'PUT', '/v1/keys/kept', [JSON_HEADER], NOT_UTF8, 'BAD_REQUEST', 'UTF-8'],
  ['text that is not UTF-8', 'PUT', '/v1/keys/kept', [TEXT_HEADER], NOT_UTF8, 'BAD_REQUEST', 'UTF-8'],
  ['JSON 10,000 levels deep', 'PUT', '/v1/keys/kept', [JSON_HEADER], DEEP, 'BAD_REQUEST', '128'],
  ['JSON 10,000 levels deep, unclosed', 'PUT', '/v1/keys/kept', [JSON_HEADER], '[{"a":'.repeat(5000), 'BAD_REQUEST', '128'],
  ['a large value', 'PUT', '/v1/keys/kept', [TEXT_HEADER], 'x'.repeat(65_537), 'TOO_LARGE', '65537'],
  ['a larger value than is read', 'PUT', '/v1/keys/kept', [TEXT_HEADER], 'x'.repeat(100_000), 'TOO_LARGE', 'bytes'],
  ['a large body of a delete', 'DELETE', '/v1/keys/kept', [TEXT_HEADER], 'x'.repeat(2000), 'TOO_LARGE', 'bytes'],
  ['an unknown method', 'POST', '/v1/keys/kept', [JSON_HEADER], '2', 'BAD_REQUEST', 'PUT'],
  ['an unknown method', 'PATCH', '/v1/keys/kept', [JSON_HEADER], '2', 'BAD_REQUEST', 'PUT'],
]

const LISTS: readonly Case[] = [
  ['a limit of zero', 'GET', '/v1/keys?limit=0', [], '', 'BAD_REQUEST', 'limit'],
  ['a negative limit', 'GET', '/v1/keys?limit=-1', [], '', 'BAD_REQUEST', 'limit'],
  ['a fraction as limit', 'GET', '/v1/keys?limit=1.5', [], '', 'BAD_REQUEST', 'limit'],
  ['a limit in hexadecimal', 'GET', '/v1/keys?limit=0x10', [], '', 'BAD_REQUEST', 'limit'],
  ['a huge limit', 'GET', '/v1/keys?limit=10001', [], '', 'BAD_REQUEST', 'limit'],
  ['an infinite limit', 'GET', `/v1/keys?limit=${'9'.repeat(400)}`, [], '', 'BAD_REQUEST', 'limit'],
  ['a bad reverse', 'GET', '/v1/keys?reverse=yes', [], '', 'BAD_REQUEST', 'reverse'],
  ['a bad values', 'GET', '/v1/keys?values=', [], '', 'BAD_REQUEST', 'values'],
  ['a long prefix', 'GET', `/v1/keys?prefix=${LONG_KEY}`, [], '', 'TOO_LARGE', '1025'],
  ['a start that is not UTF-8', 'GET', '/v1/keys?start=%ff', [], '', 'BAD_REQUEST', '%ff'],
  ['broken percent-encoding', 'GET', '/v1/keys?end=%', [], '', 'BAD_REQUEST', '%'],
  ['a bad cursor', 'GET', '/v1/keys?cursor=!', [], '', 'BAD_REQUEST', 'cursor'],
  ['an empty cursor', 'GET', '/v1/keys?cursor=', [], '', 'BAD_REQUEST', 'cursor'],
  ['a cursor without a key', 'GET', '/v1/keys?cursor=cw', [], '', 'BAD_REQUEST', 'cursor'],
  ['a cursor of the other direction', 'GET', '/v1/keys?reverse=true&cursor=c2E', [], '', 'BAD_REQUEST', 'cursor'],
  [
    'a cursor with too long a key',
    'GET',
    `/v1/keys?cursor=${Buffer.from(`s${LONG_KEY}`).toString('base64url')}`,
    [],
    '',
    'BAD_REQUEST',
    'cursor',
  ],
  ['an unknown parameter', 'GET', '/v1/keys?offset=3', [], '', 'BAD_REQUEST', 'offset'],
  ['a bad session', 'GET', '/v1/keys', ['skein-session: ,'], '', 'BAD_REQUEST', 'Skein-Session'],
  ['a bad read', 'GET', '/v1/keys?read=', [], '', 'BAD_REQUEST', 'read'],
  ['a bad limit', 'GET', '/v1/conflicts?limit=x', [], '', 'BAD_REQUEST', 'limit'],
  ['a cursor of a scan', 'GET', '/v1/conflicts?cursor=c2E', [], '', 'BAD_REQUEST', 'cursor'],
  ['an unknown parameter', 'GET', '/v1/conflicts/kept?limit=1', [], '', 'BAD_REQUEST', 'limit'],
  ['a long key', 'GET', `/v1/conflicts/${LONG_KEY}`, [], '', 'TOO_LARGE', '1025'],
  ['broken percent-encoding', 'GET', '/v1/conflicts/%4', [], '', 'BAD_REQUEST', '%XX'],
  ['an unknown parameter', 'GET', '/v1/status?verbose=1', [], '', 'BAD_REQUEST', 'verbose'],
  ['an unknown parameter', 'GET', '/v1/cluster?x', [], '', 'BAD_REQUEST', 'x'],
  ['an unknown parameter', 'GET', '/healthz?x', [], '', 'BAD_REQUEST', 'x'],
  ['an unknown parameter', 'GET', '/readyz?x', [], '', 'BAD_REQUEST', 'x'],
  ['an unknown method', 'POST', '/v1/status', [], '', 'BAD_REQUEST', 'GET'],
  ['an unknown method', 'DELETE', '/v1/keys', [], '', 'BAD_REQUEST', 'GET'],
  ['an unknown route', 'GET', '/v2/keys/a', [], '', 'NOT_FOUND', '/docs'],
  ['a route in capitals', 'GET', '/V1/keys/kept', [], '', 'NOT_FOUND', '/docs'],
  ['an unknown route with a large body', 'POST', '/nowhere', [TEXT_HEADER], 'x'.repeat(20_000), 'TOO_LARGE', 'bytes'],
]

const SET = '{"op":"set","key":"kept","value":2}'

const WRITES: readonly Case[] = [
  ['a batch without a type', 'POST', '/v1/batch', [], `{"ops":[${SET}]}`, 'BAD_REQUEST', 'content-type'],
  ['a batch as text', 'POST', '/v1/batch', [TEXT_HEADER], `{"ops":[${SET}]}`, 'BAD_REQUEST', 'content-type'],
  ['an empty batch', 'POST', '/v1/batch', [JSON_HEADER], '', 'BAD_REQUEST', 'empty'],
  ['broken JSON', 'POST', '/v1/batch', [JSON_HEADER], `{"ops":[${SET}`, 'BAD_REQUEST', 'JSON'],
  ['a list', 'POST', '/v1/batch', [JSON_HEADER], `[${SET}]`, 'BAD_REQUEST', 'body'],
  ['no operations', 'POST', '/v1/batch', [JSON_HEADER], '{"ops":[]}', 'BAD_REQUEST', 'ops'],
  ['an unknown field', 'POST', '/v1/batch', [JSON_HEADER], `{"ops":[${SET}],"x":1}`, 'BAD_REQUEST', '"x"'],
  ['__proto__', 'POST', '/v1/batch', [JSON_HEADER], `{"ops":[${SET}],"__proto__":{"w":2}}`, 'BAD_REQUEST', '__proto__'],
  ['a bad last operation', 'POST', '/v1/batch', [JSON_HEADER], `{"ops":[${SET},{"op":"set","key":""}]}`, 'BAD_REQUEST', 'ops[1].value'],
  ['an empty key', 'POST', '/v1/batch', [JSON_HEADER], `{"ops":[${SET},{"op":"del","key":""}]}`, 'BAD_REQUEST', 'key'],
  [
    'half of a surrogate pair',
    'POST',
    '/v1/batch',
    [JSON_HEADER],
    '{"ops":[{"op":"set","key":"\\ud800","value":2}]}',
    'BAD_REQUEST',
    'key',
  ],
  ['a long key', 'POST', '/v1/batch', [JSON_HEADER], `{"ops":[${SET},{"op":"del","key":"${LONG_KEY}"}]}`, 'TOO_LARGE', '1025'],
  ['a deep value', 'POST', '/v1/batch', [JSON_HEADER], `{"ops":[{"op":"set","key":"kept","value":${DEEP}}]}`, 'BAD_REQUEST', '128'],
  [
    'a large value',
    'POST',
    '/v1/batch',
    [JSON_HEADER],
    `{"ops":[{"op":"set","key":"kept","value":"${'x'.repeat(70_000)}"}]}`,
    'TOO_LARGE',
    'bytes',
  ],
  ['a body that is not UTF-8', 'POST', '/v1/batch', [JSON_HEADER], NOT_UTF8, 'BAD_REQUEST', 'UTF-8'],
  ['an unknown parameter', 'POST', '/v1/batch?w=1', [JSON_HEADER], `{"ops":[${SET}]}`, 'BAD_REQUEST', 'w'],
  ['a bad timeout', 'POST', '/v1/batch?timeout=2h', [JSON_HEADER], `{"ops":[${SET}]}`, 'BAD_REQUEST', 'timeout'],
  ['a bad session', 'POST', '/v1/batch', [JSON_HEADER, 'skein-session: x'], `{"ops":[${SET}]}`, 'BAD_REQUEST', 'Skein-Session'],
  ['restore without a suffix', 'POST', '/v1/conflicts/kept', [JSON_HEADER], '{"version":"n1.0a1b2c3d:1"}', 'BAD_REQUEST', '/restore'],
  ['restore without a key', 'POST', '/v1/conflicts/restore', [JSON_HEADER], '{"version":"n1.0a1b2c3d:1"}', 'BAD_REQUEST', '/restore'],
  ['restore of nothing', 'POST', '/v1/conflicts/kept/restore', [JSON_HEADER], '{}', 'BAD_REQUEST', 'version'],
  ['restore of a bad version', 'POST', '/v1/conflicts/kept/restore', [JSON_HEADER], '{"version":7}', 'BAD_REQUEST', 'version'],
  [
    'restore of an unknown version',
    'POST',
    '/v1/conflicts/kept/restore',
    [JSON_HEADER],
    '{"version":"n1.0a1b2c3d:1"}',
    'NOT_FOUND',
    'loser',
  ],
  ['an unknown field', 'POST', '/v1/conflicts/kept/restore', [JSON_HEADER], '{"version":"n1.0a1b2c3d:1","x":1}', 'BAD_REQUEST', '"x"'],
  ['a deep body', 'POST', '/v1/conflicts/kept/restore', [JSON_HEADER], '[['.repeat(1000), 'BAD_REQUEST', 'JSON'],
  ['a large body', 'POST', '/v1/conflicts/kept/restore', [JSON_HEADER], `{"version":"${'x'.repeat(5000)}"}`, 'TOO_LARGE', 'bytes'],
]

const STATUS_BY_CODE: Readonly<Record<string, number>> = { BAD_REQUEST: 400, NOT_FOUND: 404, TOO_LARGE: 413 }

describe.each([
  ['keys', KEYS],
  ['lists and status', LISTS],
  ['batches and restores', WRITES],
])('bad input: %s', (_name, cases) => {
  it.each(cases)('[HTTP] %s, %s', async (_what, method, target, headers, body, code, culprit) => {
    const before = running.node.status()
    const withType = method === 'PUT' && body.length === 0 ? [...headers, 'content-length: 0'] : headers
    const refusal = refusalOf(await sendRequest(running.url, method, target, withType, body))
    expect(refusal).toMatchObject({ code, status: STATUS_BY_CODE[code] })
    expect(refusal.message).toContain(culprit)
    const after = running.node.status()
    expect({ digest: after.digest, frontier: after.frontier, state: after.state }).toEqual({
      digest: before.digest,
      frontier: before.frontier,
      state: before.state,
    })
    expect(await (await fetch(`${running.url}/v1/keys/kept`)).text()).toBe('1')
  })
})

describe('bad input: what is no request', () => {
  it.each([
    ['noise', '\x00\x01\x02\r\n\r\n', 'BAD_REQUEST'],
    ['a wrong version', 'GET / HTTP/9.9\r\n\r\n', 'BAD_REQUEST'],
    ['a header without a colon', 'GET /healthz HTTP/1.1\r\nhost: a\r\nnonsense\r\n\r\n', 'BAD_REQUEST'],
    ['two lengths', 'PUT /v1/keys/kept HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n22', 'BAD_REQUEST'],
    [
      'length and chunks',
      'PUT /v1/keys/kept HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n2',
      'BAD_REQUEST',
    ],
    ['a negative length', 'PUT /v1/keys/kept HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n', 'BAD_REQUEST'],
    ['a broken chunk', 'PUT /v1/keys/kept HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 'BAD_REQUEST'],
    ['long headers', `GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`, 'TOO_LARGE'],
    ['a long path', `GET /v1/keys?prefix=${'x'.repeat(40_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 'TOO_LARGE'],
  ])('[HTTP] %s', async (_what, text, code) => {
    const digest = running.node.status().digest
    expect(refusalOf(await sendRaw(running.url, text)).code).toBe(code)
    expect(running.node.status().digest).toBe(digest)
    expect((await fetch(`${running.url}/readyz`)).status).toBe(200)
  })

  it('[HTTP] a chunked body over the limit is refused before its end', async () => {
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const head = `PUT /v1/keys/kept HTTP/1.1\r\nhost: a\r\n${TEXT_HEADER}\r\ntransfer-encoding: chunked\r\n\r\n`
    expect(refusalOf(await sendRaw(running.url, head + chunk.repeat(5))).code).toBe('TOO_LARGE')
  })

  it('[HTTP] an announced length over the limit is refused before the body', async () => {
    const head = `PUT /v1/keys/kept HTTP/1.1\r\nhost: a\r\n${TEXT_HEADER}\r\ncontent-length: 1000000000\r\n\r\n`
    expect(refusalOf(await sendRaw(running.url, head)).code).toBe('TOO_LARGE')
  })
})
