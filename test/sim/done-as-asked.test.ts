/** What a committed transaction did against what its call asked for, on runs made by hand. */

import { describe, expect, it } from 'vitest'
import type { Operation } from '../../core/index.ts'
import type { Dot } from '../../crdt/index.ts'
import { doneAsAsked } from '../../sim/invariants/done-as-asked.ts'
import { deleteOperation, restoreOperation, setOperation, textValue, transactionRequest } from '../../sim/workloads/index.ts'
import { dotOf, HandMadeRun, type Sealing, START_WALL_MS, vectorOf } from './hand-made-run.ts'

const A1 = 'n1.00000001:1'
const A2 = 'n1.00000001:2'
const A3 = 'n1.00000001:3'
const B1 = 'n2.00000001:1'
const VALUE = textValue('v')

/** Commits a transaction for a call of node 0 and answers it. */
function run(operations: readonly Operation[], sealing: Sealing, deleted = 0): readonly string[] {
  const made = new HandMadeRun(doneAsAsked)
  const version = made.commit(A1, sealing)
  made.ask(0, transactionRequest(operations), { kind: 'committed', version, deleted, session: vectorOf([A1]) })
  return made.messages
}

/** A key that is there, and a call that deletes it. */
function runDelete(version: Dot | null, deleted: number, before: Sealing = {}): readonly string[] {
  const made = new HandMadeRun(doneAsAsked)
  made.commit(A1, before)
  if (version !== null) made.commit(A2, { writes: { k: null } })
  made.ask(0, transactionRequest([deleteOperation('k')]), { kind: 'committed', version, deleted, session: vectorOf([A2]) })
  return made.messages
}

describe('DoneAsAsked', () => {
  it('[WR3] takes a transaction that wrote what was asked for', () => {
    const operations = [setOperation('a', VALUE), setOperation('b', VALUE)]
    expect(run(operations, { writes: { a: 'v', b: 'v' } })).toEqual([])
  })

  it('[WR3] finds a key that was not asked for', () => {
    expect(run([setOperation('a', VALUE)], { writes: { a: 'v', b: 'v' } })).toEqual([`${A1} writes a key that was not asked for: "b"`])
  })

  it('[WR3] finds a write that is left out', () => {
    const operations = [setOperation('a', VALUE), setOperation('b', VALUE)]
    expect(run(operations, { writes: { a: 'v' } })).toEqual([`${A1} leaves out a write: "b"`])
  })

  it.each`
    ttlMs   | deadlineMs               | finding
    ${null} | ${null}                  | ${null}
    ${5000} | ${START_WALL_MS + 5000}  | ${null}
    ${0.5}  | ${START_WALL_MS + 1}     | ${null}
    ${5000} | ${START_WALL_MS + 5001}  | ${'gives a deadline 1 ms too late'}
    ${5000} | ${START_WALL_MS + 4000}  | ${'gives a deadline 1000 ms too early'}
    ${5000} | ${null}                  | ${'gives a deadline that was not asked for, or none'}
    ${null} | ${START_WALL_MS + 10000} | ${'gives a deadline that was not asked for, or none'}
  `('[RG6] of a time to live of $ttlMs ms and the deadline $deadlineMs: $finding', ({ ttlMs, deadlineMs, finding }) => {
    const messages = run([setOperation('k', VALUE, ttlMs)], { writes: { k: 'v' }, deadlineMs })
    expect(messages).toEqual(finding === null ? [] : [`${A1} ${finding}: "k"`])
  })

  it('[RG6] counts a deadline from when its transaction was sealed, and not from when it was asked for or answered', () => {
    const made = new HandMadeRun(doneAsAsked)
    made.node(0).wallMs += 700
    const version = made.commit(A1, { deadlineMs: START_WALL_MS + 5700 })
    made.node(0).wallMs += 700
    const request = transactionRequest([setOperation('k', VALUE, 5000)])
    made.ask(0, request, { kind: 'committed', version, deleted: 0, session: vectorOf([A1]) })
    expect(made.messages).toEqual([])
  })

  it('[RG1] takes a delete of what was there', () => {
    expect(runDelete(dotOf(A2), 1)).toEqual([])
  })

  it('[RG1] finds a delete that does nothing', () => {
    expect(runDelete(null, 0)).toEqual([`nothing to delete under "k", says node 0, where ${A1} stands`])
  })

  it('[RG1] takes a delete that finds nothing where the key may have been past its deadline', () => {
    expect(runDelete(null, 0, { deadlineMs: START_WALL_MS + 1 })).toEqual([])
  })

  it('[RG1] finds another number of deleted keys than there were', () => {
    expect(runDelete(dotOf(A2), 0)).toEqual([`${A2} deletes 1 keys and is answered as if it were 0`])
  })

  it.each`
    written | messages
    ${'1'}  | ${[]}
    ${'2'}  | ${[`${A3} restores something else: "k"`]}
  `('[RG3] of a restore that writes what version $written held: $messages', ({ written, messages }) => {
    const made = new HandMadeRun(doneAsAsked)
    made.commit(A1, { writes: { k: '1' } })
    made.commit(A2, { writes: { k: '2' } })
    const version = made.commit(A3, { writes: { k: written } })
    const request = transactionRequest([restoreOperation('k', dotOf(A1))])
    made.ask(0, request, { kind: 'committed', version, deleted: 0, session: vectorOf([A3]) })
    expect(made.messages).toEqual(messages)
  })

  it('[RG1] finds a delete that is left out of a batch', () => {
    const made = new HandMadeRun(doneAsAsked)
    made.commit(B1, { writes: { gone: 'soon' } })
    const version = made.commit(A1, { writes: { k: 'v' }, after: [B1] })
    const request = transactionRequest([setOperation('k', VALUE), deleteOperation('gone')])
    made.ask(0, request, { kind: 'committed', version, deleted: 0, session: vectorOf([A1, B1]) })
    expect(made.messages).toEqual([`${A1} leaves out a delete: "gone"`])
  })
})
