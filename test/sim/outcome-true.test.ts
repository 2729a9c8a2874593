/** What failed answers say of their writes, on runs made by hand. */

import { describe, expect, it } from 'vitest'
import { SkeinError } from '../../base/index.ts'
import type { Reply, TransactionRequest } from '../../core/index.ts'
import { outcomeTrue } from '../../sim/invariants/outcome-true.ts'
import { deleteOperation, restoreOperation, setOperation, textValue, transactionRequest } from '../../sim/workloads/index.ts'
import { dotOf, HandMadeRun } from './hand-made-run.ts'

const A1 = 'n1.00000001:1'
const A2 = 'n1.00000001:2'
const B1 = 'n2.00000001:1'
const WRITE = transactionRequest([setOperation('k', textValue('v'))])
const SEALED = { writes: { k: 'v' } }

function failed(details?: Record<string, unknown>): Reply {
  return { kind: 'failed', error: new SkeinError('UNAVAILABLE', 'no', details === undefined ? {} : { details }) }
}

/** A call of node 0, of which `between` happens before its answer. */
function ask(run: HandMadeRun, request: TransactionRequest, between: () => void, reply: Reply, call = 900): void {
  run.happen({ kind: 'invoked', call, client: 0, node: 0, request })
  between()
  run.happen({ kind: 'answered', call, client: 0, node: 0, reply })
}

describe('OutcomeTrue', () => {
  it('[WR1] takes a refusal of what was not done', () => {
    const run = new HandMadeRun(outcomeTrue)
    ask(run, WRITE, () => run.commit(A1, { writes: { other: 'v' } }), failed({ applied: false }))
    expect(run.messages).toEqual([])
  })

  it.each([
    { name: 'that nothing of it is kept', details: { applied: false } },
    { name: 'nothing of the outcome', details: undefined },
  ])('[WR1] finds a write that is committed where the answer says $name', ({ details }) => {
    const run = new HandMadeRun(outcomeTrue)
    ask(run, WRITE, () => run.commit(A1, SEALED), failed(details))
    expect(run.messages).toEqual([`${A1} is answered as not done, and was sealed`])
  })

  it('[WR1] finds one that is sealed after the refusal', () => {
    const run = new HandMadeRun(outcomeTrue)
    ask(run, WRITE, () => {}, failed())
    run.commit(A1, SEALED)
    expect(run.messages).toEqual([`${A1} does what its client was told is not done`])
  })

  it('[WR1] knows a delete by its idempotency key', () => {
    const run = new HandMadeRun(outcomeTrue)
    const request = transactionRequest([deleteOperation('k')], { idempotencyKey: 'once' })
    ask(run, request, () => run.commit(A1, { writes: { k: null }, idempotencyKey: 'once' }), failed())
    expect(run.messages).toEqual([`${A1} is answered as not done, and was sealed`])
  })

  it('[WR1] knows a restore by what the loser held', () => {
    const run = new HandMadeRun(outcomeTrue)
    run.commit(A1, { writes: { k: 'lost' } })
    ask(run, transactionRequest([restoreOperation('k', dotOf(A1))]), () => run.commit(A2, { writes: { k: 'lost' } }), failed())
    expect(run.messages).toEqual([`${A2} is answered as not done, and was sealed`])
  })

  it('[WR1] leaves out what several calls asked for: one of them may have done it', () => {
    const run = new HandMadeRun(outcomeTrue)
    ask(run, WRITE, () => run.commit(A1, SEALED), failed({ applied: 'unknown' }))
    ask(run, WRITE, () => {}, failed(), 901)
    expect(run.messages).toEqual([])
  })

  it('[WR4] takes it that a write stands which is on the disk, and that one may stand', () => {
    const run = new HandMadeRun(outcomeTrue)
    ask(run, WRITE, () => run.commit(A1, SEALED), failed({ applied: true, version: A1 }))
    ask(
      run,
      transactionRequest([setOperation('j', textValue('v'))]),
      () => run.seal(A2, { writes: { j: 'v' } }),
      failed({ applied: 'unknown' }),
    )
    expect(run.messages).toEqual([])
  })

  it('[WR4] finds a write that is said to stand and does not', () => {
    const run = new HandMadeRun(outcomeTrue)
    ask(run, WRITE, () => run.seal(A1, SEALED), failed({ applied: true, version: A1 }))
    expect(run.messages).toEqual([`${A1} is said to stand, and is not on the disk of node 0`])
  })

  it('[WR4] finds one that nobody ever sealed', () => {
    const run = new HandMadeRun(outcomeTrue)
    ask(run, WRITE, () => {}, failed({ applied: true, version: B1 }))
    expect(run.messages).toEqual([`${B1} is said to stand, and is not on the disk of node 0`])
  })
})
