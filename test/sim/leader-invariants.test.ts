/**
 * The invariants of leader mode against runs made by hand: what is right passes, and each way of being
 * wrong is found. The three nodes vote with the directories `d1`, `d2`, `d3`.
 */

import { describe, expect, it } from 'vitest'
import { type DirectoryId, type Epoch, type NodeName, Prng, present, type Timestamp, type WriterId } from '../../base/index.ts'
import type { ChainBlock, ChainEnd, Entry } from '../../core/index.ts'
import { type BlockHash, DEFAULT_GROUP } from '../../core/index.ts'
import { NO_PROMISE } from '../../core/leader-mode/durable-promise.ts'
import { encodeLeaderMessage, type LeaderMessage } from '../../core/leader-mode/message.ts'
import { Dependencies, VersionVector } from '../../crdt/index.ts'
import { applyCommitted } from '../../sim/invariants/apply-committed.ts'
import { chainPrefix } from '../../sim/invariants/chain-prefix.ts'
import { commitHeld } from '../../sim/invariants/commit-held.ts'
import { committedKept } from '../../sim/invariants/committed-kept.ts'
import { deadlinesTold } from '../../sim/invariants/deadlines-told.ts'
import { electionSafety } from '../../sim/invariants/election-safety.ts'
import { endKept } from '../../sim/invariants/end-kept.ts'
import { headerAdopts } from '../../sim/invariants/header-adopts.ts'
import { oneChange } from '../../sim/invariants/one-change.ts'
import { promiseKept } from '../../sim/invariants/promise-kept.ts'
import { readIndexSafe } from '../../sim/invariants/read-index-safe.ts'
import { readsMatchModel } from '../../sim/invariants/reads-match-model.ts'
import { removedRefused } from '../../sim/invariants/removed-refused.ts'
import type { Standing } from '../../sim/trace.ts'
import { getRequest, setOperation, textValue, transactionRequest } from '../../sim/workloads/index.ts'
import { RegistersWorkload } from '../../sim/workloads/registers.ts'
import { HandMadeRun, START_WALL_MS, vectorOf } from './hand-made-run.ts'

const HASH = '0000000000000001' as BlockHash
const DIRECTORIES = ['d1', 'd2', 'd3'] as readonly string[] as readonly DirectoryId[]
const VOTERS = DIRECTORIES.map((directory, index) => ({ node: `n${index + 1}` as NodeName, directory }))
const L2 = 'n1.00000002' as WriterId
const L4 = 'n2.00000004' as WriterId
const M1 = 'n1.00000001:1'

/** A run in which leaders' logs are sealed and nodes say where they stand. */
class LedRun extends HandMadeRun {
  readonly #lengths = new Map<WriterId, number>()

  header(
    writer: WriterId,
    epoch: number,
    follows: readonly [WriterId, number, number] | null = null,
    more: { asked?: number; adopts?: string[]; expiredMs?: number } = {},
  ): number {
    const [below, belowEpoch, length] = follows ?? [L2, 0, 0]
    const end: ChainEnd | null = follows === null ? null : { writer: below, epoch: belowEpoch as Epoch, length, hash: HASH }
    const asked = more.asked === undefined ? null : (more.asked as Epoch)
    const leadership = { voters: VOTERS, asked, adopts: vectorOf(more.adopts ?? []), expiredMs: more.expiredMs ?? 0 }
    const header = {
      group: DEFAULT_GROUP,
      writer,
      directory: DIRECTORIES[0] as DirectoryId,
      epoch: epoch as Epoch,
      continues: null,
      chain: { follows: end, leadership },
    }
    return this.block(writer, { kind: 'header', header })
  }

  block(writer: WriterId, block: ChainBlock): number {
    const index = this.#lengths.get(writer) ?? 0
    this.#lengths.set(writer, index + 1)
    return this.happen({ kind: 'chain-sealed', node: nodeOf(writer), writer, index, hash: HASH, block })
  }

