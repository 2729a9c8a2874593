/**
 * Appends blocks to a hypercore: to one of this node, byte for byte what the journal has (JR2, JR5), or to
 * the copy of another node's, with the signature that came along (LG5).
 *
 * An append costs about as much for one block as for many, and nothing waits for it where blocks are
 * pushed: the journal has them, and so have the peers. So it gathers for a while. What is not pushed is appended at
 * once, for only then can peers fetch it.
 *
 * A block costs its writer and each reader about as much for one entry as for fifty. So an append is reported
 * as done only after a pause: until then the replica gathers what comes into the next block. When the log is
 * idle a block goes out at once, and so does what is handed over all the same: a leader's next block, which nothing joins.
 *
 * A core that was rolled back learns from its peers how long it really is. So every append says at
 * which length it must land (`maxLength`), blocks that are there already are compared instead, and
 * blocks that only the peers have are waited for.
 */

import type Hypercore from 'hypercore'
import type { KeyPair, TreeBatch } from 'hypercore'
import { assert, bytesEqual, KIB, present } from '../base/index.ts'

/**
 * An append takes the main thread 0.2 ms and more, and as much again for every follower, nearly
 * whatever its size. So the pause after it is so many times as long as it took: appending gets a
 * bounded share of the processor however slow the machine is. Larger: more throughput; smaller: a
 * write is visible at the peers earlier.
 */
const PAUSE_PER_APPEND = 2
const PAUSE_MS_MAX = 20
/** The pause after a block that is pushed, which costs less. */
const PAUSE_MS_PUSHED = 1
/** What is pushed gathers for so long. Larger: fewer appends; smaller: nodes that are not in reach of the writer see it earlier. */
const GATHER_MS = 20
/** More than this does not gather. */
const GATHER_BYTES_MAX = 512 * KIB
/** One append takes no more than this, so that the main thread is not held up. */
const APPEND_BLOCKS_MAX = 256
const APPEND_BYTES_MAX = 1024 * KIB

export interface AppendRequest {
  readonly index: number
  readonly blocks: readonly Uint8Array[]
  /** Of another node, over the log up to the last block; null: this node signs. */
  readonly signature: Uint8Array | null
  /** Gets the signatures of new blocks, one for each, if there is anybody to push them to. */
  readonly signed: (signatures: readonly Uint8Array[]) => void
  readonly done: () => void
}

export interface AppenderOptions {
  /** A session of the core, ready. */
  readonly core: Hypercore
  /** Of this node's own core; null for a copy. */
  readonly keyPair: KeyPair | null
  /** Asks the peers for blocks that the core is known to have and that are not here. */
  readonly fetchMissing: () => void
  /** A block that is there is another one. */
  readonly onDifference: (index: number) => void
  /** The store refused an append: no more can be done. */
  readonly onError: (error: unknown) => void
}

interface Queued {
  readonly request: AppendRequest
  /** The peers have it, or get it: nothing waits for the append. */
  readonly isPushed: boolean
}

export class LogAppender {
  readonly #options: AppenderOptions
  readonly #queue: Queued[] = []
  #queuedBytes = 0
  /** The tree of an own core, with what is queued; null while nothing is. */
  #tree: { readonly batch: TreeBatch; length: number } | null = null
  #gathering: NodeJS.Timeout | null = null
  #isRunning = false
  #isStopped = false
  /** Nothing is waited for any more. */
  #isStopping = false
  /** Resumes a run that waits for blocks of the peers. */
  #wake: () => void = () => {}
  /** Ends the pause after an append. */
  #endPause: () => void = () => {}
  #onIdle: (() => void) | null = null

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  append(request: AppendRequest): void {
    const isPushed = request.signature !== null || this.#sign(request)
    this.#queue.push({ request, isPushed })
    for (const block of request.blocks) this.#queuedBytes += block.length
    if (isPushed && request.signature === null) setTimeout(request.done, PAUSE_MS_PUSHED)
    if (isPushed && this.#queuedBytes < GATHER_BYTES_MAX) this.#gather()
    else this.flush()
  }

  /** Appends what has gathered. */
  flush(): void {
    this.#endPause()
    if (this.#gathering !== null) clearTimeout(this.#gathering)
    this.#gathering = null
    if (!this.#isRunning && !this.#isStopped && this.#queue.length > 0) void this.#run()
  }

  /** Blocks have arrived, or the core has grown. */
  notice(): void {
    this.#wake()
  }

  /** Takes no more; resolves once the append that runs has ended, and what has gathered is in. */
  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#gathering !== null) this.flush()
    else this.#isStopped = true
    if (this.#isRunning) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
        this.#wake()
      })
    }
    this.#isStopped = true
  }

