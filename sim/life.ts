/**
 * One life of a node's process: the shipped replica and interpreter on twins of their ports. It
 * goes through the same stages as the real server: the logs are opened, then the journal; what is
 * on the disk is read; then time-outs tick, and the network is joined. It ends by closing in
 * order, or at any moment: then nothing of it happens any more, whatever it had begun.
 */

import { assert, type NodeName, type Prng, type SkeinError } from '../base/index.ts'
import {
  DEFAULT_GROUP,
  type Input,
  Interpreter,
  type JournalRecord,
  planRecovery,
  type ReplicaConfig,
  type Reply,
  type Request,
  type Status,
  stoppingError,
} from '../core/index.ts'
import type { BlockExchange } from './block-exchange.ts'
import { forkPrng } from './chance.ts'
import { COPY_INTERVAL_MS, type SimulatedDisk } from './disk.ts'
import { type EventQueue, Lane } from './event-queue.ts'
import type { KillPoint, NodeIndex } from './fault.ts'
import { JournalTwin } from './journal-twin.ts'
import type { KillSwitch } from './kill-switch.ts'
import { LogStoreTwin } from './log-store-twin.ts'
import type { Network } from './network.ts'
import { ObservedReplica, ObservedStateStore } from './observed-replica.ts'
import { SealedEntries } from './sealed-entries.ts'
import type { SimulatedClock } from './simulated-clock.ts'
import type { Happening, StopCause } from './trace.ts'
import { TransportTwin } from './transport-twin.ts'

/** As in the server. */
const TICK_US = 25_000
const DISK_CHECK_TICKS = 10
const HAND_OVER_MS = 2000
/** Fewer than in the server, so that clients of a run, who wait for their answers, reach it. */
export const SIMULATED_REQUESTS_MAX = 32
const COPY_TICKS = (COPY_INTERVAL_MS * 1000) / TICK_US
const TICK: Input = { kind: 'tick' }

/** What all processes of a cluster share. */
export interface LifeWorld {
  readonly queue: EventQueue
  readonly network: Network
  readonly exchange: BlockExchange
  readonly members: readonly NodeName[]
  /** The mode in which the cluster begins. */
  readonly mode: ReplicaConfig['mode']
  /** True if there may ever be a leader. */
  readonly isLed: boolean
  readonly maxClockDriftMs: number
  /** The operating system writes its cache to the platter so often, in ms. */
  readonly syncIntervalMs: number
  /** Journal segments that are needed no more are given up so often, in ms. */
  readonly releaseIntervalMs: number
  readonly observe: (happening: Happening) => void
}

export interface LifeOptions {
  readonly world: LifeWorld
  readonly node: NodeIndex
  readonly name: NodeName
  readonly disk: SimulatedDisk
  readonly clock: SimulatedClock
  /** It is started with `--join` (MB2). */
  readonly joins: boolean
  readonly random: Prng
  /** Called once, when it is over. */
  readonly onEnd: (cause: StopCause, failure: SkeinError | null) => void
}

type Stage = 'opening' | 'recovering' | 'serving' | 'closing' | 'over'

/** What exists once the directory is open. */
interface Parts {
  readonly store: ObservedStateStore
  readonly replica: ObservedReplica
  readonly interpreter: Interpreter
  readonly journal: JournalTwin
  readonly logs: LogStoreTwin
}

export class Life {
  readonly lane = new Lane()
  readonly #options: LifeOptions
  readonly #entries = new SealedEntries()
  readonly #kill: KillSwitch = (when, what) => this.#strikes(when, what)
  readonly #tick = (): void => this.#onTick()
  #stage: Stage = 'opening'
  #parts: Parts | null = null
  #transport: TransportTwin | null = null
  /** Where it dies, if it is to. */
  #armed: KillPoint | null = null
  #ticks = 0
  #hasRoom = true
  #writebackDueMs = 0
  #releaseDueMs: number
  /** Clients that wait for an answer; told when the process is gone. */
  readonly #abandoned = new Set<() => void>()

  private constructor(options: LifeOptions) {
    this.#options = options
    this.#releaseDueMs = options.world.queue.nowMs + options.world.releaseIntervalMs
  }

  static start(options: LifeOptions): Life {
    const life = new Life(options)
    options.clock.startProcess()
    life.#open()
    return life
  }

  // As others see it

  get parts(): Parts | null {
    return this.#parts
  }

  /** True once it answers, if only with what it can't do yet. */
  get isOpen(): boolean {
    return this.#parts !== null
  }

  get isServing(): boolean {
    return this.#stage === 'serving'
  }

