import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Prng, SkeinError } from '../../base/index.ts'
import { SimulatedDisk } from '../../sim/disk.ts'
import { EventQueue, Lane } from '../../sim/event-queue.ts'
import { JournalTwin } from '../../sim/journal-twin.ts'
import { neverKilled } from '../../sim/kill-switch.ts'
import { block, blocksOf, describeJournal } from '../contract/journal.ts'
import { QUICK_DISK, TurningQueue } from './turning.ts'

describeJournal('JournalTwin', async () => {
  const turning = TurningQueue.start()
  const disk = new SimulatedDisk(QUICK_DISK, new Prng(1))
  return {
    open: async () => openTwin(turning.queue, disk, new Lane()),
    remove: async () => turning.stop(),
  }
})

describe('a journal twin at the end of its process', () => {
  let queue: EventQueue
  let disk: SimulatedDisk
  beforeEach(() => {
    queue = new EventQueue()
    disk = new SimulatedDisk(QUICK_DISK, new Prng(7))
  })
  afterEach(() => expect(queue.runNext()).toBe(false))

  it('[JR3] has the append in flight whole or not at all, and both happen', () => {
    const found = new Set<string>()
    for (let life = 0; life < 40; life++) {
      const before = disk.journal.records().length
      const lane = new Lane()
      const journal = openTwin(queue, disk, lane)
      journal.append([block(before, 'one'), block(before + 1, 'two')], () => expect.unreachable('the process is dead'))
      lane.end(queue.nowUs)
      journal.crash()
      found.add(`${disk.journal.records().length - before} records`)
      while (queue.runNext());
    }
    expect([...found].toSorted()).toEqual(['0 records', '2 records'])
  })

  it('[JR1] keeps what was durable before the process died', () => {
    const lane = new Lane()
    const journal = openTwin(queue, disk, lane)
    journal.append([block(0, 'header')], () => {})
    while (queue.runNext());
    lane.end(queue.nowUs)
    journal.crash()
    disk.losePower()
    expect(blocksOf(disk.journal.records())).toEqual(['0:header'])
  })

  it('[JR4] a failed write is final: every later one fails too', () => {
    const journal = openTwin(queue, disk, new Lane())
    const failures: (SkeinError | null)[] = []
    disk.isFailing = true
    for (let index = 0; index < 2; index++) {
      journal.append([block(index, 'x')], (failure) => failures.push(failure))
      while (queue.runNext());
    }
    expect(failures.map((failure) => failure instanceof SkeinError)).toEqual([true, true])
    expect(blocksOf(disk.journal.records())).not.toContain('1:x')
  })

  it('[JR4] tells that there is no room', () => {
    const journal = openTwin(queue, disk, new Lane())
    disk.fillUp(0)
    expect(journal.hasRoom).toBe(false)
    disk.freeUp()
    expect(journal.hasRoom).toBe(true)
  })

  it('[JR4] an append without room waits for it, and nothing of it is there before', () => {
    const journal = openTwin(queue, disk, new Lane())
    disk.fillUp(3)
    let answers = 0
    journal.append([block(0, 'ab')], () => {
      answers += 1
    })
    while (answers === 0 && queue.runNext());
    journal.append([block(1, 'cd')], () => {
      answers += 1
    })
    for (let turn = 0; turn < 5; turn++) queue.runNext()
    expect([answers, blocksOf(disk.journal.records())]).toEqual([1, ['0:ab']])
    disk.freeUp()
    while (queue.runNext());
    expect([answers, blocksOf(disk.journal.records())]).toEqual([2, ['0:ab', '1:cd']])
  })

  it('[JR4] a journal that is closed while an append waits for room says that nothing of it was kept', () => {
    const journal = openTwin(queue, disk, new Lane())
    disk.fillUp(0)
    const answers: unknown[] = []
    journal.append([block(0, 'ab')], (failure) => answers.push(failure?.code))
    journal.close(() => answers.push('closed'))
    while (queue.runNext());
    expect([answers, disk.journal.records()]).toEqual([['DISK_FULL', 'closed'], []])
  })

  it('[JR3] a frame that a dead process left in flight may go with the power, unless somebody opened the journal since', () => {
    const lengths = { lost: new Set<number>(), opened: new Set<number>() }
    for (let seed = 0; seed < 40; seed++) {
      disk = new SimulatedDisk(QUICK_DISK, new Prng(seed))
      const lane = new Lane()
      const journal = openTwin(queue, disk, lane)
      journal.append([block(0, 'in flight')], () => expect.unreachable('the process is dead'))
      lane.end(queue.nowUs)
      journal.crash()
      if (disk.journal.records().length === 0) continue
      const isOpened = seed % 2 === 0
      if (isOpened) openTwin(queue, disk, new Lane())
      disk.losePower()
      lengths[isOpened ? 'opened' : 'lost'].add(disk.journal.records().length)
    }
    while (queue.runNext());
    expect([[...lengths.lost].toSorted(), [...lengths.opened]]).toEqual([[0, 1], [1]])
  })

  it('[JR3] a damaged tail is dropped, and what comes next goes on behind what is left', () => {
    const journal = openTwin(queue, disk, new Lane())
    for (let index = 0; index < 3; index++) {
      journal.append([block(index, `${index}`)], () => {})
      while (queue.runNext());
    }
    expect(disk.journal.tearTail()).toBe(true)
    disk.journal.append([block(2, 'another')])
    expect(blocksOf(disk.journal.records())).toEqual(['0:0', '1:1', '2:another'])
  })
})

function openTwin(queue: EventQueue, disk: SimulatedDisk, lane: Lane): JournalTwin {
  return JournalTwin.open({ queue, lane, disk, kill: neverKilled, onSealed: () => {}, onPersisted: () => {} })
}
