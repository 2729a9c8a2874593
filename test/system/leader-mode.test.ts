import { afterEach, describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import { connect, type Database } from '../../client/index.ts'
import { skein } from '../cli/run-skein.ts'
import { agreedLeader } from '../support/agreed-leader.ts'
import { eventually } from '../support/eventually.ts'
import { type NodeProcess, ProcessCluster } from '../support/processes.ts'
import { put } from '../support/rest.ts'
import { report } from './report.ts'

const CLIENTS = 16
const UNDER_LOAD_AFTER = 300
const DEADLINE_MS = 30_000

/** Writers through the client library, each with a key of its own for every write, until they are stopped. */
class Load {
  readonly acknowledged = new Map<string, number>()
  readonly failures: unknown[] = []
  longestMs = 0
  readonly #database: Database
  readonly #name: string
  #next = 0
  #isStopped = false
  readonly #running: Promise<unknown>

  constructor(name: string, urls: readonly string[]) {
    this.#name = name
    this.#database = connect({ nodes: urls })
    this.#running = Promise.all(Array.from({ length: CLIENTS }, () => this.#write()))
  }

  /** Waits for so many acknowledged writes more than there are. */
  async goesOn(count = UNDER_LOAD_AFTER): Promise<void> {
    const wanted = this.acknowledged.size + count
    await eventually(
      () => this.acknowledged.size >= wanted,
      DEADLINE_MS,
      () => `${wanted} acknowledged writes; there are ${this.acknowledged.size}, and ${this.failures.length} failures: ${this.failures[0]}`,
    )
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
    await this.#database.close()
  }

  async #write(): Promise<void> {
    while (!this.#isStopped) {
      const index = this.#next++
      const startedMs = performance.now()
      try {
        await this.#database.set(`${this.#name}:${index}`, index)
        this.acknowledged.set(`${this.#name}:${index}`, index)
      } catch (error) {
        this.failures.push(error)
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - startedMs)
    }
  }
}

/** What was acknowledged and is not there, by a linearizable read of everything. */
async function lost(load: Load, url: string): Promise<string[]> {
  const database = connect({ nodes: [url] })
  const found = new Map<string, unknown>()
  for await (const { key, value } of database.scan({ consistency: 'linearizable' })) found.set(key, value)
  await database.close()
  return [...load.acknowledged].filter(([key, value]) => found.get(key) !== value).map(([key]) => key)
}

