/**
 * The proofs of durability through the Redis protocol, at full load with pipelining: strace sees
 * the durable write of every key end before its OK begins to leave, and nothing that was answered
 * with OK is lost when nodes are killed in the middle of it.
 */

import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Prng, present, SECOND_MS } from '../../base/index.ts'
import { eventually } from '../support/eventually.ts'
import { PipelinedWriter } from '../support/pipelined-writer.ts'
import { ProcessCluster } from '../support/processes.ts'
import { allItems } from '../support/rest.ts'
import { readSystemCalls, type SystemCall, straceCommand, wasOpenedWith } from '../support/system-calls.ts'
import { report } from './report.ts'

const CONNECTIONS = 20
/** Writes under way on each connection. */
const WINDOW = 16
/** Under strace, on each connection. */
const TRACED_WRITES = 80
const TRACE_DEADLINE_MS = 20 * SECOND_MS
/** Shorter for trying things out. */
const STORM_S = Number(process.env.SKEIN_KILL_SECONDS ?? 15)
const KILL_INTERVAL_MS = 2 * SECOND_MS
/** Keys in all, evenly over the storm, so that every kill meets writes: each is asked of every node afterwards. */
const KEYS_MAX = 150_000
/** Every so many writes there is a transaction of three keys. */
const TRANSACTION_INTERVAL = 8
const RETRY_MS = 50
const RESTARTED_WITHIN_MS = 30 * SECOND_MS
const SETTLED_WITHIN_MS = 60 * SECOND_MS

let cluster: ProcessCluster | null = null

afterEach(async () => {
  await cluster?.stop()
  cluster = null
})

describe('what strace sees of a node under a pipelined load', () => {
  it(`[WR2] [JR1] each of ${CONNECTIONS} × ${TRACED_WRITES} pipelined writes is durable before its own OK`, async () => {
    const planned = await ProcessCluster.plan(1)
    cluster = planned
    const node = planned.node('n1')
    const output = join(planned.root, 'strace.txt')
    await node.start({ wrapper: straceCommand(output) })
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => writeAll(node.settings.respPort, index)))
    await node.terminate()
    const trace = await eventually(
      async () => {
        const content = await readFile(output, 'utf8')
        return content.includes('JSKF') && content.endsWith('\n') ? content : null
      },
      TRACE_DEADLINE_MS,
      () => 'the trace of strace',
    )

    const calls = readSystemCalls(trace)
    const durable = durableWrites(calls)
    const commits = new Set(durable.values())
    for (const commit of commits) expect(wasOpenedWith(calls, commit, 'O_DSYNC')).toBe(true)
    for (let connection = 0; connection < CONNECTIONS; connection++) {
      const answers = answersTo(calls, connection)
      expect(answers.length, `answers on connection ${connection}`).toBe(TRACED_WRITES)
      for (const [index, answer] of answers.entries()) {
        const key = keyOf(connection, index)
        const write = present(durable.get(key), `${key} is in the journal`)
        expect(write.endedAt, `${key} is durable before its answer leaves`).toBeLessThan(answer.beganAt)
      }
    }
    report(`${durable.size} pipelined writes took ${commits.size} durable writes`)
    // Otherwise it was no load.
    expect(commits.size).toBeLessThan(durable.size / 2)
  })

  async function writeAll(port: number, connection: number): Promise<void> {
    let sent = 0
    let acknowledged = 0
    const writer = await PipelinedWriter.connect(port, nameOf(connection), WINDOW, {
      next: () => (sent === TRACED_WRITES ? null : { keys: [keyOf(connection, sent++)], value: 'v' }),
      acknowledged: () => {
        acknowledged += 1
      },
      refused: (write, answer) => {
        throw new Error(`${write.keys} was answered ${answer}`)
      },
    })
    await writer.run()
    expect(acknowledged).toBe(TRACED_WRITES)
  }

  function nameOf(connection: number): string {
    return `connection-${String(connection).padStart(2, '0')}`
  }

  function keyOf(connection: number, index: number): string {
    return `load-${String(connection).padStart(2, '0')}-${String(index).padStart(4, '0')}`
  }

  /** For each key the write of the journal that has it. */
  function durableWrites(calls: readonly SystemCall[]): Map<string, SystemCall> {
    const found = new Map<string, SystemCall>()
    for (const call of calls) {
      if (!call.name.startsWith('pwrite') || call.target?.endsWith('.segment') !== true) continue
      for (const [key] of call.text.matchAll(/load-\d\d-\d{4}/g)) found.set(key, call)
    }
    return found
  }

  /** The call that sends each OK of a connection, in their order. */
  function answersTo(calls: readonly SystemCall[], connection: number): SystemCall[] {
    const socket = calls.find(
      ({ target, text }) => target?.startsWith('socket') === true && text.includes(`${nameOf(connection)}\\r\\n`),
    )?.target
    const sent = calls.filter(({ target }) => target !== null && target === socket)
    return sent.flatMap((call) => Array.from(call.text.matchAll(/\+OK\\r\\n/g), () => call))
  }
})

