/**
 * The clients of a run. Each asks one thing at a time, at times that make the rate of all of them
 * together; it gives up after a time-out without knowing what became of its call, asks again if
 * its workload wants that, and goes to another node where one is not there.
 *
 * A client that is late does not catch up: a cluster that answers slowly is asked less, as by
 * people, and no run ends in a pile of calls.
 */

import { type Prng, SkeinError } from '../base/index.ts'
import type { Reply, Request } from '../core/index.ts'
import type { Cluster } from './cluster.ts'
import { between, exponential } from './draw.ts'
import type { NodeIndex } from './fault.ts'
import type { CallId, Happening } from './trace.ts'
import type { Call, Outcome, RunningWorkload } from './workload.ts'

/** Calls a second of one client, on average, where there are enough of them. */
const CALLS_PER_CLIENT = 2
/** A client gives up this long after the node should have answered, in ms. */
const PATIENCE_MS = 1000
/** Of requests that name no time-out themselves, in ms. */
const TIMEOUT_DEFAULT_MS = 2000
/** A call is asked again so often, after pauses of up to so many ms. */
const RETRIES_MAX = 4
const RETRY_PAUSE_MAX_MS = 1000
/** A call is sent on to a leader, or elsewhere for want of one, so often. */
const REDIRECTS_MAX = 6
/** Whoever found no leader waits for so long, in ms: elections take about this. */
const LEADERLESS_PAUSE_MAX_MS = 500

export interface ClientsOptions {
  readonly cluster: Pick<Cluster, 'queue' | 'nodes' | 'request'>
  readonly workload: RunningWorkload
  readonly clients: number
  /** Of all clients together. */
  readonly callsPerSecond: number
  /** No more calls than this, or null. */
  readonly callsMax: number | null
  readonly random: Prng
  readonly calls: CallIds
  /** There may be a leader: who is sent to it goes there, and who finds none asks elsewhere. */
  readonly followsLeader?: boolean
  readonly observe: (happening: Happening) => void
  /** Told of each call that is asked again. */
  readonly onRetry: () => void
}

/** Gives every call of a run a number. */
export class CallIds {
  #next: CallId = 1

  next(): CallId {
    return this.#next++
  }
}

interface Client {
  readonly index: number
  node: NodeIndex
  /** When its next call is due, in virtual ms. */
  dueMs: number
}

/** How many clients make a rate. */
export function clientsFor(callsPerSecond: number, nodes: number): number {
  return Math.max(nodes, Math.ceil(callsPerSecond / CALLS_PER_CLIENT))
}

export class Clients {
  readonly #options: ClientsOptions
  readonly #intervalMs: number
  #calls = 0
  #isStopped = false

  private constructor(options: ClientsOptions) {
    this.#options = options
    this.#intervalMs = (options.clients * 1000) / options.callsPerSecond
  }

  static start(options: ClientsOptions): Clients {
    const clients = new Clients(options)
    const { nodes } = options.cluster
    for (let index = 0; index < options.clients; index++) {
      const client: Client = { index, node: index % nodes.length, dueMs: 0 }
      clients.#wait(client)
    }
    return clients
  }

  /** No call begins any more; those that are open end as they may. */
  stop(): void {
    this.#isStopped = true
  }

