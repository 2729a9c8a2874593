import { beforeEach, describe, expect, it } from 'vitest'
import { makeWriterId, Prng, parseNodeName } from '../../base/index.ts'
import { SimulatedDisk } from '../../sim/disk.ts'
import { DiskLog, deriveLogKey } from '../../sim/disk-log.ts'
import { block, blocksOf } from '../contract/journal.ts'
import { QUICK_DISK } from './turning.ts'

const WRITERS = [1, 2].map((random) => makeWriterId(parseNodeName('n1'), random))

describe('a simulated disk', () => {
  let disk: SimulatedDisk
  let logs: DiskLog[]
  beforeEach(() => {
    disk = new SimulatedDisk(QUICK_DISK, new Prng(3))
    logs = WRITERS.map((writer) => new DiskLog(writer, deriveLogKey(disk.logSeed, writer)))
    for (const log of logs) disk.createLog(log)
  })

  function write(which: number): void {
    const log = logs[which]
    log?.sign(Uint8Array.of(which, log.length))
    if (log !== undefined) disk.noteWritten(log)
  }

  function lengths(): number[] {
    return WRITERS.map((writer) => disk.logs.get(writer)?.length ?? 0)
  }

  it('[JR6] loses with the power the end of all writes since the sync, in their order, whatever log they belong to', () => {
    const found = new Set<string>()
    for (let seed = 0; seed < 60; seed++) {
      disk = new SimulatedDisk(QUICK_DISK, new Prng(seed))
      logs = WRITERS.map((writer) => new DiskLog(writer, deriveLogKey(disk.logSeed, writer)))
      for (const log of logs) disk.createLog(log)
      write(0)
      write(1)
      disk.noteSynced(disk.writtenCount)
      for (const which of [0, 1, 1, 0]) write(which)
      disk.losePower()
      found.add(lengths().join(' '))
    }
    expect([...found].toSorted()).toEqual(['1 1', '2 1', '2 2', '2 3', '3 3'])
  })

  it('[JR6] counts as synced only what was written before the sync began', () => {
    write(0)
    const covered = disk.writtenCount
    write(0)
    disk.noteSynced(covered)
    expect([logs[0]?.durable, logs[0]?.length]).toEqual([1, 2])
  })

  it('[ID5] is another directory after it was wiped, and the same one when it is put back', () => {
    const { directory } = disk
    disk.keepCopy(0)
    disk.restore(0, 10)
    expect(disk.directory).toBe(directory)
    disk.wipe()
    expect(disk.directory).not.toBe(directory)
    expect([...disk.logs]).toEqual([])
  })

  it('puts back journal and logs of one moment, the cache of the operating system included', () => {
    write(0)
    disk.journal.append([block(0, 'one')])
    disk.keepCopy(1000)
    write(0)
    write(1)
    disk.journal.append([block(1, 'two')])
    disk.keepCopy(2000)
    expect(disk.restore(1500, 3000)).toBe(1000)
    expect(lengths()).toEqual([1, 0])
    expect(blocksOf(disk.journal.records())).toEqual(['0:one'])
    // What is written from now on is of another history than what is forgotten.
    disk.journal.append([block(1, 'another two')])
    expect(disk.restore(0, 3000)).toBe(1000)
    expect(blocksOf(disk.journal.records())).toEqual(['0:one'])
  })

  it('[JR5] puts back the logs alone, beside the journal of today', () => {
    write(0)
    disk.keepCopy(1000)
    write(0)
    disk.journal.append([block(0, 'one')])
    expect(disk.rollBackLogs(500, 2000)).toBe(1000)
    expect(lengths()).toEqual([1, 0])
    expect(blocksOf(disk.journal.records())).toEqual(['0:one'])
  })

  it('takes as long for everything as it is slow', () => {
    const draw = (factor: number): number => {
      const slow = new SimulatedDisk(QUICK_DISK, new Prng(1))
      slow.slowFactor = factor
      return slow.drawWriteUs()
    }
    expect(draw(100) / draw(1)).toBeGreaterThan(99)
    expect(draw(100) / draw(1)).toBeLessThan(101)
  })

  it('derives the key of a log from the directory and the writer', () => {
    const other = new SimulatedDisk(QUICK_DISK, new Prng(4))
    const keys = WRITERS.flatMap((writer) => [deriveLogKey(disk.logSeed, writer), deriveLogKey(other.logSeed, writer)])
    expect(new Set(keys).size).toBe(4)
    expect(keys[0]).toBe(deriveLogKey(disk.logSeed, WRITERS[0] ?? makeWriterId(parseNodeName('n1'), 1)))
  })
})
