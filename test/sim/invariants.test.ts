/**
 * Each invariant against runs made by hand: what is right passes, and each way of being wrong is
 * found. `n1.00000001:3` is the third transaction of node 0's first log.
 */

import { describe, expect, it } from 'vitest'
import { type LogKey, SkeinError, type WriterId } from '../../base/index.ts'
import type { Status, TransactionRequest } from '../../core/index.ts'
import { newRegister } from '../../crdt/index.ts'
import { ackDurable } from '../../sim/invariants/ack-durable.ts'
import { batchAtomic } from '../../sim/invariants/batch-atomic.ts'
import { bounded } from '../../sim/invariants/bounded.ts'
import { causalApply } from '../../sim/invariants/causal-apply.ts'
import { conditionsHold } from '../../sim/invariants/conditions-hold.ts'
import { corruptNeverServed } from '../../sim/invariants/corrupt-never-served.ts'
import { dotUnique } from '../../sim/invariants/dot-unique.ts'
import { hlcBounded } from '../../sim/invariants/hlc-bounded.ts'
import { hlcMonotonic } from '../../sim/invariants/hlc-monotonic.ts'
import { mergeAci } from '../../sim/invariants/merge-aci.ts'
import { noIdentityReuse } from '../../sim/invariants/no-identity-reuse.ts'
import { noLostAck } from '../../sim/invariants/no-lost-ack.ts'
import { noResurrection } from '../../sim/invariants/no-resurrection.ts'
import { noThinAir } from '../../sim/invariants/no-thin-air.ts'
import { readsMatchModel } from '../../sim/invariants/reads-match-model.ts'
import { restartIdempotent } from '../../sim/invariants/restart-idempotent.ts'
import { retryOnce } from '../../sim/invariants/retry-once.ts'
import { sessionGuarantees } from '../../sim/invariants/session-guarantees.ts'
import { stateConvergence } from '../../sim/invariants/state-convergence.ts'
import { zeroFork } from '../../sim/invariants/zero-fork.ts'
import {
  deleteOperation,
  ifAbsent,
  ifVersion,
  scanRequest,
  setOperation,
  textValue,
  transactionRequest,
} from '../../sim/workloads/index.ts'
import { dotOf, HandMadeRun, START_WALL_MS, vectorOf } from './hand-made-run.ts'

const A1 = 'n1.00000001:1'
const A2 = 'n1.00000001:2'
const A3 = 'n1.00000001:3'
const B1 = 'n2.00000001:1'
const B2 = 'n2.00000001:2'
const C1 = 'n3.00000001:1'
/** Of node 0's second life. */
const A1_LATER = 'n1.00000002:1'
const KEY = '00' as LogKey

describe('DotUnique', () => {
  it('[CA2] takes a log that goes on', () => {
    const run = new HandMadeRun(dotUnique)
    run.commit(A1)
    run.commit(A2)
    expect(run.messages).toEqual([])
  })

  it('[ID3] finds a dot that is sealed twice', () => {
    const run = new HandMadeRun(dotUnique)
    run.commit(A1, { writes: { k: 'one' } })
    run.seal(A1, { writes: { k: 'other' } })
    expect(run.messages).toEqual([`${A1} is sealed a second time`])
  })

  it('[CA2] finds a gap', () => {
    const run = new HandMadeRun(dotUnique)
    run.seal(A2)
    expect(run.messages).toEqual([`${A2} is sealed out of line: a number before it is missing`])
  })
})

describe('NoIdentityReuse', () => {
  it('[ID3] takes a new log in a new life', () => {
    const run = new HandMadeRun(noIdentityReuse)
    run.commit(A1)
    run.start(0, 2)
    run.commit(A1_LATER)
    expect(run.messages).toEqual([])
  })

  it('[ID3] finds a log that a later life goes on with', () => {
    const run = new HandMadeRun(noIdentityReuse)
    run.commit(A1)
    run.start(0, 2)
    run.seal(A2)
    expect(run.messages[0]).toContain('life 2 of node 0 writes the log n1.00000001 of life 1')
  })

  it("[ID3] finds a log under another node's name", () => {
    const run = new HandMadeRun(noIdentityReuse)
    run.seal(A1, { node: 1 })
    expect(run.messages[0]).toContain('does not have its name')
  })
})

