import { describe, expect, it } from 'vitest'
import { ReplicaCluster } from '../support/replica-cluster.ts'

/** The longest silence that is borne, a pause after a refusal, and the steps in which time passes here. */
const LED_WITHIN_MS = 1000 + 250 + 200
const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1)

describe('after the death of a leader', () => {
  it.each([
    { silence: 'at the same time', cutBeforeMs: 0 },
    { silence: '200 ms after another', cutBeforeMs: 200 },
    { silence: '400 ms after another', cutBeforeMs: 400 },
  ])('[LM2] a member that heard it last $silence leads soon, or elects another', ({ cutBeforeMs }) => {
    for (const seed of SEEDS) {
      const cluster = new ReplicaCluster(['n1', 'n2', 'n3'], { seed, mode: 'leader' })
      cluster.elapse(3000)
      const [leader = 'none'] = leadersOf(cluster)
      const early = leader === 'n2' ? 'n3' : 'n2'
      cluster.cut(leader, early)
      cluster.elapse(cutBeforeMs)
      cluster.crash(leader)
      let waitedMs = 0
      while (leadersOf(cluster).length === 0 && waitedMs < 10_000) {
        cluster.elapse(50)
        waitedMs += 50
      }
      expect(waitedMs, `seed ${seed}`).toBeLessThanOrEqual(LED_WITHIN_MS)
    }
  })
})

describe('a leader that falls silent', () => {
  it('[LM2] is dismissed by who follows the next one, so that blocks asked of it are asked of others', () => {
    const cluster = new ReplicaCluster(['n1', 'n2', 'n3'], { mode: 'leader' })
    cluster.elapse(3000)
    const [silent = 'none'] = leadersOf(cluster)
    cluster.crash(silent, false)
    cluster.elapse(400)
    expect(connectedTo(cluster, silent)).toHaveLength(2)
    cluster.elapse(1500)
    const leaders = leadersOf(cluster)
    expect(leaders).toHaveLength(1)
    // The new leader lacks nothing of what it follows.
    expect(connectedTo(cluster, silent)).toEqual(leaders)
  })
})

function connectedTo(cluster: ReplicaCluster, peer: string): string[] {
  const connected = []
  for (const node of cluster.nodes.values()) {
    const { peers } = node.replica.status(cluster.now(node))
    if (node.isUp && peers.some(({ node: name, connected: isConnected }) => name === peer && isConnected)) connected.push(node.name)
  }
  return connected
}

function leadersOf(cluster: ReplicaCluster): string[] {
  const leaders = []
  for (const node of cluster.nodes.values())
    if (node.isUp && node.replica.status(cluster.now(node)).chain.role === 'leader') leaders.push(node.name)
  return leaders
}
