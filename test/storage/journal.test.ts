import { closeSync, readdirSync, readFileSync, readlinkSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SkeinError } from '../../base/index.ts'
import { DEFAULT_GROUP } from '../../core/index.ts'
import { checksumSeed, encodeFrame, frameBytes } from '../../storage/frame.ts'
import { type JournalOptions, SegmentJournal } from '../../storage/index.ts'
import { type Preallocate, parseSegmentName, SEGMENT_HEADER_BYTES, writeZeros } from '../../storage/segment.ts'
import { append, block, blocksOf, close, describeJournal, describeRecord, facts, present, WRITER } from '../contract/journal.ts'
import { eventually } from '../support/eventually.ts'

const SEGMENT_BYTES = 16 * 1024
const DEADLINE_MS = 5_000

describeJournal('SegmentJournal', async () => {
  const root = await mkdtemp(join(tmpdir(), 'skein-journal-'))
  return {
    open: () => SegmentJournal.open({ directory: join(root, 'journal'), segmentBytes: SEGMENT_BYTES }),
    remove: () => rm(root, { recursive: true }),
  }
})

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-journal-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('a torn tail', () => {
  it('[JR3] is dropped, cut at any byte, and the frame is all or nothing', async () => {
    const { file, whole, start, end } = await writeThree()
    for (let cut = start; cut <= end; cut++) {
      const torn = Buffer.from(whole)
      torn.fill(0, cut)
      writeFileSync(file, torn)
      const expected = cut >= lastUsedByte(whole) ? ['0:one', '1:two', '2:three', '3:three more'] : ['0:one', '1:two']
      expect(await readBack()).toEqual(expected)
    }
  })

  it('[JR3] is dropped when the file ends with it', async () => {
    const { file, whole, start, end } = await writeThree()
    for (let cut = start; cut < end; cut += 7) {
      writeFileSync(file, whole.subarray(0, cut))
      expect(await readBack()).toEqual(['0:one', '1:two'])
    }
  })

  it('[JR3] is dropped when the disk kept its later pages and not its first', async () => {
    const { file, whole, start } = await writeThree()
    whole.fill(0, start, start + 16)
    writeFileSync(file, whole)
    expect(await readBack()).toEqual(['0:one', '1:two'])
  })

  it('[JR3] is written over by what comes next', async () => {
    const { file, whole, end } = await writeThree()
    whole.fill(0xff, end - 16, end)
    writeFileSync(file, whole)
    const journal = await open()
    expect(blocksOf(journal.recovered)).toEqual(['0:one', '1:two'])
    await append(journal, [block(2, 'x')])
    await append(journal, [block(3, 'y')])
    await close(journal)
    expect(await readBack()).toEqual(['0:one', '1:two', '2:x', '3:y'])
  })

  it('[JR3] may hold what a client made to look like later frames', async () => {
    const { file, end } = await writeThree()
    const forged = Buffer.alloc(frameBytes([block(9, 'forged')]))
    encodeFrame(forged, 1_000_000, [block(9, 'forged')], checksumSeed(Buffer.from('a guess')))
    const everyAlignment = Array.from({ length: 8 }, () => [forged, Buffer.alloc(1)]).flat()
    const journal = await open()
    await append(journal, [{ kind: 'block', group: DEFAULT_GROUP, writer: WRITER, index: 4, bytes: Buffer.concat(everyAlignment) }])
    await close(journal)
    const torn = readFileSync(file)
    torn.fill(0, end, end + 8)
    writeFileSync(file, torn)
    expect(await readBack()).toEqual(['0:one', '1:two', '2:three', '3:three more'])
  })
})