describe('AckDurable', () => {
  const write = transactionRequest([setOperation('k', textValue('v'))])

  it('[WR2] takes an answer to what is on the disk', () => {
    const run = new HandMadeRun(ackDurable)
    const version = run.commit(A1)
    run.ask(0, write, { kind: 'committed', version, deleted: 0, session: vectorOf([A1]) })
    expect(run.messages).toEqual([])
  })

  it('[WR2] finds an answer before the write is durable', () => {
    const run = new HandMadeRun(ackDurable)
    const version = run.seal(A1)
    run.ask(0, write, { kind: 'committed', version, deleted: 0, session: vectorOf([A1]) })
    expect(run.messages[0]).toContain(`an answer of node 0 reflects ${A1}`)
  })

  it('[WR2] finds a read of what is not durable', () => {
    const run = new HandMadeRun(ackDurable)
    run.seal(A1)
    run.read(0, 'k', run.item('k', A1), [A1])
    expect(run.messages[0]).toContain(`reflects ${A1}`)
  })

  it('[JR2] finds a commit that a peer applies before it is durable', () => {
    const run = new HandMadeRun(ackDurable)
    run.seal(A1)
    run.apply(1, A1)
    expect(run.messages[0]).toContain('still in flight')
  })

  it('[JR6] takes a commit in flight at a crash that turns out to be there', () => {
    const run = new HandMadeRun(ackDurable)
    run.seal(A1)
    run.happen({ kind: 'stopped', node: 0, cause: 'kill', failure: null })
    run.start(0, 2)
    run.apply(0, A1)
    run.apply(1, A1)
    expect(run.messages).toEqual([])
  })

  it('[WR4] finds a write concern that was not met', () => {
    const run = new HandMadeRun(ackDurable)
    const version = run.commit(A1)
    const majority = { ...write, concern: 'majority' } as const
    run.ask(0, majority, { kind: 'committed', version, deleted: 0, session: vectorOf([A1]) })
    expect(run.messages).toEqual([`${A1} is acknowledged with w=majority and is on 1 of 2 disks`])
  })

  it('[WR4] counts a disk that held it until it was wiped', () => {
    const run = new HandMadeRun(ackDurable)
    const version = run.commit(A1)
    run.apply(1, A1)
    run.happen({ kind: 'disk-replaced', node: 1, by: 'wipe', copiedAtMs: null })
    const majority = { ...write, concern: 'majority' } as const
    run.ask(0, majority, { kind: 'committed', version, deleted: 0, session: vectorOf([A1]) })
    expect(run.messages).toEqual([])
  })
})

describe('NoLostAck', () => {
  it('[WR2] takes a cluster in which every node has everything', () => {
    const run = new HandMadeRun(noLostAck)
    run.commit(A1)
    run.apply(1, A1)
    run.apply(2, A1)
    expect(run.finish()).toEqual([])
  })

  it('[WR2] finds what a node lacks at the end', () => {
    const run = new HandMadeRun(noLostAck)
    run.commit(A1)
    run.apply(1, A1)
    expect(run.finish()).toEqual([`node 2 lacks ${A1}, which is durable and on a disk that was not lost`])
  })

  it('[WR2] takes the loss of what was on a wiped disk alone', () => {
    const run = new HandMadeRun(noLostAck)
    run.commit(A1)
    run.happen({ kind: 'disk-replaced', node: 0, by: 'wipe', copiedAtMs: null })
    run.start(0, 2)
    expect(run.finish()).toEqual([])
  })

  it('[WR2] finds the loss of what another disk had as well', () => {
    const run = new HandMadeRun(noLostAck)
    run.commit(A1)
    run.apply(1, A1)
    run.happen({ kind: 'disk-replaced', node: 0, by: 'wipe', copiedAtMs: null })
    run.start(0, 2)
    run.start(1, 2)
    expect(run.finish()[0]).toContain(`node 0 lacks ${A1}`)
  })

  it('[JR5] takes the loss of what came after a copy that was put back, and finds that of what was before', () => {
    const run = new HandMadeRun(noLostAck, 1)
    run.atMs = 1000
    run.commit(A1)
    run.atMs = 5000
    run.commit(A2)
    run.happen({ kind: 'disk-replaced', node: 0, by: 'restore', copiedAtMs: 3000, holds: vectorOf([]) })
    run.start(0, 2)
    run.apply(0, A1)
    expect(run.finish()).toEqual([])
    run.start(0, 3)
    expect(run.finish()).toEqual([`node 0 lacks ${A1}, which is durable and on a disk that was not lost`])
  })

  it('[JR3] takes the loss of the last frame, with what depends on it', () => {
    const run = new HandMadeRun(noLostAck, 2)
    run.commit(A1)
    run.commit(B1, { after: [A1] })
    run.apply(0, A1, B1)
    run.happen({ kind: 'disk-replaced', node: 0, by: 'torn-tail', copiedAtMs: null, holds: vectorOf([B1]) })
    run.happen({ kind: 'disk-replaced', node: 1, by: 'wipe', copiedAtMs: null })
    run.start(0, 2)
    run.start(1, 2)
    expect(run.finish()).toEqual([])
  })

  it('[RG3] finds a register in which an acknowledged write lost to nothing better', () => {
    const run = new HandMadeRun(noLostAck, 1)
    const version = run.commit(A1)
    run.ask(0, transactionRequest([]), { kind: 'committed', version, deleted: 0, session: vectorOf([A1]) })
    run.node(0).shown.set('k', undefined)
    expect(run.finish()).toEqual([`node 0 has nothing where ${A1} wrote "k"`])
  })
})

