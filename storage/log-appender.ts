/**
 * Appends blocks to a hypercore of this node, byte for byte what the journal has (JR2, JR5).
 *
 * An append costs the writer and each follower about as much for a large block as for a small one.
 * So it is reported as done only after a pause: until then the replica gathers what comes into the
 * next block. When the log is idle a block goes out at once, and so does what is handed over all the
 * same: a leader's next block, which nothing joins.
 *
 * A core that was rolled back learns from its peers how long it really is. So every append says at
 * which length it must land (`maxLength`), blocks that are there already are compared instead, and
 * blocks that only the peers have are waited for.
 */

import type Hypercore from 'hypercore'
import type { KeyPair } from 'hypercore'
import { assert, bytesEqual, KIB, present } from '../base/index.ts'

/**
 * An append takes the main thread 0.2 ms and more, and as much again for every follower, nearly
 * whatever its size. So the pause after it is so many times as long as it took: appending gets a
 * bounded share of the processor however slow the machine is. Larger: more throughput; smaller: a
 * write is visible at the peers earlier.
 */
const PAUSE_PER_APPEND = 2
const PAUSE_MS_MAX = 20
/** One append takes no more than this, so that the main thread is not held up. */
const APPEND_BLOCKS_MAX = 256
const APPEND_BYTES_MAX = 1024 * KIB

export interface AppendRequest {
  readonly index: number
  readonly blocks: readonly Uint8Array[]
  readonly done: () => void
}

export interface AppenderOptions {
  /** A session of the core, ready. */
  readonly core: Hypercore
  readonly keyPair: KeyPair
  /** Asks the peers for blocks that the core is known to have and that are not here. */
  readonly fetchMissing: () => void
  /** A block that is there is another one. */
  readonly onDifference: (index: number) => void
  /** The store refused an append: no more can be done. */
  readonly onError: (error: unknown) => void
}

export class LogAppender {
  readonly #options: AppenderOptions
  readonly #queue: AppendRequest[] = []
  #isRunning = false
  #isStopped = false
  /** Resumes a run that waits for blocks of the peers. */
  #wake: () => void = () => {}
  /** Ends the pause after an append. */
  #endPause: () => void = () => {}
  #onIdle: (() => void) | null = null

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  append(request: AppendRequest): void {
    this.#queue.push(request)
    this.#endPause()
    if (!this.#isRunning && !this.#isStopped) void this.#run()
  }

  /** Blocks have arrived, or the core has grown. */
  notice(): void {
    this.#wake()
  }

  /** Takes no more; resolves once the append that runs has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    if (!this.#isRunning) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
      this.#wake()
    })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      while (this.#queue.length > 0 && !this.#isStopped) {
        const requests = this.#takeContiguous()
        const blocks = requests.flatMap((request) => request.blocks)
        const startedMs = performance.now()
        const isThere = await this.#place(present(requests[0], 'the queue was not empty').index, blocks)
        if (!isThere) break
        await this.#pause(performance.now() - startedMs)
        for (const { done } of requests) done()
      }
    } catch (error) {
      if (!this.#isStopped) this.#options.onError(error)
      this.#isStopped = true
    }
    this.#isRunning = false
    this.#onIdle?.()
  }

  async #pause(tookMs: number): Promise<void> {
    if (this.#isStopped) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(tookMs * PAUSE_PER_APPEND, PAUSE_MS_MAX))
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Requests that follow on one another, up to the size of one append. */
  #takeContiguous(): AppendRequest[] {
    const taken: AppendRequest[] = []
    let next: number | null = null
    let blocks = 0
    let bytes = 0
    for (const request of this.#queue) {
      if (next !== null && (request.index !== next || blocks >= APPEND_BLOCKS_MAX || bytes >= APPEND_BYTES_MAX)) break
      taken.push(request)
      next = request.index + request.blocks.length
      blocks += request.blocks.length
      for (const block of request.blocks) bytes += block.length
    }
    this.#queue.splice(0, taken.length)
    return taken
  }

  /** Sees to it that the blocks are in the core from `index` on. False if they can't be. */
  async #place(index: number, blocks: readonly Uint8Array[]): Promise<boolean> {
    const { core, keyPair } = this.#options
    const end = index + blocks.length
    let position = index
    while (position < end) {
      if (core.core.bitfield.firstUnset(position) > position) {
        const stored = await core.get(position, { wait: false })
        const block = present(blocks[position - index], 'a position is inside the append')
        if (stored === null || !bytesEqual(stored, block)) {
          this.#isStopped = true
          this.#options.onDifference(position)
          return false
        }
        position += 1
      } else if (position < core.length) {
        await this.#waitForPeers()
        if (this.#isStopped) return false
      } else {
        assert(position === core.length, 'an append leaves no gap')
        const { length } = await core.append(blocks.slice(position - index), { keyPair, maxLength: end })
        // If the peers made it longer meanwhile, nothing was appended: look again.
        if (length === end && core.core.bitfield.firstUnset(position) >= end) position = end
      }
    }
    return true
  }

  #waitForPeers(): Promise<void> {
    this.#options.fetchMissing()
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {}
        resolve()
      }
      if (this.#isStopped) this.#wake()
    })
  }
}