describe(`three processes under a pipelined load, one killed every ${KILL_INTERVAL_MS} ms for ${STORM_S} s`, () => {
  it(
    '[NoLostAck] [WR3] every OK is kept on every node, and every transaction is there whole or not at all',
    async () => {
      const seed = randomInt(2 ** 32)
      report(`victims are drawn with seed ${seed}`)
      const started = await ProcessCluster.start(3)
      cluster = started
      const load = new Load(started)
      const startMs = performance.now()
      const kills = await load.rage(new Prng(seed))
      const seconds = (performance.now() - startMs) / SECOND_MS
      await started.converged(SETTLED_WITHIN_MS)
      report(
        `${kills} kills in ${seconds.toFixed(0)} s, ${load.acknowledged.size} keys acknowledged (${Math.round(load.acknowledged.size / seconds)}/s), ` +
          `${load.refusals} refused, ${load.transactions.length} transactions`,
      )
      expect(kills).toBeGreaterThanOrEqual(STORM_S / 6)
      expect(load.acknowledged.size).toBeGreaterThan(100 * STORM_S)
      for (const node of started.nodes) {
        const items = await allItems(node.url)
        const lost = [...load.acknowledged].filter(([key, value]) => items.get(key)?.value !== value)
        expect(lost, `lost on ${node.name}`).toEqual([])
        const torn = load.transactions.filter((keys) => keys.some((key) => items.has(key)) && !keys.every((key) => items.has(key)))
        expect(torn, `torn on ${node.name}`).toEqual([])
      }
    },
    (STORM_S + 150) * SECOND_MS,
  )
})

/** Connections to all nodes that write new keys as fast as they are answered, and come back when their node does. */
class Load {
  /** The value of each key that was answered with OK. */
  readonly acknowledged = new Map<string, string>()
  readonly transactions: (readonly string[])[] = []
  refusals = 0
  readonly #cluster: ProcessCluster
  #nextKey = 0
  #startMs = 0
  #isOver = false

  constructor(cluster: ProcessCluster) {
    this.#cluster = cluster
  }

  /** How many nodes were killed. */
  async rage(random: Prng): Promise<number> {
    const { nodes } = this.#cluster
    this.#startMs = performance.now()
    const writing = Array.from({ length: CONNECTIONS }, (_, index) =>
      this.#write(present(nodes[index % nodes.length], 'every connection has a node').settings.respPort, `connection-${index}`),
    )
    let kills = 0
    try {
      const untilMs = performance.now() + STORM_S * SECOND_MS
      while (performance.now() < untilMs) {
        await pause(KILL_INTERVAL_MS)
        const victim = present(nodes[random.below(nodes.length)], 'the victim is one of them')
        const survivors = nodes.filter((node) => node !== victim)
        await eventually(async () => (await Promise.all(survivors.map((node) => node.isReady()))).includes(true), RESTARTED_WITHIN_MS)
        await victim.kill()
        victim.launch()
        kills += 1
      }
      await Promise.all(nodes.map((node) => node.ready()))
    } finally {
      this.#isOver = true
    }
    await Promise.all(writing)
    return kills
  }

  async #write(port: number, name: string): Promise<void> {
    while (!this.#isOver) {
      try {
        const writer = await PipelinedWriter.connect(port, name, WINDOW, {
          next: () => this.#next(),
          acknowledged: ({ keys, value }) => {
            for (const key of keys) this.acknowledged.set(key, value)
          },
          refused: () => {
            this.refusals += 1
          },
        })
        await writer.run()
      } catch {
        // Nobody listens yet.
      }
      await pause(RETRY_MS)
    }
  }

  #next(): { keys: readonly string[]; value: string } | null {
    const due = (KEYS_MAX * (performance.now() - this.#startMs)) / (STORM_S * SECOND_MS)
    if (this.#isOver || this.#nextKey >= Math.min(KEYS_MAX, due)) return null
    const count = this.#nextKey % TRANSACTION_INTERVAL === 0 ? 3 : 1
    const keys = Array.from({ length: count }, (_, place) => `unique:${this.#nextKey + place}`)
    const value = String(this.#nextKey)
    this.#nextKey += count
    if (count > 1) this.transactions.push(keys)
    return { keys, value }
  }
}

/** The pace of the storm, not a wait for a condition. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
