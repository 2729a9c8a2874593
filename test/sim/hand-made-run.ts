/**
 * Runs made by hand: a test says what happens, event by event, and what the nodes show, and hears
 * what one invariant thinks of it.
 */

import { type DirectoryId, type Epoch, type Key, keyFromText, type NodeName, type Timestamp, type WriterId } from '../../base/index.ts'
import type { Change, Entry, Item, Reply, Request, Status } from '../../core/index.ts'
import { NO_PROMISE } from '../../core/leader-mode/durable-promise.ts'
import { Dependencies, type Dot, formatDot, newRegister, parseDot, type Register, VersionVector } from '../../crdt/index.ts'
import type { ClusterView, Finding, Invariant, NodeView } from '../../sim/invariant.ts'
import { Oracle } from '../../sim/oracle.ts'
import type { Happening } from '../../sim/trace.ts'
import { getRequest, textValue } from '../../sim/workloads/index.ts'

export const START_WALL_MS = Date.UTC(2026, 0, 1)

/** What a node shows; tests set it to what they want. */
export class HandMadeNode implements NodeView {
  readonly index: number
  readonly name: NodeName
  directory = '00' as DirectoryId
  isUp = true
  isServing = true
  wallMs = START_WALL_MS
  frontier = new VersionVector()
  digest = '0'.repeat(16)
  heldRequests = 0
  logs: Status['logs'] = []
  peers: Status['peers'] = []
  clockOffsetMs = 0
  promise = NO_PROMISE
  /** Blocks of each log on its disk. */
  readonly lengths = new Map<WriterId, number>()
  /** Instead of the registers that its frontier says. */
  readonly shown = new Map<string, Register | undefined>()
  readonly #oracle: Oracle

  constructor(index: number, oracle: Oracle) {
    this.index = index
    this.name = `n${index + 1}` as NodeName
    this.#oracle = oracle
  }

  durableLength(writer: WriterId): number {
    return this.lengths.get(writer) ?? 0
  }

  register(key: Key): Register | undefined {
    if (this.shown.has(key)) return this.shown.get(key)
    const winner = this.#oracle.transactions.winnerAt(key, this.frontier)
    return winner === null ? undefined : newRegister(winner)
  }

  status(): Status {
    return { logs: this.logs, peers: this.peers, clockOffsetMs: this.clockOffsetMs } as unknown as Status
  }
}

export interface Sealing {
  readonly node?: number
  readonly timestamp?: number
  /** Dots as text; what the writer knew. */
  readonly after?: readonly string[]
  /** Values by key; null deletes. */
  readonly writes?: Readonly<Record<string, string | null>>
  readonly idempotencyKey?: string | null
  readonly deadlineMs?: number | null
}

export class HandMadeRun implements ClusterView {
  readonly nodes: readonly HandMadeNode[]
  readonly oracle: Oracle
  readonly #invariant: Invariant
  readonly #findings: Finding[] = []
  atMs = 0
  #number = 0
  #timestamp = 1000
  #call = 0

  constructor(make: (oracle: Oracle) => Invariant, nodes = 3) {
    const oracle = new Oracle(nodes, true)
    this.oracle = oracle
    this.nodes = Array.from({ length: nodes }, (_, index) => new HandMadeNode(index, oracle))
    this.#invariant = make(oracle)
    for (let node = 0; node < nodes; node++) this.start(node, 1)
  }

  get findings(): readonly Finding[] {
    return this.#findings
  }

  /** What is wrong, in words; empty if nothing is. */
  get messages(): readonly string[] {
    return this.#findings.map(({ message }) => message)
  }

  finish(): readonly string[] {
    const finding = this.#invariant.finish(this)
    if (finding !== null) this.#findings.push(finding)
    return this.messages
  }

