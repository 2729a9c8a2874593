/**
 * A node: a data directory, a journal, a store of logs, a network and the replica that they
 * serve. It opens them in the order that keeps data safe and closes them in reverse: the logs
 * first, because their store guards the directory against a second process; the network last,
 * when everything on this disk has been read and a log's end that only the journal had is back.
 *
 * Doors (HTTP, later RESP) and the embedded database talk to a node through `Gateway`.
 */

import { randomInt } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { type NodeName, Prng, type SkeinError, toSkeinError, type WriterId } from '../base/index.ts'
import {
  DEFAULT_GROUP,
  type Input,
  Interpreter,
  type LogFailure,
  MemoryStateStore,
  planRecovery,
  REQUESTS_MAX_DEFAULT,
  Replica,
  type Reply,
  type Request,
  stoppingError,
} from '../core/index.ts'
import { SwarmTransport } from '../gossip/index.ts'
import { type DataDirectory, HypercoreLogStore, openDataDirectory, SegmentJournal } from '../storage/index.ts'
import type { NodeConfig } from './config.ts'
import type { Gateway, NodeStatus } from './gateway.ts'
import { successors } from './succession.ts'
import { systemNow } from './system-clock.ts'
import { readVersion } from './version.ts'

/** A step of time-outs and heartbeats; finer costs idle processor time, coarser adds to detection. */
const TICK_INTERVAL_MS = 25
/** Short: under load RocksDB takes tens of megabytes at once. */
const DISK_CHECK_INTERVAL_MS = 250
/** Journal segments whose blocks are durable in the logs are looked for this often. */
const RELEASE_INTERVAL_MS = 5000
/** How long a stopping node waits for its peers to report what it wrote. */
const HAND_OVER_MS = 2000
/** How long a stopping leader tries to find a successor. */
const YIELD_MS = 2000
const MILLION = 1_000_000

export interface NodeEvents {
  /** The node can't go on: a durable write failed (JR4). The process must end with an error. */
  readonly onFatal: (failure: SkeinError) => void
  /** A log went out of service. */
  readonly onLogFailure?: (writer: WriterId, failure: LogFailure) => void
}

/** Where clients reach this node: not known before its door is open, and that is after the replica is made. */
interface Whereabouts {
  url: string | null
}

export class Node implements Gateway {
  readonly #config: NodeConfig
  readonly #directory: DataDirectory
  readonly #whereabouts: Whereabouts
  readonly #replica: Replica
  readonly #interpreter: Interpreter
  readonly #journal: SegmentJournal
  readonly #logs: HypercoreLogStore
  readonly #startedAtMs = performance.now()
  readonly #version = readVersion()
  readonly #timers: NodeJS.Timeout[] = []
  #transport: SwarmTransport | null = null
  #freeBytes = Number.MAX_SAFE_INTEGER
  #isClosed = false

  private constructor(
    config: NodeConfig,
    directory: DataDirectory,
    whereabouts: Whereabouts,
    replica: Replica,
    interpreter: Interpreter,
    journal: SegmentJournal,
    logs: HypercoreLogStore,
  ) {
    this.#config = config
    this.#directory = directory
    this.#whereabouts = whereabouts
    this.#replica = replica
    this.#interpreter = interpreter
    this.#journal = journal
    this.#logs = logs
  }

  /**
   * Opens a node. It answers from then on, with UNAVAILABLE and its progress until it has started.
   * @throws DIRECTORY_IN_USE, DIRECTORY_COPIED, DIRECTORY_MISMATCH, CORRUPT, DISK_FULL
   */
  static async open(config: NodeConfig, events: NodeEvents): Promise<Node> {
    const directory = await openDataDirectory(config.data, config.node)
    // The interpreter is made after its parts; what they report before it exists can't happen.
    let interpreter: Interpreter | null = null
    const logs = await HypercoreLogStore.open({
      directory: directory.logsPath,
      seed: directory.logSeed,
      onFatal: (failure) => (interpreter === null ? events.onFatal(failure) : interpreter.fail(failure)),
      onFailure: (writer, failure) => {
        events.onLogFailure?.(writer, failure)
        interpreter?.input({ kind: 'log-failed', writer, failure })
      },
    })
    const journal = await openJournal(config, directory, logs, (hasRoom) => interpreter?.input({ kind: 'disk', hasRoom }))
    const whereabouts = { url: config.url }
    const replica = newReplica(config, directory, whereabouts)
    interpreter = new Interpreter({
      group: DEFAULT_GROUP,
      replica,
      journal,
      logs,
      now: systemNow,
      defer: (action) => setImmediate(action),
      onFatal: events.onFatal,
    })
    return new Node(config, directory, whereabouts, replica, interpreter, journal, logs)
  }

