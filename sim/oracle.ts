/**
 * The oracle: all that is true in a run, told from its events alone and kept apart from the code
 * that is being tried. It knows every transaction that was sealed, what each node must hold with
 * its frontier, what is certainly on each disk, and which calls are open. The invariants ask it.
 *
 * It is told each event before the invariants are, and once more after them, when what only that
 * event was about can be given up. Costs a step for each change and node, and one for each writer
 * of a frontier that moved.
 */

import { isLeaderEpoch, type Key, present, unreachable, type WriterId } from '../base/index.ts'
import { decodeMessage, type Message, type Request } from '../core/index.ts'
import type { Dot } from '../crdt/index.ts'
import { DurableKnowledge } from './durable-knowledge.ts'
import type { NodeIndex } from './fault.ts'
import type { ClusterView, NodeView } from './invariant.ts'
import { type Move, NodeShadow } from './node-shadow.ts'
import { SealedChain } from './sealed-chain.ts'
import { type Clash, epochOf, type SealedTransaction, SealedTransactions } from './sealed-transactions.ts'
import type { CallId, Standing, TraceEvent } from './trace.ts'

/** A call that has no outcome yet. */
export interface OpenCall {
  readonly request: Request
  readonly client: number
  readonly node: NodeIndex
  /** Number of the event in which it was asked. */
  readonly invokedAt: number
  /** The node's wall clock when it was asked. */
  readonly wallMs: number
  /** The fewest voters that there were since it was asked, as far as the node knew. */
  members: number
  /** How often that clock had jumped by then. */
  readonly clockJumps: number
  /** Where the node stood in the chain when it was asked; null before it has said so. */
  readonly standing: Standing | null
  /** The process that was asked. */
  readonly life: number
}

/** What the last `sealed` event brought. */
export interface SealedEntry {
  readonly writer: WriterId
  /** Its transactions that are new and in line. */
  readonly filed: readonly SealedTransaction[]
  /** A dot that was sealed before, or is out of line, or null. */
  readonly clash: Clash | Dot | null
  /** The largest timestamp that the node had applied, or sealed before in this commit. */
  readonly latestBefore: number
}

class NodeFacts {
  life = 0
  isUp = false
  /** Sealed in this life, and not durable yet. */
  readonly open: SealedTransaction[] = []
  /** The largest timestamp of a transaction of its own that was durable, since its disk last lost anything. */
  latestOwn = 0
  clockJumps = 0
  /** Voters by the last block of a leader's log that it sealed. */
  sealedVoters = Number.POSITIVE_INFINITY
  standing: Standing | null = null
  standingBefore: Standing | null = null
}

export class Oracle {
  readonly transactions = new SealedTransactions()
  readonly chain = new SealedChain()
  readonly durable: DurableKnowledge
  readonly #shadows: readonly NodeShadow[]
  readonly #facts: readonly NodeFacts[]
  readonly #calls = new Map<CallId, OpenCall>()
  readonly #isLed: boolean
  #sealed: SealedEntry | null = null
  #message: Message | null = null

  /** @param isLed there may be a leader: then messages are read */
  constructor(nodes: number, isLed = false) {
    this.#isLed = isLed
    this.durable = new DurableKnowledge(nodes, this.transactions)
    this.#shadows = Array.from({ length: nodes }, () => new NodeShadow(this.transactions))
    this.#facts = Array.from({ length: nodes }, () => new NodeFacts())
  }