describe('NoThinAir', () => {
  const ask = (run: HandMadeRun, value: string): void => {
    const request = transactionRequest([setOperation('k', textValue(value)), deleteOperation('d')])
    run.happen({ kind: 'invoked', call: 99, client: 0, node: 0, request })
  }

  it('[WR1] takes what was asked for', () => {
    const run = new HandMadeRun(noThinAir)
    ask(run, 'v')
    run.commit(A1, { writes: { k: 'v', d: null } })
    run.read(0, 'k', run.item('k', A1), [A1])
    expect(run.messages).toEqual([])
  })

  it.each([
    ['another value', { k: 'w' }, 'a value of "k"'],
    ['a deletion', { k: null }, 'a deletion of "k"'],
  ])('[WR1] finds %s than was asked for', (_, writes, message) => {
    const run = new HandMadeRun(noThinAir)
    ask(run, 'v')
    run.seal(A1, { writes })
    expect(run.messages).toEqual([`${A1} has ${message} that no client asked for`])
  })

  it('[CA2] finds a transaction that is applied and was never sealed', () => {
    const run = new HandMadeRun(noThinAir)
    run.apply(1, A1)
    expect(run.messages).toEqual([`node 1 applies ${A1}, which nobody sealed`])
  })

  it('[RG1] finds a read of a key at a version that did not write it', () => {
    const run = new HandMadeRun(noThinAir)
    ask(run, 'v')
    run.commit(A1, { writes: { k: 'v' } })
    run.read(0, 'x', { ...run.item('k', A1), key: deleteOperation('x').key }, [A1])
    expect(run.messages).toEqual([`${A1} is read at "x", where it wrote nothing`])
  })
})

describe('BatchAtomic', () => {
  const request = transactionRequest([setOperation('a', textValue('1')), setOperation('b', textValue('2'))])
  const writes = { a: '1', b: '2' }

  it('[WR3] takes a batch that is whole', () => {
    const run = new HandMadeRun(batchAtomic)
    const version = run.commit(A1, { writes })
    run.apply(1, A1)
    run.ask(0, request, { kind: 'committed', version, deleted: 0, session: vectorOf([A1]) })
    expect(run.messages).toEqual([])
  })

  it('[WR3] finds a batch of which a part is applied', () => {
    const run = new HandMadeRun(batchAtomic)
    run.commit(A1, { writes })
    run.node(1).shown.set('b', undefined)
    run.apply(1, A1)
    expect(run.messages).toEqual([`node 1 applied the batch ${A1} without its write to "b"`])
  })

  it('[WR3] finds a batch of which a part was sealed', () => {
    const run = new HandMadeRun(batchAtomic)
    const version = run.commit(A1, { writes: { a: '1' } })
    run.ask(0, request, { kind: 'committed', version, deleted: 0, session: vectorOf([A1]) })
    expect(run.messages).toEqual([`${A1} is acknowledged without its write to "b"`])
  })

  it('[WR3] finds a write that is answered as if there had been nothing to do', () => {
    const run = new HandMadeRun(batchAtomic)
    run.ask(0, request, { kind: 'committed', version: null, deleted: 0, session: vectorOf([]) })
    expect(run.messages[0]).toContain('nothing to write')
  })
})

