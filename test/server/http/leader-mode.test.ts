import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { present } from '../../../base/index.ts'
import { agreedLeader } from '../../support/agreed-leader.ts'
import { eventually } from '../../support/eventually.ts'
import { type LocalCluster, type LocalNode, startCluster } from '../../support/local-cluster.ts'

const SWITCH_DEADLINE_MS = 15_000
const KEY = '/v1/keys/a%2F..%2Fb//c'

interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly details?: Record<string, unknown> }
}

function followerOf(cluster: LocalCluster, leader: LocalNode): LocalNode {
  return present(
    cluster.nodes.find((node) => node.name !== leader.name),
    'a cluster of three has followers',
  )
}

function ask(url: string, path: string, init: RequestInit & { readonly json?: unknown } = {}): Promise<Response> {
  const { json, ...rest } = init
  const body = json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json', ...rest.headers } }
  return fetch(`${url}${path}`, { ...rest, ...body })
}

describe('in leader mode, with --forward', () => {
  let cluster: LocalCluster

  beforeAll(async () => {
    cluster = await startCluster(3, { mode: 'leader' })
  })
  afterAll(() => cluster.stop())

  it('[LM9] a write at a follower is the leader’s, with its answer and its session', async () => {
    const leader = await agreedLeader(cluster.nodes)
    const follower = followerOf(cluster, leader)
    const written = await ask(follower.url, KEY, { method: 'PUT', json: { name: 'Alice' } })
    expect(written.status).toBe(200)
    const { version, session } = (await written.json()) as { version: string; session: string }
    expect(version.startsWith(`${leader.name}.`)).toBe(true)
    expect(written.headers.get('skein-session')).toBe(session)
    const read = await ask(follower.url, KEY, { headers: { 'skein-session': session } })
    expect([read.status, await read.json(), read.headers.get('etag')]).toEqual([200, { name: 'Alice' }, `"${version}"`])
  })

  it('[LM9] conditions, deletes, batches and their refusals go the same way', async () => {
    const { url } = followerOf(cluster, await agreedLeader(cluster.nodes))
    const only = { 'if-none-match': '*', 'content-type': 'text/plain' }
    expect((await ask(url, '/v1/keys/lock', { method: 'PUT', body: 'me', headers: only })).status).toBe(200)
    const second = await ask(url, '/v1/keys/lock', { method: 'PUT', body: 'you', headers: only })
    expect([second.status, ((await second.json()) as Refusal).error.code]).toEqual([409, 'CONFLICT'])
    const removed = await ask(url, '/v1/keys/lock', { method: 'DELETE' })
    expect(await removed.json()).toMatchObject({ deleted: true })
    const batch = await ask(url, '/v1/batch?timeout=4s', { method: 'POST', json: { ops: [{ op: 'set', key: 'x', value: 1 }] } })
    expect(batch.status).toBe(200)
  })

  it('[LM7] linearizable reads and lists are answered through any node', async () => {
    for (const { url } of cluster.nodes) {
      await ask(url, '/v1/keys/seen', { method: 'PUT', json: url })
      const others = await Promise.all(cluster.urls.map((other) => ask(other, '/v1/keys/seen?read=linearizable')))
      expect(await Promise.all(others.map((answer) => answer.json()))).toEqual(cluster.urls.map(() => url))
      const list = await ask(url, '/v1/keys?prefix=seen&read=linearizable&timeout=3s')
      expect(await list.json()).toMatchObject({ items: [{ key: 'seen', value: url }] })
    }
  })

  it('[LM9] what was sent on already is refused with where the leader is', async () => {
    const leader = await agreedLeader(cluster.nodes)
    const { url } = followerOf(cluster, leader)
    const refused = await ask(url, '/v1/keys/a', { method: 'PUT', json: 1, headers: { 'skein-forwarded': '1' } })
    expect(refused.status).toBe(421)
    expect(((await refused.json()) as Refusal).error).toMatchObject({
      code: 'NOT_LEADER',
      details: { leader: leader.name, url: leader.url, applied: false },
    })
  })

  it('[HTTP] the cluster tells its leader and its voters', async () => {
    const leader = await agreedLeader(cluster.nodes)
    const view = await (await ask(leader.url, '/v1/cluster')).json()
    expect(view).toMatchObject({ mode: 'leader', leader: leader.name, role: 'leader', committed: { epoch: expect.any(Number) } })
    expect((view as { voters: unknown[] }).voters).toEqual(
      ['n1', 'n2', 'n3'].map((node) => ({ node, directory: expect.stringMatching(/^[0-9a-f]{32}$/), length: expect.any(Number) })),
    )
    for (const { url } of cluster.nodes) expect((await ask(url, '/readyz')).status).toBe(200)
  })

  it('[LM10] the leadership is handed over on request, asked of any node', async () => {
    const leader = await agreedLeader(cluster.nodes)
    const target = followerOf(cluster, leader)
    const asked = present(
      cluster.nodes.find((node) => node !== leader && node !== target),
      'a third node',
    )
    const stranger = await ask(asked.url, '/v1/cluster/promote', { method: 'POST', json: { node: 'n9' } })
    expect([stranger.status, ((await stranger.json()) as Refusal).error.code]).toEqual([404, 'NOT_FOUND'])
    const answer = await ask(asked.url, '/v1/cluster/promote', { method: 'POST', json: { node: target.name } })
    expect([answer.status, await answer.json()]).toEqual([200, { mode: 'leader', epoch: expect.any(Number), leader: target.name }])
    expect((await agreedLeader(cluster.nodes)).name).toBe(target.name)
  })

  it('[EP5] [EP4] the mode is switched to multi and back, asked of any node', async () => {
    const { url } = followerOf(cluster, await agreedLeader(cluster.nodes))
    const multi = await ask(url, '/v1/cluster/mode?timeout=10s', { method: 'POST', json: { mode: 'multi' } })
    expect([multi.status, await multi.json()]).toEqual([200, { mode: 'multi', epoch: expect.any(Number), leader: null }])
    const refused = await ask(url, '/v1/keys/seen?read=linearizable&timeout=100ms')
    await eventually(
      async () => (await ask(url, '/v1/cluster').then((answer) => answer.json() as Promise<{ mode: string }>)).mode === 'multi',
      SWITCH_DEADLINE_MS,
      () => 'the multi mode at a follower',
    )
    expect([503, 421]).toContain(refused.status)
    expect((await ask(url, '/v1/keys/own', { method: 'PUT', json: 1 })).status).toBe(200)
    const leader = await ask(url, '/v1/cluster/mode?timeout=10s', { method: 'POST', json: { mode: 'leader' } })
    expect(await leader.json()).toMatchObject({ mode: 'leader' })
    expect(await (await ask(url, '/v1/keys/own?read=linearizable')).json()).toBe(1)
  })

  it('[MB1] a name that is no path of a node is refused', async () => {
    const attempts = ['N1', '', 'n1/x', 'n%31'].map((name) =>
      ask(cluster.urls[0] ?? '', `/v1/cluster/members/${name}`, { method: 'DELETE' }),
    )
    for (const answer of await Promise.all(attempts))
      expect([answer.status, ((await answer.json()) as Refusal).error.message]).toEqual([400, expect.stringContaining('node name')])
  })

  it.each([
    ['mode', { mode: 'dynamo' }, 'mode is not "multi"'],
    ['mode', {}, 'mode is not "multi"'],
    ['promote', { node: 'N1' }, 'node name "N1"'],
    ['promote', { node: 'n1', now: true }, 'unknown field "now"'],
    ['join', { node: 'N1' }, 'node name "N1"'],
    ['join', {}, 'node is not the name of a node'],
  ])('[HTTP] POST /v1/cluster/%s %j is refused', async (route, json, message) => {
    const answer = await ask(cluster.urls[0] ?? '', `/v1/cluster/${route}`, { method: 'POST', json })
    expect([answer.status, ((await answer.json()) as Refusal).error.message]).toEqual([400, expect.stringContaining(message)])
  })
})