  status(): Status {
    assert(this.#parts !== null, 'a process has a status once its directory is open')
    return this.#parts.replica.status(this.#options.clock.now())
  }

  /**
   * Asks it. @returns a function that withdraws the call
   * @param onAbandoned called instead of `done` if the process goes away
   */
  request(request: Request, done: (reply: Reply) => void, onAbandoned: () => void): () => void {
    const { queue } = this.#options.world
    this.#abandoned.add(onAbandoned)
    const answer = (reply: Reply): void => {
      if (this.#abandoned.delete(onAbandoned)) done(reply)
    }
    let withdraw = (): void => {}
    const ask = (): void => {
      if (this.#parts === null || this.#stage === 'closing') answer({ kind: 'failed', error: stoppingError(false) })
      else if (this.#abandoned.has(onAbandoned)) withdraw = this.#parts.interpreter.request(request, answer)
    }
    if (this.lane.isPaused) queue.schedule(0, this.lane, ask)
    else ask()
    return () => {
      this.#abandoned.delete(onAbandoned)
      if (!this.lane.isOver) queue.schedule(0, this.lane, () => withdraw())
    }
  }

  // Its end

  /** It will die at the next such point of its work. */
  arm(point: KillPoint): void {
    this.#armed = point
  }

  disarm(): void {
    this.#armed = null
  }

  /** Nothing of it happens any more. */
  die(cause: StopCause, failure: SkeinError | null = null): void {
    if (this.#stage === 'over') return
    const { world, node, disk, onEnd } = this.#options
    this.#stage = 'over'
    this.lane.end(world.queue.nowUs)
    this.#parts?.journal.crash()
    world.network.abandon(node)
    world.exchange.close(node)
    disk.isFailing = false
    onEnd(cause, failure)
    for (const abandoned of [...this.#abandoned]) abandoned()
    this.#abandoned.clear()
  }

  /** Closes in order, as the server does. */
  stop(): void {
    const { queue } = this.#options.world
    queue.schedule(0, this.lane, () => {
      if (this.#stage === 'closing') return
      const isServing = this.#stage === 'serving'
      this.#stage = 'closing'
      if (this.#parts === null) this.die('stop')
      else if (isServing) this.#handOver(this.#parts, queue.nowMs + HAND_OVER_MS)
      else this.#close(this.#parts)
    })
  }

  // Its beginning

  #open(): void {
    const { world, node, disk } = this.#options
    const { queue, exchange, observe } = world
    LogStoreTwin.open(
      {
        queue,
        lane: this.lane,
        disk,
        kill: this.#kill,
        onFatal: (failure) => (this.#parts === null ? this.die('failure', failure) : this.#parts.interpreter.fail(failure)),
        onFailure: (writer, failure) => {
          observe({ kind: 'log-failed', node, writer, failure })
          this.#input({ kind: 'log-failed', writer, failure })
        },
        onAppended: (writer, index, blocks) => observe({ kind: 'appended', node, writer, index, blocks }),
        onGrown: (writer) => exchange.grown(node, writer),
        onFollowed: (writer) => exchange.wanted(node, writer),
      },
      (logs) => this.#openReplica(logs),
    )
  }

  #openReplica(logs: LogStoreTwin): void {
    const { world, node, name, disk, clock, joins, random } = this.#options
    const { queue, members: all, maxClockDriftMs, observe } = world
    const journal = JournalTwin.open({
      queue,
      lane: this.lane,
      disk,
      kill: this.#kill,
      onSealed: (records) => this.#observeSealed(records),
      onPersisted: () => observe({ kind: 'persisted', node }),
    })
    const store = new ObservedStateStore()
    const config = {
      group: DEFAULT_GROUP,
      node: name,
      directory: disk.directory,
      members: joins ? all.filter((member) => member !== name) : all,
      joins,
      maxClockDriftMs,
      mode: world.mode,
      url: null,
      dropRateMillionths: 0,
      requestsMax: SIMULATED_REQUESTS_MAX,
    }
    const replica = new ObservedReplica(config, store, forkPrng(random), {
      kill: this.#kill,
      onApplied: (frontier) => {
        if (this.#stage !== 'over') observe({ kind: 'applied', node, frontier: frontier.copy() })
      },
      onStanding: world.isLed ? (standing) => this.#stage !== 'over' && observe({ kind: 'chain', node, standing }) : null,
    })
    const interpreter = new Interpreter({
      group: DEFAULT_GROUP,
      replica,
      journal,
      logs,
      now: () => clock.now(),
      defer: (action) => queue.schedule(0, this.lane, action),
      onFatal: (failure) => this.die('failure', failure),
    })
    this.#parts = { store, replica, interpreter, journal, logs }
    this.#stage = 'recovering'
    interpreter.input({ kind: 'start', ...planRecovery(DEFAULT_GROUP, logs.stored, journal.recovered) })
    this.#awaitRecovery(this.#parts)
  }

  #awaitRecovery(parts: Parts): void {
    if (this.#stage !== 'recovering') return
    const { world, node } = this.#options
    if (!parts.replica.isRecovered) {
      world.queue.schedule(TICK_US, this.lane, () => this.#awaitRecovery(parts))
      return
    }
    this.#stage = 'serving'
    world.observe({ kind: 'recovered', node })
    this.#checkDisk()
    world.queue.schedule(TICK_US, this.lane, this.#tick)
    world.exchange.open(node, parts.logs)
    this.#connect(parts.interpreter)
  }

  #connect(interpreter: Interpreter): void {
    const { world, node, disk, clock } = this.#options
    const { queue, network } = world
    const port = {
      node,
      lane: this.lane,
      directory: disk.directory,
      now: () => clock.now(),
      events: {
        admit: (peer, id, now) => this.#parts?.replica.admit(peer, id, now) ?? null,
        onConnect: (peer, directory) => this.#input({ kind: 'connected', peer, directory }),
        onDisconnect: (peer) => this.#input({ kind: 'disconnected', peer }),
        onMessage: (from, _group, message) => this.#input({ kind: 'message', from, message }),
        onRefused: (by, refusal) => this.#input({ kind: 'refused', by, refusal }),
      },
    } satisfies Parameters<typeof network.open>[0]
    this.#transport = TransportTwin.open({ queue, network, port, kill: this.#kill })
    interpreter.connect(this.#transport)
  }

  // While it runs

  #input(input: Input): void {
    if (this.#stage !== 'over') this.#parts?.interpreter.input(input)
  }

  #onTick(): void {
    const { queue, syncIntervalMs, releaseIntervalMs } = this.#options.world
    const { disk } = this.#options
    if (this.#parts === null || this.#transport === null) return
    const { logs, journal, replica } = this.#parts
    this.#input(TICK)
    if (this.#stage === 'over') return
    this.#ticks += 1
    if (this.#ticks % DISK_CHECK_TICKS === 0) this.#checkDisk()
    if (this.#ticks % COPY_TICKS === 0) disk.keepCopy(queue.nowMs)
    if (queue.nowMs >= this.#releaseDueMs) {
      this.#releaseDueMs = queue.nowMs + releaseIntervalMs
      logs.sync((durable) => journal.release(replica.releasable(durable)))
    }
    if (queue.nowMs >= this.#writebackDueMs) {
      this.#writebackDueMs = queue.nowMs + syncIntervalMs
      disk.noteSynced(disk.writtenCount)
    }
    queue.schedule(TICK_US, this.lane, this.#tick)
  }

  #checkDisk(): void {
    const hasRoom = !this.#options.disk.isFull
    if (hasRoom === this.#hasRoom) return
    this.#hasRoom = hasRoom
    this.#input({ kind: 'disk', hasRoom })
    this.#options.world.observe({ kind: 'room', node: this.#options.node, hasRoom })
  }

  #observeSealed(records: readonly JournalRecord[]): void {
    const { world, node } = this.#options
    for (const sealed of this.#entries.read(records)) {
      if (sealed.kind === 'entry') world.observe({ kind: 'sealed', node, entry: sealed.entry })
      else world.observe({ ...sealed, kind: 'chain-sealed', node })
    }
  }

  #strikes(when: KillPoint['when'], what: KillPoint['what']): boolean {
    if (this.#stage === 'over') return true
    if (this.#armed === null || this.#armed.when !== when || this.#armed.what !== what) return false
    this.die('kill')
    return true
  }

  // Closing

  /** What was written here is handed over to the peers in reach. */
  #handOver(parts: Parts, deadlineMs: number): void {
    const { queue } = this.#options.world
    const connected = this.status().peers.filter((peer) => peer.connected)
    const isHandedOver = parts.replica.isDrained && connected.every((peer) => peer.lag === 0)
    if (queue.nowMs >= deadlineMs || isHandedOver) this.#close(parts)
    else queue.schedule(TICK_US, this.lane, () => this.#handOver(parts, deadlineMs))
  }

  #close({ interpreter, journal, logs }: Parts): void {
    const transport = this.#transport
    // The ticks end with it.
    this.#transport = null
    const closeStores = (): void => {
      let open = 2
      const closeLogs = (): void => {
        open -= 1
        if (open === 0) logs.close(() => this.die('stop'))
      }
      interpreter.stop(closeLogs)
      journal.close(closeLogs)
    }
    if (transport === null) closeStores()
    else transport.close(closeStores)
  }
}