describe('RestartIdempotent', () => {
  it('[JR5] takes a node that has all of its disk again', () => {
    const run = new HandMadeRun(restartIdempotent)
    run.commit(A1)
    run.start(0, 2)
    run.recover(0, A1)
    expect(run.messages).toEqual([])
  })

  it('[JR5] finds what a restart forgot', () => {
    const run = new HandMadeRun(restartIdempotent)
    run.commit(A1)
    run.commit(A2)
    run.start(0, 2)
    run.recover(0, A1)
    expect(run.messages).toEqual([`node 0 had applied ${A2} and knows 1 of that log after its restart`])
  })

  it.each(['n2.00000001', 'n2.00000002'])(
    '[HL3] takes it that an entry too far ahead is held back again, in its log or in one that carries it (%s)',
    (writer) => {
      const run = new HandMadeRun(restartIdempotent)
      run.commit(B1)
      run.apply(0, B1)
      run.start(0, 2)
      run.node(0).logs = [{ writer: writer as WriterId, state: 'skewed' }] as unknown as Status['logs']
      run.recover(0)
      expect(run.messages).toEqual([])
    },
  )

  it('[RG3] finds a register that is another one after a restart', () => {
    const run = new HandMadeRun(restartIdempotent)
    run.commit(A1)
    run.commit(A2)
    run.start(0, 2)
    const { version } = run.item('k', A1)
    run.node(0).shown.set('k', newRegister(version))
    run.recover(0, A2)
    expect(run.messages).toEqual([`node 0 has ${A1} at "k", and of all that it knows ${A2} wins`])
  })
})

describe('StateConvergence', () => {
  it('[CA5] takes equal digests at equal frontiers, in any order and life', () => {
    const run = new HandMadeRun(stateConvergence)
    run.commit(A1)
    run.commit(B1)
    for (const node of run.nodes) node.digest = 'aa'
    run.apply(0, A1, B1)
    run.apply(1, B1, A1)
    run.start(0, 2)
    run.apply(0, B1, A1)
    expect(run.messages).toEqual([])
  })

  it('[CA5] finds another digest at an equal frontier', () => {
    const run = new HandMadeRun(stateConvergence)
    run.commit(A1)
    run.node(1).digest = 'bb'
    run.apply(1, A1)
    expect(run.messages[0]).toContain('node 1 has the digest bb at a frontier at which node 0 had 0000')
  })

  it('[CA5] finds other digests at the end', () => {
    const run = new HandMadeRun(stateConvergence)
    run.node(2).digest = 'cc'
    expect(run.finish()[0]).toContain('node 2 has the digest cc')
  })
})

describe('CausalApply', () => {
  it('[CA3] takes an entry after what it depends on', () => {
    const run = new HandMadeRun(causalApply)
    run.commit(A1)
    run.apply(1, A1)
    run.commit(B1, { after: [A1] })
    run.apply(2, A1)
    run.apply(2, A1, B1)
    expect(run.messages).toEqual([])
  })

  it('[CA3] finds an entry before what it depends on', () => {
    const run = new HandMadeRun(causalApply)
    run.commit(A1)
    run.apply(1, A1)
    run.commit(B1, { after: [A1] })
    run.apply(2, B1)
    expect(run.messages).toEqual([`node 2 applies ${B1} before what it depends on`])
  })

  it('[CA1] finds an entry that depends on what its node has not applied', () => {
    const run = new HandMadeRun(causalApply)
    run.commit(A1)
    run.seal(B1, { after: [A1] })
    expect(run.messages).toEqual([`${B1} depends on what node 1 has not applied`])
  })

  it('[CA2] finds a frontier that goes back', () => {
    const run = new HandMadeRun(causalApply)
    run.commit(A1)
    run.commit(A2)
    run.apply(0, A1)
    expect(run.messages).toEqual([`node 0 went back to ${A1} without a restart`])
  })
})

