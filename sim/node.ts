/**
 * A machine of the cluster: a disk, a clock, and one process after the other. The machine stays
 * what it was when its process ends; that is all that the next one finds.
 */

import { assert, type DirectoryId, type Key, type NodeName, type Prng, type SkeinError, type WriterId } from '../base/index.ts'
import type { DurablePromise, Status } from '../core/index.ts'
import { type ReadonlyVersionVector, type Register, VersionVector } from '../crdt/index.ts'
import { forkPrng } from './chance.ts'
import { SimulatedDisk } from './disk.ts'
import type { Action } from './event-queue.ts'
import type { NodeIndex } from './fault.ts'
import type { NodeView } from './invariant.ts'
import { Life, type LifeWorld } from './life.ts'
import { SimulatedClock } from './simulated-clock.ts'
import type { StopCause } from './trace.ts'
import type { DiskWeather } from './weather.ts'

const NOTHING: ReadonlyVersionVector = new VersionVector()
const DIGEST_OF_NOTHING = '0'.repeat(16)

export interface NodeOptions {
  readonly world: LifeWorld
  readonly index: NodeIndex
  readonly name: NodeName
  readonly weather: DiskWeather
  readonly clockOffsetMs: number
  readonly random: Prng
}

export class SimulatedNode implements NodeView {
  readonly index: NodeIndex
  readonly name: NodeName
  readonly disk: SimulatedDisk
  readonly clock: SimulatedClock
  readonly #world: LifeWorld
  readonly #random: Prng
  #life: Life | null = null
  #lives = 0
  #lastFailure: SkeinError | null = null
  /** Its processes are started with `--join`. */
  joins = false
  #onDown: Action[] = []

  constructor({ world, index, name, weather, clockOffsetMs, random }: NodeOptions) {
    this.#world = world
    this.index = index
    this.name = name
    this.disk = new SimulatedDisk(weather, forkPrng(random))
    this.clock = new SimulatedClock(world.queue, clockOffsetMs)
    this.#random = forkPrng(random)
  }

  // As an invariant sees it

  get directory(): DirectoryId {
    return this.disk.directory
  }

  get isUp(): boolean {
    return this.#life !== null
  }

  get isServing(): boolean {
    return this.#life?.isServing === true
  }

  get wallMs(): number {
    return this.clock.now().wallMs
  }

  get frontier(): ReadonlyVersionVector {
    return this.#life?.parts?.replica.frontier ?? NOTHING
  }

  get digest(): string {
    return this.#life?.parts?.replica.digest ?? DIGEST_OF_NOTHING
  }

  get heldRequests(): number {
    return this.#life?.parts?.replica.heldRequests ?? 0
  }

  get promise(): DurablePromise {
    return this.disk.promise
  }

  durableLength(writer: WriterId): number {
    return this.disk.journal.lengthWithPushed(writer, this.disk.logs.get(writer)?.durable ?? 0)
  }

  register(key: Key): Register | undefined {
    return this.#life?.parts?.store.peek(key)
  }

  status(): Status {
    assert(this.#life !== null, 'a node that is down has no status')
    return this.#life.status()
  }

  // As its operator sees it

  /** How often it was started. */
  get lives(): number {
    return this.#lives
  }

  /** What the last process that ended had stopped for, or null if it did not stop by itself. */
  get lastFailure(): SkeinError | null {
    return this.#lastFailure
  }

  /** The process that runs, or null. */
  get life(): Life | null {
    return this.#life
  }

  get isPaused(): boolean {
    return this.#life?.lane.isPaused === true
  }

  start(): void {
    assert(this.#life === null, 'one process of a node runs at a time')
    this.#lives += 1
    this.#world.observe({ kind: 'started', node: this.index, life: this.#lives, directory: this.directory })
    const { index, name, disk, clock } = this
    this.#life = Life.start({
      world: this.#world,
      node: index,
      name,
      disk,
      clock,
      joins: this.joins,
      random: this.#random,
      onEnd: (cause, failure) => this.#ended(cause, failure),
    })
  }

  /** Calls `action` once, when the process that runs now has ended. */
  onceDown(action: Action): void {
    assert(this.#life !== null, 'only what runs can end')
    this.#onDown.push(action)
  }

  pause(): void {
    assert(this.#life !== null, 'only what runs can be paused')
    this.#life.lane.pause(this.#world.queue.nowUs)
    this.#world.network.notePaused(this.index)
  }

  resume(): void {
    if (this.#life === null) return
    this.#world.queue.resume(this.#life.lane)
    this.#world.network.noteResumed(this.index)
  }

  #ended(cause: StopCause, failure: SkeinError | null): void {
    this.#life = null
    this.#lastFailure = failure
    if (cause === 'power') this.disk.losePower()
    else this.disk.closeLogs()
    this.#world.observe({ kind: 'stopped', node: this.index, cause, failure })
    const actions = this.#onDown
    this.#onDown = []
    for (const action of actions) action()
  }
}