  #wait(client: Client): void {
    const { cluster, random } = this.#options
    client.dueMs = Math.max(cluster.queue.nowMs, client.dueMs + exponential(random, this.#intervalMs))
    cluster.queue.at(client.dueMs, () => this.#begin(client))
  }

  #begin(client: Client): void {
    const { workload, callsMax } = this.#options
    if (this.#isStopped || (callsMax !== null && this.#calls >= callsMax)) return
    const call = workload.next(client.index)
    if (call === null) return this.#wait(client)
    this.#calls += 1
    client.node = this.#nodeFor(client, call.node)
    this.#ask(client, call, RETRIES_MAX, REDIRECTS_MAX)
  }

  #ask(client: Client, call: Call, retries: number, redirects: number): void {
    const { node } = client
    askOnce(this.#options, client.index, node, call.request, (outcome) => {
      if (this.#options.followsLeader === true && redirects > 0 && !this.#isStopped && this.#isSentOn(client, outcome))
        return this.#askElsewhere(client, call, retries, redirects - 1)
      if (isOpen(outcome) && call.onUnknown !== 'go-on' && retries > 0 && !this.#isStopped)
        return this.#retryLater(client, call, retries - 1, redirects)
      if (outcome.kind === 'unreachable') client.node = this.#nodeFor(client, 'any')
      this.#options.workload.ended(client.index, call, outcome)
      this.#wait(client)
    })
  }

  /** True if the answer was that another node has to be asked, which then is the client's. */
  #isSentOn(client: Client, outcome: Outcome): boolean {
    const leader = leaderNamedBy(this.#options.cluster, outcome)
    if (leader === null && !hasNoLeader(outcome)) return false
    client.node = leader ?? this.#nodeFor(client, 'any')
    return true
  }

  #askElsewhere(client: Client, call: Call, retries: number, redirects: number): void {
    const { cluster, random } = this.#options
    cluster.queue.after(between(random, 1, LEADERLESS_PAUSE_MAX_MS), () => {
      if (!this.#isStopped) this.#ask(client, call, retries, redirects)
    })
  }

  #retryLater(client: Client, call: Call, retries: number, redirects: number): void {
    const { cluster, random } = this.#options
    cluster.queue.after(between(random, 1, RETRY_PAUSE_MAX_MS), () => {
      if (this.#isStopped) return
      this.#options.onRetry()
      if (call.onUnknown === 'retry-any') client.node = this.#nodeFor(client, 'any')
      this.#ask(client, call, retries, redirects)
    })
  }

  #nodeFor(client: Client, node: Call['node']): NodeIndex {
    if (node === 'same') return client.node
    return node === 'any' ? this.#options.random.below(this.#options.cluster.nodes.length) : node
  }
}

/** Asks a node once and tells it as events. `done` gets one outcome, at the latest after the time-out. */
export function askOnce(
  { cluster, calls, observe }: Pick<ClientsOptions, 'cluster' | 'calls' | 'observe'>,
  client: number,
  node: NodeIndex,
  request: Request,
  done: (outcome: Outcome) => void,
): void {
  const call = calls.next()
  let isOver = false
  observe({ kind: 'invoked', call, client, node, request })
  const end = (outcome: Outcome): void => {
    isOver = true
    // Refused connections are answers too: nothing was done.
    if (outcome.kind === 'unknown') observe({ kind: 'unknown', call, client, node })
    else observe({ kind: 'answered', call, client, node, reply: outcome.kind === 'answered' ? outcome.reply : refusal() })
    done(outcome)
  }
  const pending = cluster.request(node, request, (outcome) => {
    if (!isOver) end(outcome.kind === 'lost' ? { kind: 'unknown' } : outcome)
  })
  cluster.queue.after(timeoutOf(request) + PATIENCE_MS, () => {
    if (isOver) return
    pending.withdraw()
    end({ kind: 'unknown' })
  })
}

/** As `askOnce`; whoever is sent to a leader asks that one. */
export function askLeader(
  asking: Pick<ClientsOptions, 'cluster' | 'calls' | 'observe'>,
  client: number,
  node: NodeIndex,
  request: Request,
  done: (outcome: Outcome) => void,
  redirects = REDIRECTS_MAX,
): void {
  askOnce(asking, client, node, request, (outcome) => {
    const leader = leaderNamedBy(asking.cluster, outcome)
    if (leader === null || redirects === 0) done(outcome)
    else askLeader(asking, client, leader, request, done, redirects - 1)
  })
}

/** Who has to be asked instead, if an answer says so. */
function leaderNamedBy({ nodes }: Pick<Cluster, 'nodes'>, outcome: Outcome): NodeIndex | null {
  if (outcome.kind !== 'answered' || outcome.reply.kind !== 'failed' || outcome.reply.error.code !== 'NOT_LEADER') return null
  const name = outcome.reply.error.details?.leader
  return nodes.find((node) => node.name === name)?.index ?? null
}

/** True if nobody leads as far as the node knows: another one may know more. */
function hasNoLeader(outcome: Outcome): boolean {
  return (
    outcome.kind === 'answered' &&
    outcome.reply.kind === 'failed' &&
    outcome.reply.error.code === 'NO_QUORUM' &&
    outcome.reply.error.details?.applied === false
  )
}

/** True if nobody knows whether it was done. */
function isOpen(outcome: Outcome): boolean {
  if (outcome.kind === 'unknown') return true
  return outcome.kind === 'answered' && outcome.reply.kind === 'failed' && outcome.reply.error.details?.applied === 'unknown'
}

function timeoutOf(request: Request): number {
  return request.kind === 'status' || request.kind === 'conflicts' ? TIMEOUT_DEFAULT_MS : request.timeoutMs
}

function refusal(): Reply {
  const error = new SkeinError('UNAVAILABLE', 'the node is not running: ask another one', { details: { applied: false } })
  return { kind: 'failed', error }
}