describe('HlcMonotonic', () => {
  it('[HL1] takes timestamps that rise', () => {
    const run = new HandMadeRun(hlcMonotonic)
    run.commit(A1, { timestamp: 5 })
    run.apply(1, A1)
    run.commit(B1, { timestamp: 6, after: [A1] })
    expect(run.messages).toEqual([])
  })

  it('[HL2] finds a timestamp below one that was applied', () => {
    const run = new HandMadeRun(hlcMonotonic)
    run.commit(A1, { timestamp: 5 })
    run.apply(1, A1)
    run.seal(B1, { timestamp: 5, after: [A1] })
    expect(run.messages).toEqual([`${B1} has the timestamp 5, and node 1 had seen 5 before`])
  })

  it('[HL1] finds a clock that went back over a restart', () => {
    const run = new HandMadeRun(hlcMonotonic)
    run.commit(A1, { timestamp: 9 })
    run.start(0, 2)
    run.seal(A1_LATER, { timestamp: 8 })
    expect(run.messages[0]).toContain('had seen 9 before')
  })

  it('[HL1] takes it where the disk was wiped', () => {
    const run = new HandMadeRun(hlcMonotonic)
    run.commit(A1, { timestamp: 9 })
    run.happen({ kind: 'disk-replaced', node: 0, by: 'wipe', copiedAtMs: null })
    run.start(0, 2)
    run.seal(A1_LATER, { timestamp: 8 })
    expect(run.messages).toEqual([])
  })
})

describe('HlcBounded', () => {
  /** A timestamp so many ms after the start of the run. */
  const stamp = (ms: number): number => (START_WALL_MS - Date.UTC(2020, 0, 1) + ms) * 4096

  it('[HL3] takes stamps of real clocks', () => {
    const run = new HandMadeRun(hlcBounded)
    run.node(0).wallMs = START_WALL_MS + 500
    run.commit(A1, { timestamp: stamp(500) })
    expect(run.messages).toEqual([])
  })

  it('[HL3] finds a stamp that no clock ever had', () => {
    const run = new HandMadeRun(hlcBounded)
    run.seal(A1, { timestamp: stamp(20_000) })
    expect(run.messages).toEqual(['node 0 stamps 20000 ms later than any clock by which it may go'])
  })

  it('[HL1] finds a stamp that is 10 s ahead of its own clock, though another clock is further', () => {
    const run = new HandMadeRun(hlcBounded)
    run.node(1).wallMs += 30_000
    run.seal(A1, { timestamp: stamp(10_000) })
    expect(run.messages).toEqual(['node 0 stamps 10000 ms later than any clock by which it may go'])
  })

  it('[HL2] takes a stamp that follows what was applied, however far ahead', () => {
    const run = new HandMadeRun(hlcBounded)
    run.node(1).wallMs += 30_000
    run.commit(B1, { timestamp: stamp(30_000) })
    run.apply(0, B1)
    run.seal(A1, { timestamp: stamp(30_000) + 1 })
    expect(run.messages).toEqual([])
  })

  it('[HL3] takes the stamp of a node that is far behind and goes by the others', () => {
    const run = new HandMadeRun(hlcBounded)
    run.node(0).wallMs -= 90_000
    run.happen({ kind: 'phase', phase: 'safety' })
    run.seal(A1, { timestamp: stamp(2000) })
    expect(run.messages).toEqual([])
  })

  it('[HL3] finds a node that is far ahead of the clocks that it hears and takes writes', () => {
    const run = new HandMadeRun(hlcBounded)
    const peers = ['n2', 'n3'].map((node) => ({ node, state: 'alive', clockSkewMs: -90_000 }))
    run.node(0).peers = peers as unknown as Status['peers']
    run.node(0).wallMs += 90_000
    for (let sequence = 1; sequence <= 30; sequence++) {
      run.atMs = sequence * 500
      run.commit(`n1.00000001:${sequence}`, { timestamp: stamp(90_000 + sequence) })
    }
    expect(run.messages[0]).toContain('node 0 takes writes')
  })
})

