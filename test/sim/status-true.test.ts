/** What nodes say of themselves, on runs made by hand. */

import { describe, expect, it } from 'vitest'
import type { Status } from '../../core/index.ts'
import { statusTrue } from '../../sim/invariants/status-true.ts'
import { HandMadeRun } from './hand-made-run.ts'

const A1 = 'n1.00000001:1'
const DIGEST = '00000000000000ab'

/** Node 0 has two keys and has deleted one of them. */
function ask(said: Partial<Status>, between: (run: HandMadeRun) => void = () => {}): readonly string[] {
  const run = new HandMadeRun(statusTrue)
  run.node(0).digest = DIGEST
  run.commit(A1, { writes: { a: '1', b: '2' } })
  run.commit('n1.00000001:2', { writes: { a: null } })
  const truth = { node: 'n1', logs: [], frontier: { 'n1.00000001': 2 }, digest: DIGEST, keys: 1 }
  run.happen({ kind: 'invoked', call: 900, client: 0, node: 0, request: { kind: 'status' } })
  between(run)
  run.happen({
    kind: 'answered',
    call: 900,
    client: 0,
    node: 0,
    reply: { kind: 'status', status: { ...truth, ...said } as unknown as Status },
  })
  return run.messages
}

describe('StatusTrue', () => {
  it('[CA5] takes a status that is so', () => {
    expect(ask({})).toEqual([])
  })

  it('[CA5] takes one from before or after what was applied meanwhile', () => {
    const commit = (run: HandMadeRun): void => void run.commit('n1.00000001:3', { writes: { c: '3' } })
    expect(ask({}, commit)).toEqual([])
    expect(ask({ frontier: { 'n1.00000001': 3 }, keys: 2 }, commit)).toEqual([])
  })

  it('[CA4] finds a frontier that it had passed before it was asked', () => {
    expect(ask({ frontier: { 'n1.00000001': 1 } })).toEqual([
      'node 0 tells of a frontier that lacks what it had applied before it was asked',
    ])
  })

  it('[CA4] finds a frontier that it has not reached', () => {
    expect(ask({ frontier: { 'n1.00000001': 3 } })).toEqual(['node 0 tells of a frontier that it has not reached'])
  })

  it('[CA5] finds another digest', () => {
    expect(ask({ digest: 'ff' })).toEqual([`node 0 tells of the digest ff, and at that frontier it had ${DIGEST}`])
  })

  it('[RG1] finds another number of keys', () => {
    expect(ask({ keys: 2 })).toEqual(['node 0 tells of 2 keys, and at that frontier it had 1'])
  })

  it('[CA4] finds a log of which another number is applied than the frontier says', () => {
    const logs = [{ writer: 'n1.00000001', applied: 1 }] as unknown as Status['logs']
    expect(ask({ logs })).toEqual(['node 0 says that 1 of n1.00000001 are applied, and 2 by its frontier'])
  })

  it('[ID1] finds the name of another', () => {
    expect(ask({ node: 'n2' as Status['node'] })).toEqual(['node 0 says that it is n2'])
  })
})
