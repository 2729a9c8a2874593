/**
 * The liveness phase: faults have stopped, and within a bound of virtual time every node must
 * serve, answer a write and a read of its own, and hold what all others hold.
 *
 * Clocks are put right, and then all of them forward to the latest of clocks and timestamps that
 * were about: a node whose clock was far ahead while it was alone may have stamped what the others
 * hold until its time has come (HL3), and those that went by its clock go on so until they hear of
 * another. Nobody promises more; so the phase begins when that time has come, and then nothing may
 * be held any more.
 */

import { FIRST_EPOCH, type NodeName, type Timestamp } from '../base/index.ts'
import { isFurther, type Request } from '../core/index.ts'
import { compareVectors, wallFromTimestamp } from '../crdt/index.ts'
import { askLeader, askOnce, type CallIds } from './clients.ts'
import type { Cluster } from './cluster.ts'
import type { Finding, NodeView } from './invariant.ts'
import type { Oracle } from './oracle.ts'
import type { Happening } from './trace.ts'
import type { Outcome } from './workload.ts'
import { getRequest, setOperation, textValue, transactionRequest } from './workloads/index.ts'

/** A cluster without faults answers and converges within this, in virtual ms. */
export const LIVENESS_BOUND_MS = 60_000
const LOOK_INTERVAL_MS = 100
const PROBE_PAUSE_MS = 200
/** A commit takes four messages one after the other, in the worst weather of more than a second each: a probe waits for it. */
const LED_PROBE_TIMEOUT_MS = 10_000
/** Of what is written with a deadline. */
const BRIEF_MS = 100

export interface LivenessOptions {
  readonly cluster: Cluster
  readonly calls: CallIds
  /** The first of the clients that probe, one for each node. */
  readonly firstClient: number
  /** There may be a leader. */
  readonly isLed?: boolean
  readonly observe: (happening: Happening) => void
}

/** Ends the faults, and lets the clocks catch up with what was stamped, or may be yet. */
export function calmDown(cluster: Cluster, oracle: Oracle): void {
  let latestMs = wallFromTimestamp(oracle.transactions.latestTimestamp as Timestamp)
  for (const { wallMs } of cluster.nodes) latestMs = Math.max(latestMs, wallMs)
  cluster.calm()
  for (const node of cluster.nodes) if (latestMs > node.wallMs) node.clock.step(latestMs - node.wallMs)
}

export class LivenessPhase {
  readonly #options: LivenessOptions
  readonly #deadlineMs: number
  /** Nodes that have answered a write and a read. */
  readonly #answered = new Set<number>()
  #isProbing = false
  #isOver = false
  #finding: Finding | null = null

  private constructor(options: LivenessOptions) {
    this.#options = options
    this.#deadlineMs = options.cluster.queue.nowMs + LIVENESS_BOUND_MS
  }

  static begin(options: LivenessOptions): LivenessPhase {
    const phase = new LivenessPhase(options)
    phase.#lookLater()
    return phase
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** What kept the cluster from settling within the bound, or null. */
  get finding(): Finding | null {
    return this.#finding
  }

  #lookLater(): void {
    this.#options.cluster.queue.after(LOOK_INTERVAL_MS, () => this.#look())
  }