  /** An entry of one transaction, sealed and durable at its leader. */
  entry(writer: WriterId, epoch: number, sequence: number, idempotencyKey: string | null = null, deadlineMs: number | null = null): void {
    const dot = { writer, sequence }
    const dependencies = Dependencies.none()
    const version = {
      dot,
      epoch: epoch as Epoch,
      timestamp: (5000 + sequence) as Timestamp,
      value: textValue('v'),
      deadlineMs,
      dependencies,
    }
    const transactions = [{ sequence, idempotencyKey, changes: [{ key: 'k' as never, version }] }]
    const entry: Entry = { writer, epoch: epoch as Epoch, dependencies, transactions, reportWanted: false }
    this.happen({ kind: 'sealed', node: nodeOf(writer), entry })
    this.block(writer, { kind: 'entry', entry })
    this.persist(nodeOf(writer))
  }

  stand(node: number, epoch: number, committed: readonly [WriterId, number] | null, more: Partial<Standing> = {}): void {
    const place = committed === null ? null : { writer: committed[0], epoch: Number(committed[0].slice(-1)) as Epoch, length: committed[1] }
    const position = place ?? { epoch: 0 as const, length: 0 }
    const standing = {
      epoch: epoch as Epoch,
      role: 'follower' as const,
      promised: epoch as Epoch,
      position,
      committed: place,
      applied: place,
      ...more,
    }
    this.happen({ kind: 'chain', node, standing })
  }

  say(from: number, to: number, message: LeaderMessage): void {
    this.happen({ kind: 'sent', id: 0, from, to, content: { kind: 'message', bytes: encodeLeaderMessage(message) } })
  }

  /** So many blocks of a log are on a node's disk. */
  hold(node: number, writer: WriterId, length: number): void {
    this.node(node).lengths.set(writer, length)
  }
}

function nodeOf(writer: WriterId): number {
  return Number(writer.charAt(1)) - 1
}

function directed(run: LedRun): LedRun {
  for (const node of run.nodes) node.directory = DIRECTORIES[node.index] as DirectoryId
  return run
}

const granted = (epoch: number, dots: readonly string[] = []): LeaderMessage => ({
  kind: 'ballot',
  isTrial: false,
  epoch: epoch as Epoch,
  granted: vectorOf(dots),
  promised: epoch as Epoch,
})
const acknowledged = (epoch: number, writer: WriterId, length: number, round: number): LeaderMessage => ({
  kind: 'acknowledge',
  epoch: epoch as Epoch,
  writer,
  length,
  hash: HASH,
  round,
})
const lead = (epoch: number, writer: WriterId, round: number): LeaderMessage => ({
  kind: 'lead',
  epoch: epoch as Epoch,
  writer,
  asked: null,
  committed: null,
  round,
})
const promise = (promised: number, more: Partial<typeof NO_PROMISE> = {}): typeof NO_PROMISE => ({
  ...NO_PROMISE,
  promised: promised as Epoch,
  ...more,
})

describe('ElectionSafety', () => {
  it('[LM1] takes one leader an epoch, and finds a second one', () => {
    const run = new LedRun(electionSafety)
    run.header(L2, 2)
    run.header(L4, 4, [L2, 2, 1])
    expect(run.messages).toEqual([])
    run.header('n3.00000003' as WriterId, 4, [L2, 2, 1])
    expect(run.messages).toEqual(['node 2 leads epoch 4, and so does node 1'])
  })
})