describe('damage in the middle', () => {
  it('[JR3] refuses the start with file and offset, whichever bit of an earlier frame is flipped, and changes nothing', async () => {
    const { file, whole, start } = await writeThree()
    for (let bit = SEGMENT_HEADER_BYTES * 8; bit < start * 8; bit += 7) {
      const damaged = flipped(whole, bit)
      writeFileSync(file, damaged)
      const failure = await failureOf(open())
      expect(failure.code).toBe('CORRUPT')
      expect(failure.details?.file).toBe(file)
      expect(failure.details?.offset).toBeLessThanOrEqual(bit / 8)
      expect(failure.message).toContain('its peers refill it')
      expect(readFileSync(file).equals(damaged)).toBe(true)
    }
  })

  it('[JR3] refuses the start when the header of a segment is damaged', async () => {
    const { file, whole } = await writeThree()
    for (let bit = 0; bit < SEGMENT_HEADER_BYTES * 8; bit += 5) {
      writeFileSync(file, flipped(whole, bit))
      expect((await failureOf(open())).details).toEqual({ file, offset: 0 })
    }
  })

  it('[JR3] refuses the start when the last frame of an earlier segment is damaged', async () => {
    await fillSegments(3)
    const file = present(segmentFiles()[0])
    const bytes = readFileSync(file)
    writeFileSync(file, flipped(bytes, (lastUsedByte(bytes) - 4) * 8))
    expect((await failureOf(open())).details?.file).toBe(file)
  })

  it('[JR3] refuses the start when a segment in the middle is missing', async () => {
    await fillSegments(4)
    const files = segmentFiles()
    await rm(present(files[1]))
    const failure = await failureOf(open())
    expect(failure.code).toBe('CORRUPT')
    expect(failure.details?.file).toBe(files[0])
    expect(segmentFiles()).toHaveLength(files.length - 1)
  })

  it('[JR3] refuses the start when an earlier segment was cut short', async () => {
    await fillSegments(3)
    truncateSync(present(segmentFiles()[0]), 1000)
    expect((await failureOf(open())).code).toBe('CORRUPT')
  })
})

describe('segments', () => {
  it('[JR7] are used again, and their old frames are never taken for new ones', async () => {
    const journal = await open()
    let index = 0
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 20; i++) await append(journal, [block(index++, 'x'.repeat(1000))])
      journal.release(new Map([[WRITER, index]]))
      await eventually(() => journal.segmentCount <= 2 && journal.bytes <= 4 * SEGMENT_BYTES, DEADLINE_MS)
    }
    await close(journal)
    const kept = await readBack()
    expect(kept.at(-1)).toMatch(new RegExp(`^${index - 1}:`))
    expect(kept.length).toBeLessThan(60)
    expect(segmentFiles().length).toBeLessThanOrEqual(2)
  })

  it('[JR3] a torn tail in front of the old frames of a recycled segment is a torn tail', async () => {
    const journal = await open()
    const firstInode = statSync(present(segmentFiles()[0])).ino
    let index = 0
    let turns = 0
    let isRecycled = false
    while (!isRecycled) {
      const segments = journal.segmentCount
      await append(journal, [block(index++, 'x'.repeat(500))])
      if (journal.segmentCount > segments) turns += 1
      journal.release(new Map([[WRITER, index]]))
      await eventually(() => journal.segmentCount === 1 && segmentFiles().length === 1, DEADLINE_MS)
      isRecycled = turns > 0 && statSync(present(segmentFiles()[0])).ino === firstInode
    }
    const file = present(segmentFiles()[0])
    const before = readFileSync(file)
    await append(journal, [block(index, 'y'.repeat(500))])
    await close(journal)
    const after = readFileSync(file)
    const start = after.findIndex((byte, offset) => byte !== before[offset])
    expect(after.subarray(start + 600).includes('JSKF')).toBe(true)
    after.fill(0xaa, start + 8, start + 40)
    writeFileSync(file, after)
    expect(await readBack()).toEqual([`${index - 1}:${'x'.repeat(500)}`])
  })

  it('[JR7] every one begins with the latest facts of its group', async () => {
    const journal = await open()
    await append(journal, [facts('old')])
    await append(journal, [facts('new')])
    let index = 0
    while (journal.segmentCount < 3) await append(journal, [block(index++, 'x'.repeat(1000))])
    journal.release(new Map([[WRITER, index - 1]]))
    await eventually(() => journal.segmentCount === 1 && segmentFiles().length === 1, DEADLINE_MS)
    await close(journal)
    const again = await open()
    expect(again.recovered.map(describeRecord)[0]).toBe('facts:new')
    await close(again)
  })

  it('[JR7] one without a durable frame does not let go the one before it', async () => {
    await fillSegments(2)
    const [first, second] = segmentFiles()
    const bytes = readFileSync(present(second))
    bytes.fill(0, SEGMENT_HEADER_BYTES)
    writeFileSync(present(second), bytes)
    const journal = await open()
    journal.release(new Map([[WRITER, 1_000_000]]))
    expect(segmentFiles()).toContain(first)
    await append(journal, [block(100, 'x')])
    journal.release(new Map([[WRITER, 1_000_000]]))
    await eventually(() => !segmentFiles().includes(present(first)), DEADLINE_MS)
    await close(journal)
    expect(await readBack()).toEqual(['100:x'])
  })

  it('takes an append larger than a segment', async () => {
    const journal = await open()
    await append(journal, [block(0, 'small')])
    await append(journal, [block(1, 'x'.repeat(5 * SEGMENT_BYTES))])
    await append(journal, [block(2, 'small')])
    await close(journal)
    expect((await readBack()).map((text) => text.length)).toEqual([7, 2 + 5 * SEGMENT_BYTES, 7])
  })
})

