import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Database } from '../../client/index.ts'
import { ProcessCluster } from '../support/processes.ts'
import { report } from './report.ts'

const KEYS = 10_000
const IN_FLIGHT = 60
const CONVERGED_WITHIN_MS = 2000

describe('three processes', () => {
  let cluster: ProcessCluster
  let databases: readonly Database[]

  beforeAll(async () => {
    cluster = await ProcessCluster.start(3)
    // Each client knows one node alone, so that every node really takes a third of the writes.
    databases = cluster.urls.map((url) => connect({ nodes: [url] }))
  })

  afterAll(async () => {
    await Promise.all(databases.map((database) => database.close()))
    await cluster.stop()
  })

  it(`[CA5] report one digest within ${CONVERGED_WITHIN_MS} ms of the last of ${KEYS} keys written through all of them`, async () => {
    let next = 0
    const startMs = performance.now()
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async (_, lane) => {
        const database = databases[lane % databases.length]
        for (let index = next++; index < KEYS; index = next++) await database?.set(`key:${index}`, { index, lane })
      }),
    )
    const writtenMs = performance.now()
    await cluster.converged(CONVERGED_WITHIN_MS)
    const convergedMs = performance.now() - writtenMs
    report(`${KEYS} keys in ${Math.round(writtenMs - startMs)} ms, one digest ${Math.round(convergedMs)} ms after the last write`)
    expect(convergedMs).toBeLessThan(CONVERGED_WITHIN_MS)
    for (const node of cluster.nodes) expect((await node.status()).keys).toBe(KEYS)
    // The first key, written at one node, is readable at each.
    for (const database of databases) expect(await database.get('key:0')).toMatchObject({ index: 0 })
  })
})
