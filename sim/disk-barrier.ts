/**
 * Makes what the simulated log store has written durable (JR6), as the real barrier does: a group
 * commit, in which whoever arrives while a sync runs shares the next one.
 */

import type { SimulatedDisk } from './disk.ts'
import type { Action, EventQueue, Lane } from './event-queue.ts'

export class DiskBarrier {
  readonly #queue: EventQueue
  readonly #lane: Lane
  readonly #disk: SimulatedDisk
  /** For the sync that starts when the one that runs has ended. */
  #waiting: Action[] = []
  /** For the sync that runs, or null. */
  #served: readonly Action[] | null = null
  /** What the sync that runs covers. */
  #covered = 0
  readonly #land = (): void => this.#onSynced()

  constructor(queue: EventQueue, lane: Lane, disk: SimulatedDisk) {
    this.#queue = queue
    this.#lane = lane
    this.#disk = disk
  }

  /** `done` once all that was written before the call is on the platter. */
  sync(done: Action): void {
    this.#waiting.push(done)
    if (this.#served === null) this.#start()
  }

  #start(): void {
    this.#served = this.#waiting
    this.#waiting = []
    this.#covered = this.#disk.writtenCount
    this.#queue.schedule(this.#disk.drawWriteUs(), this.#lane, this.#land)
  }

  #onSynced(): void {
    const served = this.#served ?? []
    this.#served = null
    this.#disk.noteSynced(this.#covered)
    for (const done of served) {
      if (this.#lane.isOver) return
      done()
    }
    if (this.#waiting.length > 0 && this.#served === null) this.#start()
  }
}
