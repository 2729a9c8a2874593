/**
 * Moves the blocks of logs between the stores of connected nodes, as the replication of hypercores
 * does: a node asks a peer that has more of a log than it has, and gets the next blocks behind the
 * messages of that connection. Whoever holds blocks hands them on, so entries travel over relays.
 *
 * A peer tells what it has whenever that grows. Here the asking node simply knows it, and the way
 * of the news is added to that of the question: one event instead of a message to everybody who
 * has the block already, which is where a naive simulation spends most of its time.
 */

import { assert, type WriterId } from '../base/index.ts'
import type { Connection } from './connection.ts'
import type { EventQueue } from './event-queue.ts'
import type { NodeIndex } from './fault.ts'
import type { LogStoreTwin } from './log-store-twin.ts'
import type { Network, NetworkListener } from './network.ts'
import type { OpenLog } from './open-log.ts'
import type { Happening } from './trace.ts'

/** A log that is pushed and lacks what a peer has is fetched again after so long. */
const NUDGE_US = 150_000
/** Blocks and bytes that go together; more is asked for again. */
const FETCH_BLOCKS_MAX = 64
const FETCH_BYTES_MAX = 256 * 1024

interface Fetch {
  readonly connection: Connection
  readonly source: NodeIndex
  readonly target: NodeIndex
  readonly writer: WriterId
  /** The length of the target's log when it asked. */
  readonly from: number
}

export interface BlockExchangeOptions {
  readonly queue: EventQueue
  readonly observe: (happening: Happening) => void
}

export class BlockExchange implements NetworkListener {
  readonly #options: BlockExchangeOptions
  #network: Network | null = null
  /** By node: the open store, while there is one. */
  readonly #stores: (LogStoreTwin | null)[] = []
  /** What is under way, by connection. */
  readonly #fetches = new Map<Connection, Set<Fetch>>()

  constructor(options: BlockExchangeOptions) {
    this.#options = options
  }

  /** The network whose connections it uses. Called once, before anything happens. */
  attach(network: Network): void {
    this.#network = network
  }

  /** A process has its logs open. */
  open(node: NodeIndex, store: LogStoreTwin): void {
    this.#stores[node] = store
  }

  /** A process, or its store, is gone. */
  close(node: NodeIndex): void {
    this.#stores[node] = null
  }

  /** A node has more of a log than before: it can serve others. */
  grown(node: NodeIndex, writer: WriterId): void {
    for (let peer = 0; peer < this.#stores.length; peer++) {
      const connection = peer === node ? null : this.#connectionBetween(node, peer)
      if (connection !== null) this.#consider(connection, node, peer, writer)
    }
  }

  /** A node wants a log: is there anybody who has more of it? */
  wanted(node: NodeIndex, writer: WriterId): void {
    for (let peer = 0; peer < this.#stores.length; peer++) {
      const connection = peer === node ? null : this.#connectionBetween(node, peer)
      if (connection === null) continue
      this.#consider(connection, peer, node, writer)
      // The peer may want it too, and have less.
      this.#consider(connection, node, peer, writer)
    }
  }

  onConnected(connection: Connection): void {
    this.#compareAll(connection)
  }

  onFree(connection: Connection): void {
    this.#compareAll(connection)
  }

  onBroken(connection: Connection): void {
    for (const { node } of [connection.left, connection.right]) this.#stores[node]?.fetchAllAgain()
    const fetches = this.#fetches.get(connection)
    this.#fetches.delete(connection)
    for (const fetch of fetches ?? []) {
      const { target, writer } = fetch
      const open = this.#stores[target]?.logs.get(writer)
      // In another life the log may be on its way again already.
      if (open?.fetch !== fetch) continue
      open.fetch = null
      this.wanted(target, writer)
    }
  }

