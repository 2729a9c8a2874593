import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ClusterSecret } from '../../gossip/index.ts'
import { type EmbeddedDatabase, open } from '../../server/index.ts'
import { eventually } from '../support/eventually.ts'
import { freeUdpPorts } from '../support/local-cluster.ts'

let root: string
const opened: EmbeddedDatabase[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skein-embedded-'))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()))
  await rm(root, { recursive: true, force: true })
})

async function start(node: string, more: Partial<Parameters<typeof open>[0]> = {}): Promise<EmbeddedDatabase> {
  const database = await open({ node, data: join(root, node), journalSegmentBytes: 4 * 1024 * 1024, minFreeBytes: 0, ...more })
  opened.push(database)
  return database
}

async function startPair(): Promise<[EmbeddedDatabase, EmbeddedDatabase]> {
  const secret = ClusterSecret.generate().reveal()
  const [left = 0, right = 0] = await freeUdpPorts(2)
  const host = '127.0.0.1'
  return Promise.all([
    start('left', { secret, gossip: { port: left }, peers: [{ name: 'right', host, port: right }] }),
    start('right', { secret, gossip: { port: right }, peers: [{ name: 'left', host, port: left }] }),
  ])
}

describe('a node inside the process', () => {
  it('[JR5] has everything again after it was closed, with the same digest', async () => {
    const first = await start('solo')
    await first.set('text', 'hello')
    await first.set('bytes', new Uint8Array([0, 255]))
    await first.batch([
      { op: 'set', key: 'a', value: { deep: [1, null] } },
      { op: 'set', key: 'gone', value: 1 },
    ])
    await first.delete('gone')
    const { digest, frontier } = first.nodeStatus()
    await first.close()
    const again = await start('solo')
    expect(again.nodeStatus()).toMatchObject({ digest, frontier, keys: 3 })
    expect(await again.get('text')).toBe('hello')
    expect(await again.get('bytes')).toEqual(new Uint8Array([0, 255]))
    expect(await again.get('a')).toEqual({ deep: [1, null] })
    expect(await again.get('gone')).toBeUndefined()
  })

  it('[EP1] begins in leader mode if told so, and is switched', async () => {
    const database = await start('solo', { mode: 'leader' })
    await database.set('a', 1)
    expect(await database.get('a', { consistency: 'linearizable' })).toBe(1)
    expect(await database.mode()).toEqual({ mode: 'leader', epoch: 2, leader: 'solo' })
    expect(await database.promote('solo')).toMatchObject({ leader: 'solo' })
    expect(await database.join('solo')).toEqual({ voters: ['solo'] })
    await expect(database.join('other')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(database.remove('solo')).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await database.switchMode('multi')).toEqual({ mode: 'multi', epoch: 3, leader: null })
    await database.set('a', 2)
    await expect(database.get('a', { consistency: 'linearizable' })).rejects.toMatchObject({ code: 'NO_QUORUM' })
    expect(await database.get('a')).toBe(2)
  })

  it('[ID3] writes a new log in each life, which continues the one before', async () => {
    const writers = new Set<string>()
    for (let life = 0; life < 3; life++) {
      const database = await start('solo')
      expect(database.nodeStatus().writer).toBeNull()
      const { version } = await database.set('life', life)
      writers.add(version.split(':')[0] ?? '')
      await database.close()
    }
    expect(writers.size).toBe(3)
    const states = (await start('solo')).nodeStatus().logs.map((log) => log.state)
    expect(states.sort()).toEqual(['following', 'sealed', 'sealed'])
  })

  it('[WR1] fifty writers at once share durable writes', async () => {
    const database = await start('solo')
    await Promise.all(Array.from({ length: 500 }, (_, index) => database.set(`key:${index}`, index)))
    const log = database.nodeStatus().logs[0]
    expect(log?.applied).toBe(500)
    expect(log?.length).toBeLessThan(100)
  })

  it('[WR2] a read that is asked right behind a write sees it', async () => {
    const database = await start('solo')
    for (let i = 0; i < 50; i++) {
      const [, value] = await Promise.all([database.set('counter', i), database.get('counter')])
      expect(value).toBe(i)
    }
  })

  it('[WR4] a write that two nodes must hold is on the other one when it is answered', async () => {
    const [left, right] = await startPair()
    await eventually(() => left.nodeStatus().peers[0]?.connected === true, 5000)
    const { version } = await left.set('key', 'both', { w: 'all' })
    const [writer = '', sequence] = version.split(':')
    expect(right.nodeStatus().frontier[writer]).toBe(Number(sequence))
    expect(await right.get('key', { consistency: 'local' })).toBe('both')
  })

  it('[SS1] a session that was told to another node reads its writes there', async () => {
    const [left, right] = await startPair()
    for (let i = 0; i < 20; i++) {
      await left.set('shared', i)
      right.session = left.session
      expect(await right.get('shared')).toBe(i)
    }
  })

  it('[WR2] a stop hands over what was written: the other node has it', async () => {
    const [left, right] = await startPair()
    await eventually(() => left.nodeStatus().peers[0]?.connected === true, 5000)
    await Promise.all(Array.from({ length: 200 }, (_, index) => left.set(`late:${index}`, index)))
    const { digest } = left.nodeStatus()
    await left.close()
    expect(right.nodeStatus().digest).toBe(digest)
  })

  it('[ID5] a second node on the same directory is refused, and the first goes on', async () => {
    const database = await start('solo')
    await expect(start('solo')).rejects.toMatchObject({ code: 'DIRECTORY_IN_USE' })
    await expect(start('other', { data: join(root, 'solo') })).rejects.toMatchObject({ code: 'DIRECTORY_MISMATCH' })
    await database.set('still', 'here')
    expect(await database.get('still')).toBe('here')
  })

  it('a closed node answers that it stops, and leaves no file open for writing', async () => {
    const database = await start('solo')
    await database.set('a', 1)
    await database.close()
    await expect(database.get('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect((await readdir(join(root, 'solo'))).sort()).toEqual(['journal', 'logs', 'node.json'])
    await rm(join(root, 'solo'), { recursive: true })
    expect(await (await start('solo')).get('a')).toBeUndefined()
  })

  it.each([
    ['peers without a secret', { peers: [{ name: 'n2', host: '127.0.0.1', port: 1 }] }],
    ['a name that is none', { node: 'Not A Name' }],
    ['a secret that is none', { secret: 'hunter2' }],
  ])('%s is refused with BAD_REQUEST', async (_, options) => {
    await expect(start('solo', options)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('a call with a signal that is never aborted is answered like any other', async () => {
    const database = await start('solo')
    const { signal } = new AbortController()
    for (let i = 0; i < 3; i++) await database.set('a', i, { signal })
    expect(await database.get('a', { signal })).toBe(2)
    await expect(database.set('a', 3, { signal, ifAbsent: true })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('[WR4] a write that still waits for other nodes at a stop says that it may stand', async () => {
    const [left, right] = await startPair()
    await right.close()
    await eventually(() => left.nodeStatus().peers[0]?.connected === false, 5000)
    const pending = left.set('lock', 'mine', { w: 'all', ifAbsent: true }).catch((error: unknown) => error)
    await eventually(() => left.nodeStatus().keys === 1, 5000)
    await left.close()
    expect(await pending).toMatchObject({ code: 'UNAVAILABLE', details: { applied: 'unknown' } })
  })

  it('an aborted call rejects with its reason', async () => {
    const database = await start('solo')
    const reason = new Error('never mind')
    await expect(database.get('a', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