describe('after a crash', () => {
  it.each([
    ['an empty preparing file', 'preparing', Buffer.alloc(0)],
    ['a short preparing file', 'preparing', Buffer.alloc(100)],
    ['an empty spare', 'spare', Buffer.alloc(0)],
    ['a spare without its header', 'spare', Buffer.alloc(SEGMENT_BYTES)],
  ])('%s is no obstacle', async (_title, name, bytes) => {
    await fillSegments(2)
    writeFileSync(join(directory, name), bytes)
    const journal = await open()
    const found = blocksOf(journal.recovered).length
    for (let i = 0; i < 40; i++) await append(journal, [block(found + i, 'x'.repeat(1000))])
    await close(journal)
    expect(await readBack()).toHaveLength(found + 40)
  })

  it('an empty directory with a half-made first segment starts', async () => {
    writeFileSync(join(directory, 'preparing'), 'half')
    expect(await readBack()).toEqual([])
  })

  it.each([
    ['empty', Buffer.alloc(0)],
    ['short', Buffer.alloc(10)],
    ['full of zeros', Buffer.alloc(SEGMENT_BYTES)],
  ])('a last segment that is %s holds nothing', async (_title, bytes) => {
    const journal = await open()
    await append(journal, [block(0, 'a')])
    await close(journal)
    writeFileSync(join(directory, `${'2'.padStart(16, '0')}.segment`), bytes)
    const again = await open()
    await append(again, [block(1, 'b')])
    await append(again, [block(2, 'c')])
    await close(again)
    expect(await readBack()).toEqual(['0:a', '1:b', '2:c'])
  })

  it('a segment that was turned to and not yet written is written next', async () => {
    await fillSegments(2)
    const files = segmentFiles()
    const last = present(files.at(-1))
    const bytes = readFileSync(last)
    bytes.fill(0, SEGMENT_HEADER_BYTES)
    writeFileSync(last, bytes)
    const journal = await open()
    const found = blocksOf(journal.recovered).length
    await append(journal, [block(found, 'next')])
    await close(journal)
    expect((await readBack()).at(-1)).toBe(`${found}:next`)
    expect(segmentFiles()).toEqual(files)
  })
})

describe('a failed write', () => {
  it('[JR4] is reported once with a code, and nothing is taken after it', async () => {
    const journal = await open()
    await append(journal, [block(0, 'a')])
    closeSync(descriptorOf(present(segmentFiles()[0])))
    const failure = await append(journal, [block(1, 'b')])
    expect(failure?.code).toBe('INTERNAL')
    expect(failure?.message).toContain('EBADF')
    expect(await append(journal, [block(2, 'c')])).toBe(failure)
    await close(journal)
    expect(await readBack()).toEqual(['0:a'])
  })
})

