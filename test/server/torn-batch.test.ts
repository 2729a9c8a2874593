/** A batch whose durable write is torn at every byte: the real journal's bytes, the real replica's recovery. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { binaryFromText, keyFromText, present, textFromBinary } from '../../base/index.ts'
import type { JournalRecord, Operation } from '../../core/index.ts'
import { SegmentJournal } from '../../storage/index.ts'
import { ReplicaCluster } from '../support/replica-cluster.ts'

const NODE = 'n1'
const SEGMENT_BYTES = 8 * 1024
const BATCH: readonly (readonly [string, string])[] = [
  ['first', 'overwritten by the batch'],
  ['second', 'new'],
  ['third', 'new too'],
]

describe('a batch torn at every byte offset', () => {
  let directory = ''
  let file = ''
  /** The segment as it is when the batch is durable. */
  let whole: Buffer
  /** Where the batch's frame begins, and the byte after its last one that is not zero. */
  let start = 0
  let end = 0
  let cluster: ReplicaCluster

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skein-torn-batch-'))
    cluster = new ReplicaCluster([NODE])
    cluster.isHoldingPersists = true
    const journal = await openJournal()
    await commit(journal, [setOf('first', 'before the batch')])
    file = join(
      directory,
      present(
        readdirSync(directory).find((name) => name.endsWith('.segment')),
        'a journal has a segment',
      ),
    )
    start = usedBytes(readFileSync(file))
    await commit(
      journal,
      BATCH.map(([key, value]) => setOf(key, value)),
    )
    await new Promise<void>((done) => journal.close(done))
    whole = readFileSync(file)
    end = usedBytes(whole)
    cluster.isHoldingPersists = false
  })

  afterAll(() => rm(directory, { recursive: true }))

  it('[WR3] is all or nothing, and what was there before it stays', async () => {
    const outcomes = new Map<string, number>()
    for (let cut = start; cut <= end; cut++) {
      const torn = Buffer.from(whole)
      torn.fill(0, cut)
      writeFileSync(file, torn)
      const seen = restartOn(await readJournal())
      const expected = cut < end ? ['before the batch', null, null] : BATCH.map(([, value]) => value)
      expect(seen, `cut at byte ${cut - start} of ${end - start}`).toEqual(expected)
      outcomes.set(String(seen), (outcomes.get(String(seen)) ?? 0) + 1)
    }
    expect(outcomes.size).toBe(2)
    expect(end - start).toBeGreaterThan(100)
  })

  function openJournal(): Promise<SegmentJournal> {
    return SegmentJournal.open({ directory, segmentBytes: SEGMENT_BYTES })
  }

  /** Executes the operations as one transaction, and writes what the replica wants persisted. */
  async function commit(journal: SegmentJournal, operations: readonly Operation[]): Promise<void> {
    const node = cluster.node(NODE)
    cluster.ask(NODE, { kind: 'transaction', operations, conditions: [], concern: 1, idempotencyKey: null, session: null, timeoutMs: 1000 })
    const { records } = present(node.persists[0], 'a transaction is persisted')
    const failure = await new Promise((done) => journal.append(records, done))
    expect(failure).toBe(null)
    cluster.persist(node)
    cluster.runLocal()
    expect(node.persists.length).toBe(0)
  }

  async function readJournal(): Promise<readonly JournalRecord[]> {
    const journal = await openJournal()
    const records = [...journal.recovered]
    await new Promise<void>((done) => journal.close(done))
    return records
  }

  /** The batch's keys as the node reads them after a restart from `records` alone. */
  function restartOn(records: readonly JournalRecord[]): (string | null)[] {
    const node = cluster.node(NODE)
    cluster.crash(NODE)
    node.disk.journal = [...records]
    node.disk.logs = new Map()
    cluster.restart(NODE)
    return BATCH.map(([key]) => {
      const id = cluster.ask(NODE, { kind: 'get', key: keyFromText(key), consistency: 'local', session: null, timeoutMs: 1000 })
      const reply = cluster.reply(NODE, id)
      if (reply?.kind !== 'value') throw new Error(`the read of ${key} is answered with ${reply?.kind ?? 'nothing'}`)
      return reply.item === null ? null : textFromBinary(reply.item.value.data)
    })
  }
})

function setOf(key: string, value: string): Operation {
  return { kind: 'set', key: keyFromText(key), value: { type: 'text', data: binaryFromText(value) }, ttlMs: null }
}

/** The place after the last byte that is not zero. */
function usedBytes(segment: Buffer): number {
  return segment.findLastIndex((byte) => byte !== 0) + 1
}
