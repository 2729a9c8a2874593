/**
 * Makes what the simulated log store has written durable (JR6), as the real barrier does: a group
 * commit, in which whoever arrives while a sync runs shares the next one. A sync that fails is final
 * (JR4): of what it covered a part may be gone, for the kernel forgets the pages that it could not write.
 */

import { SkeinError } from '../base/index.ts'
import type { SimulatedDisk } from './disk.ts'
import type { Action, EventQueue, Lane } from './event-queue.ts'

export class DiskBarrier {
  readonly #queue: EventQueue
  readonly #lane: Lane
  readonly #disk: SimulatedDisk
  readonly #onFatal: (failure: SkeinError) => void
  /** For the sync that starts when the one that runs has ended. */
  #waiting: Action[] = []
  /** For the sync that runs, or null. */
  #served: readonly Action[] | null = null
  /** What the sync that runs covers. */
  #covered = 0
  readonly #land = (): void => this.#onSynced()

  /** @param onFatal told once: the process has to stop */
  constructor(queue: EventQueue, lane: Lane, disk: SimulatedDisk, onFatal: (failure: SkeinError) => void) {
    this.#queue = queue
    this.#lane = lane
    this.#disk = disk
    this.#onFatal = onFatal
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
    if (this.#disk.isFailing) return this.#fail()
    const served = this.#served ?? []
    this.#served = null
    this.#disk.noteSynced(this.#covered)
    for (const done of served) {
      if (this.#lane.isOver) return
      done()
    }
    if (this.#waiting.length > 0 && this.#served === null) this.#start()
  }

  /** Nobody is served any more. */
  #fail(): void {
    this.#disk.isFailing = false
    this.#disk.loseUnsynced()
    this.#onFatal(new SkeinError('INTERNAL', 'the logs could not be made durable (EIO): the node stops; look at the disk'))
  }
}
