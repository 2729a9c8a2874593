/** What nodes say of conflicts against what they have on record, on runs made by hand. */

import { describe, expect, it } from 'vitest'
import { DAY_MS, type Key, SkeinError } from '../../base/index.ts'
import type { KeyConflicts, Reply, Request } from '../../core/index.ts'
import type { Conflict } from '../../crdt/index.ts'
import { conflictsTold } from '../../sim/invariants/conflicts-told.ts'
import { conflictsRequest, getRequest, restoreOperation, transactionRequest } from '../../sim/workloads/index.ts'
import { dotOf, HandMadeRun, START_WALL_MS, vectorOf } from './hand-made-run.ts'

const A1 = 'n1.00000001:1'
const B1 = 'n2.00000001:1'
/** Of the day on which the runs are. */
const STAMP = (START_WALL_MS - Date.UTC(2020, 0, 1)) * 4096
const KEY = 'k' as Key

function conflictOf(run: HandMadeRun, winner: string, loser: string): Conflict {
  return { winner: run.item('k', winner).version, loser: run.item('k', loser).version, rule: 'timestamp' }
}

/** Node 2 has `k` with B1 on top, which beat A1. */
function contestedRun(): { readonly run: HandMadeRun; readonly conflict: Conflict } {
  const run = new HandMadeRun(conflictsTold)
  run.commit(A1, { timestamp: STAMP + 1 })
  run.commit(B1, { timestamp: STAMP + 2 })
  const conflict = conflictOf(run, B1, A1)
  run.node(2).shown.set('k', { winner: conflict.winner, conflicts: [conflict] })
  run.apply(2, A1, B1)
  return { run, conflict }
}

function list(...keys: KeyConflicts[]): Reply {
  return { kind: 'conflicts', keys, next: null }
}

describe('ConflictsTold', () => {
  it.each([
    { name: 'of one key', request: conflictsRequest('k', 10) },
    { name: 'of all keys', request: conflictsRequest(null, 10) },
  ])('[RG3] takes the record $name, and finds what is left out of it', ({ request }) => {
    const { run, conflict } = contestedRun()
    run.ask(2, request, list({ key: KEY, conflicts: [conflict] }))
    expect(run.messages).toEqual([])
    run.ask(2, request, list())
    expect(run.messages).toEqual([`node 2 does not tell of ${A1}, which is in the conflict record of "k"`])
  })

  it('[RG3] takes a page of all keys that ends before a key', () => {
    const { run } = contestedRun()
    run.ask(2, conflictsRequest(null, 10), { kind: 'conflicts', keys: [], next: 'j' as Key })
    expect(run.messages).toEqual([])
  })

  it.each([
    { name: 'the wrong way round', turn: ({ winner, loser }: Conflict): Conflict => ({ winner: loser, loser: winner, rule: 'timestamp' }) },
    { name: 'by another rule', turn: (conflict: Conflict): Conflict => ({ ...conflict, rule: 'writer' }) },
    {
      name: 'of a value that was not written',
      turn: (conflict: Conflict): Conflict => ({ ...conflict, loser: { ...conflict.loser, value: { type: 'text', data: 'other' } } }),
    },
  ])('[RG3] finds a conflict that is told $name', ({ turn }) => {
    const { run, conflict } = contestedRun()
    run.ask(2, conflictsRequest('k', 10), list({ key: KEY, conflicts: [turn(conflict)] }))
    expect(run.messages[0]).toContain('node 2 tells of a conflict of "k"')
  })

  it('[RG3] finds one that is not on record', () => {
    const run = new HandMadeRun(conflictsTold)
    run.commit(A1, { timestamp: STAMP + 1 })
    run.commit(B1, { timestamp: STAMP + 2 })
    run.apply(2, A1, B1)
    run.ask(2, conflictsRequest('k', 10), list({ key: KEY, conflicts: [conflictOf(run, B1, A1)] }))
    expect(run.messages[0]).toContain('it is not on record')
  })

  it.each`
    count | messages
    ${1}  | ${[]}
    ${0}  | ${['node 2 says that "k" has 0 conflicts, and has 1 to 1 on record']}
    ${2}  | ${['node 2 says that "k" has 2 conflicts, and has 1 to 1 on record']}
  `('[RG3] of $count conflicts beside a read: $messages', ({ count, messages }) => {
    const { run } = contestedRun()
    const request: Request = getRequest('k')
    run.ask(2, request, { kind: 'value', item: run.item('k', B1), conflicts: count, session: vectorOf([A1, B1]) })
    expect(run.messages).toEqual(messages)
  })

  it('[RG3] takes an answer from before a conflict came', () => {
    const run = new HandMadeRun(conflictsTold)
    run.commit(A1, { timestamp: STAMP + 1 })
    run.commit(B1, { timestamp: STAMP + 2 })
    run.happen({ kind: 'invoked', call: 900, client: 0, node: 2, request: conflictsRequest('k', 10) })
    const conflict = conflictOf(run, B1, A1)
    run.node(2).shown.set('k', { winner: conflict.winner, conflicts: [conflict] })
    run.apply(2, A1, B1)
    run.happen({ kind: 'answered', call: 900, client: 0, node: 2, reply: list() })
    expect(run.messages).toEqual([])
  })

  it('[RG3] takes it that a conflict is told no more when its time is over', () => {
    const { run } = contestedRun()
    run.node(2).wallMs += 8 * DAY_MS
    run.ask(2, conflictsRequest('k', 10), list())
    expect(run.messages).toEqual([])
  })

  it('[RG3] finds a restore that is denied a loser on record', () => {
    const { run } = contestedRun()
    const request = transactionRequest([restoreOperation('k', dotOf(A1))])
    run.ask(2, request, { kind: 'failed', error: new SkeinError('NOT_FOUND', 'no such conflict') })
    expect(run.messages).toEqual([`node 2 does not find ${A1} to restore, which is in the conflict record of "k"`])
  })
})
