import { describe, expect, it } from 'vitest'
import { type Key, keyFromText, MIB } from '../../base/index.ts'
import type { Operation } from '../../core/index.ts'
import { ReplicaCluster } from '../support/replica-cluster.ts'

const KEYS = Array.from({ length: 6 }, (_, index) => keyFromText(`key:${index}`))

describe('restores', () => {
  it('[LG4] never make an entry that could not be read again, alone, together or in one group commit', () => {
    const cluster = new ReplicaCluster(['n1', 'n2'])
    cluster.cut('n1', 'n2')
    for (const key of KEYS) {
      cluster.set('n1', key, 'x'.repeat(MIB))
      cluster.set('n2', key, 'y'.repeat(MIB))
    }
    cluster.heal()
    cluster.deliver()
    const restores = KEYS.map((key) => restoreOf(cluster, key))
    const all = cluster.ask('n1', transaction(restores))
    expect(cluster.reply('n1', all)).toMatchObject({ kind: 'failed', error: { code: 'TOO_LARGE' } })
    cluster.isHoldingPersists = true
    cluster.set('n1', 'first', 'in flight')
    const ids = restores.map((restore) => cluster.ask('n1', transaction([restore])))
    cluster.isHoldingPersists = false
    cluster.runLocal()
    for (const id of ids) expect(cluster.reply('n1', id)).toMatchObject({ kind: 'committed' })
    cluster.set('n1', 'later', 'kept')
    cluster.crash('n1')
    cluster.restart('n1')
    cluster.deliver()
    for (const name of ['n1', 'n2']) {
      const node = cluster.node(name)
      const { logs, keys } = node.replica.status(cluster.now(node))
      expect(logs.filter((log) => log.state === 'corrupt')).toEqual([])
      expect(keys).toBe(KEYS.length + 2)
    }
  })
})

function restoreOf(cluster: ReplicaCluster, key: Key): Operation {
  const id = cluster.ask('n1', { kind: 'conflicts', key, after: null, limit: 1 })
  const reply = cluster.reply('n1', id)
  const loser = reply?.kind === 'conflicts' ? reply.keys[0]?.conflicts[0]?.loser : undefined
  if (loser === undefined) throw new Error('the key has a conflict')
  return { kind: 'restore', key, version: loser.dot }
}

function transaction(operations: readonly Operation[]) {
  return { kind: 'transaction', operations, conditions: [], concern: 1, idempotencyKey: null, session: null, timeoutMs: 1000 } as const
}
