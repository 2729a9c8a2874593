/** What every `LogStore` does: for the logs of its own node, for those of others, and when two versions of one meet. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DirectoryId, FIRST_EPOCH, type LogKey, makeWriterId, parseNodeName, present, type WriterId } from '../../base/index.ts'
import {
  DEFAULT_GROUP,
  encodeHeader,
  type LogFailure,
  type LogStore,
  READ_BLOCKS_MAX,
  READ_BYTES_MAX,
  type SignedBlock,
  UNLINKED,
} from '../../core/index.ts'
import { eventually } from '../support/eventually.ts'

export interface OpenLogStore {
  readonly store: LogStore
  readonly failures: ReadonlyMap<WriterId, LogFailure>
}

/** Stores by name, each on a disk of its own that outlives it, and connections between them. */
export interface LogStoreWorld {
  open(name: string): Promise<OpenLogStore>
  close(opened: OpenLogStore): Promise<void>
  /** Replicates between two open stores until the returned function is called. */
  connect(left: OpenLogStore, right: OpenLogStore): Promise<() => Promise<void>>
  /** Closes what is open and removes everything. */
  remove(): Promise<void>
}

export const LOG_DEADLINE_MS = 10_000
export const WRITER = makeWriterId(parseNodeName('n1'), 1)
const OTHER_WRITER = makeWriterId(parseNodeName('n1'), 2)
const DIRECTORY = '00'.repeat(16) as DirectoryId

