import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ProcessCluster } from '../support/processes.ts'
import { allItems, batch, put } from '../support/rest.ts'
import { report } from './report.ts'

const DROP_RATE = 0.2
const WRITES = 600
const IN_FLIGHT = 16
const BATCH_SIZE = 3

describe(`three processes with --drop-rate ${DROP_RATE}`, () => {
  let cluster: ProcessCluster
  const accepted = new Map<string, unknown>()
  const refused = new Map<string, { status: number; code: string | null }>()

  beforeAll(async () => {
    cluster = await ProcessCluster.start(3, { options: ['--drop-rate', String(DROP_RATE)] })
    let next = 0
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async () => {
        for (let index = next++; index < WRITES; index = next++) await write(index)
      }),
    )
  })

  afterAll(() => cluster.stop())

  /** Every third write is a batch. */
  async function write(index: number): Promise<void> {
    const url = cluster.urls[index % cluster.urls.length] ?? ''
    const isBatch = index % 3 === 0
    const keys = isBatch ? Array.from({ length: BATCH_SIZE }, (_, position) => `batch:${index}:${position}`) : [`single:${index}`]
    const answer = isBatch
      ? await batch(
          url,
          keys.map((key) => [key, index] as const),
        )
      : await put(url, keys[0] ?? '', index)
    for (const key of keys) {
      if (answer.status === 200) accepted.set(key, index)
      else refused.set(key, { status: answer.status, code: answer.code })
    }
  }

  it('refuses about that share of the writes, each with its code', () => {
    const share = refused.size / (refused.size + accepted.size)
    report(`${refused.size} of ${refused.size + accepted.size} keys refused (${(share * 100).toFixed(1)} %)`)
    // Six standard deviations of 600 draws.
    expect(Math.abs(share - DROP_RATE)).toBeLessThan(0.1)
    expect([...new Set([...refused.values()].map(({ status, code }) => `${status} ${code}`))]).toEqual(['503 UNAVAILABLE'])
  })

  it('[WR2] [WR3] nothing of a refused write is ever visible anywhere, not after a restart either', async () => {
    await cluster.converged()
    await expectExactlyAccepted()
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    await Promise.all(cluster.nodes.map((node) => node.start()))
    await cluster.connected()
    await cluster.converged()
    await expectExactlyAccepted()
  })

  async function expectExactlyAccepted(): Promise<void> {
    for (const node of cluster.nodes) {
      const items = await allItems(node.url)
      const visible = new Map([...items].map(([key, { value }]) => [key, value] as const))
      // Maps are equal whatever the order of their keys.
      expect(visible, `visible on ${node.name}`).toEqual(accepted)
    }
  }
})
