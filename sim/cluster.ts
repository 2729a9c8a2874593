/**
 * A whole cluster under virtual time, in one thread: nodes that run the shipped replica, the
 * network between them, clients' requests on their way, and faults. It tells everything that
 * happens, right after it happened; the same options give the same happenings, in the same order.
 *
 * Nothing moves by itself: whoever has a cluster turns its queue.
 */

import { assert, type NodeName, type Prng, parseNodeName, present } from '../base/index.ts'
import { MAX_CLOCK_DRIFT_DEFAULT_MS, type ReplicaConfig, type Request } from '../core/index.ts'
import { BlockExchange } from './block-exchange.ts'
import { forkPrng } from './chance.ts'
import { EventQueue } from './event-queue.ts'
import type { Fault, NodeIndex } from './fault.ts'
import { FaultStriker } from './fault-striker.ts'
import type { ClusterView } from './invariant.ts'
import { Network } from './network.ts'
import { SimulatedNode } from './node.ts'
import { type PendingRequest, type RequestOutcome, RequestPath } from './request-path.ts'
import type { Happening } from './trace.ts'
import type { Weather } from './weather.ts'

export const NODES_MAX = 9

export interface ClusterOptions {
  /** 1 to `NODES_MAX`. */
  readonly nodes: number
  readonly weather: Weather
  /** The cluster forks its own streams from it. */
  readonly random: Prng
  readonly maxClockDriftMs?: number
  /** The mode in which it begins; multi unless told. */
  readonly mode?: ReplicaConfig['mode']
  /** True if it may have a leader, now or later: then what its nodes make of the chain is told. As the mode unless told. */
  readonly isLed?: boolean
  /** Carries out what an operator asks in a plan; nobody does unless told. */
  readonly operate?: (node: NodeIndex, request: Request) => void
  /** Told everything, right after it happened. */
  readonly observe: (happening: Happening) => void
}

export class Cluster implements ClusterView {
  readonly queue = new EventQueue()
  readonly nodes: readonly SimulatedNode[]
  readonly #striker: FaultStriker
  readonly #requests: RequestPath
  readonly #network: Network

  private constructor(nodes: readonly SimulatedNode[], queue: EventQueue, network: Network, striker: FaultStriker, requests: RequestPath) {
    this.queue = queue
    this.nodes = nodes
    this.#network = network
    this.#striker = striker
    this.#requests = requests
  }

  /** A cluster whose processes start with the first events. */
  static start({
    nodes: count,
    weather,
    random,
    maxClockDriftMs,
    mode = 'multi',
    isLed = mode === 'leader',
    operate = () => {},
    observe,
  }: ClusterOptions): Cluster {
    assert(count >= 1 && count <= NODES_MAX, 'a cluster has 1 to 9 nodes')
    const queue = new EventQueue()
    const members = Array.from({ length: count }, (_, index) => nameOf(index))
    const exchange = new BlockExchange({ queue, observe })
    const network = new Network({ queue, names: members, weather: weather.network, random: forkPrng(random), observe }, exchange)
    exchange.attach(network)
    const world = {
      queue,
      network,
      exchange,
      members,
      mode,
      isLed,
      maxClockDriftMs: maxClockDriftMs ?? MAX_CLOCK_DRIFT_DEFAULT_MS,
      syncIntervalMs: weather.disk.syncIntervalMs,
      releaseIntervalMs: weather.disk.releaseIntervalMs,
      observe,
    }
    const nodes = members.map((name, index) => {
      const clockOffsetMs = weather.clockOffsetsMs[index] ?? 0
      return new SimulatedNode({ world, index, name, weather: weather.disk, clockOffsetMs, random: forkPrng(random) })
    })
    const striker = new FaultStriker({ queue, network, nodes, isLed, observe, operate })
    const requests = new RequestPath({ queue, weather: weather.network, random: forkPrng(random) })
    // Not before the caller has its cluster: what happens is told to it.
    for (const node of nodes) queue.schedule(0, null, () => node.start())
    return new Cluster(nodes, queue, network, striker, requests)
  }

  /** Virtual milliseconds since the start of the run. */
  get atMs(): number {
    return this.queue.nowMs
  }

  /**
   * Asks a node as a client over the network would. `done` gets one outcome, never at once, unless
   * the call is withdrawn first. The time-out is the caller's business.
   */
  request(node: NodeIndex, request: Request, done: (outcome: RequestOutcome) => void): PendingRequest {
    return this.#requests.send(this.#node(node), request, done)
  }

  /** Lets a fault strike now; it ends by itself. False if it can't: its nodes are down already. */
  strike(fault: Fault): boolean {
    return this.#striker.strike(fault)
  }

  /** Ends a fault that lasts before its time: for scenarios by hand. */
  endEarly(fault: Fault): void {
    this.#striker.endEarly(fault)
  }

  /** Ends every fault: links are whole, nodes start, clocks are right, and nothing breaks any more. */
  calm(): void {
    this.#striker.calm()
    this.#requests.calm()
    this.#network.calm()
  }

  #node(index: NodeIndex): SimulatedNode {
    return present(this.nodes[index], 'a request goes to a node of the cluster')
  }
}

/** n1, n2, … */
function nameOf(index: NodeIndex): NodeName {
  return parseNodeName(`n${index + 1}`)
}
