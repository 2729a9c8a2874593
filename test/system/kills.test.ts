/**
 * A storm of `kill -9` under load. What the client was answered is written down; afterwards every
 * line of it must be on every node.
 *
 * Three kinds of keys. Each unique key is written once, so its value must be there as it was. Half
 * of them are written in batches, of which every node must have all or nothing, acknowledged or
 * not. Each hot key is overwritten by one session, whose writes follow one another causally, so its
 * winner must be the last one acknowledged, or one that was sent after it and never answered.
 */

import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Prng, present, SECOND_MS } from '../../base/index.ts'
import { connect, type Database } from '../../client/index.ts'
import { parseDot } from '../../crdt/index.ts'
import type { NodeStatus } from '../../server/index.ts'
import { eventually } from '../support/eventually.ts'
import { ProcessCluster } from '../support/processes.ts'
import { allItems } from '../support/rest.ts'
import { report } from './report.ts'

/** Shorter for trying things out; the proof is 60. */
const STORM_S = Number(process.env.SKEIN_KILL_SECONDS ?? 60)
const KILL_INTERVAL_MS = 2 * SECOND_MS
/** Keys, one by one and in batches together. */
const WRITES_PER_SECOND = 1000
const BATCH_KEYS = 10
/** Keys of one turn of the writer: as many one by one as in a batch. */
const TURN_KEYS = 2 * BATCH_KEYS
const PACE_MS = 20
/** Past it the pace is not kept: a machine that is too slow must not pile up calls. */
const IN_FLIGHT_MAX = 500
const HOT_KEYS = 8
const UNIQUE_PREFIX = 'unique:'
/** A storm that let hardly anything through proves nothing. */
const ACKNOWLEDGED_PER_SECOND_MIN = 100
const CALL_TIMEOUT_MS = 20 * SECOND_MS
/** Nodes share the processors with the load and with each other's recovery. */
const RESTARTED_WITHIN_MS = 30 * SECOND_MS
const SETTLED_WITHIN_MS = 60 * SECOND_MS

class Storm {
  /** Version of each acknowledged unique key. */
  readonly acknowledged = new Map<string, string>()
  /** The keys of each batch that was sent. */
  readonly batches: (readonly string[])[] = []
  /** Per hot key: the last value acknowledged and the last one sent. */
  readonly hot = new Map<string, { acknowledged: number; sent: number; version: string | null }>()
  readonly failures = new Map<string, number>()
  kills = 0
  /** How long it really was. */
  seconds = 0
  #inFlight = 0
  #nextKey = 0
  #isOver = false
  readonly #cluster: ProcessCluster
  readonly #random: Prng

  constructor(cluster: ProcessCluster, seed: number) {
    this.#cluster = cluster
    this.#random = new Prng(seed)
  }

  async rage(durationMs: number): Promise<void> {
    const databases = this.#cluster.urls.map((_, index) => this.#connectFrom(index))
    const hotDatabases = Array.from({ length: HOT_KEYS }, (_, index) => this.#connectFrom(index))
    const startMs = performance.now()
    const writing = [this.#writeUnique(databases), ...hotDatabases.map((database, index) => this.#overwrite(`hot:${index}`, database))]
    try {
      await this.#killInTurn(performance.now() + durationMs)
    } finally {
      this.#isOver = true
    }
    this.seconds = (performance.now() - startMs) / SECOND_MS
    await Promise.all(writing)
    await Promise.all([...databases, ...hotDatabases].map((database) => database.close()))
  }

  /** A client that knows all nodes and starts at another one each. */
  #connectFrom(index: number): Database {
    const { urls } = this.#cluster
    const start = index % urls.length
    return connect({ nodes: [...urls.slice(start), ...urls.slice(0, start)], timeoutMs: CALL_TIMEOUT_MS })
  }

  /** Kills on time, whether or not the last victim is back, as long as another node than the next victim serves. */
  async #killInTurn(untilMs: number): Promise<void> {
    const { nodes } = this.#cluster
    for (let nextMs = performance.now(); nextMs < untilMs; nextMs = Math.max(nextMs + KILL_INTERVAL_MS, performance.now())) {
      await pause(nextMs - performance.now())
      const victim = present(nodes[this.#random.below(nodes.length)], 'the victim is one of them')
      const survivors = nodes.filter((node) => node !== victim)
      await eventually(
        async () => (await Promise.all(survivors.map((node) => node.isReady()))).includes(true),
        RESTARTED_WITHIN_MS,
        () => 'a node that survives the next kill',
      )
      await victim.kill()
      victim.launch()
      this.kills += 1
    }
    await Promise.all(nodes.map((node) => node.ready()))
  }

  async #writeUnique(databases: readonly Database[]): Promise<void> {
    const calls: Promise<void>[] = []
    const startMs = performance.now()
    while (!this.#isOver) {
      const due = ((performance.now() - startMs) / SECOND_MS) * WRITES_PER_SECOND
      while (this.#nextKey < due && this.#inFlight < IN_FLIGHT_MAX) {
        const turn = Array.from({ length: TURN_KEYS }, (_, place) => this.#nextKey + place)
        this.#nextKey += TURN_KEYS
        for (const value of turn.slice(BATCH_KEYS)) calls.push(this.#write(databaseOf(value), uniqueKey(value), value))
        calls.push(this.#writeBatch(databaseOf(this.#nextKey / TURN_KEYS), turn.slice(0, BATCH_KEYS)))
      }
      await pause(PACE_MS)
    }
    await Promise.all(calls)

    function databaseOf(index: number): Database {
      return present(databases[index % databases.length], 'there is a database for each node')
    }
  }

  async #write(database: Database, key: string, value: number): Promise<void> {
    this.#inFlight += 1
    try {
      const { version } = await database.set(key, value)
      this.acknowledged.set(key, version)
    } catch (error) {
      this.#noteFailure(error)
    } finally {
      this.#inFlight -= 1
    }
  }

  async #writeBatch(database: Database, values: readonly number[]): Promise<void> {
    this.#inFlight += 1
    const keys = values.map(uniqueKey)
    this.batches.push(keys)
    try {
      const { version } = await database.bulkSet(values.map((value) => [uniqueKey(value), value] as const))
      for (const key of keys) this.acknowledged.set(key, present(version, 'a batch of sets has a version'))
    } catch (error) {
      this.#noteFailure(error)
    } finally {
      this.#inFlight -= 1
    }
  }

  async #overwrite(key: string, database: Database): Promise<void> {
    const progress = { acknowledged: -1, sent: -1, version: null as string | null }
    this.hot.set(key, progress)
    while (!this.#isOver) {
      progress.sent += 1
      try {
        const { version } = await database.set(key, progress.sent)
        progress.acknowledged = progress.sent
        progress.version = version
      } catch (error) {
        this.#noteFailure(error)
      }
      await pause(PACE_MS)
    }
  }

  #noteFailure(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1)
  }
}