describe('CommitHeld', () => {
  it('[LM5] takes what a majority holds', () => {
    const run = directed(new LedRun(commitHeld))
    run.header(L2, 2)
    run.persist(0)
    run.hold(1, L2, 1)
    run.stand(0, 2, [L2, 1])
    expect(run.messages).toEqual([])
  })

  it('[LM5] finds a commit that the leader alone holds', () => {
    const run = directed(new LedRun(commitHeld))
    run.header(L2, 2)
    run.persist(0)
    run.stand(0, 2, [L2, 1])
    expect(run.messages).toEqual([`1 of ${L2} is taken for committed, and 1 of 2 voters hold it: n2 has 0 of ${L2}, n3 has 0 of ${L2}`])
  })

  it('[LM1] finds one that a follower holds without the chain below', () => {
    const run = directed(new LedRun(commitHeld))
    run.header(L2, 2)
    run.persist(0)
    run.header(L4, 4, [L2, 2, 1])
    run.persist(1)
    run.hold(1, L2, 1)
    run.hold(2, L4, 1)
    run.stand(1, 4, [L4, 1])
    expect(run.messages).toEqual([`1 of ${L4} is taken for committed, and 1 of 2 voters hold it: n1 has 0 of ${L4}, n3 has 0 of ${L2}`])
  })

  it('[MB1] counts no other directory than the one that is bound', () => {
    const run = directed(new LedRun(commitHeld))
    run.header(L2, 2)
    run.persist(0)
    run.hold(1, L2, 1)
    run.node(1).directory = 'e2' as DirectoryId
    run.stand(0, 2, [L2, 1])
    expect(run.messages).toHaveLength(1)
  })
})

describe('ChainPrefix', () => {
  it('[LM6] finds two branches that are both taken for committed', () => {
    const run = new LedRun(chainPrefix)
    run.header(L2, 2)
    run.header(L4, 4)
    run.stand(1, 4, [L4, 1])
    run.stand(0, 2, [L2, 1])
    expect(run.messages).toContain(`node 0 takes 1 of ${L2} (epoch 2) for committed, and 1 of ${L4} (epoch 4) is, on another branch`)
  })

  it('[LM5] finds a leader without what is committed', () => {
    const run = new LedRun(chainPrefix)
    run.header(L2, 2)
    run.entry(L2, 2, 1)
    run.stand(0, 2, [L2, 2])
    run.header(L4, 4, [L2, 2, 1])
    expect(run.messages).toEqual([`node 1 leads epoch 4 without 2 of ${L2} (epoch 2), which is committed`])
  })

  it('[LM5] finds a node that takes less for committed than before', () => {
    const run = new LedRun(chainPrefix)
    run.header(L2, 2)
    run.entry(L2, 2, 1)
    run.stand(0, 2, [L2, 2])
    run.stand(0, 2, [L2, 1])
    expect(run.messages).toEqual([`node 0 takes 1 of ${L2} (epoch 2) for committed, and had taken 2 of ${L2} (epoch 2)`])
  })
})

describe('ApplyCommitted', () => {
  it('[LM6] takes what is known to be committed, and finds what is not', () => {
    const run = new LedRun(applyCommitted)
    run.header(L2, 2)
    run.entry(L2, 2, 1)
    run.entry(L2, 2, 2)
    run.stand(1, 2, [L2, 2])
    run.apply(1, `${L2}:1`)
    expect(run.messages).toEqual([])
    run.apply(1, `${L2}:2`)
    expect(run.messages).toEqual([`node 1 applies ${L2}:2, and it knows 2 of ${L2} to be committed`])
  })

  it('[LM6] finds a suffix that is applied though a later header leaves it out', () => {
    const run = new LedRun(applyCommitted)
    run.header(L2, 2)
    run.entry(L2, 2, 1)
    run.header(L4, 4, [L2, 2, 1])
    run.stand(1, 4, [L4, 1])
    run.apply(1, `${L2}:1`)
    expect(run.messages).toEqual([`node 1 applies ${L2}:1, and it knows 1 of ${L4} to be committed`])
  })

  it('[LM8] finds a leader that applies what its chain does not have', () => {
    const run = new LedRun(applyCommitted)
    run.seal(M1)
    run.header(L4, 4)
    run.stand(1, 4, [L4, 1], { role: 'leader' })
    run.apply(1, M1)
    expect(run.messages).toEqual([`node 1 leads and applies ${M1}, which the chain does not have`])
  })
})