  #compareAll(connection: Connection): void {
    // It may have broken with the first thing that an end sent over it.
    if (!connection.isOpen) return
    const { left, right } = connection
    for (const writer of this.#stores[left.node]?.logs.keys() ?? []) {
      this.#consider(connection, left.node, right.node, writer)
      this.#consider(connection, right.node, left.node, writer)
    }
  }

  /** Fetches a log over a connection if its source has more of it than its target. */
  #consider(connection: Connection, source: NodeIndex, target: NodeIndex, writer: WriterId): void {
    const offered = this.#stores[source]?.logs.get(writer)
    const wanted = this.#stores[target]?.logs.get(writer)
    if (offered === undefined || wanted === undefined || !isServed(offered) || !wanted.isShared || wanted.failure !== null) return
    // Two logs that claim one writer are different logs to a store: the replica sees it by their keys.
    if (offered.log.key !== wanted.log.key) return
    const common = Math.min(offered.log.length, wanted.log.length)
    if (offered.log.treeHash(common) !== wanted.log.treeHash(common)) return this.#reportFork(connection, writer, common)
    if (!wanted.isFollowed || offered.log.length <= wanted.log.length) return
    if (wanted.isPushed) return this.#nudge(source, target, wanted)
    // What was pushed is put in first.
    if (wanted.insertEnd > wanted.log.length) return
    if (wanted.fetch !== null) wanted.isOfferedMore = true
    else if (connection.link.isFree) this.#ask({ connection, source, target, writer, from: wanted.log.length }, wanted)
  }

  /** What is pushed is on its way as a rule. If it is not, nothing else will tell. */
  #nudge(source: NodeIndex, target: NodeIndex, wanted: OpenLog): void {
    const store = this.#stores[target]
    const lane = this.#connectionBetween(source, target)?.end(target).lane
    if (wanted.isNudged || lane === undefined) return
    wanted.isNudged = true
    this.#options.queue.schedule(NUDGE_US, lane, () => {
      wanted.isNudged = false
      const offered = this.#stores[source]?.logs.get(wanted.log.writer)
      if (store !== null && wanted.isPushed && offered !== undefined && offered.log.length > wanted.log.length) store?.fetchAgain(wanted)
    })
  }

  #ask(fetch: Fetch, wanted: OpenLog): void {
    wanted.fetch = fetch
    const fetches = this.#fetches.get(fetch.connection) ?? new Set<Fetch>()
    this.#fetches.set(fetch.connection, fetches.add(fetch))
    const network = this.#requireNetwork()
    const delayUs = network.drawPacketUs() + network.drawPacketUs()
    this.#options.queue.schedule(delayUs, fetch.connection.end(fetch.source).lane, () => this.#answer(fetch))
  }

  #answer(fetch: Fetch): void {
    const { connection, source, target, writer, from } = fetch
    if (!connection.isOpen) return
    const offered = this.#stores[source]?.logs.get(writer)
    if (offered === undefined || !isServed(offered)) return this.#end(fetch)
    const { log } = offered
    const blocks: Uint8Array[] = []
    const treeHashes: number[] = []
    let bytes = 0
    for (let index = from; index < log.length && blocks.length < FETCH_BLOCKS_MAX && bytes < FETCH_BYTES_MAX; index++) {
      const block = log.block(index)
      blocks.push(block)
      treeHashes.push(log.treeHash(index + 1))
      bytes += block.length
    }
    const before = log.treeHash(from)
    const network = this.#requireNetwork()
    const id = network.mintTransfer()
    const content = { kind: 'blocks' as const, log: log.key, writer, from, count: blocks.length }
    this.#options.observe({ kind: 'sent', id, from: source, to: target, content })
    network.sendBlocks(connection, source, id, () => this.#take(fetch, blocks, treeHashes, before))
  }

  #take(fetch: Fetch, blocks: readonly Uint8Array[], treeHashes: readonly number[], before: number): void {
    const { target, writer, from } = fetch
    const store = this.#stores[target]
    const open = store?.logs.get(writer)
    if (store === null || store === undefined || open === undefined) return this.#end(fetch)
    store.receive(open, from, blocks, treeHashes, before)
    this.#end(fetch)
  }

  /** A fetch is over, one way or the other: maybe there is more. */
  #end(fetch: Fetch): void {
    this.#fetches.get(fetch.connection)?.delete(fetch)
    const open = this.#stores[fetch.target]?.logs.get(fetch.writer)
    if (open?.fetch !== fetch) return
    open.fetch = null
    // From the same peer first, whose blocks come next anyway.
    if (fetch.connection.isOpen) this.#consider(fetch.connection, fetch.source, fetch.target, fetch.writer)
    if (open.fetch !== null || !open.isOfferedMore) return
    // Asked of all, not only of who offered it: what was noted while one peer gave piece after piece is of many.
    open.isOfferedMore = false
    this.wanted(fetch.target, fetch.writer)
  }

  #reportFork(connection: Connection, writer: WriterId, length: number): void {
    const { queue } = this.#options
    for (const { node, lane } of [connection.left, connection.right]) {
      const store = this.#stores[node]
      queue.schedule(this.#requireNetwork().drawPacketUs(), lane, () => {
        if (store !== null && store === this.#stores[node]) store?.failForked(writer, length)
      })
    }
  }

  /** The connection between two nodes if both can send. */
  #connectionBetween(node: NodeIndex, peer: NodeIndex): Connection | null {
    const network = this.#requireNetwork()
    const connection = network.connection(node, peer)
    return connection?.isOpen === true && network.connection(peer, node) === connection ? connection : null
  }

  #requireNetwork(): Network {
    assert(this.#network !== null, 'the exchange has its network before anything happens')
    return this.#network
  }
}

function isServed(open: OpenLog): boolean {
  return open.isShared && open.failure === null
}
