/**
 * The leader gets `kill -9`, again and again, under load. Nothing that was acknowledged may be lost,
 * and what clients saw of registers must be linearizable: each register is written, read and
 * changed on a condition by several clients at once, at any node.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Prng, present, SECOND_MS } from '../../base/index.ts'
import { connect, type Database, SkeinError } from '../../client/index.ts'
import { checkLinearizable, compareAndSet, type Operation, read, registerModel, span, write } from '../../sim/checkers/index.ts'
import { agreedLeader } from '../support/agreed-leader.ts'
import { eventually } from '../support/eventually.ts'
import { ProcessCluster } from '../support/processes.ts'
import { allItems } from '../support/rest.ts'
import { report } from './report.ts'

/** More for the proof: 30. */
const KILLS = Number(process.env.SKEIN_FAILOVERS ?? 6)
const WRITES_PER_SECOND = 500
const PACE_MS = 20
const IN_FLIGHT_MAX = 300
const REGISTERS = 4
const REGISTER_CLIENTS = 6
const REGISTER_PAUSE_MS = 5
const CALM_MS = 1500
/** The new leader and the old one's return, on a busy machine. */
const KILL_WITHIN_MS = 30 * SECOND_MS
const CALL_TIMEOUT_MS = 20 * SECOND_MS
const COMMIT_DEADLINE_MS = 30 * SECOND_MS
const SETTLED_WITHIN_MS = 60 * SECOND_MS

class Storm {
  /** Keys that are written once, with their values. */
  readonly acknowledged = new Map<string, number>()
  readonly history: Operation[] = []
  /** From each kill to the end of the first write that began after it. */
  readonly gapsMs: number[] = []
  readonly #cluster: ProcessCluster
  readonly #random = new Prng(7)
  readonly #failed = new Map<string, number>()
  #next = 0
  #inFlight = 0
  #value = 0
  #isOver = false
  /** Set at a kill: told when the first write that began after it is committed. */
  #onCommitted: { readonly sinceMs: number; readonly done: (ms: number) => void } | null = null

  constructor(cluster: ProcessCluster) {
    this.#cluster = cluster
  }

  get failures(): string {
    return [...this.#failed].map(([code, count]) => `${count} ${code}`).join(', ') || 'none'
  }

  async rage(): Promise<void> {
    const databases = Array.from({ length: REGISTER_CLIENTS + 1 }, () =>
      connect({ nodes: this.#cluster.urls, timeoutMs: CALL_TIMEOUT_MS, consistency: 'linearizable' }),
    )
    const [writer, ...clients] = databases
    const running = [
      this.#writeKeys(present(writer, 'one of them writes keys')),
      ...clients.map((database, client) => this.#useRegisters(database, client)),
    ]
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        await pause(CALM_MS)
        await this.#killLeader()
      }
      await pause(CALM_MS)
    } finally {
      this.#isOver = true
    }
    await Promise.all(running)
    await Promise.all(databases.map((database) => database.close()))
  }

  async #killLeader(): Promise<void> {
    const leader = await agreedLeader(this.#cluster.nodes)
    await leader.kill()
    const sinceMs = performance.now()
    const committed = new Promise<number>((done) => {
      this.#onCommitted = { sinceMs, done }
    })
    const deadline = pause(COMMIT_DEADLINE_MS).then(() => Number.POSITIVE_INFINITY)
    this.gapsMs.push((await Promise.race([committed, deadline])) - sinceMs)
    await leader.start()
  }

  async #writeKeys(database: Database): Promise<void> {
    const calls: Promise<void>[] = []
    const startMs = performance.now()
    while (!this.#isOver) {
      const due = ((performance.now() - startMs) / SECOND_MS) * WRITES_PER_SECOND
      for (; this.#next < due; this.#next++) if (this.#inFlight < IN_FLIGHT_MAX) calls.push(this.#writeKey(database, this.#next))
      await pause(PACE_MS)
    }
    await Promise.all(calls)
  }

  async #writeKey(database: Database, value: number): Promise<void> {
    this.#inFlight += 1
    const beganMs = performance.now()
    try {
      await database.set(`key:${value}`, value)
      this.acknowledged.set(`key:${value}`, value)
      const waiting = this.#onCommitted
      if (waiting !== null && beganMs >= waiting.sinceMs) {
        this.#onCommitted = null
        waiting.done(performance.now())
      }
    } catch (error) {
      this.#note(error)
    }
    this.#inFlight -= 1
  }

  async #useRegisters(database: Database, client: number): Promise<void> {
    // A process of the history makes one call after the other; after an unknown outcome it is another one.
    let life = 0
    while (!this.#isOver) {
      const key = `register:${this.#random.below(REGISTERS)}`
      const process = client + REGISTER_CLIENTS * life
      const start = performance.now()
      const dice = this.#random.below(10)
      const isDone =
        dice < 5 ? await this.#read(database, key, process, start) : await this.#change(database, key, process, start, dice < 8)
      if (!isDone) life += 1
      await pause(REGISTER_PAUSE_MS)
    }
  }

