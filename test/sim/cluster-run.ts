/** A simulated cluster with everything that it told, for tests that set its faults by hand. */

import { binaryFromText, keyFromText, Prng } from '../../base/index.ts'
import type { Request } from '../../core/index.ts'
import { Cluster, type ClusterOptions } from '../../sim/cluster.ts'
import type { RequestOutcome } from '../../sim/request-path.ts'
import type { Happening, TraceEvent } from '../../sim/trace.ts'
import { TraceHash } from '../../sim/trace-hash.ts'
import { getRequest } from '../../sim/workloads/index.ts'
import { CALM } from './turning.ts'

/** Virtual time is cheap, but a run that goes nowhere must end, in ms. */
const DEADLINE_MS = 60_000

export class ClusterRun {
  readonly cluster: Cluster
  readonly events: TraceEvent[] = []
  readonly outcomes: RequestOutcome[] = []
  readonly #hash = new TraceHash()

  private constructor(seed: number, options: Partial<ClusterOptions>) {
    this.cluster = Cluster.start({
      nodes: 3,
      weather: CALM,
      random: new Prng(seed),
      observe: (happening) => {
        const event = { number: this.events.length, atMs: this.cluster.atMs, happening }
        this.events.push(event)
        this.#hash.add(event)
      },
      ...options,
    })
  }

  /** A cluster whose nodes serve and are connected. */
  static start(seed = 1, options: Partial<ClusterOptions> = {}): ClusterRun {
    const run = new ClusterRun(seed, options)
    run.until('all serve', () => run.isWhole())
    return run
  }

  get hash(): string {
    return this.#hash.digest()
  }

  /** Every node serves and has every other connected. */
  isWhole(): boolean {
    const { nodes } = this.cluster
    return nodes.every((node) => node.isServing && node.status().peers.every((peer) => peer.connected))
  }

  /** True if all have applied the same, and it has come to the same. */
  isConverged(): boolean {
    const { nodes } = this.cluster
    return this.isWhole() && nodes.every((node) => node.digest === nodes[0]?.digest && vectorText(node) === vectorText(nodes[0]))
  }

  until(what: string, condition: () => boolean): void {
    const { queue } = this.cluster
    const deadlineMs = queue.nowMs + DEADLINE_MS
    while (!condition()) {
      if (queue.nowMs > deadlineMs || !queue.runNext()) throw new Error(`by ${queue.nowMs} ms still not: ${what}`)
    }
  }

  elapse(ms: number): void {
    const { queue } = this.cluster
    let isOver = false
    queue.after(ms, () => {
      isOver = true
    })
    while (!isOver) queue.runNext()
  }

  /** Writes and goes on at once; the outcome goes to `outcomes`. */
  set(node: number, key: string, value = 'x'): void {
    this.cluster.request(node, setRequest(key, value), (outcome) => this.outcomes.push(outcome))
  }

  /** Writes and waits for the outcome. */
  write(node: number, key: string, value = 'x'): RequestOutcome {
    const before = this.outcomes.length
    this.set(node, key, value)
    this.until(`${key} is answered`, () => this.outcomes.length > before)
    return this.outcomes[before] ?? { kind: 'lost' }
  }

  /** Reads and waits for the outcome. */
  read(node: number, key: string): RequestOutcome {
    const before = this.outcomes.length
    this.cluster.request(node, getRequest(key), (outcome) => this.outcomes.push(outcome))
    this.until(`${key} is read`, () => this.outcomes.length > before)
    return this.outcomes[before] ?? { kind: 'lost' }
  }

  happened<Kind extends Happening['kind']>(kind: Kind): Extract<Happening, { kind: Kind }>[] {
    return this.events.flatMap(({ happening }) => (isOfKind(happening, kind) ? [happening] : []))
  }

  count(kind: Happening['kind']): number {
    return this.events.filter(({ happening }) => happening.kind === kind).length
  }
}

export function setRequest(key: string, value: string): Request {
  return {
    kind: 'transaction',
    operations: [{ kind: 'set', key: keyFromText(key), value: { type: 'text', data: binaryFromText(value) }, ttlMs: null }],
    conditions: [],
    concern: 1,
    idempotencyKey: null,
    session: null,
    timeoutMs: 5000,
  }
}

function isOfKind<Kind extends Happening['kind']>(happening: Happening, kind: Kind): happening is Extract<Happening, { kind: Kind }> {
  return happening.kind === kind
}

function vectorText(node: Cluster['nodes'][number] | undefined): string {
  return [...(node?.frontier.entries() ?? [])].toSorted().join()
}
