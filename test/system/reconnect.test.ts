import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import { eventually } from '../support/eventually.ts'
import { type NodeProcess, ProcessCluster } from '../support/processes.ts'
import { report } from './report.ts'

const RECONNECTED_WITHIN_MS = 1000
const NOTICED_WITHIN_MS = 5000
const ROUNDS = 3

describe('a peer that was killed', () => {
  let cluster: ProcessCluster

  beforeAll(async () => {
    cluster = await ProcessCluster.start(3)
  })

  afterAll(() => cluster.stop())

  it(`[MB3] is seen to be gone, and is connected again within ${RECONNECTED_WITHIN_MS} ms of its return`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const victim = present(cluster.nodes[round % cluster.nodes.length], 'a cluster has nodes')
      await victim.kill()
      const killedMs = performance.now()
      const others = cluster.nodes.filter((node) => node !== victim)
      await Promise.all(
        others.map((node) =>
          eventually(
            () => seesGone(node, victim),
            NOTICED_WITHIN_MS,
            () => `${node.name} notices`,
          ),
        ),
      )
      const noticedMs = performance.now() - killedMs
      await victim.start()
      const backMs = performance.now()
      await cluster.connected(RECONNECTED_WITHIN_MS)
      const connectedMs = performance.now() - backMs
      report(`a killed peer is noticed after ${Math.round(noticedMs)} ms, and connected ${Math.round(connectedMs)} ms after it is ready`)
      expect(connectedMs).toBeLessThan(RECONNECTED_WITHIN_MS)
    }
  })
})

async function seesGone(node: NodeProcess, victim: NodeProcess): Promise<boolean> {
  const { peers } = await node.status()
  return peers.some((peer) => peer.node === victim.name && !peer.connected && peer.state !== 'alive')
}