  shadow(node: NodeIndex): NodeShadow {
    return present(this.#shadows[node], 'every node has a shadow')
  }

  /** Counts the starts of a node. */
  life(node: NodeIndex): number {
    return this.#of(node).life
  }

  call(id: CallId): OpenCall | undefined {
    return this.#calls.get(id)
  }

  /** The entry of the event at hand, which is a `sealed`. */
  get sealed(): SealedEntry {
    return present(this.#sealed, 'an entry was sealed')
  }

  /** What the message says that was just sent; null if it is none, or nobody leads. */
  get message(): Message | null {
    return this.#message
  }

  /** Where a node stands in the chain; null before it has said so in this life. */
  standing(node: NodeIndex): Standing | null {
    return this.#of(node).standing
  }

  /** Where it stood before the event at hand, which is a `chain`. */
  standingBefore(node: NodeIndex): Standing | null {
    return this.#of(node).standingBefore
  }

  /** True while the process that sealed it lives and has not reported it durable. */
  isInFlight(transaction: SealedTransaction): boolean {
    const facts = this.#of(transaction.node)
    return !transaction.isDurable && facts.isUp && facts.life === transaction.life
  }

  /** True while a commit of the node that writes the key is on its way to the disk. */
  isBeingWritten(node: NodeIndex, key: Key): boolean {
    return this.#of(node).open.some(({ changes }) => changes.some((change) => change.key === key))
  }

  /** How many voters there are by what a node has applied of the chain; all nodes before that. */
  members(node: NodeIndex): number {
    const applied = this.#of(node).standing?.applied ?? null
    return (applied === null ? null : this.chain.at(applied))?.voters.length ?? this.#facts.length
  }

  /** The fewest voters that a leader may go by: a change counts from when it is held (MB1). */
  votersHeld(node: NodeIndex): number {
    return Math.min(this.members(node), this.#of(node).sealedVoters)
  }

  /** The largest timestamp of a node's own durable transactions since its disk last lost anything. */
  latestOwn(node: NodeIndex): number {
    return this.#of(node).latestOwn
  }

  clockJumps(node: NodeIndex): number {
    return this.#of(node).clockJumps
  }

  /** Takes in an event, before the invariants look at it. */
  take({ number, atMs, happening }: TraceEvent, cluster: ClusterView): void {
    switch (happening.kind) {
      case 'started':
        return this.#started(happening.node, happening.life)
      case 'stopped':
        this.#of(happening.node).isUp = false
        return
      case 'sealed':
        return this.#takeSealed(happening, number, cluster)
      case 'chain-sealed':
        this.#of(happening.node).sealedVoters = this.chain.add(happening, number)?.voters.length ?? Number.POSITIVE_INFINITY
        return
      case 'chain':
        return this.#takeStanding(happening.node, happening.standing)
      case 'sent':
        if (this.#isLed && happening.content.kind === 'message') this.#message = decodeMessage(happening.content.bytes)
        return
      case 'persisted':
        return this.#persisted(happening.node)
      case 'applied':
        lookAtRegisters(this.shadow(happening.node).advance(happening.frontier), cluster.nodes[happening.node])
        return this.durable.applied(happening.node, happening.frontier, atMs)
      case 'invoked': {
        const { call, client, node, request } = happening
        const wallMs = cluster.nodes[node]?.wallMs ?? 0
        const members = this.members(node)
        const { standing, life, clockJumps } = this.#of(node)
        this.#calls.set(call, { request, client, node, invokedAt: number, wallMs, members, clockJumps, standing, life })
        return
      }
      case 'answered':
        return this.#acknowledge(happening, number)
      case 'disk-replaced':
        return this.#replaced(happening, atMs, number)
      case 'fault-began':
        if (happening.fault.kind === 'clock-step') this.#jumped(happening.fault.node)
        return
      case 'phase':
        // The clocks are put right.
        for (let node = 0; node < this.#facts.length; node++) this.#jumped(node)
        return
      default:
        return
    }
  }

  /** Gives up what no invariant needs any more. */
  release({ happening }: TraceEvent): void {
    this.#message = null
    if (happening.kind === 'chain' && happening.standing.committed !== null) this.chain.noteCommitted(happening.standing.committed)
    if (happening.kind === 'answered' || happening.kind === 'unknown') this.#calls.delete(happening.call)
  }

  #started(node: NodeIndex, life: number): void {
    const facts = this.#of(node)
    facts.life = life
    facts.isUp = true
    facts.open.length = 0
    facts.standing = null
    facts.standingBefore = null
    this.chain.restart(node)
    this.shadow(node).restart()
    this.durable.restart(node)
  }

  #takeSealed({ node, entry }: Extract<TraceEvent['happening'], { kind: 'sealed' }>, number: number, cluster: ClusterView): void {
    const facts = this.#of(node)
    const wallMs = cluster.nodes[node]?.wallMs ?? 0
    const latestBefore = Math.max(this.shadow(node).latestTimestamp, facts.open.at(-1)?.timestamp ?? 0)
    const filed: SealedTransaction[] = []
    const clash = this.transactions.add(entry, { node, life: facts.life, at: number, wallMs }, filed)
    facts.open.push(...filed)
    this.#sealed = { writer: entry.writer, filed, clash, latestBefore }
  }

  #persisted(node: NodeIndex): void {
    const { open } = this.#of(node)
    for (const transaction of open) {
      transaction.isDurable = true
      // What a leader wrote may never be committed; then its stamp binds nobody.
      if (!isLeaderEpoch(epochOf(transaction))) this.#of(node).latestOwn = Math.max(this.#of(node).latestOwn, transaction.timestamp)
    }
    open.length = 0
    this.chain.persisted(node)
  }

  #acknowledge({ reply }: Extract<TraceEvent['happening'], { kind: 'answered' }>, number: number): void {
    if (reply.kind !== 'committed' || reply.version === null) return
    const transaction = this.transactions.find(reply.version.writer, reply.version.sequence)
    if (transaction !== undefined) transaction.acknowledgedAt ??= number
  }

  #replaced(happening: Extract<TraceEvent['happening'], { kind: 'disk-replaced' }>, atMs: number, number: number): void {
    const { node } = happening
    this.#of(node).latestOwn = 0
    switch (happening.by) {
      case 'wipe':
        return this.durable.wiped(node, atMs, number)
      case 'torn-tail':
        return this.durable.lostSome(node, happening.holds, atMs, number)
      case 'restore':
        return this.durable.putBack(node, happening.holds, happening.copiedAtMs, atMs, number)
      case 'logs-rollback':
        return this.durable.lostSome(node, happening.holds, atMs, number)
      default:
        return unreachable(happening)
    }
  }

  #takeStanding(node: NodeIndex, standing: Standing): void {
    const facts = this.#of(node)
    const before = this.members(node)
    facts.standingBefore = facts.standing
    facts.standing = standing
    const members = this.members(node)
    if (members >= before) return
    for (const call of this.#calls.values()) if (call.node === node) call.members = Math.min(call.members, members)
  }

  #jumped(node: NodeIndex): void {
    this.#of(node).clockJumps += 1
  }

  #of(node: NodeIndex): NodeFacts {
    return present(this.#facts[node], 'every node has its facts')
  }
}

/** What the node has now of the keys that its move was about. */
function lookAtRegisters({ arrivals }: Move, node: NodeView | undefined): void {
  if (node !== undefined) for (const [key, arrival] of arrivals) arrival.register = node.register(key)
}
