import { describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import { successors } from '../../server/succession.ts'
import { agreedLeader } from '../support/agreed-leader.ts'
import { eventually } from '../support/eventually.ts'
import { startCluster } from '../support/local-cluster.ts'

const DEADLINE_MS = 10_000

describe('a leader that stops', () => {
  it('[LM10] has handed the leadership over before it is gone', async () => {
    const cluster = await startCluster(3, { mode: 'leader' })
    try {
      const leader = await agreedLeader(cluster.nodes)
      const others = cluster.nodes.filter((node) => node !== leader)
      await leader.stop()
      const statuses = await Promise.all(others.map((node) => node.status()))
      const successor = statuses[0]?.leader
      expect(statuses.map((status) => status.leader)).toEqual([successor, successor])
      expect(others.map(({ name }) => name)).toContain(successor)
    } finally {
      await cluster.stop()
    }
  })

  it('[LM10] finds no successor among those that are not there, and stops all the same', async () => {
    const cluster = await startCluster(2, { mode: 'leader' })
    try {
      const leader = await agreedLeader(cluster.nodes)
      const other = present(
        cluster.nodes.find((node) => node !== leader),
        'a cluster of two has another',
      )
      const whole = await leader.status()
      expect(successors(whole)).toEqual([other.name])
      expect(successors(await other.status())).toEqual([])
      await other.stop()
      await eventually(
        async () => successors(await leader.status()).length === 0,
        DEADLINE_MS,
        () => 'nobody to hand over to',
      )
      await leader.stop()
    } finally {
      await cluster.stop()
    }
  })
})