export function describeLogStore(name: string, createWorld: () => Promise<LogStoreWorld>): void {
  describe(`${name} as a LogStore`, () => {
    let world: LogStoreWorld
    beforeEach(async () => {
      world = await createWorld()
    })
    afterEach(() => world.remove())

    it('[LG1] reads an own log as it was appended', async () => {
      const { store } = await world.open('a')
      const key = await append(store, 0, log(3))
      expect(key).toMatch(/^[0-9a-f]{64}$/)
      await append(store, 3, [text('three')])
      expect(await read(store, 0, 4)).toEqual([...log(3).map(hex), hex(text('three'))])
    })

    it('[LG1] finds its logs again, with writer, key and length', async () => {
      const first = await world.open('a')
      const key = await append(first.store, 0, log(5))
      const other = await append(first.store, 0, log(2, OTHER_WRITER), OTHER_WRITER)
      await world.close(first)
      const { store } = await world.open('a')
      const stored = [...store.stored].sort((left, right) => (left.writer < right.writer ? -1 : 1))
      expect(stored).toEqual([
        { writer: WRITER, key, length: 5 },
        { writer: OTHER_WRITER, key: other, length: 2 },
      ])
      expect(await read(store, 2, 3)).toEqual(log(5).slice(2).map(hex))
    })

    it('appends what is given while an append is under way, each where it belongs', async () => {
      const { store } = await world.open('a')
      const blocks = log(300)
      await Promise.all(blocks.map((block, index) => append(store, index, [block])))
      expect(await read(store, 0, 300)).toEqual(blocks.map(hex))
    })

    it('[JR5] leaves blocks that are there already', async () => {
      const { store, failures } = await world.open('a')
      await append(store, 0, log(6))
      await append(store, 2, log(9).slice(2))
      await append(store, 0, log(4))
      expect(await read(store, 0, 9)).toEqual(log(9).map(hex))
      expect(failures.size).toBe(0)
    })

    it('[LG2] takes a log out of service when another block is there already', async () => {
      const { store, failures } = await world.open('a')
      await append(store, 0, log(4))
      store.append(
        WRITER,
        3,
        [text('another')],
        () => {},
        () => {},
      )
      await eventually(() => failures.get(WRITER)?.kind === 'forked', LOG_DEADLINE_MS)
      expect(failures.get(WRITER)?.reason).toContain('3')
    })

    it('[JR6] tells how many blocks are durable', async () => {
      const { store } = await world.open('a')
      await append(store, 0, log(7))
      expect((await sync(store)).get(WRITER)).toBe(7)
    })

    it('hands over a block as it comes, to a read that waits for it', async () => {
      const { store } = await world.open('a')
      await append(store, 0, log(1))
      const waiting = readOnce(store, 1)
      await append(store, 1, [text('one')])
      expect((await waiting).map(hex)).toEqual([hex(text('one'))])
    })

    it('hands over a bounded number of blocks and of bytes', async () => {
      const { store } = await world.open('a')
      const large = Array.from({ length: 40 }, () => new Uint8Array(100_000))
      await append(store, 0, [...log(READ_BLOCKS_MAX + 50), ...large])
      expect(await readOnce(store, 0)).toHaveLength(READ_BLOCKS_MAX)
      const bytes = (await readOnce(store, READ_BLOCKS_MAX + 50)).reduce((sum, block) => sum + block.length, 0)
      expect(bytes).toBeGreaterThanOrEqual(READ_BYTES_MAX)
      expect(bytes).toBeLessThan(4 * READ_BYTES_MAX)
    })

    it('answers a read after the call has returned', async () => {
      const { store } = await world.open('a')
      await append(store, 0, log(1))
      let isReturned = false
      const wasReturned = new Promise<boolean>((resolve) => store.read(WRITER, 0, () => resolve(isReturned)))
      isReturned = true
      expect(await wasReturned).toBe(true)
    })

    it('follows a log of another node, what it has and what is added', async () => {
      const [a, b] = [await world.open('a'), await world.open('b')]
      const key = await append(a.store, 0, log(20))
      await world.connect(a, b)
      b.store.follow(WRITER, key)
      expect(await read(b.store, 0, 20)).toEqual(log(20).map(hex))
      await append(a.store, 20, log(25).slice(20))
      expect(await read(b.store, 20, 5)).toEqual(log(25).slice(20).map(hex))
    })

    it('follows a log before anybody who has it is connected, and over a broken connection', async () => {
      const [a, b] = [await world.open('a'), await world.open('b')]
      const key = await append(a.store, 0, log(3))
      b.store.follow(WRITER, key)
      const blocks = read(b.store, 0, 3)
      const disconnect = await world.connect(a, b)
      expect(await blocks).toEqual(log(3).map(hex))
      await disconnect()
      await append(a.store, 3, log(6).slice(3))
      const more = read(b.store, 3, 3)
      await world.connect(b, a)
      expect(await more).toEqual(log(6).slice(3).map(hex))
    })

    it('follows a log through a node between', async () => {
      const [a, b, c] = [await world.open('a'), await world.open('b'), await world.open('c')]
      await world.connect(a, b)
      await world.connect(b, c)
      const key = await append(a.store, 0, log(4))
      c.store.follow(WRITER, key)
      b.store.follow(WRITER, key)
      expect(await read(c.store, 0, 4)).toEqual(log(4).map(hex))
      await append(a.store, 4, log(8).slice(4))
      expect(await read(c.store, 4, 4)).toEqual(log(8).slice(4).map(hex))
    })

    it('goes on with a log of another node after a restart, where it was', async () => {
      const a = await world.open('a')
      const b = await world.open('b')
      const key = await append(a.store, 0, log(10))
      b.store.follow(WRITER, key)
      const disconnect = await world.connect(a, b)
      await read(b.store, 0, 10)
      await disconnect()
      await world.close(b)
      await append(a.store, 10, log(15).slice(10))
      const again = await world.open('b')
      expect(again.store.stored).toEqual([{ writer: WRITER, key, length: 10 }])
      again.store.follow(WRITER, key)
      await world.connect(a, again)
      expect(await read(again.store, 0, 15)).toEqual(log(15).map(hex))
    })

    it('hands on a log whose writer is gone', async () => {
      const [a, b] = [await world.open('a'), await world.open('b')]
      const key = await append(a.store, 0, log(5))
      b.store.follow(WRITER, key)
      const disconnect = await world.connect(a, b)
      await read(b.store, 0, 5)
      await disconnect()
      await world.close(a)
      const c = await world.open('c')
      c.store.follow(WRITER, key)
      await world.connect(b, c)
      expect(await read(c.store, 0, 5)).toEqual(log(5).map(hex))
    })

    it('[LG5] puts a block that was pushed into its copy of the log, and hands it on when the writer is gone', async () => {
      const { a, b, c, key, block } = await pushOne(world)
      expect(await insert(b, 3, block)).toBe(true)
      for (const gone of [a, c]) await world.close(gone)
      const d = await world.open('d')
      d.store.follow(WRITER, key)
      await world.connect(b, d)
      expect(await read(d.store, 0, 4)).toEqual([...log(3), block.bytes].map(hex))
      expect((await sync(b.store)).get(WRITER)).toBe(4)
    })

    it('[JR5] [LG5] puts in what only the journal had, whether or not the log is followed by then, and hands it on', async () => {
      for (const isFollowedFirst of [false, true]) {
        const { a, b, c, key, block } = await pushOne(world)
        for (const gone of [a, b, c]) await world.close(gone)
        const again = await world.open('b')
        if (isFollowedFirst) {
          again.store.follow(WRITER, key)
          again.store.read(WRITER, 4, () => {})
        }
        expect(await insert(again, 3, block)).toBe(true)
        again.store.follow(WRITER, key)
        const d = await world.open('d')
        d.store.follow(WRITER, key)
        await world.connect(again, d)
        expect(await read(d.store, 0, 4)).toEqual([...log(3), block.bytes].map(hex))
        await world.remove()
        world = await createWorld()
      }
    })

    it('[LG5] lets an open read go on behind a block that was pushed, and fetches what comes after it', async () => {
      const { a, b, next, block } = await pushOne(world)
      expect(await insert(b, 3, block)).toBe(true)
      await append(a.store, 4, [text('not pushed')])
      await world.connect(a, b)
      expect(await next).toEqual({ from: 4, blocks: [hex(text('not pushed'))] })
      expect(await read(b.store, 3, 2)).toEqual([block.bytes, text('not pushed')].map(hex))
    })

    it('[LG5] fetches what the writer adds and does not push, while it is in reach', async () => {
      const { a, b, next, block } = await pushOne(world)
      expect(await insert(b, 3, block)).toBe(true)
      await world.connect(a, b)
      await append(a.store, 4, [text('not pushed')])
      expect(await next).toEqual({ from: 4, blocks: [hex(text('not pushed'))] })
    })

    it('[LG5] leaves a block that would leave a gap, or is there, and fetches what is missing', async () => {
      const { a, b, next, block } = await pushOne(world)
      expect(await insert(b, 2, block)).toBe(false)
      expect(await insert(b, 4, block)).toBe(false)
      await world.connect(a, b)
      expect(await next).toEqual({ from: 3, blocks: [hex(block.bytes)] })
      expect(b.failures.size).toBe(0)
    })

    it('[LG5] takes a log out of service of which a block is pushed that its writer did not sign', async () => {
      const { b, block } = await pushOne(world)
      await insert(b, 3, { ...block, bytes: text('forged') })
      await eventually(() => b.failures.get(WRITER)?.kind === 'forked', LOG_DEADLINE_MS)
    })

    it('[LG2] takes a log out of service that is known under two keys', async () => {
      const [a, b] = [await world.open('a'), await world.open('b')]
      await append(a.store, 0, log(2))
      const other = await append(b.store, 0, log(2))
      a.store.follow(WRITER, other)
      await eventually(() => a.failures.get(WRITER)?.kind === 'forked', LOG_DEADLINE_MS)
      expect(b.failures.size).toBe(0)
    })
  })
}