describe('PromiseKept', () => {
  const voted = promise(4, { elected: 'n2' as NodeName })

  it('[LM1] finds a vote that the journal does not have', () => {
    const run = directed(new LedRun(promiseKept))
    run.say(0, 1, granted(4))
    expect(run.messages).toEqual(['node 0 votes in epoch 4, and its journal has 1'])
  })

  it('[LM1] finds a second vote in an epoch', () => {
    const run = directed(new LedRun(promiseKept))
    run.node(0).promise = voted
    run.say(0, 1, granted(4))
    expect(run.messages).toEqual([])
    run.say(0, 2, granted(4))
    expect(run.messages).toEqual(['node 0 votes for n3 in epoch 4, and did for n2'])
  })

  it('[LM1] finds a vote for who holds less', () => {
    const run = directed(new LedRun(promiseKept))
    run.say(1, 0, {
      kind: 'canvass',
      isTrial: true,
      isHandOver: false,
      isErrand: false,
      epoch: 4 as Epoch,
      promised: 1 as Epoch,
      asked: null,
      position: { epoch: 2 as Epoch, length: 1 },
    })
    run.node(0).promise = { ...voted, position: { epoch: 2 as Epoch, length: 3 } }
    run.say(0, 1, granted(4))
    expect(run.messages).toEqual(['node 0 holds 3 of epoch 2 and votes for node 1 in epoch 4, which holds 1 of epoch 2'])
  })

  it.each([
    ['before it promised', 3, ['node 0 holds 3 of epoch 2 and votes for node 1 in epoch 4, which holds 1 of epoch 2']],
    ['between its promise and the leaving of the vote', 1, []],
  ])('[LM1] what a voter came to hold %s is looked at', (_, heldThen, messages) => {
    const run = directed(new LedRun(promiseKept))
    const canvass = { kind: 'canvass', isTrial: true, isHandOver: false, isErrand: false, epoch: 4 as Epoch } as const
    run.say(1, 0, { ...canvass, promised: 1 as Epoch, asked: null, position: { epoch: 2 as Epoch, length: 1 } })
    run.stand(0, 2, null, { promised: 2 as Epoch, position: { epoch: 2 as Epoch, length: 1 } })
    run.stand(0, 2, null, { promised: 4 as Epoch, position: { epoch: 2 as Epoch, length: heldThen } })
    run.node(0).promise = { ...voted, position: { epoch: 2 as Epoch, length: 3 } }
    run.say(0, 1, granted(4))
    expect(run.messages).toEqual(messages)
  })

  it('[LM4] finds an acknowledgement of an epoch below the promise, and one whose position is not durable', () => {
    const run = directed(new LedRun(promiseKept))
    run.node(0).promise = voted
    run.say(0, 1, granted(4))
    run.say(0, 2, acknowledged(2, L2, 0, 1))
    expect(run.messages).toEqual(['node 0 acknowledges epoch 2, and had promised 4'])
    run.say(0, 1, acknowledged(4, L4, 2, 1))
    expect(run.messages.at(-1)).toBe('node 0 acknowledges 2 of epoch 4, and its journal has 0 of epoch 0')
  })

  it('[EP4] finds a promise that is forgotten over a restart', () => {
    const run = directed(new LedRun(promiseKept))
    run.node(0).promise = voted
    run.say(0, 1, granted(4))
    run.start(0, 2)
    run.stand(0, 2, null)
    expect(run.messages).toEqual(['node 0 starts with the promise 2, and had told of 4'])
  })
})

describe('HeaderAdopts', () => {
  it('[LM3] takes a header that adopts what a majority stated, and finds one that does not', () => {
    const run = new LedRun(headerAdopts)
    run.seal(M1)
    run.say(0, 1, granted(4, [M1]))
    run.header(L4, 4, null, { adopts: [M1] })
    expect(run.messages).toEqual([])
    run.say(0, 2, granted(6, [M1]))
    run.header('n3.00000006' as WriterId, 6)
    expect(run.messages).toEqual(['the chain with the header of epoch 6 has all of 1 of the 2 that elected node 2, and a majority is 2'])
  })
})

