/**
 * What the operator of a cluster does about nodes that were removed from it (MB4): one that says so of
 * itself gets an empty directory and joins anew, and is given a vote once it is there. Goes round the
 * nodes as long as the run lasts, from the first removal on.
 */

import { isFurther, type Request } from '../core/index.ts'
import type { EventQueue } from './event-queue.ts'
import type { NodeIndex } from './fault.ts'
import type { SimulatedNode } from './node.ts'
import type { Happening } from './trace.ts'

const ROUND_INTERVAL_MS = 1000
/** A node that is set up anew is down for so long, in ms. */
const DOWN_MS = 500
/** The operator waits so long for an answer, in ms. */
export const OPERATOR_TIMEOUT_MS = 3000

export interface OperatorRoundsOptions {
  readonly queue: EventQueue
  readonly nodes: readonly SimulatedNode[]
  readonly observe: (happening: Happening) => void
  readonly operate: (node: NodeIndex, request: Request) => void
}

export class OperatorRounds {
  readonly #options: OperatorRoundsOptions
  /** Set up anew, and without a vote yet. */
  readonly #newcomers = new Set<SimulatedNode>()
  #isGoing = false
  #rounds = 0

  constructor(options: OperatorRoundsOptions) {
    this.#options = options
  }

  /** True if every node is a member, as far as the operator knows. */
  get isComplete(): boolean {
    return this.#newcomers.size === 0
  }

  begin(): void {
    if (this.#isGoing) return
    this.#isGoing = true
    this.#goOn()
  }

  #goOn(): void {
    this.#options.queue.after(ROUND_INTERVAL_MS, () => {
      this.#rounds += 1
      for (const node of this.#options.nodes) this.#visit(node)
      this.#goOn()
    })
  }

  #visit(node: SimulatedNode): void {
    if (!node.isServing || node.isPaused) return
    const { state } = node.status()
    if (state.kind === 'read-only' && state.reason === 'REMOVED') this.#setUpAnew(node)
    else this.#giveVote(node)
  }

  #setUpAnew(node: SimulatedNode): void {
    const { queue, observe } = this.#options
    node.onceDown(() => {
      const { lives } = node
      queue.after(DOWN_MS, () => {
        if (!node.isUp && node.lives === lives) node.start()
      })
    })
    node.life?.die('kill')
    node.disk.wipe()
    node.joins = true
    this.#newcomers.add(node)
    observe({ kind: 'disk-replaced', node: node.index, by: 'wipe', copiedAtMs: null })
  }

  /**
   * Asks one node after the other, round by round, for a newcomer, and for whoever is no member: one that was wiped while it
   * was being removed is refused by nobody.
   */
  #giveVote(node: SimulatedNode): void {
    const serving = this.#options.nodes.filter((other) => other !== node && other.isServing)
    const voters = serving
      .map((other) => other.status().chain)
      .reduce((furthest, chain) => (isFurther(chain.position, furthest.position) ? chain : furthest), node.status().chain).voters
    const voter = voters.find((candidate) => candidate.node === node.name)
    if (voter?.directory === node.directory) this.#newcomers.delete(node)
    if (voters.length === 0 || (voter !== undefined && !this.#newcomers.has(node))) return
    const asked = serving[this.#rounds % serving.length]
    if (asked !== undefined)
      this.#options.operate(asked.index, {
        kind: 'members',
        change: 'join',
        node: node.name,
        isForced: false,
        timeoutMs: OPERATOR_TIMEOUT_MS,
      })
  }
}
