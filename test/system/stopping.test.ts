import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type NodeProcess, ProcessCluster } from '../support/processes.ts'
import { allItems, getItem, put } from '../support/rest.ts'
import { report } from './report.ts'

const CLIENTS = 24
const UNDER_LOAD_AFTER = 200
const LOAD_DEADLINE_MS = 30_000
/** Whoever stops a service waits about that long before it takes the hammer. */
const STOPPED_WITHIN_MS = 6000

describe('a process that is asked to stop', () => {
  let cluster: ProcessCluster | null = null

  afterEach(async () => {
    await cluster?.stop()
    cluster = null
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('[WR2] by %s under load ends with 0, and loses nothing that it acknowledged', async (signal) => {
    cluster = await ProcessCluster.start(2)
    const node = cluster.node('n1')
    const load = new Load(node)
    const running = load.run()
    await eventually(
      () => load.acknowledged.size >= UNDER_LOAD_AFTER,
      LOAD_DEADLINE_MS,
      () => 'a load',
    )
    const startMs = performance.now()
    expect(await node.terminate(signal)).toEqual({ code: 0, signal: null })
    const stoppedMs = performance.now() - startMs
    load.stop()
    await running
    report(
      `${signal}: ${load.acknowledged.size} acknowledged, ${load.refused} refused with a code, ${load.broken} not answered, stopped in ${Math.round(stoppedMs)} ms`,
    )
    expect(stoppedMs).toBeLessThan(STOPPED_WITHIN_MS)
    await node.start()
    const items = await allItems(node.url)
    const lost = [...load.acknowledged].filter((key) => !items.has(key))
    expect(lost).toEqual([])
  })

  it('[WR4] answers what is in flight before it ends', async () => {
    cluster = await ProcessCluster.start(2)
    const node = cluster.node('n1')
    await cluster.node('n2').kill()
    // It waits for a peer that is gone, so it is in flight for certain once the write can be read.
    const waiting = put(node.url, 'waiting', 1, '?w=all&timeout=1500ms')
    await eventually(
      async () => (await getItem(node.url, 'waiting')) !== null,
      LOAD_DEADLINE_MS,
      () => 'the write',
    )
    const [ended, answer] = await Promise.all([node.terminate(), waiting])
    expect(ended).toEqual({ code: 0, signal: null })
    expect(answer).toMatchObject({ status: 503, code: 'UNAVAILABLE', body: { error: { details: { applied: true } } } })
  })
})

/** Writes without pause, and goes on to write when nobody answers any more, until it is stopped. */
class Load {
  readonly acknowledged = new Set<string>()
  refused = 0
  broken = 0
  #next = 0
  #isStopped = false
  readonly #node: NodeProcess

  constructor(node: NodeProcess) {
    this.#node = node
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#write()))
  }

  stop(): void {
    this.#isStopped = true
  }

  async #write(): Promise<void> {
    while (!this.#isStopped) {
      const key = `load:${this.#next++}`
      try {
        const { status } = await put(this.#node.url, key, key)
        if (status === 200) this.acknowledged.add(key)
        else this.refused += 1
      } catch {
        // The process is gone, or going: nothing was promised.
        this.broken += 1
        if (!this.#node.isRunning) return
      }
    }
  }
}
