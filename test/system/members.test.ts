/**
 * Members that come and go while clients write: in both modes, with the leader killed after it, and
 * what becomes of a node that is removed and runs on.
 */

import { rm } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Database } from '../../client/index.ts'
import { type Ran, skein } from '../cli/run-skein.ts'
import { agreedLeader } from '../support/agreed-leader.ts'
import { eventually } from '../support/eventually.ts'
import { lostFrom, PacedLoad } from '../support/paced-load.ts'
import { type NodeProcess, ProcessCluster } from '../support/processes.ts'
import { allItems, put } from '../support/rest.ts'
import { report } from './report.ts'

const WRITES_PER_SECOND = 200
/** Acknowledged writes before and after a change. */
const UNDER_LOAD = 100
const DEADLINE_MS = 20_000
const FOUNDERS = ['n1', 'n2', 'n3']

/** Four nodes, of which the first three begin the cluster. */
async function beginWithThree(...options: string[]): Promise<ProcessCluster> {
  const cluster = await ProcessCluster.plan(4, { options, peersOf: () => FOUNDERS })
  await Promise.all(FOUNDERS.map((name) => cluster.node(name).start()))
  await cluster.connected()
  return cluster
}

async function startLearner(newcomer: NodeProcess, at: NodeProcess): Promise<void> {
  await newcomer.start({ options: [...newcomer.settings.options, '--join'] })
  await eventually(
    async () => (await at.status()).learners.some((name) => name === newcomer.name),
    DEADLINE_MS,
    () => `${newcomer.name} as a learner`,
  )
}

/** Runs a command that changes the members, and measures for how long no write was acknowledged. */
async function change(load: PacedLoad, ...args: string[]): Promise<{ readonly ran: Ran; readonly gapMs: number }> {
  const fromMs = performance.now()
  const ran = await skein(args)
  const toMs = performance.now()
  await load.goesOn(UNDER_LOAD)
  return { ran, gapMs: Math.round(load.longestGapMs(fromMs, toMs)) }
}

async function expectNothingLost(load: PacedLoad, nodes: readonly NodeProcess[]): Promise<void> {
  for (const { url } of nodes) expect(lostFrom(load.acknowledged, await allItems(url))).toEqual([])
}

describe('in leader mode, under load', () => {
  let cluster: ProcessCluster
  let database: Database

  afterEach(async () => {
    await database.close()
    await cluster.stop()
  })

  it('[MB2] [LM5] a fourth node joins, and the cluster bears the loss of its leader', async () => {
    cluster = await beginWithThree('--mode', 'leader')
    const leader = await agreedLeader(FOUNDERS.map((name) => cluster.node(name)))
    const newcomer = cluster.node('n4')
    const asked = FOUNDERS.map((name) => cluster.node(name)).find((node) => node !== leader) ?? leader
    database = connect({ nodes: cluster.urls })
    const load = new PacedLoad('leader', WRITES_PER_SECOND, async (key, value) => (await database.set(key, value)).version)
    await load.goesOn(UNDER_LOAD)
    await startLearner(newcomer, asked)
    const { ran, gapMs } = await change(load, 'join', 'n4', '--url', asked.url)
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^n1, n2, n3, n4 vote \(took /) })
    await leader.kill()
    const killedMs = performance.now()
    await load.goesOn(UNDER_LOAD)
    const failoverMs = Math.round(load.longestGapMs(killedMs, performance.now()))
    const others = cluster.nodes.filter((node) => node !== leader)
    expect(others).toContain(await agreedLeader(others))
    await load.stop()
    report(
      `join in leader mode: ${ran.stdout.trim()}, longest gap between acknowledged writes ${gapMs} ms; kill -9 of the leader after it: ${failoverMs} ms; ${load.acknowledged.size} acknowledged, ${load.failures.length} failed`,
    )
    expect(load.failures).toEqual([])
    await cluster.converged()
    await expectNothingLost(load, others)
  })
})

