/** What every `Journal` does, whatever it is made of. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeWriterId, parseNodeName, type SkeinError, type WriterId } from '../../base/index.ts'
import { DEFAULT_GROUP, type Journal, type JournalRecord } from '../../core/index.ts'

/** A place that keeps what a journal wrote, so that it can be opened again. */
export interface JournalDisk {
  /** As a process that starts on it would. */
  open(): Promise<Journal>
  remove(): Promise<void>
}

export const WRITER = makeWriterId(parseNodeName('n1'), 1)
export const OTHER_WRITER = makeWriterId(parseNodeName('n1'), 2)

export function describeJournal(name: string, createDisk: () => Promise<JournalDisk>): void {
  describe(`${name} as a Journal`, () => {
    let disk: JournalDisk
    beforeEach(async () => {
      disk = await createDisk()
    })
    afterEach(() => disk.remove())

    it('[JR1] keeps what was appended, in order', async () => {
      const journal = await disk.open()
      expect(journal.recovered).toEqual([])
      expect(journal.hasRoom).toBe(true)
      await append(journal, [block(0, 'header'), block(1, 'first')])
      await append(journal, [facts('one')])
      await append(journal, [block(2, 'second')])
      await close(journal)
      const again = await disk.open()
      expect(again.recovered.map(describeRecord)).toEqual(['0:header', '1:first', 'facts:one', '2:second'])
      await close(again)
    })

    it('[JR1] goes on behind what was there', async () => {
      for (let life = 0; life < 4; life++) {
        const journal = await disk.open()
        expect(blocksOf(journal.recovered)).toEqual(Array.from({ length: life }, (_, index) => `${index}:life ${index}`))
        await append(journal, [block(life, `life ${life}`)])
        await close(journal)
      }
    })

    it('keeps empty, large and binary blocks as they are', async () => {
      const blocks = [new Uint8Array(0), new Uint8Array(3_000_000).fill(7), Uint8Array.from({ length: 256 }, (_, byte) => byte)]
      const journal = await disk.open()
      for (const [index, bytes] of blocks.entries())
        await append(journal, [{ kind: 'block', group: DEFAULT_GROUP, writer: WRITER, index, bytes }])
      await close(journal)
      const again = await disk.open()
      const found = again.recovered.filter((record) => record.kind === 'block').map(({ bytes }) => Buffer.from(bytes))
      expect(found.map((bytes, index) => bytes.equals(present(blocks[index])))).toEqual([true, true, true])
      await close(again)
    })

    it('[JR2] answers after the call has returned, and once', async () => {
      const journal = await disk.open()
      let answers = 0
      const durable = new Promise<void>((resolve) => {
        journal.append([block(0, 'a')], () => {
          answers += 1
          resolve()
        })
      })
      expect(answers).toBe(0)
      await durable
      await append(journal, [block(1, 'b')])
      expect(answers).toBe(1)
      await close(journal)
    })

    it('[JR1] takes one append at a time', async () => {
      const journal = await disk.open()
      const durable = append(journal, [block(0, 'a')])
      expect(() => journal.append([block(1, 'b')], () => {})).toThrow('one append is in flight at a time')
      await durable
      await close(journal)
    })

    it('[JR7] gives up what is released, the oldest first, and keeps the rest', async () => {
      const journal = await disk.open()
      await append(journal, [facts('kept')])
      for (let index = 0; index < 100; index++) await append(journal, [block(index, 'x'.repeat(2000))])
      journal.release(new Map([[WRITER, 60]]))
      await append(journal, [block(100, 'last')])
      await close(journal)
      const again = await disk.open()
      const indexes = again.recovered.flatMap((record) => (record.kind === 'block' ? [record.index] : []))
      const first = present(indexes[0])
      expect(first).toBeLessThanOrEqual(60)
      expect(indexes).toEqual(Array.from({ length: 101 - first }, (_, offset) => first + offset))
      expect(
        again.recovered
          .filter((record) => record.kind === 'facts')
          .map(describeRecord)
          .at(-1),
      ).toBe('facts:kept')
      await close(again)
    })

    it('[JR7] keeps everything as long as one log is not durable', async () => {
      const journal = await disk.open()
      await append(journal, [block(0, 'unsynced', OTHER_WRITER)])
      for (let index = 0; index < 50; index++) await append(journal, [block(index, 'x'.repeat(2000))])
      journal.release(new Map([[WRITER, 50]]))
      await close(journal)
      const again = await disk.open()
      expect(again.recovered).toHaveLength(51)
      await close(again)
    })

    it('[JR7] the latest facts are the last that are recovered', async () => {
      const journal = await disk.open()
      for (let index = 0; index < 60; index++) await append(journal, [facts(`version ${index}`), block(index, 'x'.repeat(2000))])
      journal.release(new Map([[WRITER, 60]]))
      await close(journal)
      const again = await disk.open()
      expect(
        again.recovered
          .filter((record) => record.kind === 'facts')
          .map(describeRecord)
          .at(-1),
      ).toBe('facts:version 59')
      await close(again)
    })

    it('waits, when it is closed, for the append in flight', async () => {
      const journal = await disk.open()
      const durable = append(journal, [block(0, 'a')])
      await close(journal)
      expect(await durable).toBeNull()
    })
  })
}

export function append(journal: Journal, records: readonly JournalRecord[]): Promise<SkeinError | null> {
  return new Promise((resolve) => journal.append(records, resolve))
}

export function close(journal: Journal): Promise<void> {
  return new Promise((resolve) => journal.close(resolve))
}

export function block(index: number, text: string, writer: WriterId = WRITER): JournalRecord {
  return { kind: 'block', group: DEFAULT_GROUP, writer, index, bytes: Buffer.from(text) }
}

export function facts(text: string): JournalRecord {
  return { kind: 'facts', group: DEFAULT_GROUP, bytes: Buffer.from(text) }
}

export function describeRecord(record: JournalRecord): string {
  const text = Buffer.from(record.bytes).toString('utf8')
  return record.kind === 'block' ? `${record.index}:${text}` : `facts:${text}`
}

export function blocksOf(records: readonly JournalRecord[]): string[] {
  return records.filter((record) => record.kind === 'block').map(describeRecord)
}

export function present<T>(value: T | undefined): T {
  expect(value).toBeDefined()
  return value as T
}
