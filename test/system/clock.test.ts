import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SECOND_MS } from '../../base/index.ts'
import { eventually } from '../support/eventually.ts'
import { type NodeProcess, ProcessCluster } from '../support/processes.ts'
import { allConflicts, getItem, mustPut } from '../support/rest.ts'
import { report } from './report.ts'

const AHEAD_MS = 20 * SECOND_MS
const VISIBLE_WITHIN_MS = 5 * SECOND_MS
const LIBRARIES = '/usr/lib'

describe(`three processes, one of them with a clock that is ${AHEAD_MS / SECOND_MS} s ahead`, () => {
  let cluster: ProcessCluster
  let ahead: NodeProcess
  let right: NodeProcess

  beforeAll(async () => {
    cluster = await ProcessCluster.plan(3)
    right = cluster.node('n1')
    ahead = cluster.node('n3')
    const library = await findFakeTime()
    for (const node of cluster.nodes) {
      const environment = { LD_PRELOAD: library, FAKETIME: `+${AHEAD_MS / SECOND_MS}s`, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
      node.launch(node === ahead ? { environment } : {})
    }
    await Promise.all(cluster.nodes.map((node) => node.ready()))
    await cluster.connected()
  })

  afterAll(() => cluster.stop())

  it('[HL3] the skew is seen and shown', async () => {
    const skewMs = await eventually(
      async () => (await right.status()).peers.find((peer) => peer.node === 'n3')?.clockSkewMs ?? null,
      VISIBLE_WITHIN_MS,
      () => 'a measured skew',
    )
    report(`a clock ${AHEAD_MS} ms ahead is shown as ${Math.round(skewMs)} ms ahead`)
    expect(Math.abs(skewMs - AHEAD_MS)).toBeLessThan(2 * SECOND_MS)
  })

  it('[RG2] [HL2] a causally later write wins against a larger wall clock, and is no conflict', async () => {
    await mustPut(ahead.url, 'key', 'written ahead of time')
    await eventually(
      async () => (await getItem(right.url, 'key')) !== null,
      VISIBLE_WITHIN_MS,
      () => 'the write is seen',
    )
    const early = await getItem(right.url, 'key')
    // The clock of the writer really is ahead of the one that overwrites it.
    expect(Date.parse(early?.timestamp ?? '')).toBeGreaterThan(Date.now() + AHEAD_MS / 2)
    const version = await mustPut(right.url, 'key', 'written later')
    await cluster.converged()
    for (const node of cluster.nodes) {
      expect(await getItem(node.url, 'key')).toMatchObject({ value: 'written later', version, conflicts: 0 })
      expect((await allConflicts(node.url)).has('key')).toBe(false)
    }
  })
})

/** The library that shifts the clock of a process. */
async function findFakeTime(): Promise<string> {
  for (const platform of await readdir(LIBRARIES)) {
    const folder = join(LIBRARIES, platform, 'faketime')
    const names = await readdir(folder).catch((): string[] => [])
    if (names.includes('libfaketimeMT.so.1')) return join(folder, 'libfaketimeMT.so.1')
  }
  throw new Error('libfaketime is missing: apt-get install libfaketime')
}