describe('in leader mode, with --no-forward', () => {
  let cluster: LocalCluster

  beforeAll(async () => {
    cluster = await startCluster(3, { mode: 'leader', forwards: false })
  })
  afterAll(() => cluster.stop())

  it('[LM9] a follower refuses what only the leader can do with 421 and the leader’s address', async () => {
    const leader = await agreedLeader(cluster.nodes)
    const { url } = followerOf(cluster, leader)
    const attempts: readonly (readonly [path: string, init: Parameters<typeof ask>[2]])[] = [
      ['/v1/keys/a', { method: 'PUT', json: 1 }],
      ['/v1/keys/a?read=linearizable', {}],
      ['/v1/keys?read=linearizable', {}],
      ['/v1/cluster/mode', { method: 'POST', json: { mode: 'multi' } }],
      ['/v1/cluster/promote', { method: 'POST', json: { node: 'n1' } }],
      ['/v1/cluster/join', { method: 'POST', json: { node: 'n1' } }],
      ['/v1/cluster/members/n1', { method: 'DELETE' }],
    ]
    for (const [path, init] of attempts) {
      const refused = await ask(url, path, init)
      const { error } = (await refused.json()) as Refusal
      expect([path, refused.status, error.code, error.details]).toEqual([
        path,
        421,
        'NOT_LEADER',
        { leader: leader.name, url: leader.url, applied: false },
      ])
    }
  })
})

