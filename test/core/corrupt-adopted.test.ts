import { describe, expect, it } from 'vitest'
import {
  ByteWriter,
  FIRST_EPOCH,
  keyFromText,
  type LogKey,
  makeWriterId,
  parseNodeName,
  present,
  type Timestamp,
} from '../../base/index.ts'
import { DEFAULT_GROUP, type Entry, encodeEntry, encodeHeader } from '../../core/index.ts'
import { UNLINKED } from '../../core/leader-mode/chain-link.ts'
import { encodeMessage } from '../../core/message.ts'
import { Dependencies, type Dot, VersionVector } from '../../crdt/index.ts'
import { ReplicaCluster } from '../support/replica-cluster.ts'

const NAMES = ['n1', 'n2', 'n3']
const FAULTY = makeWriterId(parseNodeName('n3'), 7)
const LOG_KEY = 'ab'.repeat(32) as LogKey
const LEFT_BEHIND = 'n3'

describe('a multi log with an entry that nobody can apply', () => {
  it.each([
    { seen: 'one that is applied', isApplied: true },
    { seen: 'one that waits to be adopted', isApplied: false },
  ])('[LM8] [RG2] is CORRUPT before a leader adopts that entry, which claims to follow what outranks it: $seen', ({ isApplied }) => {
    const cluster = new ReplicaCluster(NAMES)
    const shared = cluster.set('n1', 'k', 'newer')
    cluster.deliver()
    for (const name of ['n1', 'n2']) cluster.cut(LEFT_BEHIND, name)
    cluster.ask('n1', { kind: 'mode', mode: 'leader', timeoutMs: 3000 })
    cluster.elapse(1000)
    const stray = cluster.set(LEFT_BEHIND, isApplied ? 'other' : 'k', 'newest')
    plantFaultyLog(cluster, isApplied ? dotOf(cluster, 'n1', shared) : dotOf(cluster, LEFT_BEHIND, stray))
    cluster.heal()
    cluster.elapse(1000)

    const write = cluster.set('n1', 'after', 'served')
    cluster.elapse(500)

    expect(cluster.reply('n1', write)).toMatchObject({ kind: 'committed' })
    for (const node of cluster.nodes.values()) {
      const { logs } = node.replica.status(cluster.now(node))
      // The sound entry before it is part of the chain.
      expect(logs.find(({ writer }) => writer === FAULTY)).toMatchObject({ state: 'corrupt', applied: 1, waiting: 0 })
      expect(node.replica.digest).toBe(cluster.node('n1').replica.digest)
    }
  })
})

/** Each node has, and the one left behind tells of, a log whose second entry is older than what it claims to have seen. */
function plantFaultyLog(cluster: ReplicaCluster, seen: Dot): void {
  const { directory } = cluster.node(LEFT_BEHIND).disk
  const header = encodeHeader({ group: DEFAULT_GROUP, writer: FAULTY, directory, epoch: FIRST_EPOCH, continues: null, chain: UNLINKED })
  const none = Dependencies.none()
  const sound = entryOf(1, 'sound', none)
  const faulty = entryOf(2, 'k', none.advance(new VersionVector([[seen.writer, seen.sequence]]), FAULTY))
  const blocks = [header, encodeEntry(new ByteWriter(), sound, none), encodeEntry(new ByteWriter(), faulty, none)]
  const message = encodeMessage({ kind: 'announce', logs: [{ writer: FAULTY, key: LOG_KEY }] })
  for (const node of cluster.nodes.values()) node.disk.logs.set(FAULTY, { key: LOG_KEY, blocks: [...blocks] })
  for (const from of NAMES) for (const to of NAMES) if (from !== to) cluster.node(from).outbox.push({ to: parseNodeName(to), message })
}

function entryOf(sequence: number, key: string, dependencies: Dependencies): Entry {
  const version = {
    dot: { writer: FAULTY, sequence },
    epoch: FIRST_EPOCH,
    timestamp: sequence as Timestamp,
    value: { type: 'text' as const, data: 'v' },
    deadlineMs: null,
    dependencies,
  }
  const transactions = [{ sequence, idempotencyKey: null, changes: [{ key: keyFromText(key), version }] }]
  return { writer: FAULTY, epoch: FIRST_EPOCH, dependencies, transactions, reportWanted: false }
}

function dotOf(cluster: ReplicaCluster, name: string, id: number): Dot {
  const reply = cluster.reply(name, id)
  return present(reply?.kind === 'committed' ? reply.version : null, 'it was written')
}