  #look(): void {
    const missing = this.#describeMissing()
    if (missing === null) {
      this.#isOver = true
    } else if (this.#options.cluster.queue.nowMs >= this.#deadlineMs) {
      this.#finding = { message: `${LIVENESS_BOUND_MS / 1000} s after the last fault ${missing}`, events: [] }
      this.#isOver = true
    } else {
      this.#lookLater()
    }
  }

  #describeMissing(): string | null {
    const { nodes } = this.#options.cluster
    const away = nodes.find(({ isServing }) => !isServing)
    if (away !== undefined) return `node ${away.index} does not serve`
    const removed = nodes.find(({ name }) => !isMember(nodes, name))
    // What it is asked before its operator sees to it, it takes with it.
    if (removed !== undefined && !this.#isProbing) return `node ${removed.index} is no member, and its operator did not make it one`
    if (!this.#isProbing) {
      this.#isProbing = true
      for (const node of nodes) this.#probe(node)
    }
    const silent = nodes.find(({ index }) => !this.#answered.has(index))
    if (silent !== undefined) return `node ${silent.index} answers no write and read (${stateOf(silent)})`
    const [first] = nodes
    const elsewhere = this.#options.isLed === true ? nodes.find((node) => node.status().epoch !== first?.status().epoch) : undefined
    if (elsewhere !== undefined) return `node ${elsewhere.index} is in epoch ${elsewhere.status().epoch} (${stateOf(elsewhere)})`
    const other = nodes.find((node) => first !== undefined && compareVectors(first.frontier, node.frontier) !== 'equal')
    return first === undefined || other === undefined ? null : describeDifference(first, other)
  }

  /** Writes at a node and reads it back there, until both are answered. */
  #probe(node: NodeView): void {
    if (this.#options.isLed === true) return this.#probeLed(node)
    const key = `probe/${node.index}`
    const write = transactionRequest([setOperation(key, textValue(`probe of ${node.name}`))])
    this.#ask(node, write, (written) => {
      const session = written.kind === 'answered' && written.reply.kind === 'committed' ? written.reply.session : null
      this.#ask(node, getRequest(key, { session }), () => this.#answered.add(node.index))
    })
  }

  /**
   * Asks for a write, for a linearizable read of it wherever a leader is, and for a read of its own node. The first
   * two go on to the leader that the node names, and elsewhere for want of one; in a multi epoch the second is refused.
   * Then for a write with a deadline, until its own node reads nothing there any more.
   */
  #probeLed(node: NodeView): void {
    const key = `probe/${node.index}`
    const timeoutMs = LED_PROBE_TIMEOUT_MS
    const write = { ...transactionRequest([setOperation(key, textValue(`probe of ${node.name}`))]), timeoutMs }
    this.#askAnywhere(node, node, write, (written) => {
      const session = written.kind === 'answered' && written.reply.kind === 'committed' ? written.reply.session : null
      this.#askAnywhere(node, node, { ...getRequest(key, { consistency: 'linearizable' }), timeoutMs }, () => {
        this.#ask(node, { ...getRequest(key, { session }), timeoutMs }, () => this.#probeDeadline(node))
      })
    })
  }

  #probeDeadline(node: NodeView): void {
    const key = `probe/${node.index}/brief`
    const timeoutMs = LED_PROBE_TIMEOUT_MS
    const write = { ...transactionRequest([setOperation(key, textValue('brief'), BRIEF_MS)]), timeoutMs }
    this.#askAnywhere(node, node, write, (written) => {
      const session = written.kind === 'answered' && written.reply.kind === 'committed' ? written.reply.session : null
      const look = (): void =>
        this.#ask(node, { ...getRequest(key, { session }), timeoutMs }, (outcome) => {
          const isGone = outcome.kind === 'answered' && outcome.reply.kind === 'value' && outcome.reply.item === null
          if (isGone) this.#answered.add(node.index)
          else this.#options.cluster.queue.after(PROBE_PAUSE_MS, look)
        })
      look()
    })
  }

  #askAnywhere(probed: NodeView, node: NodeView, request: Request, onAnswer: (outcome: Outcome) => void): void {
    if (this.#isOver) return
    const { cluster, firstClient } = this.#options
    askLeader(this.#options, firstClient + probed.index, node.index, request, (outcome) => {
      const isLeaderless = request.kind === 'get' && node.isUp && node.status().mode === 'multi'
      if (outcome.kind === 'answered' && (outcome.reply.kind !== 'failed' || isLeaderless)) return onAnswer(outcome)
      const next = cluster.nodes[(node.index + 1) % cluster.nodes.length] ?? node
      cluster.queue.after(PROBE_PAUSE_MS, () => this.#askAnywhere(probed, next, request, onAnswer))
    })
  }

  #ask(node: NodeView, request: Request, onAnswer: (outcome: Outcome) => void): void {
    if (this.#isOver) return
    askOnce(this.#options, this.#options.firstClient + node.index, node.index, request, (outcome) => {
      if (outcome.kind === 'answered' && outcome.reply.kind !== 'failed') onAnswer(outcome)
      else this.#options.cluster.queue.after(PROBE_PAUSE_MS, () => this.#ask(node, request, onAnswer))
    })
  }
}

/** True unless the furthest chain that anybody holds names other voters. */
function isMember(nodes: readonly NodeView[], name: NodeName): boolean {
  const chains = nodes.map((node) => node.status().chain)
  const furthest = chains.reduce((known, chain) => (isFurther(chain.position, known.position) ? chain : known))
  return furthest.voters.length === 0 || furthest.voters.some(({ node }) => node === name)
}

function stateOf(node: NodeView): string {
  const { state, mode, epoch, leader, chain } = node.status()
  if (mode === 'leader' || epoch > FIRST_EPOCH)
    return `${state.kind}, ${mode} mode, epoch ${epoch}, promised ${chain.promised}, ${chain.role}, led by ${leader ?? 'nobody'}`
  return state.kind === 'read-only' ? `read-only: ${state.reason}` : state.kind
}

/** What one of two nodes knows and the other one does not, with what its log waits for. */
function describeDifference(left: NodeView, right: NodeView): string {
  for (const [ahead, behind] of [
    [left, right],
    [right, left],
  ] as const) {
    for (const [writer, sequence] of ahead.frontier.entries()) {
      const known = behind.frontier.get(writer)
      if (known >= sequence) continue
      const log = behind.status().logs.find((candidate) => candidate.writer === writer)
      const state = log === undefined ? 'which it does not know' : `which is ${log.state} there`
      return `node ${behind.index} knows ${known} and node ${ahead.index} ${sequence} of ${writer}, ${state}`
    }
  }
  return `nodes ${left.index} and ${right.index} differ`
}
