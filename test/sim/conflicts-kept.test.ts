/** The invariant about conflict records, on runs made by hand: what it takes, and what it finds. */

import { describe, expect, it } from 'vitest'
import type { Key } from '../../base/index.ts'
import type { Register, Version } from '../../crdt/index.ts'
import { conflictsKept } from '../../sim/invariants/conflicts-kept.ts'
import { HandMadeRun } from './hand-made-run.ts'

const A1 = 'n1.00000001:1'
const A2 = 'n1.00000001:2'
const B1 = 'n2.00000001:1'

function versionOf(run: HandMadeRun, dot: string): Version {
  return run.item('k', dot).version
}

/** A register with one conflict. */
function contested(winner: Version, loser: Version): Register {
  return { winner, conflicts: [{ winner, loser, rule: 'timestamp' }] }
}

describe('ConflictsKept', () => {
  it('[RG3] takes a loser that is on record', () => {
    const run = new HandMadeRun(conflictsKept)
    run.commit(A1, { timestamp: 5 })
    run.commit(B1, { timestamp: 6 })
    run.apply(2, A1)
    run.node(2).shown.set('k', contested(versionOf(run, B1), versionOf(run, A1)))
    run.apply(2, A1, B1)
    expect(run.messages).toEqual([])
  })

  it('[RG3] finds one that is not', () => {
    const run = new HandMadeRun(conflictsKept)
    run.commit(A1, { timestamp: 5 })
    run.commit(B1, { timestamp: 6 })
    run.apply(2, A1)
    run.apply(2, A1, B1)
    expect(run.messages).toEqual([`at node 2, "k": ${A1} lost to ${B1}, which had not seen it, and is not in the conflict record`])
  })

  it('[RG3] finds one that came later and lost at once', () => {
    const run = new HandMadeRun(conflictsKept)
    run.commit(A1, { timestamp: 5 })
    run.commit(B1, { timestamp: 6 })
    run.apply(2, B1)
    run.apply(2, B1, A1)
    expect(run.messages).toEqual([`at node 2, "k": ${A1} lost to ${B1}, which had not seen it, and is not in the conflict record`])
  })

  it('[RG2] takes a version that overwrites what its writer had seen', () => {
    const run = new HandMadeRun(conflictsKept)
    run.commit(A1)
    run.apply(1, A1)
    run.commit(B1, { after: [A1] })
    run.apply(2, A1)
    run.apply(2, A1, B1)
    run.commit(A2)
    expect(run.node(2).register('k' as Key)?.conflicts).toEqual([])
    expect(run.messages).toEqual([])
  })

  it('[RG2] finds such a one on record', () => {
    const run = new HandMadeRun(conflictsKept)
    run.commit(A1)
    run.apply(2, A1)
    run.seal(A2)
    run.node(2).shown.set('k', contested(versionOf(run, A2), versionOf(run, A1)))
    run.apply(2, A2)
    expect(run.messages).toEqual([`at node 2, "k": ${A2} had seen ${A1}, which is in the conflict record all the same`])
  })
})