  #gather(): void {
    if (this.#isRunning || this.#isStopped) return
    this.#gathering ??= setTimeout(() => this.flush(), GATHER_MS)
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      while (this.#queue.length > 0 && !this.#isStopped) {
        const requests = this.#takeContiguous()
        const startedMs = performance.now()
        if (!(await this.#place(requests.map(({ request }) => request)))) break
        const waiting = requests.filter(({ isPushed }) => !isPushed)
        if (waiting.length > 0) await this.#pause(performance.now() - startedMs)
        for (const { request } of waiting) request.done()
        if (this.#queue.length > 0 && this.#queue.every(({ isPushed }) => isPushed) && this.#queuedBytes < GATHER_BYTES_MAX) break
      }
    } catch (error) {
      if (!this.#isStopped) this.#options.onError(error)
      this.#isStopped = true
    }
    this.#isRunning = false
    if (this.#queue.length === 0) this.#tree = null
    else this.#gather()
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

  /** Signs what is new in an own core, so that it can be pushed. False if nobody is there, or the peers have to fetch what comes before it. */
  #sign({ index, blocks, signed }: AppendRequest): boolean {
    const { core, keyPair } = this.#options
    if (keyPair === null || index === 0 || core.peers.length === 0 || this.#queuedBytes >= GATHER_BYTES_MAX) return false
    if (this.#tree === null && !this.#isRunning && core.length === index)
      this.#tree = { batch: core.core.state.createTreeBatch(), length: index }
    const tree = this.#tree
    if (tree?.length !== index) return false
    const signatures = blocks.map((block) => {
      tree.batch.append(block)
      return core.core.verifier.sign(tree.batch, keyPair)
    })
    // The roots alone are signed: what is kept besides would grow for as long as something is queued.
    tree.batch.nodes.length = 0
    tree.length += blocks.length
    signed(signatures)
    return true
  }

  /** Requests that follow on one another, up to the size of one append. */
  #takeContiguous(): Queued[] {
    const taken: Queued[] = []
    let next: number | null = null
    let blocks = 0
    let bytes = 0
    for (const queued of this.#queue) {
      const { request } = queued
      if (next !== null && (request.index !== next || blocks >= APPEND_BLOCKS_MAX || bytes >= APPEND_BYTES_MAX)) break
      taken.push(queued)
      next = request.index + request.blocks.length
      blocks += request.blocks.length
      for (const block of request.blocks) bytes += block.length
    }
    this.#queue.splice(0, taken.length)
    this.#queuedBytes -= bytes
    return taken
  }

  /** Sees to it that the blocks are in the core from `index` on. False if they can't be. */
  async #place(requests: readonly AppendRequest[]): Promise<boolean> {
    const { core } = this.#options
    const { index } = present(requests[0], 'an append is asked for')
    const blocks = requests.flatMap((request) => request.blocks)
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
        if (this.#isStopping) return false
      } else {
        assert(position === core.length, 'an append leaves no gap')
        const { length } = await core.append(blocks.slice(position - index), { ...this.#proofOf(requests), maxLength: end })
        // If the peers made it longer meanwhile, nothing was appended: look again.
        if (length === end && core.core.bitfield.firstUnset(position) >= end) position = end
      }
    }
    return true
  }

  #proofOf(requests: readonly AppendRequest[]): { keyPair: KeyPair } | { signature: Uint8Array } {
    const { keyPair } = this.#options
    return keyPair === null ? { signature: present(requests.at(-1)?.signature, 'what is inserted is signed') } : { keyPair }
  }

  #waitForPeers(): Promise<void> {
    this.#options.fetchMissing()
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {}
        resolve()
      }
      if (this.#isStopping) this.#wake()
    })
  }
}
