import { describe, expect, it } from 'vitest'
import type { ErrorCode, ErrorDetails } from '../../base/index.ts'
import { type ConnectOptions, connect, type Database, SkeinError } from '../../client/index.ts'
import { answers, answersText, type Behaviour, drops, hangs, holds, refuses, refusingAddress, startPeer, writes } from './scripted-peer.ts'

const VERSION = 'n1.0a1b2c3d:1'

/** Short waits between rounds: a tenth of the bound. */
function open(nodes: readonly string[], options: Partial<ConnectOptions> = {}): Database {
  return connect({ nodes, random: () => 0.1, ...options })
}

async function failureOf(call: Promise<unknown>): Promise<{ code: ErrorCode; details: ErrorDetails | undefined; message: string }> {
  const error: unknown = await call.then(
    () => new Error('the call succeeded'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof SkeinError)) throw error
  return { code: error.code, details: error.details, message: error.message }
}

describe('reads', () => {
  it.each<[name: string, behaviour: Behaviour]>([
    ['drops the connection', drops],
    ['hangs', hangs],
    ['is unavailable', refuses('UNAVAILABLE')],
    ['has not caught up with the session', refuses('STALE')],
    ['answers what is no JSON', answersText(200, '<html>')],
    ['answers JSON that is no item', answers({ hello: 'world' })],
    ['is a proxy without a node behind it', answersText(502, 'Bad Gateway')],
    ['is another server that does not know the path', answersText(404, 'Not Found')],
    ['says not found, but not of a key', answers({ error: { code: 'NOT_FOUND', message: 'no such route' } }, {}, 404)],
  ])('go to the next node if one %s', async (_name, behaviour) => {
    const bad = await startPeer(behaviour)
    const good = await startPeer(holds('there'))
    const db = open([bad.url, good.url], { attemptTimeoutMs: 500 })
    expect(await db.get('k')).toBe('there')
    expect(bad.seen.length).toBe(1)
  })

  it('go to the next node if one refuses the connection, and stay there', async () => {
    const good = await startPeer(holds(1))
    const db = open([await refusingAddress(), good.url])
    expect([await db.get('k'), await db.get('k')]).toEqual([1, 1])
  })

  it('[MB4] go to the next node if one was removed, and fail at once if all were', async () => {
    const [gone, good] = [await startPeer(refuses('REMOVED')), await startPeer(holds('there'))]
    expect(await open([gone.url, good.url]).get('k')).toBe('there')
    const startedMs = performance.now()
    expect(await failureOf(open([gone.url]).set('k', 1))).toMatchObject({ code: 'REMOVED' })
    expect(performance.now() - startedMs).toBeLessThan(5000)
  })

  it('try the same node again if there is no other', async () => {
    const peer = await startPeer(refuses('UNAVAILABLE'), drops, answersText(503, 'busy'), holds('there'))
    expect(await open([peer.url]).get('k')).toBe('there')
    expect(peer.seen.length).toBe(4)
  })

  it('come back to a node that failed, when the others do', async () => {
    const first = await startPeer(drops, holds('first'))
    const second = await startPeer(holds('second'), drops)
    const db = open([first.url, second.url])
    expect([await db.get('k'), await db.get('k')]).toEqual(['second', 'first'])
  })

  it('are not repeated when the request itself is refused', async () => {
    const peer = await startPeer(refuses('BAD_REQUEST', { field: 'key' }))
    const other = await startPeer(holds(1))
    expect(await failureOf(open([peer.url, other.url]).get('k'))).toEqual({
      code: 'BAD_REQUEST',
      details: { field: 'key' },
      message: 'BAD_REQUEST for this test',
    })
    expect(other.seen.length).toBe(0)
  })

  it('end with UNAVAILABLE that names each node and what is wrong with it', async () => {
    const refusing = await refusingAddress()
    const dropping = await startPeer(drops)
    const failure = await failureOf(open([refusing, dropping.url], { timeoutMs: 300 }).get('k'))
    expect(failure.code).toBe('UNAVAILABLE')
    expect(failure.message).toContain(`${refusing}: connect ECONNREFUSED`)
    expect(failure.message).toContain(dropping.url)
    expect(failure.details).toBeUndefined()
  })

  it('end with TIMEOUT if nobody answers in time', async () => {
    const peer = await startPeer(hangs)
    const startedMs = performance.now()
    expect((await failureOf(open([peer.url]).get('k', { timeoutMs: 100 }))).code).toBe('TIMEOUT')
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })

  it('end in time if the body never ends', async () => {
    const peer = await startPeer((response) => void response.writeHead(200, { 'content-length': 100 }).write('{'))
    expect((await failureOf(open([peer.url]).get('k', { timeoutMs: 100 }))).code).toBe('TIMEOUT')
  })

  it('end with INTERNAL if what answers is no Skein node', async () => {
    const peer = await startPeer(answersText(200, '<html>'))
    const failure = await failureOf(open([peer.url], { timeoutMs: 300 }).get('k'))
    expect(failure.code).toBe('INTERNAL')
    expect(failure.message).toContain('not JSON')
  })

  it.each<[name: string, behaviour: Behaviour]>([
    ['announces', (response) => void response.writeHead(200, { 'content-length': 5_000 }).write('{')],
    ['sends without announcing', (response) => void response.writeHead(200).write('x'.repeat(5_000))],
  ])('end with TOO_LARGE if a node %s a larger answer than is read', async (_name, behaviour) => {
    const peer = await startPeer(behaviour)
    expect((await failureOf(open([peer.url], { responseBytesMax: 1_000 }).get('k'))).code).toBe('TOO_LARGE')
    expect(peer.seen.length).toBe(1)
  })

  it('keep the code of an error that only newer nodes know, and its family', async () => {
    const peer = await startPeer(answers({ error: { code: 'TEAPOT', message: 'short and stout' } }, {}, 422))
    expect(await failureOf(open([peer.url]).get('k'))).toEqual({
      code: 'WRONG_TYPE',
      details: { code: 'TEAPOT' },
      message: 'short and stout',
    })
  })

  it('do not follow a redirect', async () => {
    const target = await startPeer(holds('elsewhere'))
    const peer = await startPeer((response) => void response.writeHead(307, { location: target.url }).end())
    expect((await failureOf(open([peer.url], { timeoutMs: 300, token: 'secret' }).get('k'))).code).toBe('INTERNAL')
    expect(target.seen.length).toBe(0)
  })
})