  happen(happening: Happening): number {
    const event = { number: this.#number++, atMs: this.atMs, happening }
    this.oracle.take(event, this)
    const { kinds } = this.#invariant
    if (kinds === undefined || kinds.includes(happening.kind)) {
      const finding = this.#invariant.observe(event, this)
      if (finding !== null) this.#findings.push(finding)
    }
    this.oracle.release(event)
    return event.number
  }

  start(node: number, life: number): void {
    this.node(node).frontier = new VersionVector()
    this.happen({ kind: 'started', node, life, directory: this.node(node).directory })
  }

  /** Seals one transaction. Without more it writes `k` = its dot. */
  seal(dotText: string, sealing: Sealing = {}): Dot {
    const dot = dotOf(dotText)
    const node = sealing.node ?? Number(dotText.charAt(1)) - 1
    this.#timestamp += 10
    const timestamp = (sealing.timestamp ?? this.#timestamp) as Timestamp
    const known = vectorOf(sealing.after ?? [])
    const dependencies = Dependencies.none().advance(known, dot.writer)
    const deadlineMs = sealing.deadlineMs ?? null
    const changes = Object.entries(sealing.writes ?? { k: dotText }).map(([key, text]): Change => {
      const value = text === null ? null : textValue(text)
      return { key: keyFromText(key), version: { dot, epoch: 1 as Epoch, timestamp, value, deadlineMs, dependencies } }
    })
    const { writer, sequence } = dot
    const transactions = [{ sequence, idempotencyKey: sealing.idempotencyKey ?? null, changes }]
    const entry: Entry = { writer, epoch: 1 as Epoch, dependencies, transactions, reportWanted: false }
    this.happen({ kind: 'sealed', node, entry })
    return dot
  }

  persist(node: number): void {
    this.happen({ kind: 'persisted', node })
  }

  /** A node's frontier is these dots. Its registers follow, unless it shows others. */
  apply(node: number, ...dots: string[]): void {
    this.node(node).frontier = vectorOf(dots)
    this.happen({ kind: 'applied', node, frontier: vectorOf(dots) })
  }

  recover(node: number, ...dots: string[]): void {
    this.apply(node, ...dots)
    this.happen({ kind: 'recovered', node })
  }

  /** Seals, makes durable and applies at its own node. */
  commit(dotText: string, sealing: Sealing = {}): Dot {
    const dot = this.seal(dotText, sealing)
    const node = sealing.node ?? Number(dotText.charAt(1)) - 1
    this.persist(node)
    this.apply(node, ...[...this.node(node).frontier.entries()].map(([writer, sequence]) => formatDot({ writer, sequence })), dotText)
    return dot
  }

  /** Asks and is answered at once. */
  ask(node: number, request: Request, reply: Reply): number {
    return this.answer(this.invoke(node, request), node, reply)
  }

  /** Asks. @returns the call, for its answer */
  invoke(node: number, request: Request): number {
    const call = ++this.#call
    this.happen({ kind: 'invoked', call, client: 0, node, request })
    return call
  }

  answer(call: number, node: number, reply: Reply): number {
    return this.happen({ kind: 'answered', call, client: 0, node, reply })
  }

  /** A read of `key` that reflects `session`. */
  read(node: number, key: string, item: Item | null, session: readonly string[], wanted: readonly string[] | null = null): number {
    const request = getRequest(key, { session: wanted === null ? null : vectorOf(wanted) })
    return this.ask(node, request, { kind: 'value', item, conflicts: 0, session: vectorOf(session) })
  }

  /** What a dot wrote to a key, as it would be read. */
  item(key: string, dotText: string): Item {
    const { writer, sequence } = dotOf(dotText)
    const version = this.oracle.transactions.find(writer, sequence)?.changes.find((change) => change.key === key)?.version
    if (version === undefined || version.value === null) throw new Error(`${dotText} wrote no ${key}`)
    return { key: keyFromText(key), version, value: version.value }
  }

  node(index: number): HandMadeNode {
    const node = this.nodes[index]
    if (node === undefined) throw new Error(`there is no node ${index}`)
    return node
  }
}

/** `1:7` is the dot `n1.00000001:7`, `1b:7` that of the node's next life. */
export function dot(text: string): string {
  const [log = '', sequence = ''] = text.split(':')
  return `n${log.charAt(0)}.0000000${log.slice(1) || '1'}:${sequence}`
}

export function dotOf(text: string): Dot {
  const parsed = parseDot(text)
  if (parsed === null) throw new Error(`${text} is no dot`)
  return parsed
}

export function vectorOf(dots: readonly string[]): VersionVector {
  const vector = new VersionVector()
  for (const text of dots) {
    const { writer, sequence } = dotOf(text)
    vector.advance(writer as WriterId, sequence)
  }
  return vector
}
