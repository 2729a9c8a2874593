import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Corestore from 'corestore'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_GROUP } from '../../core/index.ts'
import { type Discovery, SwarmTransport } from '../../gossip/index.ts'
import { closed, directoryOf, Recorder } from '../contract/transport.ts'
import { A, B, C, freePorts, HOST, Loopback, type Member, peer, until } from './loopback.ts'

let loopback: Loopback

beforeEach(() => {
  loopback = new Loopback()
})

afterEach(() => loopback.close())

describe('two live processes with one name', () => {
  const RIGHTFUL = directoryOf(1)
  const SECOND = directoryOf(2)
  let a: Member

  /** Admits a directory while no other one is connected. */
  function firstComeFirstServed(recorder: Recorder): void {
    recorder.admission = (node, directory) => {
      const connect = recorder.events.findLast((event) => event.kind === 'connect' && event.peer === node)
      const isTaken = recorder.connected.has(node) && connect?.kind === 'connect' && connect.directory !== directory
      return isTaken ? 'NAME_IN_USE' : null
    }
  }

  async function startPair(): Promise<[Member, Member]> {
    const [portA = 0, portB = 0] = await freePorts(2)
    const recorder = new Recorder()
    firstComeFirstServed(recorder)
    a = await loopback.start(A, { port: portA, recorder, discovery: { kind: 'static', peers: [peer(B, portB)] } })
    const discovery: Discovery = { kind: 'static', peers: [peer(A, portA)] }
    const limits = { restAfterRefusalMs: 400 }
    const rightful = await loopback.start(B, { port: portB, directory: RIGHTFUL, discovery, limits })
    await until('the first one is connected', () => a.recorder.connected.has(B))
    return [rightful, await loopback.start(B, { directory: SECOND, discovery, limits })]
  }

  it('[ID5] the second is told, and rests between its attempts', async () => {
    const [, second] = await startPair()
    const start = performance.now()
    await until('three refusals', () => second.recorder.events.length >= 3)
    expect(performance.now() - start).toBeGreaterThan(700)
    expect(second.recorder.events.every((event) => event.kind === 'refused' && event.refusal === 'NAME_IN_USE')).toBe(true)
    expect(a.transport.refusals()['name-in-use']).toBeGreaterThanOrEqual(3)
  })

  it('[ID5] the first one keeps its connection all the while', async () => {
    const [rightful, second] = await startPair()
    await until('three refusals', () => second.recorder.events.length >= 3)
    rightful.transport.send(A, DEFAULT_GROUP, Uint8Array.of(1))
    await until('its message is there', () => a.recorder.messages.length === 1)
    expect(a.recorder.events).toEqual([{ kind: 'connect', peer: B, directory: RIGHTFUL }])
    expect(rightful.recorder.events.length).toBe(1)
  })

  it('[ID5] the second is connected once the first is gone', async () => {
    const [rightful, second] = await startPair()
    await until('a refusal', () => second.recorder.events.length > 0)
    await closed(rightful.transport)
    await until('the second is connected', () => second.recorder.connected.has(A) && a.recorder.connected.has(B))
    expect(a.recorder.events.at(-1)).toEqual({ kind: 'connect', peer: B, directory: SECOND })
  })
})

describe('discovery by topic on a private DHT', () => {
  it('three nodes that start together find each other, and reconnect without the others', async () => {
    const ports = await freePorts(3)
    const bootstrap = ports.map((port) => ({ host: HOST, port }))
    const members = await Promise.all(
      [A, B, C].map((node, i) => loopback.start(node, { port: ports[i] ?? 0, discovery: { kind: 'dht', bootstrap } })),
    )
    await until('all are connected', () => members.every(({ recorder }) => recorder.connected.size === 2))
    const [a, , c] = members
    await closed(members[1]?.transport ?? fail())
    await until('b is lost', () => a?.recorder.connected.size === 1)
    await closed(c?.transport ?? fail())
    const again = await loopback.start(C, { port: ports[2] ?? 0, discovery: { kind: 'dht', bootstrap } })
    await until('c is back with a alone', () => again.recorder.connected.has(A) && (a?.recorder.connects(C) ?? 0) === 2)
    expect(a?.recorder.connected).toEqual(new Set([C]))
  })
})

