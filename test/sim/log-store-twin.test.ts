import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { append, describeLogStore, hex, LOG_DEADLINE_MS, log, read, sync, text, WRITER } from '../contract/log-store.ts'
import { eventually } from '../support/eventually.ts'
import { createTwinWorld, type TwinWorld } from './log-store-world.ts'

describeLogStore('LogStoreTwin', async () => createTwinWorld())

describe('a twin of the log store', () => {
  let world: TwinWorld
  beforeEach(() => {
    world = createTwinWorld()
  })
  afterEach(() => world.remove())

  it('[JR6] hands over nothing that a loss of power could take back', async () => {
    const { store, disk, lane } = await world.open('a')
    await append(store, 0, log(4))
    await read(store, 0, 4)
    lane.end(0)
    disk.losePower()
    expect(disk.logs.get(WRITER)?.length).toBe(4)
  })

  it('[JR6] loses with the power a tail of what was not synced, and nothing of what was', async () => {
    const lengths = new Set<number>()
    for (const name of ['a', 'b', 'c']) {
      const { store, disk } = await world.open(name)
      await append(store, 0, log(5))
      await sync(store)
      for (let index = 5; index < 9; index++) await append(store, index, [text(`block ${index}`)])
      disk.losePower()
      lengths.add(disk.logs.get(WRITER)?.length ?? 0)
    }
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(5)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(9)
    expect(lengths.size).toBeGreaterThan(1)
  })

  it('[LG2] shows at both ends that a log was gone on with in two ways', async () => {
    const [a, b] = [await world.open('a'), await world.open('b')]
    const key = await append(a.store, 0, log(3))
    a.disk.keepCopy(0)
    b.store.follow(WRITER, key)
    const disconnect = await world.connect(a, b)
    await append(a.store, 3, [text('one way')])
    await read(b.store, 0, 4)
    await disconnect()
    await world.close(a)
    // The logs are put back, and the process goes on as if nothing had been (which ID3 forbids).
    a.disk.rollBackLogs(0, 0)
    const again = await world.open('a')
    await append(again.store, 3, [text('another way')])
    await world.connect(again, b)
    await eventually(() => again.failures.has(WRITER) && b.failures.has(WRITER), LOG_DEADLINE_MS)
    expect([again.failures.get(WRITER)?.kind, b.failures.get(WRITER)?.kind]).toEqual(['forked', 'forked'])
  })

  it('[JR5] writes the end of a log again that its peers have already, without a conflict', async () => {
    const [a, b] = [await world.open('a'), await world.open('b')]
    const key = await append(a.store, 0, log(3))
    a.disk.keepCopy(0)
    b.store.follow(WRITER, key)
    const disconnect = await world.connect(a, b)
    await append(a.store, 3, log(6).slice(3))
    await read(b.store, 0, 6)
    await disconnect()
    await world.close(a)
    a.disk.rollBackLogs(0, 0)
    const again = await world.open('a')
    await append(again.store, 3, log(6).slice(3))
    await world.connect(again, b)
    await append(again.store, 6, log(8).slice(6))
    expect(await read(b.store, 6, 2)).toEqual(log(8).slice(6).map(hex))
    expect([again.failures.size, b.failures.size]).toEqual([0, 0])
  })

  it('makes a log that was lost again under the same key, and another directory under another', async () => {
    const [a, b] = [await world.open('a'), await world.open('b')]
    const key = await append(a.store, 0, log(2))
    expect(await append(b.store, 0, log(2))).not.toBe(key)
    a.lane.end(0)
    a.disk.rollBackLogs(1, 0)
    const again = await world.open('a')
    expect(again.store.stored).toEqual([{ writer: WRITER, key, length: 2 }])
    expect(await append(again.store, 0, log(4))).toBe(key)
    await eventually(() => again.disk.logs.get(WRITER)?.length === 4, LOG_DEADLINE_MS)
  })
})