describe('EndKept', () => {
  it('[EP5] takes a leader that was asked for after the end, and finds one that was not', () => {
    const run = new LedRun(endKept)
    run.header(L2, 2)
    run.block(L2, { kind: 'end' })
    run.header(L4, 4, [L2, 2, 2], { asked: 3 })
    run.entry(L4, 4, 1)
    expect(run.messages).toEqual([])
    const other = 'n3.00000006' as WriterId
    run.header(other, 6, [L2, 2, 2])
    run.entry(other, 6, 1)
    expect(run.messages).toEqual(['node 2 seals entry in epoch 6, and the chain wants the multi mode'])
  })
})

describe('ReadIndexSafe', () => {
  const linearizable = getRequest('k', { consistency: 'linearizable' })
  const value = (...dots: string[]) => ({ kind: 'value', item: null, conflicts: 0, session: vectorOf(dots) }) as const

  it('[LM7] takes a read that a round after it confirms, and finds one without', () => {
    const run = new LedRun(readIndexSafe)
    run.say(0, 1, lead(2, L2, 1))
    const first = run.invoke(0, linearizable)
    run.say(0, 1, lead(2, L2, 2))
    run.say(1, 0, acknowledged(2, L2, 0, 2))
    run.answer(first, 0, value())
    expect(run.messages).toEqual([])
    const second = run.invoke(0, linearizable)
    run.say(1, 0, acknowledged(2, L2, 0, 2))
    run.answer(second, 0, value())
    expect(run.messages).toEqual([
      'node 0 answers a linearizable read, and 1 of 2 nodes had answered a round that began after it was asked',
    ])
  })

  it('[EP6] finds a read that lacks what a leader had answered', () => {
    const run = new LedRun(readIndexSafe)
    run.header(L2, 2)
    const write = run.invoke(0, transactionRequest([setOperation('k', textValue('v'))]))
    run.entry(L2, 2, 1)
    run.answer(write, 0, { kind: 'committed', version: { writer: L2, sequence: 1 }, deleted: 0, session: vectorOf([`${L2}:1`]) })
    const read = run.invoke(1, linearizable)
    run.say(1, 0, lead(4, L4, 1))
    run.say(0, 1, acknowledged(4, L4, 0, 1))
    run.answer(read, 1, value())
    expect(run.messages).toEqual([`a linearizable read at node 1 does not reflect ${L2}:1, which was answered before it was asked for`])
  })
})

describe('CommittedKept', () => {
  const committed = { kind: 'committed', version: { writer: L2, sequence: 1 }, deleted: 0, session: new VersionVector() } as const
  const write = transactionRequest([setOperation('k', textValue('v'))])

  it('[WR1] finds an answer before the commit', () => {
    const run = new LedRun(committedKept)
    run.header(L2, 2)
    run.entry(L2, 2, 1)
    run.ask(0, write, committed)
    expect(run.messages).toEqual([`${L2}:1 is answered, and nobody knows it to be committed`])
  })

  it('[WR1] finds what was answered and is missing in the end', () => {
    const run = new LedRun(committedKept)
    run.header(L2, 2)
    run.entry(L2, 2, 1)
    run.stand(0, 2, [L2, 2])
    run.ask(0, write, committed)
    expect(run.finish()).toEqual([`node 0 lacks ${L2}:1, which was answered as committed`])
  })

  it('[WR1] finds what is done twice for one idempotency key', () => {
    const run = new LedRun(committedKept)
    run.header(L2, 2)
    run.entry(L2, 2, 1, 'once')
    run.entry(L2, 2, 2, 'once')
    run.apply(0, `${L2}:1`)
    expect(run.messages).toEqual([])
    run.apply(0, `${L2}:2`)
    expect(run.messages).toEqual([`${L2}:2 does again what ${L2}:1 did, for one idempotency key`])
  })
})

