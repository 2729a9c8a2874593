/**
 * A cluster of real replicas in one thread, with every port in memory and every step made by
 * hand: what protocol transcripts run on. Nothing moves unless a scenario says so, so it can stop
 * a write between its durability and its journey, or a message on its way.
 */

import {
  assert,
  binaryFromText,
  bytesEqual,
  type DirectoryId,
  keyFromText,
  type LogKey,
  type NodeName,
  type Now,
  Prng,
  parseNodeName,
  present,
  unreachable,
  type WriterId,
} from '../../base/index.ts'
import {
  DEFAULT_GROUP,
  type Effect,
  type Input,
  type JournalRecord,
  MemoryStateStore,
  planRecovery,
  REQUESTS_MAX_DEFAULT,
  Replica,
  type Reply,
  type Request,
} from '../../core/index.ts'

const START_WALL_MS = Date.UTC(2026, 0, 1)

interface StoredBlocks {
  readonly key: LogKey
  readonly blocks: Uint8Array[]
}

/** What survives a crash. */
interface Disk {
  readonly directory: DirectoryId
  journal: JournalRecord[]
  logs: Map<WriterId, StoredBlocks>
}

function copyOf({ directory, journal, logs }: Disk): Disk {
  const copied = new Map<WriterId, StoredBlocks>()
  for (const [writer, { key, blocks }] of logs) copied.set(writer, { key, blocks: [...blocks] })
  return { directory, journal: [...journal], logs: copied }
}

export interface ClusterOptions {
  readonly seed?: number
  readonly maxClockDriftMs?: number
  readonly dropRateMillionths?: number
  readonly requestsMax?: number
  readonly mode?: 'multi' | 'leader'
}

export class ReplicaNode {
  readonly name: NodeName
  disk: Disk
  replica: Replica
  /** Added to the cluster's clock. */
  clockOffsetMs = 0
  /** The durable write in flight, if durability is held back. */
  readonly persists: Extract<Effect, { kind: 'persist' }>[] = []
  /** Appends under way, if they are held back. */
  readonly appends: Extract<Effect, { kind: 'append' }>[] = []
  isHoldingAppends = false
  readonly reads = new Map<WriterId, number>()
  readonly followed = new Set<WriterId>()
  /** Appended to in this life. A log is handed to peers if it is one of these or followed. */
  readonly written = new Set<WriterId>()
  readonly outbox: { to: NodeName; message: Uint8Array }[] = []
  readonly replies = new Map<number, Reply>()
  isGathering = false
  isUp = true

  constructor(name: NodeName, disk: Disk, replica: Replica) {
    this.name = name
    this.disk = disk
    this.replica = replica
  }
}

export class ReplicaCluster {
  readonly nodes = new Map<NodeName, ReplicaNode>()
  /** Pairs that can't reach each other, as `a|b` in order of name. */
  readonly #cuts = new Set<string>()
  readonly #connected = new Set<string>()
  /** Nodes that are down, and whose peers have not noticed it. */
  readonly #unnoticed = new Set<NodeName>()
  /** `node|writer`: blocks of that log don't reach that node. */
  readonly #withheld = new Set<string>()
  readonly #copies = new Map<string, Disk>()
  readonly #options: ClusterOptions
  readonly #random: Prng
  readonly #founders: readonly NodeName[]
  /** Lists of members that nodes have instead of the founders'. */
  readonly #lists = new Map<NodeName, readonly NodeName[]>()
  /** While true, durable writes wait for `persist`. */
  isHoldingPersists = false
  /** While true, what was gathered waits for `gather`. */
  isHoldingGathers = false
  #monotonicMs = 0
  #nextRequest = 1

  constructor(names: readonly string[], options: ClusterOptions = {}) {
    this.#options = options
    this.#random = new Prng(options.seed ?? 1)
    const members = names.map(parseNodeName)
    this.#founders = members
    for (const name of members) this.#addNode(name)
    for (const node of this.nodes.values()) this.#input(node, { kind: 'start', logs: [], facts: null })
    this.#connectAll()
  }

  /** A node that none of the others was started with. */
  join(name: string): void {
    const node = this.#addNode(parseNodeName(name))
    this.#input(node, { kind: 'start', logs: [], facts: null })
    this.runLocal()
    this.#connectAll()
  }

