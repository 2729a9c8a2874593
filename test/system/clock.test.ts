import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SECOND_MS } from '../../base/index.ts'
import { skein } from '../cli/run-skein.ts'
import { agreedLeader } from '../support/agreed-leader.ts'
import { eventually } from '../support/eventually.ts'
import { type NodeProcess, ProcessCluster } from '../support/processes.ts'
import { allConflicts, getItem, mustPut } from '../support/rest.ts'
import { report } from './report.ts'

const AHEAD_MS = 20 * SECOND_MS
const VISIBLE_WITHIN_MS = 5 * SECOND_MS
const BRIEF_MS = 4 * SECOND_MS
const LIBRARIES = '/usr/lib'

/** Three processes, the last of them with a clock that is ahead. */
async function withOneAhead(options: readonly string[]): Promise<ProcessCluster> {
  const cluster = await ProcessCluster.plan(3, { options })
  const library = await findFakeTime()
  const environment = { LD_PRELOAD: library, FAKETIME: `+${AHEAD_MS / SECOND_MS}s`, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
  for (const node of cluster.nodes) node.launch(node.name === 'n3' ? { environment } : {})
  await Promise.all(cluster.nodes.map((node) => node.ready()))
  await cluster.connected()
  return cluster
}

describe(`three processes, one of them with a clock that is ${AHEAD_MS / SECOND_MS} s ahead`, () => {
  let cluster: ProcessCluster
  let ahead: NodeProcess
  let right: NodeProcess

  beforeAll(async () => {
    cluster = await withOneAhead([])
    right = cluster.node('n1')
    ahead = cluster.node('n3')
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

describe(`three processes in leader mode, one of them with a clock that is ${AHEAD_MS / SECOND_MS} s ahead`, () => {
  let cluster: ProcessCluster

  beforeAll(async () => {
    cluster = await withOneAhead(['--mode', 'leader'])
  })

  afterAll(() => cluster.stop())

  it('[RG6] it sees a key until the leader says that its deadline has passed; in a multi epoch it goes by its clock', async () => {
    const ahead = cluster.node('n3')
    const elected = await agreedLeader(cluster.nodes)
    const leader = elected === ahead ? cluster.node('n1') : elected
    if (elected === ahead) expect(await skein(['promote', leader.name, '--url', ahead.url])).toMatchObject({ code: 0 })
    const { url } = leader
    const setAt = performance.now()
    await mustPut(url, 'brief', 1, `?ttl=${BRIEF_MS}ms`)
    await eventually(
      async () => (await getItem(ahead.url, 'brief')) !== null,
      BRIEF_MS / 2,
      () => 'the key at the node that is ahead',
    )
    await eventually(
      async () => (await getItem(ahead.url, 'brief')) === null,
      BRIEF_MS + VISIBLE_WITHIN_MS,
      () => 'the key to be gone',
    )
    const goneAfterMs = performance.now() - setAt
    report(`a key that was to live ${BRIEF_MS} ms was gone after ${Math.round(goneAfterMs)} ms`)
    expect(goneAfterMs).toBeGreaterThan(BRIEF_MS - SECOND_MS / 4)
    expect(await skein(['mode', 'multi', '--url', url])).toMatchObject({ code: 0 })
    await mustPut(url, 'brief', 2, `?ttl=${BRIEF_MS}ms`)
    await mustPut(url, 'lasting', 2)
    await eventually(
      async () => (await getItem(ahead.url, 'lasting')) !== null,
      VISIBLE_WITHIN_MS,
      () => 'what was written later',
    )
    expect(await getItem(ahead.url, 'brief')).toBeNull()
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