describe('a full disk', () => {
  it('[JR4] is found before the write, and gone when there is room again', async () => {
    const disk = { isFull: false }
    const changes: boolean[] = []
    const journal = await open({ preallocate: filling(disk), onRoomChange: (hasRoom) => changes.push(hasRoom) })
    disk.isFull = true
    let index = await fillPastHalf(journal, 0)
    await eventually(() => !journal.hasRoom, DEADLINE_MS)
    expect(changes).toEqual([false])
    expect(await append(journal, [block(index++, 'what was admitted before')])).toBeNull()
    disk.isFull = false
    await eventually(() => journal.hasRoom, DEADLINE_MS)
    expect(changes).toEqual([false, true])
    for (let i = 0; i < 20; i++) await append(journal, [block(index++, 'x'.repeat(1000))])
    await close(journal)
    expect(await readBack()).toHaveLength(index)
  })

  it('[JR4] holds an append that needs more than is left until there is room', async () => {
    const disk = { isFull: false }
    const journal = await open({ preallocate: filling(disk) })
    disk.isFull = true
    const durable = append(journal, [block(0, 'x'.repeat(2 * SEGMENT_BYTES))])
    await eventually(() => !journal.hasRoom, DEADLINE_MS)
    disk.isFull = false
    expect(await durable).toBeNull()
    await close(journal)
    expect(await readBack()).toHaveLength(1)
  })

  it('[JR4] is over when a segment is released', async () => {
    const disk = { isFull: false }
    const journal = await open({ preallocate: filling(disk) })
    let index = 0
    while (journal.segmentCount < 3) await append(journal, [block(index++, 'x'.repeat(1000))])
    disk.isFull = true
    index = await fillPastHalf(journal, index)
    await eventually(() => !journal.hasRoom, DEADLINE_MS)
    journal.release(new Map([[WRITER, index]]))
    await eventually(() => journal.hasRoom, DEADLINE_MS)
    await close(journal)
    expect((await readBack()).at(-1)).toMatch(new RegExp(`^${index - 1}:`))
  })

  it('says so when there is no room to begin with', async () => {
    expect((await failureOf(open({ preallocate: filling({ isFull: true }) }))).code).toBe('DISK_FULL')
  })

  it('gives back what it had taken when it can not be finished', async () => {
    const disk = { isFull: false }
    const journal = await open({ preallocate: filling(disk) })
    disk.isFull = true
    await fillPastHalf(journal, 0)
    await eventually(() => !journal.hasRoom, DEADLINE_MS)
    await close(journal)
    expect(readdirSync(directory)).not.toContain('preparing')
  })
})

/** So that the next segment is asked for, and not needed yet. @returns the index after the last block */
async function fillPastHalf(journal: SegmentJournal, index: number): Promise<number> {
  let next = index
  for (let bytes = 0; bytes < SEGMENT_BYTES / 2; bytes += 1000) expect(await append(journal, [block(next++, 'x'.repeat(1000))])).toBeNull()
  return next
}

function open(options: Partial<JournalOptions> = {}): Promise<SegmentJournal> {
  return SegmentJournal.open({ directory, segmentBytes: SEGMENT_BYTES, ...options })
}

async function readBack(): Promise<string[]> {
  const journal = await open()
  const blocks = blocksOf(journal.recovered)
  await close(journal)
  return blocks
}

async function failureOf(opening: Promise<SegmentJournal>): Promise<SkeinError> {
  try {
    await opening
  } catch (error) {
    if (error instanceof SkeinError) return error
    throw error
  }
  throw new Error('it opened')
}

/** A journal of three appends; the third, of two records, lies from `start` to `end`. */
async function writeThree(): Promise<{ file: string; whole: Buffer; start: number; end: number }> {
  const journal = await open()
  await append(journal, [block(0, 'one')])
  await append(journal, [block(1, 'two')])
  const file = present(segmentFiles()[0])
  const start = alignedEnd(readFileSync(file))
  await append(journal, [block(2, 'three'), block(3, 'three more')])
  await close(journal)
  const whole = readFileSync(file)
  return { file, whole, start, end: alignedEnd(whole) }
}

async function fillSegments(count: number): Promise<void> {
  const journal = await open()
  for (let index = 0; journal.segmentCount < count; index++) await append(journal, [block(index, 'x'.repeat(1000))])
  await close(journal)
}

function segmentFiles(): string[] {
  return readdirSync(directory)
    .filter((name) => parseSegmentName(name) !== null)
    .sort()
    .map((name) => join(directory, name))
}

/** The place after the last byte that is not zero. */
function lastUsedByte(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  return end
}

function alignedEnd(bytes: Buffer): number {
  return Math.ceil(lastUsedByte(bytes) / 8) * 8
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
  return copy
}

/** The descriptor under which this process has a file open. */
function descriptorOf(path: string): number {
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(join('/proc/self/fd', name)) === path) return Number(name)
    } catch {
      // The descriptor of the listing itself is gone by now.
    }
  }
  throw new Error(`${path} is not open`)
}

/** Zeros, until the disk is full: then half of them, and the system's error. */
function filling(disk: { isFull: boolean }): Preallocate {
  return async (file, bytes, isCancelled) => {
    if (!disk.isFull) return writeZeros(file, bytes, isCancelled)
    await writeZeros(file, bytes / 2, isCancelled)
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  }
}