describe('a leader that does not answer', () => {
  /** Stands where the others are told that the leader's door is. */
  const door = createServer()
  let cluster: LocalCluster

  beforeAll(async () => {
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
    const address = door.address()
    if (address === null || typeof address === 'string') throw new Error('a listening server has a port')
    cluster = await startCluster(3, { mode: 'leader', url: `http://127.0.0.1:${address.port}/skein` })
  })
  afterAll(async () => {
    await cluster.stop()
    door.closeAllConnections()
    await new Promise((resolve) => door.close(resolve))
  })

  it('[LM9] a request goes to the advertised address, below its path, with what is left of its time-out', async () => {
    const { url } = followerOf(cluster, await agreedLeader(cluster.nodes))
    const seen = new Promise<{ readonly target: string; readonly forwarded: string }>((resolve) => {
      door.once('request', (request, response) => {
        resolve({ target: request.url ?? '', forwarded: String(request.headers['skein-forwarded']) })
        response.writeHead(200, { 'content-type': 'application/json', 'x-inner': '1' }).end('{"by":"another"}')
      })
    })
    const answer = await ask(url, `${KEY}?w=2&timeout=4s`, { method: 'PUT', json: 1 })
    expect([await answer.json(), answer.headers.get('x-inner')]).toEqual([{ by: 'another' }, null])
    const { target, forwarded } = await seen
    const [, leftMs] = /^\/skein\/v1\/keys\/a%2F\.\.%2Fb\/\/c\?w=2&timeout=(\d+)$/.exec(target) ?? []
    expect(forwarded).toBe('1')
    expect(Number(leftMs)).toBeGreaterThan(3000)
    expect(Number(leftMs)).toBeLessThanOrEqual(4000)
  })

  it('[LM9] a write that it may have is of unknown outcome; a read is not', async () => {
    const { url } = followerOf(cluster, await agreedLeader(cluster.nodes))
    door.on('request', drop)
    const written = await ask(url, '/v1/keys/a', { method: 'PUT', json: 1 })
    const read = await ask(url, '/v1/keys/a?read=linearizable')
    door.off('request', drop)
    expect([written.status, ((await written.json()) as Refusal).error]).toEqual([
      503,
      { code: 'UNAVAILABLE', message: expect.stringContaining('did not answer'), details: { applied: 'unknown' } },
    ])
    const { error } = (await read.json()) as Refusal
    expect([read.status, error.code, error.details]).toEqual([503, 'UNAVAILABLE', undefined])
    // Only what is sure not to have been done is worth repeating blindly.
    expect([written, read].map(({ headers }) => headers.get('retry-after'))).toEqual([null, '1'])
  })

  it('[LM9] its silence ends with the request’s time-out', async () => {
    const { url } = followerOf(cluster, await agreedLeader(cluster.nodes))
    const startedMs = performance.now()
    const answer = await ask(url, '/v1/keys/a?timeout=200ms', { method: 'PUT', json: 1 })
    expect([answer.status, ((await answer.json()) as Refusal).error.message]).toEqual([503, expect.stringContaining('no answer in time')])
    expect(performance.now() - startedMs).toBeLessThan(5000)
  })

  it('[LM9] a client that goes away ends what was sent on for it', async () => {
    const { url } = followerOf(cluster, await agreedLeader(cluster.nodes))
    const gone = new AbortController()
    const ended = new Promise<void>((resolve) => {
      door.once('request', (_request, response) => {
        response.once('close', resolve)
        gone.abort()
      })
    })
    await expect(ask(url, '/v1/keys/a?timeout=30s', { method: 'PUT', json: 1, signal: gone.signal })).rejects.toThrow()
    await ended
  })

  it('[LM9] a door that nobody reaches leaves the refusal as it was', async () => {
    const { url } = followerOf(cluster, await agreedLeader(cluster.nodes))
    door.closeAllConnections()
    await new Promise((resolve) => door.close(resolve))
    const refused = await ask(url, '/v1/keys/a', { method: 'PUT', json: 1 })
    expect([refused.status, ((await refused.json()) as Refusal).error.details]).toEqual([421, expect.objectContaining({ applied: false })])
  })
})

describe('a leader at an address to which there is no route', () => {
  let cluster: LocalCluster

  beforeAll(async () => {
    // The connection fails before it begins.
    cluster = await startCluster(3, { mode: 'leader', url: 'http://255.255.255.255:1' })
  })
  afterAll(() => cluster.stop())

  it('[LM9] leaves the refusal as it was: nothing has left', async () => {
    const { url } = followerOf(cluster, await agreedLeader(cluster.nodes))
    const refused = await ask(url, '/v1/keys/a', { method: 'PUT', json: 1 })
    expect([refused.status, ((await refused.json()) as Refusal).error.details]).toEqual([421, expect.objectContaining({ applied: false })])
  })
})

function drop(_request: unknown, response: { destroy(): void }): void {
  response.destroy()
}