describe('ZeroFork and CorruptNeverServed', () => {
  const failed = (kind: 'forked' | 'corrupt') =>
    ({ kind: 'log-failed', node: 1, writer: 'n1.00000001' as WriterId, failure: { kind, reason: 'block 2' } }) as const

  it('[LG2] finds a fork', () => {
    const run = new HandMadeRun(zeroFork)
    run.happen(failed('corrupt'))
    expect(run.messages).toEqual([])
    run.happen(failed('forked'))
    expect(run.messages).toEqual(['the log n1.00000001 forked, seen by node 1: block 2'])
  })

  it('[LG4] finds a corrupt log', () => {
    const run = new HandMadeRun(corruptNeverServed)
    run.happen(failed('corrupt'))
    expect(run.messages).toEqual(['node 1 finds the log n1.00000001 corrupt: block 2'])
  })

  it('[LG4] finds a value that is not the one that was written', () => {
    const run = new HandMadeRun(corruptNeverServed)
    run.commit(A1)
    run.read(0, 'k', run.item('k', A1), [A1])
    expect(run.messages).toEqual([])
    run.read(0, 'k', { ...run.item('k', A1), value: textValue('other') }, [A1])
    expect(run.messages).toEqual([`node 0 gives another value for ${A1} than was written`])
  })
})

describe('MergeACI and NoResurrection', () => {
  it('[RG4] takes the same winner whatever comes first', () => {
    const run = new HandMadeRun(mergeAci)
    run.commit(A1)
    run.commit(B1)
    run.apply(2, B1)
    run.apply(2, B1, A1)
    run.apply(0, A1, B1)
    run.apply(1, A1, B1)
    expect(run.finish()).toEqual([])
  })

  it('[RG3] finds a loser that was kept', () => {
    const run = new HandMadeRun(mergeAci)
    run.commit(A1, { timestamp: 5 })
    run.commit(B1, { timestamp: 6 })
    run.node(2).shown.set('k', newRegister(run.item('k', A1).version))
    run.apply(2, A1, B1)
    expect(run.messages).toEqual([`node 2 has ${A1} at "k", and of all that it knows ${B1} wins`])
  })

  it('[RG3] finds a value that comes back over a deletion', () => {
    const run = new HandMadeRun(noResurrection)
    run.commit(A1, { timestamp: 5 })
    run.commit(B1, { timestamp: 6, writes: { k: null } })
    run.apply(2, B1)
    run.node(2).shown.set('k', newRegister(run.item('k', A1).version))
    run.apply(2, B1, A1)
    expect(run.messages).toEqual([`node 2 brings "k" back as ${A1}, which ${B1} deleted`])
  })

  it('[RG3] takes a value that was written over a deletion', () => {
    const run = new HandMadeRun(noResurrection)
    run.commit(A1, { timestamp: 5, writes: { k: null } })
    run.commit(A2, { timestamp: 6 })
    run.commit(B1, { timestamp: 4 })
    run.apply(2, A1)
    run.apply(2, A2, B1)
    expect(run.messages).toEqual([])
  })
})

describe('SessionGuarantees', () => {
  it('[SS1] takes an answer that covers its session', () => {
    const run = new HandMadeRun(sessionGuarantees)
    run.commit(A1)
    run.read(0, 'k', run.item('k', A1), [A1], [A1])
    expect(run.messages).toEqual([])
  })

  it('[SS1] finds an answer that is older than its session', () => {
    const run = new HandMadeRun(sessionGuarantees)
    run.commit(A1)
    run.read(1, 'k', null, [], [A1])
    expect(run.messages).toEqual([`node 1 answers without ${A1}, which the session had seen`])
  })

  it('[SS1] finds a write that is not in its own session', () => {
    const run = new HandMadeRun(sessionGuarantees)
    const version = run.commit(A1)
    run.ask(0, transactionRequest([]), { kind: 'committed', version, deleted: 0, session: vectorOf([]) })
    expect(run.messages[0]).toContain('not in the session of its own answer')
  })
})

