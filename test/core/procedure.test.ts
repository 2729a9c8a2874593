import { describe, expect, it } from 'vitest'
import { binaryFromText, ENTRY_BYTES_TARGET, type Key, keyFromText } from '../../base/index.ts'
import type { Condition, Item, KeyEditor, ProcedureRequest, Reply, Request } from '../../core/index.ts'
import { ReplicaCluster } from '../support/replica-cluster.ts'

const NAME = keyFromText('name')

describe('procedures', () => {
  it('[WR3] read what is there and write in one go', () => {
    const cluster = new ReplicaCluster(['n1', 'n2'])
    cluster.set('n1', 'name', 'ad')
    expect(replyTo(cluster, append('a'))).toMatchObject({ kind: 'committed', version: { sequence: 2 } })
    cluster.deliver()
    expect(read(cluster, 'n1')).toBe('ada')
    expect(read(cluster, 'n2')).toBe('ada')
  })

  it('[WR1] of one commit see each other, in the order in which they came', () => {
    const cluster = held(['n1'])
    for (const letter of ['a', 'd', 'a']) cluster.ask('n1', append(letter))
    release(cluster)
    expect(read(cluster, 'n1')).toBe('ada')
  })

  it('see what they wrote, and a key that was written twice keeps the last value', () => {
    const cluster = new ReplicaCluster(['n1'])
    const seen: (string | null)[] = []
    const run = (editor: KeyEditor): void => {
      seen.length = 0
      editor.set(NAME, text('first'), null)
      seen.push(dataOf(editor.read(NAME)))
      expect(editor.delete(NAME)).toBe(true)
      expect(editor.delete(NAME)).toBe(false)
      seen.push(dataOf(editor.read(NAME)))
      editor.set(NAME, text('last'), null)
    }
    replyTo(cluster, procedure([NAME], run))
    expect(seen).toEqual(['first', null])
    expect(read(cluster, 'n1')).toBe('last')
  })

  it('that write nothing leave no trace in the log', () => {
    const cluster = new ReplicaCluster(['n1'])
    const reply = replyTo(
      cluster,
      procedure([NAME], (editor) => editor.delete(NAME)),
    )
    expect(reply).toMatchObject({ kind: 'committed', version: null })
    expect(cluster.node('n1').disk.journal).toEqual([])
  })

  it('[RG5] are not run where a condition fails', () => {
    const cluster = new ReplicaCluster(['n1'])
    cluster.set('n1', 'name', 'ada')
    const reply = replyTo(cluster, { ...append('!'), conditions: [{ kind: 'absent', key: NAME }] satisfies Condition[] })
    expect(reply).toMatchObject({ kind: 'failed', error: { code: 'CONFLICT' } })
    expect(read(cluster, 'n1')).toBe('ada')
  })

  it('[LG4] that write more than they looked do not share an entry with what has no room', () => {
    const cluster = held(['n1'])
    const big = 'x'.repeat(ENTRY_BYTES_TARGET - 100)
    for (let i = 0; i < 4; i++) {
      const key = keyFromText(`big:${i}`)
      cluster.ask(
        'n1',
        procedure([key], (editor) => editor.set(key, text(big), null)),
      )
    }
    release(cluster)
    const sizes = cluster.node('n1').disk.journal.map((record) => record.bytes.length)
    expect(Math.max(...sizes)).toBeLessThan(ENTRY_BYTES_TARGET + 200)
    expect(cluster.node('n1').replica.status(cluster.now(cluster.node('n1'))).keys).toBe(5)
  })

  it('[RG6] set a deadline, by the clock of the node that runs them', () => {
    const cluster = new ReplicaCluster(['n1'])
    replyTo(
      cluster,
      procedure([NAME], (editor) => editor.set(NAME, text('soon gone'), editor.wallMs + 500)),
    )
    cluster.elapse(400)
    expect(read(cluster, 'n1')).toBe('soon gone')
    cluster.elapse(200)
    expect(read(cluster, 'n1')).toBe(null)
  })
})

describe('reads behind writes that are on their way', () => {
  it('[WR2] see the writes before them and none after them', () => {
    const cluster = held(['n1'])
    cluster.set('n1', 'name', 'one')
    const first = cluster.ask('n1', get(NAME))
    cluster.set('n1', 'name', 'two')
    const second = inspect(cluster)
    cluster.set('n1', 'name', 'three')
    const scan = cluster.ask('n1', scanAll())
    expect(cluster.reply('n1', first)).toBe(null)
    release(cluster)
    expect(textOf(cluster.reply('n1', first))).toBe('one')
    expect(cluster.reply('n1', second.id)).toEqual({ kind: 'inspected' })
    expect(second.seen()).toBe('two')
    expect(cluster.reply('n1', scan)).toMatchObject({ kind: 'page', items: [{ value: { data: 'three' } }, { key: 'warm' }] })
  })

  it('[WR2] held by the write in flight are answered when it lands, without the writes behind it', () => {
    const cluster = new ReplicaCluster(['n1'])
    cluster.isHoldingPersists = true
    cluster.set('n1', 'name', 'one')
    const read = cluster.ask('n1', get(NAME))
    cluster.set('n1', 'name', 'two')
    expect(cluster.reply('n1', read)).toBe(null)
    cluster.persist(cluster.node('n1'))
    expect(textOf(cluster.reply('n1', read))).toBe('one')
  })

  it('[SS1] carry a session that reflects what they read and no more', () => {
    const cluster = held(['n1'])
    cluster.set('n1', 'name', 'one')
    const id = cluster.ask('n1', get(NAME))
    cluster.set('n1', 'name', 'two')
    release(cluster)
    const reply = cluster.reply('n1', id)
    expect(reply?.kind === 'value' && [...reply.session.entries()].map(([, sequence]) => sequence)).toEqual([2])
  })
})