describe('limits and addresses', () => {
  it('[Bounded] closes a connection whose peer does not read', async () => {
    const [portA = 0, portB = 0] = await freePorts(2)
    const limits = { unsentBytesMax: 256 * 1024 }
    const a = await loopback.start(A, { port: portA, limits, discovery: { kind: 'static', peers: [peer(B, portB)] } })
    await loopback.start(B, { port: portB, discovery: { kind: 'static', peers: [peer(A, portA)] } })
    await until('they are connected', () => a.recorder.connected.has(B))
    // In one tick nothing can leave.
    for (let i = 0; i < 8; i++) a.transport.send(B, DEFAULT_GROUP, new Uint8Array(512 * 1024))
    await until('the connection is closed and back', () => a.recorder.connects(B) === 2)
    expect(a.transport.refusals()['not-reading']).toBe(1)
  })

  it('[MB4] a peer that is dismissed has broken no rule, and is refused as removed when it comes back', async () => {
    const [portA = 0, portB = 0] = await freePorts(2)
    const a = await loopback.start(A, { port: portA, discovery: { kind: 'static', peers: [peer(B, portB)] } })
    const b = await loopback.start(B, { port: portB, discovery: { kind: 'static', peers: [peer(A, portA)] } })
    await until('they are connected', () => a.recorder.connected.has(B))
    a.recorder.admission = () => 'REMOVED'
    a.transport.dismiss(B)
    await until('it is told', () => b.recorder.events.some(({ kind }) => kind === 'refused'))
    expect(a.transport.refusals()).toMatchObject({ malformed: 0, removed: 1 })
  })

  it('attaches the logs once to each verified connection, on both ends', async () => {
    const [portA = 0, portB = 0] = await freePorts(2)
    const attached: string[] = []
    const a = await loopback.start(A, {
      port: portA,
      discovery: { kind: 'static', peers: [peer(B, portB)] },
      replicate: () => attached.push('a'),
    })
    const b = await loopback.start(B, {
      port: portB,
      discovery: { kind: 'static', peers: [peer(A, portA)] },
      replicate: () => attached.push('b'),
    })
    await until('they are connected', () => a.recorder.connected.has(B) && b.recorder.connected.has(A))
    expect(attached.toSorted()).toEqual(['a', 'b'])
  })

  it('[ID2] replicates the logs of a real store over a verified connection', async () => {
    const [portA = 0, portB = 0] = await freePorts(2)
    const [storeA, storeB] = [await openStore(), await openStore()]
    const log = storeA.get({ name: 'log' })
    await log.append(Buffer.from('a block'))
    await loopback.start(A, { port: portA, discovery: { kind: 'static', peers: [peer(B, portB)] }, replicate: (s) => storeA.replicate(s) })
    await loopback.start(B, { port: portB, discovery: { kind: 'static', peers: [peer(A, portA)] }, replicate: (s) => storeB.replicate(s) })
    const block = await storeB.get({ key: log.key }).get(0, { timeout: 4000 })
    expect(block.toString()).toBe('a block')
  })

  it('reaches a peer by its host name', async () => {
    const [portA = 0, portB = 0] = await freePorts(2)
    const byName = { name: B, host: 'localhost', port: portB }
    const a = await loopback.start(A, { port: portA, discovery: { kind: 'static', peers: [byName] } })
    await loopback.start(B, { port: portB, discovery: { kind: 'static', peers: [peer(A, 1)] } })
    await until('they are connected', () => a.recorder.connected.has(B))
    expect(a.transport.connection(B)).toMatchObject({ remote: { host: HOST, port: portB }, isInitiator: true })
  })

  it('listens on its address alone', async () => {
    const a = await loopback.start(A, { discovery: { kind: 'static', peers: [] } })
    expect(a.transport.address).toMatchObject({ host: HOST })
    await expect(
      loopback.start(B, { host: '127.0.0.2', port: a.transport.address.port, discovery: { kind: 'static', peers: [] } }),
    ).resolves.toBeDefined()
  })

  it('says what to do when its port is in use', async () => {
    const a = await loopback.start(A, { discovery: { kind: 'static', peers: [] } })
    const second = loopback.start(B, { port: a.transport.address.port, discovery: { kind: 'static', peers: [] } })
    await expect(second).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('--gossip-port') })
  })

  it('says what to do when its address is none of this machine', async () => {
    const start = loopback.start(A, { host: '192.0.2.1', discovery: { kind: 'static', peers: [] } })
    await expect(start).rejects.toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('192.0.2.1') })
  })

  it('frees its port when it is closed', async () => {
    const a = await loopback.start(A, { discovery: { kind: 'static', peers: [] } })
    await closed(a.transport)
    const again = await loopback.start(A, { port: a.transport.address.port, discovery: { kind: 'static', peers: [] } })
    expect(again.transport).toBeInstanceOf(SwarmTransport)
  })
})

async function openStore(): Promise<Corestore> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-gossip-'))
  const store = new Corestore(directory)
  await store.ready()
  loopback.onClose(async () => {
    await store.close()
    await rm(directory, { recursive: true })
  })
  return store
}

function fail(): never {
  throw new Error('a member is missing')
}