describe('ReadsMatchModel', () => {
  it('[RG3] takes the winner of the session, which need not be the latest of all', () => {
    const run = new HandMadeRun(readsMatchModel)
    run.commit(A1)
    run.commit(A2)
    run.commit(B1)
    run.read(0, 'k', run.item('k', A2), [A2])
    run.read(0, 'k', run.item('k', B1), [A2, B1])
    run.read(2, 'k', null, [])
    expect(run.messages).toEqual([])
  })

  it.each([
    ['nothing where something was written', null, [A1], `nothing is read at "k", and at the session of that answer ${A1} wins`],
    ['what the session does not have', A2, [A1], `${A2} is read at "k", and at the session of that answer ${A1} wins`],
    ['a loser', A1, [A1, B1], `${A1} is read at "k", and at the session of that answer ${B1} wins`],
  ])('[WR2] finds a read of %s', (_, found, session, message) => {
    const run = new HandMadeRun(readsMatchModel)
    run.commit(A1)
    run.commit(A2)
    run.commit(B1)
    run.read(0, 'k', found === null ? null : run.item('k', found), session)
    expect(run.messages).toEqual([message])
  })

  it('[RG6] knows when a version with a deadline is gone', () => {
    const run = new HandMadeRun(readsMatchModel)
    run.commit(A1, { deadlineMs: START_WALL_MS + 100 })
    const item = run.item('k', A1)
    run.read(0, 'k', item, [A1])
    run.node(0).wallMs += 100
    run.read(0, 'k', null, [A1])
    expect(run.messages).toEqual([])
    run.read(0, 'k', item, [A1])
    expect(run.messages).toHaveLength(1)
  })

  it('[WR3] holds a page against all keys of its range', () => {
    const run = new HandMadeRun(readsMatchModel)
    run.commit(A1, { writes: { 'p/1': 'x', 'p/2': 'y', 'q/1': 'z', 'p/3': null } })
    const page = (keys: readonly string[], next: string | null = null, limit = 10) => {
      const items = keys.map((key) => run.item(key, A1))
      const end = next === null ? null : deleteOperation(next).key
      run.ask(0, scanRequest('p/', limit), { kind: 'page', items, next: end, session: vectorOf([A1]) })
    }
    page(['p/1', 'p/2'])
    page(['p/1'], 'p/2', 1)
    expect(run.messages).toEqual([])
    page(['p/1'])
    page(['p/1', 'p/2', 'q/1'])
    expect(run.messages).toEqual([
      `nothing is read at "p/2", and at the session of that answer ${A1} wins`,
      'a page has "q/1", which is not in its range',
    ])
  })
})

