/** The invariant about entries that are stamped far ahead, on runs made by hand. */

import { describe, expect, it } from 'vitest'
import { MAX_CLOCK_DRIFT_DEFAULT_MS, type Status } from '../../core/index.ts'
import { timestampFromWall } from '../../crdt/index.ts'
import { skewHeld } from '../../sim/invariants/skew-held.ts'
import { HandMadeRun, START_WALL_MS } from './hand-made-run.ts'

const A1 = 'n1.00000001:1'
const C1 = 'n3.00000001:1'
const FAR_AHEAD = timestampFromWall(START_WALL_MS + MAX_CLOCK_DRIFT_DEFAULT_MS + 2000)

/** Three nodes that have read their disks; to the third the reference clock is so far from its own. */
function runWith(clockOffsetMs: number): HandMadeRun {
  const run = new HandMadeRun(skewHeld)
  run.node(2).status = () => ({ clockOffsetMs }) as unknown as Status
  for (const node of [0, 1, 2]) run.happen({ kind: 'recovered', node })
  return run
}

describe('SkewHeld', () => {
  it('[HL3] finds an entry that is applied though it is stamped far ahead', () => {
    const run = runWith(0)
    run.commit(A1, { timestamp: FAR_AHEAD })
    run.apply(2, A1)
    expect(run.messages).toEqual([`node 2 applies ${A1}, which is stamped 62000 ms ahead of its reference clock`])
  })

  it('[HL3] takes one that the reference clock has nearly reached', () => {
    const run = runWith(5000)
    run.commit(A1, { timestamp: FAR_AHEAD })
    run.apply(2, A1)
    expect(run.messages).toEqual([])
  })

  it('[HL3] takes what its own earlier lives had applied', () => {
    const run = runWith(0)
    run.commit(A1, { timestamp: FAR_AHEAD })
    run.seal(C1, { timestamp: FAR_AHEAD + 1, after: [A1] })
    run.start(2, 2)
    run.happen({ kind: 'recovered', node: 2 })
    run.apply(2, A1, C1)
    expect(run.messages).toEqual([])
  })

  it('[HL3] takes what is applied while the disk is read', () => {
    const run = runWith(0)
    run.commit(A1, { timestamp: FAR_AHEAD })
    run.start(2, 2)
    run.recover(2, A1)
    expect(run.messages).toEqual([])
  })
})
