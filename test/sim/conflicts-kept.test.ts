/** The invariant about conflict records, on runs made by hand: what it takes, and what it finds. */

import { describe, expect, it } from 'vitest'
import type { Key } from '../../base/index.ts'
import { CONFLICTS_PER_KEY_MAX, type Conflict, type Register, type Version } from '../../crdt/index.ts'
import { conflictsKept } from '../../sim/invariants/conflicts-kept.ts'
import { HandMadeRun } from './hand-made-run.ts'

const A1 = 'n1.00000001:1'
const A2 = 'n1.00000001:2'
const B1 = 'n2.00000001:1'
const B1_LATER = 'n2.00000002:1'

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

  it.each`
    kept         | messages
    ${'both'}    | ${[]}
    ${'last'}    | ${['at node 2, "k": its conflict record had 1 conflicts, 1 versions came, and now it has 1, not the same ones and theirs']}
    ${'nothing'} | ${[`at node 2, "k": ${B1} lost to ${B1_LATER}, which had not seen it, and is not in the conflict record`]}
  `('[RG3] of two losers, one after the other, of which $kept is on record: $messages', ({ kept, messages }) => {
    const run = new HandMadeRun(conflictsKept)
    run.commit(A1, { timestamp: 5 })
    run.seal(B1, { timestamp: 6 })
    run.seal(B1_LATER, { timestamp: 7 })
    const [first, second, third] = [versionOf(run, A1), versionOf(run, B1), versionOf(run, B1_LATER)]
    const early = { winner: second, loser: first, rule: 'timestamp' } as const
    const late = { winner: third, loser: second, rule: 'timestamp' } as const
    run.apply(2, A1)
    run.node(2).shown.set('k', { winner: second, conflicts: [early] })
    run.apply(2, A1, B1)
    const conflicts = kept === 'both' ? [early, late] : kept === 'last' ? [late] : []
    run.node(2).shown.set('k', { winner: third, conflicts })
    run.apply(2, A1, B1, B1_LATER)
    expect(run.messages).toEqual(messages)
  })

  it('[RG3] takes a full record that gives up its oldest', () => {
    const run = new HandMadeRun(conflictsKept)
    const dots = Array.from({ length: 18 }, (_, place) => `n2.${(place + 1).toString(16).padStart(8, '0')}:1`)
    for (const [place, dot] of dots.entries()) run.seal(dot, { timestamp: 5 + place })
    const versions = dots.map((dot) => versionOf(run, dot))
    const conflicts: Conflict[] = []
    dots.forEach((_, place) => {
      const [winner, loser] = [versions[place], versions[place - 1]]
      if (winner === undefined) throw new Error('every dot has a version')
      if (loser !== undefined) conflicts.push({ winner, loser, rule: 'timestamp' })
      run.node(2).shown.set('k', { winner, conflicts: conflicts.slice(-CONFLICTS_PER_KEY_MAX) })
      run.apply(2, ...dots.slice(0, place + 1))
    })
    expect(conflicts).toHaveLength(CONFLICTS_PER_KEY_MAX + 1)
    expect(run.messages).toEqual([])
  })
})