describe('in multi-leader mode, under load', () => {
  let cluster: ProcessCluster
  let database: Database
  let load: PacedLoad

  beforeAll(async () => {
    cluster = await beginWithThree()
    database = connect({ nodes: cluster.urls })
    load = new PacedLoad('multi', WRITES_PER_SECOND, async (key, value) => (await database.set(key, value, { w: 'majority' })).version)
    await load.goesOn(UNDER_LOAD)
  })

  afterAll(async () => {
    await load.stop()
    await database.close()
    await cluster.stop()
  })

  it('[MB1] [MB2] a fourth node joins, and every node takes writes again at once', async () => {
    await startLearner(cluster.node('n4'), cluster.node('n1'))
    // A learner takes writes, too.
    expect((await put(cluster.node('n4').url, 'by:learner', 1)).status).toBe(200)
    const { ran, gapMs } = await change(load, 'join', 'n4', '--url', cluster.node('n2').url, '--json')
    expect([ran.code, JSON.parse(ran.stdout)]).toEqual([0, { voters: ['n1', 'n2', 'n3', 'n4'], tookMs: expect.any(Number) }])
    for (const { url } of cluster.nodes)
      await eventually(
        async () => (await put(url, 'by:all', 1, '?w=all')).status === 200,
        DEADLINE_MS,
        () => `a write at ${url} that all four have`,
      )
    report(`join in multi-leader mode: took ${JSON.parse(ran.stdout).tookMs} ms, longest gap between acknowledged writes ${gapMs} ms`)
  })

  it('[MB1] [MB4] a node is removed: the others go on, and have all that a majority had', async () => {
    const { ran, gapMs } = await change(load, 'remove', 'n2', '--url', cluster.node('n3').url, '--json')
    expect([ran.code, JSON.parse(ran.stdout)]).toEqual([0, { voters: ['n1', 'n3', 'n4'], tookMs: expect.any(Number) }])
    report(`remove in multi-leader mode: took ${JSON.parse(ran.stdout).tookMs} ms, longest gap between acknowledged writes ${gapMs} ms`)
    await load.stop()
    const left = cluster.nodes.filter(({ name }) => name !== 'n2')
    await eventually(
      async () => new Set((await Promise.all(left.map((node) => node.status()))).map(({ digest }) => digest)).size === 1,
      DEADLINE_MS,
      () => 'equal digests',
    )
    await expectNothingLost(load, left)
    report(`multi-leader mode: ${load.acknowledged.size} acknowledged by a majority, ${load.failures.length} failed`)
  })

  it('[MB4] the removed node runs on: it is refused, says so, and takes no writes', async () => {
    const [removed, other] = [cluster.node('n2'), cluster.node('n1')]
    await eventually(
      async () => (await removed.status()).state.kind === 'read-only',
      DEADLINE_MS,
      () => 'a removed node that takes no writes',
    )
    expect(await put(removed.url, 'late', 1)).toMatchObject({ status: 410, code: 'REMOVED' })
    expect((await removed.status()).state).toEqual({ kind: 'read-only', reason: 'REMOVED' })
    await eventually(
      async () => ((await other.status()).network.refused.removed ?? 0) > 0,
      DEADLINE_MS,
      () => 'a refusal by a member',
    )
    expect((await other.status()).peers.map(({ node }) => node).toSorted()).toEqual(['n3', 'n4'])
    await eventually(
      () => removed.output.includes('this node was removed from the cluster'),
      DEADLINE_MS,
      () => 'a line in its log',
    )
    expect(removed.output.split('this node was removed from the cluster')).toHaveLength(2)
    const shown = await skein(['status', '--url', removed.url, '--url', other.url])
    expect(shown.stdout).toMatch(/○ n2 +removed /)
    expect(shown.stdout).toContain('! REMOVED  n2 was removed from the cluster')
  })

  it('[MB4] [MB2] with an empty directory it comes back, and votes again', async () => {
    const back = cluster.node('n2')
    await back.kill()
    await rm(back.settings.data, { recursive: true })
    await startLearner(back, cluster.node('n1'))
    const joined = await skein(['join', 'n2', '--url', cluster.node('n1').url])
    expect(joined).toMatchObject({ code: 0, stdout: expect.stringMatching(/^n1, n3, n4, n2 vote \(took /) })
    await eventually(
      async () => (await put(back.url, 'back', 1, '?w=all')).status === 200,
      DEADLINE_MS,
      () => 'a write of the node that came back, on all',
    )
    await cluster.converged()
    await expectNothingLost(load, cluster.nodes)
    expect((await skein(['status', ...cluster.urls.flatMap((url) => ['--url', url])])).code).toBe(0)
  })
})

describe('nodes that were started with different --peers', () => {
  let cluster: ProcessCluster

  afterEach(() => cluster.stop())

  it('[MB1] go on in multi-leader mode, and elect no leader until the lists are the same', async () => {
    cluster = await ProcessCluster.plan(3, { peersOf: (name) => (name === 'n1' ? ['n2'] : FOUNDERS) })
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')]
    await Promise.all([n1.start(), n2.start()])
    await cluster.connected()
    expect((await put(n1.url, 'a', 1, '?w=2')).status).toBe(200)
    for (const { url } of [n1, n2]) {
      const refused = await skein(['mode', 'leader', '--timeout', '2s', '--url', url])
      expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('n1 has n1, n2') })
      expect(refused.stderr).toContain('n2 has n1, n2, n3')
    }
    expect((await n1.status()).foundersDiffer).toEqual({ n2: FOUNDERS })
    await eventually(
      () => n1.output.includes('nodes were started with different --peers') && n2.output.includes('PEERS_DIFFER'),
      DEADLINE_MS,
      () => 'a line in the log of each',
    )
    await n1.terminate()
    await n1.start({
      peers: cluster.nodes
        .filter((node) => node !== n1)
        .map(({ settings }) => ({ name: settings.name, host: settings.gossipHost, port: settings.gossipPort })),
    })
    await cluster.connected()
    expect(await skein(['mode', 'leader', '--url', n1.url])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^leader, led by n[12], epoch 2 /),
    })
  })
})