describe('OneChange', () => {
  const without = (...gone: readonly string[]): ChainBlock => ({
    kind: 'voters',
    voters: VOTERS.filter(({ node }) => !gone.includes(node)),
    removed: [],
  })

  it('[MB1] takes one name after the other, each once the one before is committed', () => {
    const run = new LedRun(oneChange)
    run.header(L2, 2, null, { asked: 1 })
    run.stand(0, 2, [L2, 1])
    run.block(L2, without('n3'))
    run.stand(0, 2, [L2, 2])
    run.block(L2, without('n2', 'n3'))
    expect(run.messages).toEqual([])
  })

  it('[MB1] finds two names at once', () => {
    const run = new LedRun(oneChange)
    run.header(L2, 2, null, { asked: 1 })
    run.stand(0, 2, [L2, 1])
    run.block(L2, without('n2', 'n3'))
    expect(run.messages).toEqual(['node 0 changes 2 voters at once in epoch 2'])
  })

  it('[MB1] finds a change before anything of its own epoch is committed', () => {
    const run = new LedRun(oneChange)
    run.header(L2, 2, null, { asked: 1 })
    run.stand(0, 2, null)
    run.block(L2, without('n3'))
    expect(run.messages).toEqual(['node 0 changes the voters in epoch 2, and its header is not committed'])
  })

  it('[MB1] finds a change while another one is open', () => {
    const run = new LedRun(oneChange)
    run.header(L2, 2, null, { asked: 1 })
    run.stand(0, 2, [L2, 1])
    run.block(L2, without('n3'))
    run.block(L2, without('n2', 'n3'))
    expect(run.messages).toEqual(['node 0 changes the voters in epoch 2, and another change is not committed'])
  })
})

describe('RemovedRefused', () => {
  it('[MB4] finds a connection to a directory that was removed, and takes one to a new directory', () => {
    const run = directed(new LedRun(removedRefused))
    run.header(L2, 2, null, { asked: 1 })
    run.block(L2, { kind: 'voters', voters: VOTERS.slice(0, 2), removed: [DIRECTORIES[2] as DirectoryId] })
    run.happen({ kind: 'connected', left: 1, right: 2 })
    run.stand(0, 2, [L2, 2])
    run.node(2).directory = 'd4' as DirectoryId
    run.happen({ kind: 'connected', left: 0, right: 2 })
    expect(run.messages).toEqual([])
    run.node(2).directory = DIRECTORIES[2] as DirectoryId
    run.happen({ kind: 'connected', left: 0, right: 2 })
    expect(run.messages).toEqual(['node 0 connects to node 2, whose directory was removed'])
  })
})

describe('DeadlinesTold', () => {
  const MINUTE_MS = 60_000
  const expire = (untilMs: number): ChainBlock => ({ kind: 'expire', untilMs, timestamp: 9000 as Timestamp })

  it('[RG6] takes what the clock of the leader says, and finds a header that says less', () => {
    const run = new LedRun(() => deadlinesTold(MINUTE_MS))
    run.header(L2, 2, null, { expiredMs: START_WALL_MS })
    run.node(0).wallMs += 500
    run.block(L2, expire(START_WALL_MS + 500))
    expect(run.messages).toEqual([])
    run.header(L4, 4, [L2, 2, 2])
    expect(run.messages).toEqual([`node 1 says that deadlines have passed up to ${START_WALL_MS - 2} ms behind its clock`])
  })

  it('[RG6] [HL3] takes no clock that is far ahead of the others for what it says', () => {
    const run = new LedRun(() => deadlinesTold(MINUTE_MS))
    run.header(L2, 2, null, { expiredMs: START_WALL_MS })
    run.node(0).wallMs += 10 * MINUTE_MS
    run.node(0).clockOffsetMs = -10 * MINUTE_MS
    run.block(L2, expire(START_WALL_MS))
    run.block(L2, expire(START_WALL_MS + MINUTE_MS))
    expect(run.messages).toEqual([])
    run.block(L2, expire(START_WALL_MS + 10 * MINUTE_MS))
    expect(run.messages).toEqual([`node 0 says that deadlines have passed up to ${9 * MINUTE_MS - 2} ms ahead of what it may be`])
  })
})