describe('ConditionsHold', () => {
  const over = (text: string): TransactionRequest =>
    transactionRequest([setOperation('k', textValue('v'))], { conditions: [ifVersion('k', dotOf(text))] })

  it('[RG5] takes a write over the version that was there', () => {
    const run = new HandMadeRun(conditionsHold)
    run.commit(A1)
    run.ask(0, over(A1), { kind: 'committed', version: run.commit(A2), deleted: 0, session: vectorOf([A2]) })
    expect(run.messages).toEqual([])
  })

  it('[RG5] finds two writes over one version', () => {
    const run = new HandMadeRun(conditionsHold)
    run.commit(A1)
    run.commit(A2)
    run.ask(0, over(A1), { kind: 'committed', version: run.commit(A3), deleted: 0, session: vectorOf([A3]) })
    expect(run.messages).toEqual([`${A3} wanted "k" to be ${A1}, and it was ${A2}`])
  })

  it('[RG5] finds a write of a key that had to be absent', () => {
    const run = new HandMadeRun(conditionsHold)
    run.commit(A1)
    const request = transactionRequest([setOperation('k', textValue('v'))], { conditions: [ifAbsent('k')] })
    run.ask(0, request, { kind: 'committed', version: run.commit(A2), deleted: 0, session: vectorOf([A2]) })
    expect(run.messages).toEqual([`${A2} wanted "k" to be absent, and it was ${A1}`])
  })

  it.each`
    condition                    | current | messages
    ${ifVersion('k', dotOf(A1))} | ${A1}   | ${[`a condition is refused that holds by the answer's own words: "k" to be ${A1}`]}
    ${ifVersion('k', dotOf(A1))} | ${null} | ${[`a refusal says that "k" is null, and all the time it was ${A1}`]}
    ${ifVersion('k', dotOf(B1))} | ${A1}   | ${[]}
    ${ifVersion('k', dotOf(B1))} | ${B2}   | ${[`a refusal says that "k" is ${B2}, and all the time it was ${A1}`]}
    ${ifAbsent('k')}             | ${A1}   | ${[]}
    ${ifAbsent('nothing')}       | ${A1}   | ${[`a refusal says that "nothing" is ${A1}, and all the time it was absent`]}
  `('[RG5] of a refusal that says $current where $condition.kind was asked for: $messages', ({ condition, current, messages }) => {
    const run = new HandMadeRun(conditionsHold)
    run.commit(A1)
    const error = new SkeinError('CONFLICT', 'no', { details: { current } })
    run.ask(0, transactionRequest([setOperation('k', textValue('v'))], { conditions: [condition] }), { kind: 'failed', error })
    expect(run.messages).toEqual(messages)
  })

  it('[RG5] finds a refusal of several conditions that all held', () => {
    const run = new HandMadeRun(conditionsHold)
    run.commit(A1)
    const error = new SkeinError('CONFLICT', 'no', { details: { current: null } })
    const conditions = [ifVersion('k', dotOf(A1)), ifAbsent('j')]
    run.ask(0, transactionRequest([setOperation('k', textValue('v'))], { conditions }), { kind: 'failed', error })
    expect(run.messages).toEqual([`conditions are refused that held all the time: "k" to be ${A1}, "j" to be absent`])
  })

  it('[RG5] takes a refusal where the key was written meanwhile', () => {
    const run = new HandMadeRun(conditionsHold)
    run.commit(A1)
    const request = transactionRequest([setOperation('k', textValue('v'))], { conditions: [ifVersion('k', dotOf(A1))] })
    run.happen({ kind: 'invoked', call: 900, client: 0, node: 0, request })
    run.seal(A2)
    const error = new SkeinError('CONFLICT', 'no', { details: { current: A2 } })
    run.happen({ kind: 'answered', call: 900, client: 0, node: 0, reply: { kind: 'failed', error } })
    expect(run.messages).toEqual([])
  })
})

describe('RetryOnce', () => {
  it('[WR4] takes a second execution where the first is not known', () => {
    const run = new HandMadeRun(retryOnce)
    run.commit(A1, { idempotencyKey: 'i' })
    run.commit(B1, { idempotencyKey: 'i' })
    expect(run.messages).toEqual([])
  })

  it('[WR4] finds a second execution where the first is applied', () => {
    const run = new HandMadeRun(retryOnce)
    run.commit(A1, { idempotencyKey: 'i' })
    run.apply(1, A1)
    run.seal(B1, { idempotencyKey: 'i', after: [A1] })
    expect(run.messages).toEqual([`${B1} executes again what node 1 had applied as ${A1}`])
  })
})

describe('Bounded', () => {
  it('[WR1] finds a node that holds more requests than it may', () => {
    const run = new HandMadeRun(bounded)
    run.node(1).heldRequests = 32
    run.read(0, 'k', null, [])
    expect(run.messages).toEqual([])
    run.node(1).heldRequests = 33
    run.happen({ kind: 'invoked', call: 900, client: 0, node: 0, request: { kind: 'status' } })
    expect(run.messages).toEqual(['node 1 holds 33 requests, at most 32 are allowed'])
  })

  it('[RG3] finds a conflict record that is too long', () => {
    const run = new HandMadeRun(bounded)
    run.commit(A1)
    const { version } = run.item('k', A1)
    const conflict = { winner: version, loser: version, rule: 'timestamp' } as const
    run.node(0).shown.set('k', { winner: version, conflicts: new Array(17).fill(conflict) })
    run.commit(A2)
    expect(run.messages).toEqual(['node 0 keeps 17 conflicts of "k"'])
  })

  it('[CA3] finds a log that holds more than one read of it', () => {
    const run = new HandMadeRun(bounded)
    run.node(2).logs = [{ writer: 'n1.00000001', waiting: 1_000_000 }] as unknown as Status['logs']
    run.atMs = 10_000
    run.seal(A1)
    expect(run.messages[0]).toContain('node 2 holds 1000000 waiting entries')
  })

  it('[JR1] says nothing of other events', () => {
    const run = new HandMadeRun(bounded)
    const content = { kind: 'blocks', log: KEY, writer: 'n1.00000001' as WriterId, from: 0, count: 1 } as const
    run.happen({ kind: 'sent', id: 1, from: 0, to: 1, content })
    run.ask(0, transactionRequest([]), { kind: 'failed', error: new SkeinError('UNAVAILABLE', 'down') })
    run.commit(B1)
    run.commit(B2)
    run.commit(C1)
    expect(run.messages).toEqual([])
  })
})