describe('a node that has as many requests waiting as it takes', () => {
  it('[WR4] refuses what would have to wait, and answers what need not', () => {
    const cluster = new ReplicaCluster(['n1', 'n2'], { requestsMax: 2 })
    cluster.set('n1', 'name', 'ada')
    cluster.cut('n1', 'n2')
    for (const key of ['a', 'b']) cluster.set('n1', key, '1', { concern: 'all' })
    expect(read(cluster, 'n1')).toBe('ada')
    expect(cluster.reply('n1', cluster.set('n1', 'c', '1'))).toMatchObject({ kind: 'failed', error: { code: 'UNAVAILABLE' } })
  })
})

describe('copies', () => {
  it('[WR4] are counted once enough nodes hold a write', () => {
    const cluster = new ReplicaCluster(['n1', 'n2', 'n3'])
    const version = versionOf(cluster, cluster.set('n1', 'name', 'ada'))
    const id = cluster.ask('n1', { kind: 'copies', version, wanted: 3, timeoutMs: 1000 })
    expect(cluster.reply('n1', id)).toBe(null)
    cluster.elapse(200)
    expect(cluster.reply('n1', id)).toEqual({ kind: 'copies', nodes: 3 })
  })

  it('[WR4] are counted as they are at the time-out', () => {
    const cluster = new ReplicaCluster(['n1', 'n2', 'n3'])
    cluster.cut('n1', 'n3')
    cluster.cut('n2', 'n3')
    const version = versionOf(cluster, cluster.set('n1', 'name', 'ada'))
    const id = cluster.ask('n1', { kind: 'copies', version, wanted: 3, timeoutMs: 1000 })
    cluster.elapse(900)
    expect(cluster.reply('n1', id)).toBe(null)
    cluster.elapse(200)
    expect(cluster.reply('n1', id)).toEqual({ kind: 'copies', nodes: 2 })
  })
})

/** A cluster with a write in flight, so that what follows is gathered. */
function held(names: string[]): ReplicaCluster {
  const cluster = new ReplicaCluster(names)
  cluster.isHoldingPersists = true
  cluster.set('n1', 'warm', 'up')
  return cluster
}

function release(cluster: ReplicaCluster): void {
  cluster.isHoldingPersists = false
  cluster.runLocal()
}

function procedure(keys: readonly Key[], run: (editor: KeyEditor) => void): ProcedureRequest {
  const terms = { conditions: [], concern: 1, idempotencyKey: null, session: null, timeoutMs: 1000 }
  return { kind: 'procedure', procedure: { keys, bytes: 0, run }, ...terms }
}

function append(letter: string): ProcedureRequest {
  return procedure([NAME], (editor) => editor.set(NAME, text((dataOf(editor.read(NAME)) ?? '') + letter), null))
}

function get(key: Key): Request {
  return { kind: 'get', key, consistency: 'local', session: null, timeoutMs: 1000 }
}

function scanAll(): Request {
  return {
    kind: 'scan',
    range: { start: null, end: null, reverse: false },
    limit: 10,
    consistency: 'local',
    session: null,
    timeoutMs: 1000,
  }
}

function inspect(cluster: ReplicaCluster): { readonly id: number; readonly seen: () => string | null } {
  let seen: string | null = null
  const inspection = {
    keys: [NAME],
    run: (view: { read(key: Key): Item | null }) => {
      seen = dataOf(view.read(NAME))
    },
  }
  const id = cluster.ask('n1', { kind: 'inspect', inspection, consistency: 'local', session: null, timeoutMs: 1000 })
  return { id, seen: () => seen }
}

function text(words: string): { readonly type: 'text'; readonly data: string } {
  return { type: 'text', data: binaryFromText(words) }
}

function replyTo(cluster: ReplicaCluster, request: Request): Reply | null {
  return cluster.reply('n1', cluster.ask('n1', request))
}

function dataOf(item: Item | null): string | null {
  return item?.value.data ?? null
}

function textOf(reply: Reply | null): string | null {
  return reply?.kind === 'value' ? dataOf(reply.item) : null
}

function read(cluster: ReplicaCluster, node: string): string | null {
  return textOf(cluster.reply(node, cluster.ask(node, get(NAME))))
}

function versionOf(cluster: ReplicaCluster, id: number) {
  const reply = cluster.reply('n1', id)
  if (reply?.kind !== 'committed' || reply.version === null) throw new Error('the write is committed')
  return reply.version
}