  #addNode(name: NodeName): ReplicaNode {
    const disk: Disk = { directory: this.#mintDirectory(), journal: [], logs: new Map() }
    const node = new ReplicaNode(name, disk, this.#newReplica(name, disk))
    this.nodes.set(name, node)
    return node
  }

  node(name: string): ReplicaNode {
    return present(this.nodes.get(parseNodeName(name)), `there is a node ${name}`)
  }

  now(node: ReplicaNode): Now {
    return { wallMs: START_WALL_MS + this.#monotonicMs + node.clockOffsetMs, monotonicMs: this.#monotonicMs }
  }

  /** Asks a node and runs it until it has nothing to do by itself. The id finds the reply, now or later. */
  ask(name: string, request: Request): number {
    const id = this.#nextRequest++
    this.#input(this.node(name), { kind: 'request', id, request })
    this.runLocal()
    return id
  }

  set(name: string, key: string, value: string, more: Partial<Extract<Request, { kind: 'transaction' }>> = {}): number {
    return this.ask(name, {
      kind: 'transaction',
      operations: [{ kind: 'set', key: keyFromText(key), value: { type: 'text', data: binaryFromText(value) }, ttlMs: null }],
      conditions: [],
      concern: 1,
      idempotencyKey: null,
      session: null,
      timeoutMs: 1000,
      ...more,
    })
  }

  reply(name: string, id: number): Reply | null {
    return this.node(name).replies.get(id) ?? null
  }

  /** Carries out what nodes do by themselves: gathering, durable writes, reads of their own disk. */
  runLocal(): void {
    for (let moved = true; moved; ) {
      moved = false
      for (const node of this.nodes.values()) {
        if (!node.isUp) continue
        if (!this.isHoldingGathers && this.gather(node)) moved = true
        if (!this.isHoldingPersists && this.persist(node)) moved = true
        if (this.#completeReads(node)) moved = true
      }
    }
  }

  /** Tells the node that the requests at hand are in. False if it did not ask. */
  gather(node: ReplicaNode): boolean {
    if (!node.isGathering) return false
    node.isGathering = false
    this.#input(node, { kind: 'gathered' })
    return true
  }

  /** Makes the write in flight durable. False if there is none. */
  persist(node: ReplicaNode): boolean {
    const effect = node.persists.shift()
    if (effect === undefined) return false
    node.disk.journal.push(...effect.records)
    const effects = node.replica.step({ kind: 'persisted' }, this.now(node))
    this.#carryOut(node, effects)
    this.#carryOut(node, effect.replies)
    return true
  }

  /** Lets the log store take the appends that were held back, and those that follow. */
  releaseAppends(name: string): void {
    const node = this.node(name)
    node.isHoldingAppends = false
    for (const { writer, index, blocks } of node.appends.splice(0)) this.#append(node, writer, index, blocks)
    this.runLocal()
  }

  /** Keeps a copy of the node's disk as it is at this instant. */
  copyDisk(name: string): void {
    this.#copies.set(name, copyOf(this.node(name).disk))
  }

  /** Puts the copy back into a node that is down. */
  putBackDisk(name: string): void {
    this.node(name).disk = copyOf(present(this.#copies.get(name), 'a copy was kept'))
  }

  /** Delivers messages and blocks over all links that are not cut, until nothing moves. */
  deliver(): void {
    for (let moved = true; moved; ) {
      this.runLocal()
      moved = this.#deliverMessages()
      if (this.#replicateLogs()) moved = true
    }
  }

  /** Lets time pass in steps of a heartbeat, delivering all the while. */
  elapse(ms: number): void {
    for (let left = ms; left > 0; left -= 100) {
      this.#monotonicMs += Math.min(100, left)
      for (const node of this.nodes.values()) if (node.isUp) this.#input(node, { kind: 'tick' })
      // Who was dismissed dials again.
      this.#connectAll()
      this.deliver()
    }
  }

  cut(left: string, right: string): void {
    this.#cuts.add(pairOf(left, right))
    this.#connectAll()
  }

  /** Keeps a log's blocks from a node until `heal`, as if its peers were slow with just this one. */
  withhold(name: string, writer: WriterId): void {
    this.#withheld.add(`${name}|${writer}`)
  }

  /** The log store of a node finds two signatures for one log. */
  fork(name: string, writer: WriterId): void {
    this.#input(this.node(name), { kind: 'log-failed', writer, failure: { kind: 'forked', reason: 'two signatures for length 2' } })
    this.runLocal()
  }

  heal(): void {
    this.#withheld.clear()
    this.#cuts.clear()
    this.#connectAll()
  }

  /** Gives a node that is down an empty disk, and with it a new directory id. */
  wipeDisk(name: string): void {
    this.node(name).disk = { directory: this.#mintDirectory(), journal: [], logs: new Map() }
  }

  /**
   * Loses everything but the disk, and what was sent and not delivered.
   * @param isNoticed false: it says nothing any more, and its connections seem to stand
   */
  crash(name: string, isNoticed = true): void {
    const node = this.node(name)
    node.isUp = false
    if (!isNoticed) this.#unnoticed.add(node.name)
    this.#connectAll()
    node.persists.length = 0
    node.appends.length = 0
    node.isHoldingAppends = false
    node.outbox.length = 0
    node.reads.clear()
    node.followed.clear()
    node.written.clear()
    node.isGathering = false
  }

  restart(name: string): void {
    const node = this.node(name)
    assert(!node.isUp, 'only what is down is restarted')
    this.#unnoticed.delete(node.name)
    this.#connectAll()
    node.replica = this.#newReplica(node.name, node.disk)
    node.isUp = true
    const stored = [...node.disk.logs].map(([writer, { key, blocks }]) => ({ writer, key, length: blocks.length }))
    const plan = planRecovery(DEFAULT_GROUP, stored, node.disk.journal)
    this.#input(node, { kind: 'start', ...plan })
    this.runLocal()
    this.#connectAll()
  }

  /** From its next start on a node has another list of members than the others. */
  misconfigure(name: string, members: readonly string[]): void {
    this.#lists.set(parseNodeName(name), members.map(parseNodeName))
  }

  #newReplica(name: NodeName, disk: Disk): Replica {
    const { maxClockDriftMs = 60_000, dropRateMillionths = 0, requestsMax = REQUESTS_MAX_DEFAULT, mode = 'multi' as const } = this.#options
    const config = {
      group: DEFAULT_GROUP,
      node: name,
      directory: disk.directory,
      members: this.#lists.get(name) ?? this.#founders,
      joins: !this.#founders.includes(name),
      maxClockDriftMs,
      dropRateMillionths,
      mode,
      url: null,
      requestsMax,
    }
    return new Replica(config, new MemoryStateStore(), new Prng(this.#random.uint32()))
  }

  #input(node: ReplicaNode, input: Input): void {
    this.#carryOut(node, node.replica.step(input, this.now(node)))
  }

  #carryOut(node: ReplicaNode, effects: readonly Effect[]): void {
    for (const effect of effects) this.#carryOutOne(node, effect)
  }

  #carryOutOne(node: ReplicaNode, effect: Effect): void {
    switch (effect.kind) {
      case 'reply':
        node.replies.set(effect.id, effect.reply)
        return
      case 'gather':
        node.isGathering = true
        return
      case 'persist':
        node.persists.push(effect)
        return
      case 'append':
        if (node.isHoldingAppends) node.appends.push(effect)
        else this.#append(node, effect.writer, effect.index, effect.blocks)
        return
      case 'insert':
        return this.#insert(node, effect)
      case 'follow':
        node.followed.add(effect.writer)
        if (!node.disk.logs.has(effect.writer)) node.disk.logs.set(effect.writer, { key: effect.key, blocks: [] })
        return
      case 'read':
        assert(!node.reads.has(effect.writer), 'one read of a log is open at a time')
        node.reads.set(effect.writer, effect.from)
        return
      case 'send':
        node.outbox.push({ to: effect.to, message: effect.message })
        return
      case 'expel':
        throw new Error(`${node.name} expels ${effect.peer}: ${effect.reason}`)
      case 'dismiss':
        return this.#disconnect(node, this.node(effect.peer))
      default:
        return unreachable(effect)
    }
  }

  #append(node: ReplicaNode, writer: WriterId, index: number, blocks: readonly Uint8Array[]): void {
    const known = node.disk.logs.get(writer)
    const log = known ?? { key: keyOf(node.disk.directory, writer), blocks: [] }
    assert(log.blocks.length === index, 'blocks are appended in order')
    log.blocks.push(...blocks)
    node.disk.logs.set(writer, log)
    node.written.add(writer)
    this.#input(node, { kind: 'appended', writer, key: log.key })
  }

  #insert(node: ReplicaNode, { writer, index, block }: Extract<Effect, { kind: 'insert' }>): void {
    const log = node.disk.logs.get(writer)
    if (log?.blocks.length !== index) return
    log.blocks.push(block.bytes)
    if (node.reads.get(writer) === index) node.reads.set(writer, index + 1)
    this.#input(node, { kind: 'inserted', writer, index, block })
  }

  #completeReads(node: ReplicaNode): boolean {
    let moved = false
    for (const [writer, from] of [...node.reads]) {
      const blocks = node.disk.logs.get(writer)?.blocks.slice(from, from + 4) ?? []
      if (blocks.length === 0) continue
      node.reads.delete(writer)
      this.#input(node, { kind: 'blocks', writer, from, blocks })
      moved = true
    }
    return moved
  }

  #deliverMessages(): boolean {
    let moved = false
    for (const node of this.nodes.values()) {
      for (const { to, message } of node.outbox.splice(0)) {
        const target = this.nodes.get(to)
        if (target?.isUp !== true || !this.#connected.has(pairOf(node.name, to))) continue
        this.#input(target, { kind: 'message', from: node.name, message })
        moved = true
      }
    }
    return moved
  }

  #replicateLogs(): boolean {
    let moved = false
    for (const node of this.nodes.values()) {
      for (const writer of node.followed) {
        if (this.#withheld.has(`${node.name}|${writer}`)) continue
        const mine = present(node.disk.logs.get(writer), 'what is followed is stored')
        for (const peer of this.nodes.values()) {
          const theirs = peer.disk.logs.get(writer)
          if (!peer.followed.has(writer) && !peer.written.has(writer)) continue
          if (theirs === undefined || !this.#connected.has(pairOf(node.name, peer.name))) continue
          assert(theirs.key === mine.key, 'a log has one key')
          mine.blocks.forEach((block, index) => {
            const other = theirs.blocks[index]
            assert(other === undefined || bytesEqual(block, other), `${writer} is forked at block ${index}`)
          })
          if (theirs.blocks.length <= mine.blocks.length) continue
          mine.blocks.push(...theirs.blocks.slice(mine.blocks.length))
          moved = true
        }
      }
    }
    return moved
  }

  #connectAll(): void {
    const nodes = [...this.nodes.values()]
    for (const left of nodes) {
      for (const right of nodes) {
        if (left.name >= right.name) continue
        const pair = pairOf(left.name, right.name)
        const canReach = left.isUp && right.isUp && !this.#cuts.has(pair)
        if (canReach === this.#connected.has(pair)) continue
        if (!canReach) {
          if (!this.#unnoticed.has(left.name) && !this.#unnoticed.has(right.name)) this.#disconnect(left, right)
        } else if (this.#isAdmitted(left, right) && this.#isAdmitted(right, left)) {
          this.#connected.add(pair)
          this.#input(left, { kind: 'connected', peer: right.name, directory: right.disk.directory })
          this.#input(right, { kind: 'connected', peer: left.name, directory: left.disk.directory })
        }
      }
    }
  }

  /** One that is refused is told why. */
  #isAdmitted(by: ReplicaNode, peer: ReplicaNode): boolean {
    const refusal = by.replica.admit(peer.name, peer.disk.directory, this.now(by))
    // Under a name that was just heard another directory is refused for a moment only: here there is one process a name.
    if (refusal === null || refusal === 'NAME_IN_USE') return true
    this.#input(peer, { kind: 'refused', by: by.name, refusal })
    return false
  }

  #disconnect(left: ReplicaNode, right: ReplicaNode): void {
    if (!this.#connected.delete(pairOf(left.name, right.name))) return
    if (left.isUp) this.#input(left, { kind: 'disconnected', peer: right.name })
    if (right.isUp) this.#input(right, { kind: 'disconnected', peer: left.name })
  }

  #mintDirectory(): DirectoryId {
    return this.#hex(4) as DirectoryId
  }

  #hex(words: number): string {
    return Array.from({ length: words }, () => this.#random.uint32().toString(16).padStart(8, '0')).join('')
  }
}

/** As in a real store, a function of the directory and the writer: what is lost is made again as the same. */
function keyOf(directory: DirectoryId, writer: WriterId): LogKey {
  return (directory + writer.slice(-8)).padEnd(64, '0') as LogKey
}

function pairOf(left: string, right: string): string {
  return left < right ? `${left}|${right}` : `${right}|${left}`
}
