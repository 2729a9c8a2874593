/** Clients against a cluster that does what the test says: rate, time-outs, retries, moves. */

import { describe, expect, it } from 'vitest'
import { Prng } from '../../base/index.ts'
import type { Reply, Request } from '../../core/index.ts'
import { VersionVector } from '../../crdt/index.ts'
import { CallIds, Clients, clientsFor } from '../../sim/clients.ts'
import type { Cluster } from '../../sim/cluster.ts'
import { EventQueue } from '../../sim/event-queue.ts'
import type { RequestOutcome } from '../../sim/request-path.ts'
import type { Happening } from '../../sim/trace.ts'
import type { Call, Outcome, RunningWorkload } from '../../sim/workload.ts'
import { getRequest, setOperation, textValue, transactionRequest } from '../../sim/workloads/index.ts'

const FOUND_NOTHING: Reply = { kind: 'value', item: null, conflicts: 0, session: new VersionVector() }
const READ: Call = { request: getRequest('k'), node: 'same', onUnknown: 'go-on' }

interface Asked {
  readonly atMs: number
  readonly node: number
  readonly request: Request
}

/** One client unless said otherwise. `answer` says what becomes of a request; null is silence. */
class Bench {
  readonly queue = new EventQueue()
  readonly asked: Asked[] = []
  readonly happenings: Happening[] = []
  readonly outcomes: Outcome[] = []
  withdrawn = 0
  retries = 0

  constructor(
    call: Call,
    answer: (asked: number) => RequestOutcome | null,
    { clients = 1, callsPerSecond = 10, callsMax = null as number | null } = {},
  ) {
    const { queue } = this
    const cluster = {
      queue,
      nodes: [0, 1, 2],
      request: (node: number, request: Request, done: (outcome: RequestOutcome) => void) => {
        this.asked.push({ atMs: queue.nowMs, node, request })
        const outcome = answer(this.asked.length)
        if (outcome !== null) queue.after(1, () => done(outcome))
        return { withdraw: () => this.withdrawn++ }
      },
    } as unknown as Pick<Cluster, 'queue' | 'nodes' | 'request'>
    const workload: RunningWorkload = { next: () => call, ended: (_client, _call, outcome) => this.outcomes.push(outcome), invariants: [] }
    Clients.start({
      cluster,
      workload,
      clients,
      callsPerSecond,
      callsMax,
      random: new Prng(3),
      calls: new CallIds(),
      observe: (happening) => this.happenings.push(happening),
      onRetry: () => this.retries++,
    })
  }

  runTo(ms: number): this {
    while ((this.queue.nextMs ?? Number.POSITIVE_INFINITY) <= ms) this.queue.runNext()
    return this
  }
}

describe('clients', () => {
  it('[SIM] keep the rate that was asked for, all together', () => {
    const bench = new Bench(READ, () => ({ kind: 'answered', reply: FOUND_NOTHING }), { clients: clientsFor(100, 3), callsPerSecond: 100 })
    bench.runTo(20_000)
    expect(bench.asked.length / 20).toBeGreaterThan(90)
    expect(bench.asked.length / 20).toBeLessThan(110)
  })

  it('[SIM] give up after the time-out, tell the node, and do not know what became of it', () => {
    const bench = new Bench(READ, () => null, { callsMax: 1 }).runTo(60_000)
    expect(bench.outcomes).toEqual([{ kind: 'unknown' }])
    expect(bench.withdrawn).toBe(1)
    expect(bench.happenings.map(({ kind }) => kind)).toEqual(['invoked', 'unknown'])
  })

  it('[SIM] ask again under the same key at the same node', () => {
    const request = transactionRequest([setOperation('k', textValue('v'))], { idempotencyKey: 'once' })
    const call: Call = { request, node: 'same', onUnknown: 'retry-same' }
    const bench = new Bench(call, (asked) => (asked === 1 ? { kind: 'lost' } : { kind: 'answered', reply: FOUND_NOTHING }), { callsMax: 1 })
    bench.runTo(60_000)
    expect(bench.asked.map(({ node, request: { kind } }) => ({ node, kind }))).toEqual([
      { node: 0, kind: 'transaction' },
      { node: 0, kind: 'transaction' },
    ])
    expect(bench.retries).toBe(1)
    expect(bench.outcomes).toHaveLength(1)
  })

  it('[SIM] give up asking again some time', () => {
    const call: Call = { ...READ, onUnknown: 'retry-any' }
    const bench = new Bench(call, () => ({ kind: 'lost' }), { callsMax: 1 }).runTo(120_000)
    expect(bench.asked).toHaveLength(5)
    expect(new Set(bench.asked.map(({ node }) => node)).size).toBeGreaterThan(1)
    expect(bench.outcomes).toEqual([{ kind: 'unknown' }])
  })

  it('[SIM] go to another node where one is not there, as if they had been refused', () => {
    const bench = new Bench(READ, (asked) => (asked === 1 ? { kind: 'unreachable' } : { kind: 'answered', reply: FOUND_NOTHING }))
    bench.runTo(20_000)
    expect(bench.outcomes[0]).toEqual({ kind: 'unreachable' })
    expect(bench.happenings[1]).toMatchObject({ kind: 'answered', reply: { kind: 'failed' } })
  })

  it('[SIM] do not catch up on what they are late with', () => {
    const bench = new Bench(READ, (asked) => (asked === 1 ? null : { kind: 'answered', reply: FOUND_NOTHING }), { callsPerSecond: 100 })
    bench.runTo(3000)
    const afterSilence = bench.asked.filter(({ atMs }) => atMs > 2500 && atMs < 2600)
    expect(afterSilence.length).toBeLessThan(30)
  })
})