describe('ReadsMatchModel', () => {
  const UNTIL_MS = START_WALL_MS + 1000
  const ledBy = (expiredMs = 0): LedRun => {
    const run = new LedRun(readsMatchModel)
    run.commit(M1, { writes: { k: 'brief' }, deadlineMs: UNTIL_MS })
    run.header(L2, 2, null, { asked: 1, adopts: [M1], expiredMs })
    run.stand(0, 2, [L2, 1])
    return run
  }
  const missing = `nothing is read at "k", and at the session of that answer ${M1} wins`

  it('[RG6] in a leader epoch no clock says that a deadline has passed, but the chain', () => {
    const run = ledBy()
    run.node(0).wallMs = UNTIL_MS + 5000
    run.read(0, 'k', run.item('k', M1), [M1])
    expect(run.messages).toEqual([])
    run.read(0, 'k', null, [M1])
    expect(run.messages).toEqual([missing])
  })

  it('[RG6] what the chain says holds as soon as it is applied, and after the epoch', () => {
    const run = ledBy()
    run.block(L2, { kind: 'expire', untilMs: UNTIL_MS, timestamp: 9000 as Timestamp })
    run.read(0, 'k', run.item('k', M1), [M1])
    run.stand(0, 2, [L2, 2])
    run.read(0, 'k', null, [M1])
    run.stand(0, 3, [L2, 2])
    run.read(0, 'k', null, [M1])
    expect(run.messages).toEqual([])
    run.read(0, 'k', run.item('k', M1), [M1])
    expect(run.messages).toEqual([`${M1} is read at "k", and at the session of that answer ${M1} wins`])
  })

  it('[RG6] a header says it of all that was written before', () => {
    const run = ledBy(UNTIL_MS)
    run.read(0, 'k', null, [M1])
    expect(run.messages).toEqual([])
    run.read(0, 'k', run.item('k', M1), [M1])
    expect(run.messages).toHaveLength(1)
  })

  it('[RG6] what is written later outranks it', () => {
    const run = ledBy()
    run.block(L2, { kind: 'expire', untilMs: UNTIL_MS + 9000, timestamp: 4000 as Timestamp })
    run.entry(L2, 2, 1, null, UNTIL_MS)
    run.stand(0, 2, [L2, 3])
    run.read(0, 'k', null, [`${L2}:1`])
    expect(run.messages).toEqual([`nothing is read at "k", and at the session of that answer ${L2}:1 wins`])
  })
})

describe('Linearizable', () => {
  const [linearizable] = new RegistersWorkload({ random: new Prng(1), nodes: 3, clients: 3, mode: 'leader' }).invariants
  const written = transactionRequest([setOperation('register/0', textValue('1'))])
  const item = (data: string) => ({ key: 'register/0', version: { dot: { writer: L2, sequence: 1 } }, value: textValue(data) }) as never

  it('[LM7] takes a read of what has no answer yet when the run ends, and finds one of what nobody wrote', () => {
    const run = new LedRun(() => present(linearizable, 'it is checked in leader mode'))
    run.invoke(0, written)
    const get = getRequest('register/0', { consistency: 'linearizable' })
    run.answer(run.invoke(1, get), 1, { kind: 'value', item: item('1'), conflicts: 0, session: vectorOf([]) })
    expect(run.finish()).toEqual([])
    run.answer(run.invoke(1, get), 1, { kind: 'value', item: item('2'), conflicts: 0, session: vectorOf([]) })
    expect(run.finish()).toEqual(['the history of register/0 is not linearizable, thin-air: 2 is read'])
  })
})
