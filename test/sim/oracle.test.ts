/** The oracle's parts, where the invariants' own tests do not reach: winners by bisection, fingerprints, what disks hold. */

import { describe, expect, it } from 'vitest'
import { type Epoch, Prng, type Timestamp } from '../../base/index.ts'
import { Dependencies, formatDot, type Version } from '../../crdt/index.ts'
import { zeroFork } from '../../sim/invariants/zero-fork.ts'
import { KeyHistory, outranks } from '../../sim/key-history.ts'
import { dotOf, HandMadeRun, vectorOf } from './hand-made-run.ts'

const A1 = 'n1.00000001:1'
const A2 = 'n1.00000001:2'
const B1 = 'n2.00000001:1'

function versionOf(writer: number, sequence: number, timestamp: number): Version {
  const dot = dotOf(`n${writer}.00000001:${sequence}`)
  return { dot, epoch: 1 as Epoch, timestamp: timestamp as Timestamp, value: null, deadlineMs: null, dependencies: Dependencies.none() }
}

describe('the history of a key', () => {
  it('[RG3] finds the same winner as a look at every version, at any frontier', () => {
    const random = new Prng(5)
    for (let round = 0; round < 200; round++) {
      const history = new KeyHistory()
      const versions: Version[] = []
      const lengths = [0, 0, 0, 0]
      for (let i = 0; i < 20; i++) {
        const writer = random.below(lengths.length)
        const sequence = (lengths[writer] ?? 0) + 1 + random.below(2)
        lengths[writer] = sequence
        // Along a log timestamps rise; between logs they may be equal.
        const version = versionOf(writer + 1, sequence, sequence * 3 + random.below(3))
        versions.push(version)
        history.add(version)
      }
      const frontier = vectorOf(
        lengths.flatMap((length, writer) => (length === 0 ? [] : [`n${writer + 1}.00000001:${1 + random.below(length)}`])),
      )
      const known = versions.filter(({ dot }) => frontier.has(dot))
      const best = known.reduce<Version | null>(
        (winner, version) => (winner === null || outranks(version, winner) ? version : winner),
        null,
      )
      expect(history.winnerAt(frontier)).toBe(best)
    }
  })
})

describe('a shadow', () => {
  it('[CA5] has the same fingerprint at the same frontier, whatever came first', () => {
    const run = new HandMadeRun(zeroFork)
    for (const dot of [A1, A2, B1]) run.commit(dot)
    run.apply(2, B1)
    const early = run.oracle.shadow(2).fingerprint
    run.apply(2, B1, A1)
    run.apply(2, A2, B1)
    run.start(0, 2)
    run.apply(0, A2)
    expect(run.oracle.shadow(0).fingerprint).not.toBe(run.oracle.shadow(2).fingerprint)
    run.apply(0, B1, A2)
    expect(run.oracle.shadow(0).fingerprint).toBe(run.oracle.shadow(2).fingerprint)
    expect(early).not.toBe(run.oracle.shadow(2).fingerprint)
  })
})

describe('what is certain', () => {
  const certain = (run: HandMadeRun, node: number): string[] =>
    [...run.oracle.durable.certain(node).entries()].map(([writer, sequence]) => formatDot({ writer, sequence })).sort()

  it('[JR6] stays over a restart, while the node reads its disk', () => {
    const run = new HandMadeRun(zeroFork)
    run.commit(A1)
    run.commit(A2)
    run.start(0, 2)
    run.apply(0, A1)
    expect(certain(run, 0)).toEqual([A2])
  })

  it('[JR6] grows with what a new life applies before it has all again', () => {
    const run = new HandMadeRun(zeroFork)
    run.commit(A1)
    run.commit(B1)
    run.start(0, 2)
    run.apply(0, B1)
    expect(certain(run, 0)).toEqual([A1, B1])
  })

  it('[JR3] falls by the last commit when its frame is torn, and by what depends on it', () => {
    const run = new HandMadeRun(zeroFork)
    run.commit(A1)
    run.commit(A2)
    run.apply(1, A2)
    run.commit(B1, { after: [A2] })
    run.apply(0, A2, B1)
    run.happen({ kind: 'disk-replaced', node: 0, by: 'torn-tail', copiedAtMs: null, holds: vectorOf([A1, B1]) })
    expect(certain(run, 0)).toEqual([A1])
    expect([...run.oracle.durable.guaranteed().entries()].length).toBe(2)
  })

  it('[JR5] falls to what was there when a copy was made', () => {
    const run = new HandMadeRun(zeroFork)
    run.atMs = 1000
    run.commit(A1)
    run.atMs = 9000
    run.commit(A2)
    run.atMs = 10_000
    run.happen({ kind: 'disk-replaced', node: 0, by: 'restore', copiedAtMs: 5000, holds: vectorOf([]) })
    expect(certain(run, 0)).toEqual([A1])
    run.happen({ kind: 'disk-replaced', node: 0, by: 'restore', copiedAtMs: 500, holds: vectorOf([]) })
    expect(certain(run, 0)).toEqual([])
  })

  it('[JR5] of logs that are put back: all that these and the journal after them reach without a gap', () => {
    const run = new HandMadeRun(zeroFork)
    run.atMs = 1000
    run.commit(A1)
    run.atMs = 9000
    run.commit(A2)
    run.atMs = 10_000
    run.happen({ kind: 'disk-replaced', node: 0, by: 'logs-rollback', copiedAtMs: 500, holds: vectorOf([A2, B1]) })
    expect(certain(run, 0)).toEqual([A2])
  })

  it('[JR5] of logs that are put back: nothing that is not there, for the journal may have held it alone and have given it up since', () => {
    const run = new HandMadeRun(zeroFork)
    run.atMs = 1000
    run.commit(A1)
    run.commit(A2)
    run.apply(1, A1)
    run.commit(B1)
    run.atMs = 2000
    run.apply(0, A2, B1)
    run.atMs = 10_000
    run.happen({ kind: 'disk-replaced', node: 0, by: 'logs-rollback', copiedAtMs: 5000, holds: vectorOf([]) })
    expect(certain(run, 0)).toEqual([])
  })
})
