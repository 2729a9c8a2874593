import { cp, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import SecretStream from '@hyperswarm/secret-stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LogKey, makeWriterId, parseNodeName } from '../../base/index.ts'
import { append, describeLogStore, hex, LOG_DEADLINE_MS, log, read, text, WRITER } from '../contract/log-store.ts'
import { eventually } from '../support/eventually.ts'
import { createHypercoreWorld, type HypercoreWorld, type OpenHypercoreStore } from './hypercore-world.ts'

/** Where the ends of a core tell each other their lengths: one of these words may be lost. */
const { Peer } = createRequire(import.meta.url)('hypercore/lib/replicator') as { Peer: { prototype: { sendSync: () => void } } }
const OTHER_WRITER = makeWriterId(parseNodeName('n1'), 2)

describeLogStore('HypercoreLogStore', createHypercoreWorld)

let world: HypercoreWorld
beforeEach(async () => {
  world = await createHypercoreWorld()
})
afterEach(() => world.remove())

describe('a store that was rolled back to an older copy of itself', () => {
  it('[JR5] is given the lost blocks again, in other batches, and its peers go on with it', async () => {
    const { key, b } = await rollBack(10, 6)
    const a = await world.open('a')
    expect(a.store.stored).toEqual([{ writer: WRITER, key, length: 6 }])
    for (const [from, to] of [
      [6, 7],
      [7, 10],
    ] as const) {
      expect(await append(a.store, from, log(10).slice(from, to))).toBe(key)
    }
    await world.connect(a, b)
    await append(a.store, 10, log(12).slice(10))
    expect(await read(b.store, 10, 2)).toEqual(log(12).slice(10).map(hex))
    expect([...a.failures, ...b.failures]).toEqual([])
  })

  it('[JR5] takes back from its peers what it is about to append, and appends the rest', async () => {
    const { key, b } = await rollBack(10, 6)
    const a = await world.open('a')
    a.store.follow(WRITER, key)
    await world.connect(a, b)
    expect(await read(a.store, 6, 4)).toEqual(log(10).slice(6).map(hex))
    await append(a.store, 6, log(12).slice(6))
    expect(await read(b.store, 10, 2)).toEqual(log(12).slice(10).map(hex))
    expect([...a.failures, ...b.failures]).toEqual([])
  })

  it('[JR5] [ID4] appends what the journal has, and fetches from its peers what that lacks', async () => {
    const { key, b } = await rollBack(10, 6)
    const a = await world.open('a')
    await append(a.store, 6, log(8).slice(6))
    a.store.follow(WRITER, key)
    await world.connect(a, b)
    expect(await read(a.store, 6, 4)).toEqual(log(10).slice(6).map(hex))
    expect([...a.failures, ...b.failures]).toEqual([])
  })

  it('[JR5] appends at the right place while its peers tell it how long it was', async () => {
    const { b } = await rollBack(10, 6)
    const a = await world.open('a')
    await world.connect(a, b)
    for (const [offset, block] of log(12).slice(6).entries()) void append(a.store, 6 + offset, [block])
    expect(await read(a.store, 0, 12)).toEqual(log(12).map(hex))
    expect(await read(b.store, 10, 2)).toEqual(log(12).slice(10).map(hex))
    expect([...a.failures, ...b.failures]).toEqual([])
  })

  it('[LG2] goes out of service at both ends when it writes other blocks instead', async () => {
    const { b } = await rollBack(10, 6)
    const a = await world.open('a')
    await append(
      a.store,
      6,
      Array.from({ length: 8 }, (_, index) => text(`other ${index}`)),
    )
    b.store.read(WRITER, 10, () => {})
    await world.connect(a, b)
    await eventually(() => a.failures.get(WRITER)?.kind === 'forked', LOG_DEADLINE_MS)
    await eventually(() => b.failures.get(WRITER)?.kind === 'forked', LOG_DEADLINE_MS)
    expect([...a.fatal, ...b.fatal]).toEqual([])
  })

  it('[LG2] leaves the other logs in service when one is forked', async () => {
    const { b } = await rollBack(10, 6)
    const a = await world.open('a')
    const key = await append(a.store, 0, log(2, OTHER_WRITER), OTHER_WRITER)
    await append(
      a.store,
      6,
      Array.from({ length: 8 }, (_, index) => text(`other ${index}`)),
    )
    await world.connect(a, b)
    await eventually(() => b.failures.has(WRITER), LOG_DEADLINE_MS)
    b.store.follow(OTHER_WRITER, key)
    expect(await read(b.store, 0, 2, OTHER_WRITER)).toEqual(log(2, OTHER_WRITER).map(hex))
    await append(a.store, 2, [text('more')], OTHER_WRITER)
    expect(await read(b.store, 2, 1, OTHER_WRITER)).toEqual([hex(text('more'))])
  })

  it('[JR5] appends without waiting for peers after RocksDB gave up its log', async () => {
    const a = await world.open('a')
    await append(a.store, 0, log(3))
    await world.close(a)
    await writeFile(join(a.directory, 'db', 'RECOVERING'), '')
    const again = await world.open('a')
    await append(again.store, 3, log(5).slice(3))
    expect(await read(again.store, 0, 5)).toEqual(log(5).map(hex))
  })
})

describe('a store', () => {
  it('counts a core whose first block is no header, and goes on without it', async () => {
    const a = await world.open('a')
    await append(a.store, 0, [text('no header')])
    await append(a.store, 0, log(1, OTHER_WRITER), OTHER_WRITER)
    await world.close(a)
    const { store } = await world.open('a')
    expect(store.stored.map(({ writer }) => writer)).toEqual([OTHER_WRITER])
    expect(store.unnamedCount).toBe(1)
  })

  it('gets a block of which the other end was heard nothing', async () => {
    const [a, b] = [await world.open('a'), await world.open('b')]
    const key = await append(a.store, 0, log(2))
    b.store.follow(WRITER, key)
    await world.connect(a, b)
    expect(await read(b.store, 0, 2)).toEqual(log(2).map(hex))
    const { sendSync } = Peer.prototype
    let lost = 0
    Peer.prototype.sendSync = () => {
      lost += 1
    }
    try {
      await append(a.store, 2, log(3).slice(2))
      await eventually(() => lost > 0, LOG_DEADLINE_MS)
    } finally {
      Peer.prototype.sendSync = sendSync
    }
    expect(await read(b.store, 2, 1)).toEqual(log(3).slice(2).map(hex))
  })

  it('refuses connections once it is closed, without a throw', async () => {
    const a = await world.open('a')
    await world.close(a)
    const stream = new SecretStream(true)
    a.store.replicate(stream)
    await eventually(() => stream.destroyed, LOG_DEADLINE_MS)
    expect(stream.destroyed).toBe(true)
  })

  it('closes while reads wait and blocks are under way', async () => {
    const [a, b] = [await world.open('a'), await world.open('b')]
    const key = await append(a.store, 0, log(200))
    b.store.follow(WRITER, key)
    await world.connect(a, b)
    let answers = 0
    b.store.read(WRITER, 5_000, () => {
      answers += 1
    })
    await world.close(b)
    await world.close(a)
    expect(answers).toBe(0)
    expect([...a.fatal, ...b.fatal]).toEqual([])
  })
})

/** A log of `length` blocks at "a" and "b"; then the database of "a" is put back to when it had `to`. */
async function rollBack(length: number, to: number): Promise<{ key: LogKey; b: OpenHypercoreStore }> {
  const before = await world.open('a')
  await append(before.store, 0, log(to))
  await world.close(before)
  const database = join(before.directory, 'db')
  await cp(database, `${database}.old`, { recursive: true })
  const [a, b] = [await world.open('a'), await world.open('b')]
  const key = await append(a.store, to, log(length).slice(to))
  b.store.follow(WRITER, key)
  const disconnect = await world.connect(a, b)
  await read(b.store, 0, length)
  await disconnect()
  await world.close(a)
  await rm(database, { recursive: true })
  await rename(`${database}.old`, database)
  return { key, b }
}