  /**
   * Reads the logs, then joins the peers. Called once; a node that can't is to be closed.
   * @param onRecovery told now and then how far the reading is, in blocks
   * @throws UNAVAILABLE if the port of the gossip is taken
   */
  async start(onRecovery: (done: number, total: number) => void = () => {}): Promise<void> {
    await this.#recover(onRecovery)
    if (!this.#isClosed) await this.#connect(this.#directory)
  }

  /** Tells peers from now on where clients reach this node over HTTP. */
  advertise(url: string): void {
    this.#whereabouts.url = url
  }

  get isReady(): boolean {
    return !this.#isClosed && this.#replica.isRecovered
  }

  /** Where peers reach this node, or null without a network. */
  get gossipAddress(): { readonly host: string; readonly port: number } | null {
    return this.#transport?.address ?? null
  }

  request(request: Request, done: (reply: Reply) => void): () => void {
    if (!this.#isClosed) return this.#interpreter.request(request, done)
    queueMicrotask(() => done({ kind: 'failed', error: stoppingError(false) }))
    return () => {}
  }

  status(): NodeStatus {
    const gossip = this.gossipAddress
    return {
      ...this.#replica.status(systemNow()),
      version: this.#version,
      uptime: Math.round((performance.now() - this.#startedAtMs) / 100) / 10,
      storage: {
        journalBytes: this.#journal.bytes,
        journalSegments: this.#journal.segmentCount,
        logs: this.#logs.size,
        freeBytes: this.#freeBytes,
        memoryBytes: process.memoryUsage.rss(),
      },
      network: {
        gossipAddress: gossip === null ? null : `${gossip.host}:${gossip.port}`,
        connections: this.#transport?.connections ?? 0,
        refused: this.#transport?.refusals() ?? {},
      },
    }
  }

  /**
   * Hands the leadership over, if this node has it, so that a successor takes writes before this
   * node is gone. Gives up after a while: then the others elect one when they miss it.
   */
  async yieldLeadership(): Promise<void> {
    const deadlineMs = performance.now() + YIELD_MS
    for (const node of successors(this.#replica.status(systemNow()))) {
      const timeoutMs = deadlineMs - performance.now()
      if (timeoutMs <= 0 || this.#interpreter.failure !== null) return
      if (await this.#promote(node, timeoutMs)) return
    }
  }

  /**
   * Stops in order: the leadership goes to another node, no new requests, what was written here is handed over to the peers in reach,
   * the write in flight lands, then the files close.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.yieldLeadership()
    await this.#handOver()
    for (const timer of this.#timers) clearInterval(timer)
    const transport = this.#transport
    if (transport !== null) await completion((done) => transport.close(done))
    // Together: a write that waits for room on a full disk ends only when its journal closes.
    const stopped = completion((done) => this.#interpreter.stop(done))
    const closed = completion((done) => this.#journal.close(done))
    await Promise.all([stopped, closed])
    // The lock of the directory goes last.
    await completion((done) => this.#logs.close(done))
  }

  /** True once `node` leads. */
  #promote(node: NodeName, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#interpreter.request({ kind: 'promote', node, timeoutMs }, (reply) => resolve(reply.kind === 'mode'))
    })
  }

  /** A client that was answered here should find its write at the node that it turns to next. */
  async #handOver(): Promise<void> {
    const deadlineMs = performance.now() + HAND_OVER_MS
    while (performance.now() < deadlineMs && this.#interpreter.failure === null) {
      const connected = this.#replica.status(systemNow()).peers.filter((peer) => peer.connected)
      if (this.#replica.isDrained && connected.every((peer) => peer.lag === 0)) return
      await new Promise((resolve) => setTimeout(resolve, TICK_INTERVAL_MS))
    }
  }

  async #recover(onRecovery: (done: number, total: number) => void): Promise<void> {
    const plan = planRecovery(DEFAULT_GROUP, this.#logs.stored, this.#journal.recovered)
    this.#interpreter.input({ kind: 'start', ...plan })
    while (!this.#replica.isRecovered && !this.#isClosed) {
      const { failure } = this.#interpreter
      if (failure !== null) throw failure
      const { state } = this.#replica.status(systemNow())
      if (state.kind === 'recovering') onRecovery(state.done, state.total)
      await new Promise((resolve) => setTimeout(resolve, TICK_INTERVAL_MS))
    }
    if (this.#isClosed) return
    await this.#checkDisk()
    this.#every(TICK_INTERVAL_MS, () => this.#interpreter.input({ kind: 'tick' }))
    this.#every(RELEASE_INTERVAL_MS, () => this.#logs.sync((durable) => this.#journal.release(this.#replica.releasable(durable))))
    this.#every(DISK_CHECK_INTERVAL_MS, () => {
      this.#checkDisk().catch((error: unknown) => this.#interpreter.fail(toSkeinError(error)))
    })
  }

  async #connect(directory: DataDirectory): Promise<void> {
    const { gossip, node } = this.#config
    if (gossip === null) return
    const interpreter = this.#interpreter
    const { discovery } = gossip
    // A peer may be faster than the opening: what it causes waits until answers can be sent.
    const early: Input[] = []
    const deliver = (input: Input): void => {
      if (this.#transport === null) early.push(input)
      else interpreter.input(input)
    }
    this.#transport = await SwarmTransport.open({
      node,
      directory: directory.directory,
      secret: gossip.secret,
      host: gossip.address.host,
      port: gossip.address.port,
      discovery,
      replicate: (stream) => this.#logs.replicate(stream),
      now: systemNow,
      events: {
        admit: (peer, id, now) => this.#replica.admit(peer, id, now),
        onConnect: (peer, id) => deliver({ kind: 'connected', peer, directory: id }),
        onDisconnect: (peer) => deliver({ kind: 'disconnected', peer }),
        onMessage: (from, group, message) => {
          if (group === DEFAULT_GROUP) deliver({ kind: 'message', from, message })
        },
        onRefused: (by, refusal) => deliver({ kind: 'refused', by, refusal }),
      },
    })
    interpreter.connect(this.#transport)
    for (const input of early) interpreter.input(input)
  }

  #every(intervalMs: number, action: () => void): void {
    this.#timers.push(setInterval(action, intervalMs))
  }

  async #checkDisk(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#config.data)
    this.#freeBytes = bavail * bsize
    this.#interpreter.input({ kind: 'disk', hasRoom: this.#journal.hasRoom && this.#freeBytes >= this.#config.minFreeBytes })
  }
}

