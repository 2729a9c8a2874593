/** The invariant about full disks, on runs made by hand. */

import { describe, expect, it } from 'vitest'
import { SkeinError } from '../../base/index.ts'
import { VersionVector } from '../../crdt/index.ts'
import { roomRespected } from '../../sim/invariants/room-respected.ts'
import { getRequest, setOperation, textValue, transactionRequest } from '../../sim/workloads/index.ts'
import { dotOf, HandMadeRun } from './hand-made-run.ts'

const FIRST = 'n1.00000001:1'
const WRITE = transactionRequest([setOperation('k', textValue('x'))])

/** A write at the first node, with what happens between the question and the answer. */
function commit(run: HandMadeRun, meanwhile: () => void = () => {}): void {
  const call = run.invoke(0, WRITE)
  meanwhile()
  run.commit(FIRST)
  run.answer(call, 0, { kind: 'committed', version: dotOf(FIRST), deleted: 0, session: new VersionVector() })
}

function tell(run: HandMadeRun, hasRoom: boolean): void {
  run.happen({ kind: 'room', node: 0, hasRoom })
}

describe('RoomRespected', () => {
  it('[JR4] finds a write that was asked and committed on a full disk', () => {
    const run = new HandMadeRun(roomRespected)
    tell(run, false)
    commit(run)
    expect(run.messages).toEqual([`node 0 commits ${FIRST}, which was asked after it was told that its disk is full`])
  })

  it('[JR4] takes what was asked before the node knew', () => {
    const run = new HandMadeRun(roomRespected)
    commit(run, () => tell(run, false))
    expect(run.messages).toEqual([])
  })

  it('[JR4] takes what is committed after there was room again, or in another life', () => {
    const freed = new HandMadeRun(roomRespected)
    tell(freed, false)
    commit(freed, () => tell(freed, true))
    const restarted = new HandMadeRun(roomRespected)
    tell(restarted, false)
    commit(restarted, () => {
      restarted.happen({ kind: 'stopped', node: 0, cause: 'kill', failure: null })
      restarted.start(0, 2)
    })
    expect([...freed.messages, ...restarted.messages]).toEqual([])
  })

  it('[JR4] takes DISK_FULL for an answer if the disk was full at some moment of the call, and else not', () => {
    const full = { kind: 'failed', error: new SkeinError('DISK_FULL', 'full') } as const
    const run = new HandMadeRun(roomRespected)
    tell(run, false)
    const during = run.invoke(0, WRITE)
    tell(run, true)
    run.answer(during, 0, full)
    expect(run.messages).toEqual([])
    run.answer(run.invoke(0, WRITE), 0, full)
    expect(run.messages).toEqual(['node 0 refuses a write with DISK_FULL, and its disk was not'])
  })

  it('[JR4] finds a read that is refused for the lack of room', () => {
    const run = new HandMadeRun(roomRespected)
    tell(run, false)
    run.answer(run.invoke(0, getRequest('k')), 0, { kind: 'failed', error: new SkeinError('DISK_FULL', 'full') })
    expect(run.messages).toEqual(['node 0 refuses a get with DISK_FULL'])
  })
})