/** A log of which a and b have three blocks, with a read open at b for what comes next, and a fourth as its writer's store signs it for c, out of the reach of b. */
async function pushOne(world: LogStoreWorld) {
  const [a, b, c] = [await world.open('a'), await world.open('b'), await world.open('c')]
  const key = await append(a.store, 0, log(3))
  const disconnect = await world.connect(a, b)
  await world.connect(a, c)
  for (const { store } of [b, c]) {
    store.follow(WRITER, key)
    await read(store, 0, 3)
  }
  await disconnect()
  const bytes = text('pushed')
  const [signature] = await new Promise<readonly Uint8Array[]>((resolve) => a.store.append(WRITER, 3, [bytes], resolve, () => {}))
  const next = new Promise<{ from: number; blocks: string[] }>((resolve) => {
    b.store.read(WRITER, 3, (from, blocks) => resolve({ from, blocks: blocks.map(hex) }))
  })
  return { a, b, c, key, next, block: { bytes, signature: present(signature, 'a block has a signature') } }
}

/** True if the store takes the block. */
function insert({ store }: OpenLogStore, index: number, { bytes, signature }: SignedBlock): Promise<boolean> {
  return new Promise((resolve) => {
    store.insert(WRITER, index, { bytes, signature }, () => resolve(true))
    // What is taken is said before anything that was asked later.
    store.sync(() => resolve(false))
  })
}

/** The blocks of a log, its header first. */
export function log(length: number, writer: WriterId = WRITER): Uint8Array[] {
  const header = encodeHeader({ group: DEFAULT_GROUP, writer, directory: DIRECTORY, epoch: FIRST_EPOCH, continues: null, chain: UNLINKED })
  return Array.from({ length }, (_, index) => (index === 0 ? header : text(`block ${index} of ${writer}`)))
}

export function text(content: string): Uint8Array {
  return Buffer.from(content)
}

export function hex(block: Uint8Array): string {
  return Buffer.from(block).toString('hex')
}

export function append(store: LogStore, index: number, blocks: readonly Uint8Array[], writer: WriterId = WRITER): Promise<LogKey> {
  return new Promise((resolve) => store.append(writer, index, blocks, () => {}, resolve))
}

export function readOnce(store: LogStore, from: number, writer: WriterId = WRITER): Promise<readonly Uint8Array[]> {
  return new Promise((resolve) => store.read(writer, from, (_from, blocks) => resolve(blocks)))
}

/** Reads until `count` blocks from `from` on are there. */
export async function read(store: LogStore, from: number, count: number, writer: WriterId = WRITER): Promise<string[]> {
  const blocks: string[] = []
  while (blocks.length < count) blocks.push(...(await readOnce(store, from + blocks.length, writer)).map(hex))
  return blocks
}

export function sync(store: LogStore): Promise<ReadonlyMap<WriterId, number>> {
  return new Promise((resolve) => store.sync(resolve))
}