async function openJournal(
  config: NodeConfig,
  directory: DataDirectory,
  logs: HypercoreLogStore,
  onRoomChange: (hasRoom: boolean) => void,
): Promise<SegmentJournal> {
  try {
    return await SegmentJournal.open({ directory: directory.journalPath, segmentBytes: config.journalSegmentBytes, onRoomChange })
  } catch (error) {
    await completion((done) => logs.close(done))
    throw error
  }
}

function newReplica(config: NodeConfig, directory: DataDirectory, whereabouts: Whereabouts): Replica {
  const members = [...(config.joins ? [] : [config.node]), ...(config.gossip?.discovery.peers?.map((peer) => peer.name) ?? [])]
  const replicaConfig = {
    group: DEFAULT_GROUP,
    node: config.node,
    directory: directory.directory,
    members: [...new Set(members)].sort(),
    joins: config.joins,
    maxClockDriftMs: config.maxClockDriftMs,
    mode: config.mode,
    get url() {
      return whereabouts.url
    },
    dropRateMillionths: Math.round(config.dropRate * MILLION),
    requestsMax: REQUESTS_MAX_DEFAULT,
  }
  return new Replica(replicaConfig, new MemoryStateStore(), new Prng(randomInt(2 ** 47)))
}

function completion(start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => start(resolve))
}