describe('writes', () => {
  it('carry one idempotency key of 128 bits on all tries', async () => {
    const first = await startPeer(drops)
    const second = await startPeer(refuses('UNAVAILABLE'), writes(VERSION))
    expect(await open([first.url, second.url]).set('k', 1)).toEqual({ version: VERSION })
    const keys = [...first.seen, ...second.seen].map(({ headers }) => headers['idempotency-key'])
    expect(keys.length).toBeGreaterThanOrEqual(3)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
  })

  it('have different idempotency keys', async () => {
    const peer = await startPeer(writes())
    const db = open([peer.url])
    await db.set('k', 1)
    await db.set('k', 1)
    expect(new Set(peer.seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
  })

  it('[WR4] are not repeated if they stand on too few nodes', async () => {
    const peer = await startPeer(refuses('UNAVAILABLE', { applied: true, nodes: 1 }))
    expect(await failureOf(open([peer.url]).set('k', 1, { w: 'all' }))).toMatchObject({
      code: 'UNAVAILABLE',
      details: { applied: true, nodes: 1 },
    })
    expect(peer.seen.length).toBe(1)
  })

  it('[WR4] that wait for other nodes get all the time there is', async () => {
    const slow: Behaviour = (response, request) => void setTimeout(() => writes(VERSION)(response, request), 150)
    const peer = await startPeer(slow)
    const db = open([peer.url], { attemptTimeoutMs: 50, timeoutMs: 5_000 })
    expect(await db.set('k', 1, { w: 'majority' })).toEqual({ version: VERSION })
    expect(peer.seen.map(({ query }) => query)).toEqual([{ w: 'majority', timeout: expect.stringMatching(/^4\d\d\dms$/) }])
  })

  it('say that their outcome is unknown once one try may have arrived', async () => {
    const dropping = await startPeer(drops, refuses('UNAVAILABLE'))
    const failure = await failureOf(open([dropping.url], { timeoutMs: 300 }).set('k', 1))
    expect(failure.code).toBe('UNAVAILABLE')
    expect(failure.details).toEqual({ applied: 'unknown' })
    expect(failure.message).toContain('unknown')
  })

  it('[LM9] say so too if a later try was certainly not applied', async () => {
    const peer = await startPeer(drops, refuses('NO_QUORUM', { applied: false }))
    const failure = await failureOf(open([peer.url], { timeoutMs: 300 }).set('k', 1))
    expect(failure).toMatchObject({ code: 'NO_QUORUM', details: { applied: 'unknown' } })
  })

  it('say nothing of the kind if no try can have arrived', async () => {
    const failure = await failureOf(open([await refusingAddress()], { timeoutMs: 300 }).set('k', 1))
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', details: undefined })
  })
})

describe('[RG5] conditional writes', () => {
  it.each<[name: string, behaviour: Behaviour]>([
    ['is unavailable', refuses('UNAVAILABLE')],
    ['limits the rate', refuses('RATE_LIMITED')],
    ['has a full disk', refuses('DISK_FULL')],
    ['has a wrong clock', refuses('CLOCK_SKEW')],
    ['is behind the session', refuses('STALE')],
  ])('are repeated at another node if one %s', async (_name, behaviour) => {
    const first = await startPeer(behaviour)
    const second = await startPeer(writes(VERSION))
    expect(await open([first.url, second.url]).set('k', 1, { ifAbsent: true })).toEqual({ version: VERSION })
    expect(second.seen[0]?.headers['if-none-match']).toBe('*')
    expect(second.seen[0]?.headers['idempotency-key']).toBe(first.seen[0]?.headers['idempotency-key'])
  })

  it('are repeated at another node if one refuses the connection', async () => {
    const good = await startPeer(writes(VERSION))
    const db = open([await refusingAddress(), good.url])
    expect(await db.set('k', 1, { ifVersion: VERSION })).toEqual({ version: VERSION })
    expect(good.seen[0]?.headers['if-match']).toBe(`"${VERSION}"`)
  })

  it.each<[name: string, behaviour: Behaviour, code: ErrorCode]>([
    ['drops the connection', drops, 'UNAVAILABLE'],
    ['hangs', hangs, 'TIMEOUT'],
    ['timed out itself', refuses('TIMEOUT'), 'TIMEOUT'],
    ['does not know whether it was applied', refuses('UNAVAILABLE', { applied: 'unknown' }), 'UNAVAILABLE'],
    ['is behind a proxy that failed', answersText(502, 'Bad Gateway'), 'UNAVAILABLE'],
    ['failed inside', refuses('INTERNAL'), 'INTERNAL'],
  ])('are never repeated if a node %s', async (_name, behaviour, code) => {
    const first = await startPeer(behaviour)
    const second = await startPeer(writes())
    const db = open([first.url, second.url], { attemptTimeoutMs: 300 })
    expect(await failureOf(db.set('k', 1, { ifAbsent: true }))).toMatchObject({ code, details: { applied: 'unknown' } })
    expect([first.seen.length, second.seen.length]).toEqual([1, 0])
  })

  it('throw the CONFLICT of the node with its details', async () => {
    const peer = await startPeer(refuses('CONFLICT', { current: VERSION }))
    expect(await failureOf(open([peer.url]).set('k', 1, { ifAbsent: true }))).toMatchObject({
      code: 'CONFLICT',
      details: { current: VERSION },
    })
  })
})

describe('[LM9] a leader', () => {
  it('is gone to when a node names it, and remembered for writes', async () => {
    const leader = await startPeer(writes(VERSION))
    const follower = await startPeer(refuses('NOT_LEADER', { leader: 'n2', url: leader.url }))
    const db = open([follower.url])
    expect([await db.set('k', 1), await db.set('k', 2)]).toEqual([{ version: VERSION }, { version: VERSION }])
    // fetch itself sends a request a second time that was answered 421.
    expect([follower.seen.length, leader.seen.length]).toEqual([2, 2])
  })

  it('is forgotten when it fails', async () => {
    const old = await startPeer(writes(VERSION), drops)
    const follower = await startPeer(refuses('NOT_LEADER', { url: old.url }), writes('n1.0a1b2c3d:2'))
    const db = open([follower.url])
    await db.set('k', 1)
    expect(await db.set('k', 2)).toEqual({ version: 'n1.0a1b2c3d:2' })
  })

  it('is looked for again while nobody leads, and gets the write that was refused', async () => {
    const leader = await startPeer(
      refuses('UNAVAILABLE', { applied: 'unknown' }),
      refuses('NO_QUORUM', { applied: false }),
      writes(VERSION),
    )
    const follower = await startPeer(refuses('NOT_LEADER', { leader: 'n1', url: null }), refuses('NOT_LEADER', { url: leader.url }))
    expect(await open([follower.url, leader.url]).set('k', 1)).toEqual({ version: VERSION })
    expect(new Set(leader.seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })

  it('[LM7] gets linearizable reads, and no others', async () => {
    const leader = await startPeer(writes(VERSION), holds('of the leader'))
    const follower = await startPeer(
      refuses('NOT_LEADER', { url: leader.url }),
      refuses('NOT_LEADER', { url: leader.url }),
      holds('of another'),
    )
    const db = open([follower.url])
    await db.set('k', 1)
    expect(await db.get('k', { consistency: 'linearizable' })).toBe('of the leader')
    expect(await db.get('k', { consistency: 'local' })).toBe('of another')
  })

  it('[EP5] [LM10] gets the switch of the mode and its own succession', async () => {
    const mode = { mode: 'multi', epoch: 5, leader: null }
    const leader = await startPeer(answers({ mode: 'leader', epoch: 4, leader: 'n3' }), answers(mode))
    const follower = await startPeer(refuses('NOT_LEADER', { url: leader.url }))
    const db = open([follower.url])
    expect(await db.promote('n3')).toEqual({ mode: 'leader', epoch: 4, leader: 'n3' })
    expect(await db.switchMode('multi', { timeoutMs: 2000 })).toEqual(mode)
    expect(leader.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/v1/cluster/promote', '{"node":"n3"}'],
      ['POST', '/v1/cluster/mode', '{"mode":"multi"}'],
    ])
    expect(Number.parseInt(leader.seen[1]?.query.timeout ?? '', 10)).toBeGreaterThan(1500)
  })

  it('[MB1] gets changes of the members', async () => {
    const leader = await startPeer(answers({ voters: ['n1', 'n2', 'n3', 'n4'] }), answers({ voters: ['n1', 'n2', 'n4'] }))
    const follower = await startPeer(refuses('NOT_LEADER', { url: leader.url }))
    const db = open([follower.url])
    expect(await db.join('n4')).toEqual({ voters: ['n1', 'n2', 'n3', 'n4'] })
    expect(await db.remove('n3', { timeoutMs: 2000 })).toEqual({ voters: ['n1', 'n2', 'n4'] })
    expect(leader.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/v1/cluster/join', '{"node":"n4"}'],
      ['DELETE', '/v1/cluster/members/n3', ''],
    ])
    expect(Number.parseInt(leader.seen[1]?.query.timeout ?? '', 10)).toBeGreaterThan(1500)
    await expect(db.remove('../keys/a')).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('[EP4] leaves nothing open about a switch that did not happen', async () => {
    const peer = await startPeer(drops, refuses('NO_QUORUM', { applied: false }))
    expect(await failureOf(open([peer.url], { timeoutMs: 300 }).switchMode('leader'))).toMatchObject({
      code: 'NO_QUORUM',
      details: { applied: false },
    })
  })

  it('gets a conditional write too, since who refused it applied nothing', async () => {
    const leader = await startPeer(writes(VERSION))
    const follower = await startPeer(refuses('NOT_LEADER', { url: leader.url }))
    expect(await open([follower.url]).set('k', 1, { ifAbsent: true })).toEqual({ version: VERSION })
  })

  it('is not gone to by another protocol, for it would get the token', async () => {
    const follower = await startPeer(refuses('NOT_LEADER', { url: 'https://127.0.0.1:1' }))
    const db = open([follower.url], { timeoutMs: 300, token: 'secret' })
    expect((await failureOf(db.set('k', 1))).code).toBe('NOT_LEADER')
  })

  it('is not looked for for ever if nodes name each other', async () => {
    const urls: string[] = []
    const named: Behaviour = (response, request) => refuses('NOT_LEADER', { url: urls[0] })(response, request)
    const naming: Behaviour = (response, request) => refuses('NOT_LEADER', { url: urls[1] })(response, request)
    const first = await startPeer(naming)
    const second = await startPeer(named)
    urls.push(first.url, second.url)
    const failure = await failureOf(connect({ nodes: urls, timeoutMs: 200, random: () => 0.9 }).set('k', 1))
    expect(failure.code).toBe('NOT_LEADER')
    expect(first.seen.length + second.seen.length).toBeLessThan(20)
  })
})

describe('an abort', () => {
  it('ends a call that waits for a node, with the reason of the signal', async () => {
    const controller = new AbortController()
    const peer = await startPeer(() => controller.abort(new Error('enough')))
    await expect(open([peer.url]).get('k', { signal: controller.signal })).rejects.toThrow('enough')
    expect(peer.seen.length).toBe(1)
  })

  it('ends a call that waits between two rounds', async () => {
    const controller = new AbortController()
    const refusal: Behaviour = (response, request) => {
      refuses('UNAVAILABLE')(response, request)
      response.on('close', () => setImmediate(() => controller.abort()))
    }
    const peer = await startPeer(refusal)
    const db = connect({ nodes: [peer.url], random: () => 0.999, timeoutMs: 60_000 })
    await expect(db.get('k', { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('that came before the call sends nothing', async () => {
    const peer = await startPeer(holds(1))
    await expect(open([peer.url]).get('k', { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    expect(peer.seen.length).toBe(0)
  })

  it('ends all calls that share a signal, and a signal that many calls share draws no warning', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): number => warnings.push(warning)
    process.on('warning', onWarning)
    const controller = new AbortController()
    const seen: number[] = []
    const peer = await startPeer(() => {
      if (seen.push(1) === 30) controller.abort()
    })
    const db = open([peer.url])
    const calls = Array.from({ length: 30 }, () => db.get('k', { signal: controller.signal }))
    const outcomes = await Promise.allSettled(calls)
    process.off('warning', onWarning)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(warnings).toEqual([])
  })
})

describe('closing', () => {
  it('ends the calls that are running, and later ones are refused', async () => {
    const peer = await startPeer(() => void db.close())
    const db = open([peer.url])
    expect(await failureOf(db.get('k'))).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('closed') })
    expect((await failureOf(db.get('k'))).code).toBe('UNAVAILABLE')
    expect(peer.seen.length).toBe(1)
  })
})