describe(`three processes, one killed every ${KILL_INTERVAL_MS} ms for ${STORM_S} s`, () => {
  let cluster: ProcessCluster
  let storm: Storm
  let digest = ''

  beforeAll(
    async () => {
      const seed = randomInt(2 ** 32)
      report(`victims are drawn with seed ${seed}`)
      cluster = await ProcessCluster.start(3)
      storm = new Storm(cluster, seed)
      await storm.rage(STORM_S * SECOND_MS)
      const startMs = performance.now()
      digest = await cluster.converged(SETTLED_WITHIN_MS)
      const { acknowledged, hot, kills, failures } = storm
      const overwrites = [...hot.values()].reduce((sum, progress) => sum + progress.acknowledged + 1, 0)
      report(
        `${kills} kills in ${Math.round(storm.seconds)} s, ${acknowledged.size} keys and ${overwrites} overwrites acknowledged ` +
          `(${Math.round((acknowledged.size + overwrites) / storm.seconds)}/s), failures ${JSON.stringify(Object.fromEntries(failures))}, ` +
          `one digest ${Math.round(performance.now() - startMs)} ms after the storm`,
      )
    },
    (STORM_S + 150) * SECOND_MS,
  )

  afterAll(() => cluster.stop())

  it('was a storm: nodes died and writes went on', () => {
    expect(storm.kills).toBeGreaterThanOrEqual(STORM_S / 6)
    expect(storm.acknowledged.size).toBeGreaterThan(ACKNOWLEDGED_PER_SECOND_MIN * STORM_S)
  })

  it('[NoLostAck] every acknowledged write is on every node', async () => {
    for (const node of cluster.nodes) {
      const items = await allItems(node.url)
      const { frontier } = await node.status()
      const lost = [...storm.acknowledged].filter(([key, version]) => {
        const isThere = items.get(key)?.value === Number(key.slice(UNIQUE_PREFIX.length))
        return !isThere || !isCovered(frontier, version)
      })
      expect(lost, `lost on ${node.name}`).toEqual([])
    }
  })

  it('[WR3] of every batch, acknowledged or not, each node has all or nothing', async () => {
    expect(storm.batches.length).toBeGreaterThan(0)
    for (const node of cluster.nodes) {
      const items = await allItems(node.url)
      const torn = storm.batches.filter((keys) => keys.some((key) => items.has(key)) && !keys.every((key) => items.has(key)))
      expect(torn, `torn on ${node.name}`).toEqual([])
    }
  })

  it('[NoLostAck] an overwritten key holds the last acknowledged value, or one that was sent later', async () => {
    for (const node of cluster.nodes) {
      const items = await allItems(node.url)
      const { frontier } = await node.status()
      for (const [key, { acknowledged, sent, version }] of storm.hot) {
        const value = Number(items.get(key)?.value)
        expect(value, `${key} on ${node.name}`).toBeGreaterThanOrEqual(acknowledged)
        expect(value, `${key} on ${node.name}`).toBeLessThanOrEqual(sent)
        if (version !== null) expect(isCovered(frontier, version), `${version} on ${node.name}`).toBe(true)
      }
    }
  })

  it('[LG2] [LG4] no log is forked or corrupt', async () => {
    for (const node of cluster.nodes) {
      const { logs } = await node.status()
      expect(logs.filter(({ state }) => state === 'forked' || state === 'corrupt')).toEqual([])
    }
  })

  it('[JR5] all three killed at once come back with the same digest', async () => {
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    const startMs = performance.now()
    await Promise.all(cluster.nodes.map((node) => node.start()))
    const readyMs = performance.now() - startMs
    expect(await cluster.converged()).toBe(digest)
    report(`all three ready ${Math.round(readyMs)} ms after the start, one digest after ${Math.round(performance.now() - startMs)} ms`)
    expect(await cluster.converged()).toBe(digest)
  })
})

function uniqueKey(value: number): string {
  return `${UNIQUE_PREFIX}${value}`
}

function isCovered(frontier: NodeStatus['frontier'], version: string): boolean {
  const dot = parseDot(version)
  return dot !== null && (frontier[dot.writer] ?? 0) >= dot.sequence
}

/** The pace of the load, not a wait for a condition. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