  async #read(database: Database, key: string, process: number, start: number): Promise<boolean> {
    try {
      const value = await database.get<number>(key)
      this.history.push(read(key, value ?? null, span(process, start, performance.now())))
    } catch (error) {
      this.#note(error)
    }
    return true
  }

  async #change(database: Database, key: string, process: number, start: number, isPlain: boolean): Promise<boolean> {
    const value = ++this.#value
    try {
      if (isPlain) {
        await database.set(key, value)
        this.history.push(write(key, value, span(process, start, performance.now())))
        return true
      }
      return await this.#swap(database, key, value, process)
    } catch (error) {
      this.#note(error)
      this.history.push(write(key, value, span(process, start)))
      return false
    }
  }

  /** Reads a register, and changes it if it still has the version that was read. */
  async #swap(database: Database, key: string, value: number, process: number): Promise<boolean> {
    const before = await database.getItem<number>(key).catch((error: unknown) => this.#note(error))
    if (before === null || before === undefined) return true
    const start = performance.now()
    try {
      await database.set(key, value, { ifVersion: before.version })
      this.history.push(compareAndSet(key, before.value, value, true, span(process, start, performance.now())))
    } catch (error) {
      const isRefused = error instanceof SkeinError && error.code === 'CONFLICT'
      const end = isRefused ? span(process, start, performance.now()) : span(process, start)
      this.history.push(compareAndSet(key, before.value, value, isRefused ? false : null, end))
      if (!isRefused) this.#note(error)
      return isRefused
    }
    return true
  }

  #note(error: unknown): null {
    const code = error instanceof SkeinError ? error.code : String(error)
    this.#failed.set(code, (this.#failed.get(code) ?? 0) + 1)
    return null
  }
}

describe('failover', () => {
  let cluster: ProcessCluster
  let storm: Storm

  beforeAll(
    async () => {
      cluster = await ProcessCluster.start(3, { options: ['--mode', 'leader'] })
      storm = new Storm(cluster)
      await storm.rage()
    },
    KILL_WITHIN_MS * (KILLS + 1),
  )

  afterAll(async () => cluster.stop())

  it(`[LM5] ${KILLS} times the leader is killed, and each time another one commits`, () => {
    const gaps = [...storm.gapsMs].sort((left, right) => left - right).map(Math.round)
    const median = gaps[gaps.length >> 1]
    report(
      `${KILLS} failovers: kill to next committed write median ${median} ms, slowest ${gaps.at(-1)} ms; ${storm.acknowledged.size} writes acknowledged, ${storm.history.length} calls on registers; failed calls: ${storm.failures}`,
    )
    expect(gaps.every(Number.isFinite)).toBe(true)
    expect(gaps).toHaveLength(KILLS)
  })

  it('[LM5] nothing that was acknowledged is lost, on any node', async () => {
    await eventually(
      async () => new Set((await Promise.all(cluster.nodes.map((node) => node.status()))).map(({ digest }) => digest)).size === 1,
      SETTLED_WITHIN_MS,
      () => 'equal digests',
    )
    for (const { url } of cluster.nodes) {
      const items = await allItems(url)
      const lost = [...storm.acknowledged].filter(([key, value]) => items.get(key)?.value !== value)
      expect(lost).toEqual([])
    }
    expect(storm.acknowledged.size).toBeGreaterThan(50 * KILLS)
  })

  it('[LM7] what clients saw of the registers is linearizable', () => {
    const { verdict, unordered } = checkLinearizable(registerModel(null), storm.history)
    expect(unordered).toEqual([])
    expect(verdict).toBe('passed')
    expect(storm.history.length).toBeGreaterThan(50 * KILLS)
  })
})

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