describe('three processes in leader mode', () => {
  let cluster: ProcessCluster | null = null

  afterEach(async () => {
    await cluster?.stop()
    cluster = null
  })

  async function begin(
    ...options: string[]
  ): Promise<{ readonly running: ProcessCluster; readonly leader: NodeProcess; readonly followers: readonly NodeProcess[] }> {
    cluster = await ProcessCluster.start(3, { options: ['--mode', 'leader', ...options] })
    const leader = await agreedLeader(cluster.nodes)
    return { running: cluster, leader, followers: cluster.nodes.filter((node) => node !== leader) }
  }

  it('[LM5] kill -9 of the leader under load loses nothing that was acknowledged, and another takes writes', async () => {
    const { running, leader, followers } = await begin()
    const load = new Load('kill', running.urls)
    await load.goesOn()
    await leader.kill()
    const killedMs = performance.now()
    await load.goesOn(1)
    const gapMs = performance.now() - killedMs
    await load.goesOn()
    const successor = await agreedLeader(followers)
    expect(followers).toContain(successor)
    await leader.start()
    await load.goesOn()
    await load.stop()
    report(
      `kill -9 of the leader: ${load.acknowledged.size} acknowledged, the next one ${Math.round(gapMs)} ms after, the slowest took ${Math.round(load.longestMs)} ms`,
    )
    expect(load.failures).toEqual([])
    for (const { url } of running.nodes) expect(await lost(load, url)).toEqual([])
    await running.converged()
  })

  it('[LM9] a write goes through any node, and with --no-forward the client library finds the leader', async () => {
    const { running, leader, followers } = await begin()
    for (const { name, url } of running.nodes) expect((await put(url, `by:${name}`, name)).status).toBe(200)
    const database = connect({ nodes: [present(followers[0], 'there are two followers').url], consistency: 'linearizable' })
    for (const { name } of running.nodes) expect(await database.get(`by:${name}`)).toBe(name)
    await database.close()
    await running.stop()
    expect(leader.isRunning).toBe(false)

    const strict = await begin('--no-forward')
    const follower = present(strict.followers[0], 'there are two followers')
    const refused = await put(follower.url, 'a', 1)
    expect(refused).toMatchObject({
      status: 421,
      code: 'NOT_LEADER',
      body: { error: { details: { leader: strict.leader.name, url: strict.leader.url } } },
    })
    const library = connect({ nodes: [follower.url] })
    expect((await library.set('a', 1)).version.startsWith(`${strict.leader.name}.`)).toBe(true)
    expect(await library.get('a', { consistency: 'linearizable' })).toBe(1)
    await library.close()
  })

  it('[EP4] [EP5] is switched to multi and back by `skein mode` under load, with nothing lost', async () => {
    const { running, followers } = await begin()
    const load = new Load('switch', running.urls)
    await load.goesOn()
    const anywhere = present(followers[0], 'there are two followers').url
    const multi = await skein(['mode', 'multi', '--url', anywhere])
    expect(multi).toMatchObject({ code: 0, stdout: expect.stringMatching(/^multi, epoch \d+ \(took /) })
    await load.goesOn()
    for (const { name, url } of running.nodes)
      await eventually(
        async () => (await put(url, `own:${name}`, 1)).status === 200,
        DEADLINE_MS,
        () => `a write at ${name}`,
      )
    const leader = await skein(['mode', 'leader', '--url', anywhere, '--json'])
    expect([leader.code, JSON.parse(leader.stdout)]).toEqual([0, expect.objectContaining({ mode: 'leader' })])
    await load.goesOn()
    await load.stop()
    report(
      `switched to multi and back under load: ${multi.stdout.trim()}; ${leader.stdout.trim()}; the slowest write took ${Math.round(load.longestMs)} ms`,
    )
    expect(load.failures).toEqual([])
    expect(await lost(load, anywhere)).toEqual([])
    const status = await skein(['status', '--json', ...running.urls.flatMap((url) => ['--url', url])])
    expect(JSON.parse(status.stdout)).toMatchObject({ nodes: [{ mode: 'leader' }, { mode: 'leader' }, { mode: 'leader' }] })
  })

  it('[LM10] a leader that is asked to stop hands over first: writes hardly wait', async () => {
    const { running, leader, followers } = await begin()
    const load = new Load('stop', running.urls)
    await load.goesOn()
    load.longestMs = 0
    expect(await leader.terminate()).toEqual({ code: 0, signal: null })
    await load.goesOn()
    await load.stop()
    report(`SIGTERM of the leader: the slowest write took ${Math.round(load.longestMs)} ms`)
    expect(load.failures).toEqual([])
    expect(followers).toContain(await agreedLeader(followers))
    expect(await lost(load, present(followers[0], 'there are two followers').url)).toEqual([])
  })

  it('[LM7] a leader that slept through its succession answers no read from the past', async () => {
    const { leader, followers } = await begin('--no-forward')
    expect((await put(leader.url, 'a', 'old')).status).toBe(200)
    process.kill(leader.pid, 'SIGSTOP')
    const successor = await agreedLeader(followers)
    expect((await put(successor.url, 'a', 'new')).status).toBe(200)
    // They wait in its sockets, and are the first thing that it does.
    const asleep = Array.from({ length: CLIENTS }, () => fetch(`${leader.url}/v1/keys/a?read=linearizable&timeout=2s`))
    const write = put(leader.url, 'b', 'by nobody', '?timeout=2s')
    process.kill(leader.pid, 'SIGCONT')
    for (const answer of await Promise.all(asleep)) {
      if (answer.status === 200) expect(await answer.text()).toBe('"new"')
      else expect([421, 503]).toContain(answer.status)
    }
    const { status } = await write
    const database = connect({ nodes: [successor.url], consistency: 'linearizable' })
    if (status === 421) expect(await database.get('b')).toBeUndefined()
    else expect(status).not.toBe(200)
    await database.close()
  })

  it('[LM2] without a majority nobody takes writes, and nobody says that it is ready', async () => {
    const { leader, followers } = await begin()
    for (const node of followers) await node.kill()
    await eventually(
      async () => !(await leader.isReady()),
      DEADLINE_MS,
      () => 'a leader that steps down',
    )
    expect(await put(leader.url, 'a', 1, '?timeout=300ms')).toMatchObject({
      status: 503,
      code: 'NO_QUORUM',
      body: { error: { details: { applied: false } } },
    })
    const local = await fetch(`${leader.url}/v1/keys?read=local`)
    expect(local.status).toBe(200)
    await present(followers[0], 'there are two followers').start()
    await leader.ready()
    expect(await put(leader.url, 'a', 1)).toMatchObject({ status: 200 })
  })
})
