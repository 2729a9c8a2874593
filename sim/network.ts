/**
 * The network of a simulated cluster: links that can be cut and clogged, and the connections over
 * them. Two processes that can reach each other both ways greet, admit each other by their
 * directory ids (ID5) and are connected until a reset, a long silence, or the end of either.
 *
 * Which of two connections of one pair stays is below this level: here a pair has one.
 * A process that is killed says nothing, so its peers notice only by its silence, or when its next
 * life connects; one that closes in order tells them.
 */

import { assert, type DirectoryId, type NodeName, type Now, type Prng, present, unreachable } from '../base/index.ts'
import type { GroupName, TransportEvents } from '../core/index.ts'
import { drawUniformUs } from './chance.ts'
import { Connection, type ConnectionEnd } from './connection.ts'
import type { EventQueue, Lane } from './event-queue.ts'
import type { Direction, NodeIndex } from './fault.ts'
import type { Link } from './link.ts'
import { LinkTable, type Pair } from './link-table.ts'
import { drawPacketUs, type Item, NetworkStream } from './network-stream.ts'
import type { Happening, TransferId } from './trace.ts'
import type { NetworkWeather } from './weather.ts'

/** Packets that a greeting takes one way and the other: the handshake, the hellos, the verdicts. */
const GREETING_PACKETS = 3
/** How long nobody dials after a refusal, in ms. */
const REST_AFTER_REFUSAL_MS = 5000

/** A process at its place in the network. */
export interface Port {
  readonly node: NodeIndex
  readonly lane: Lane
  readonly directory: DirectoryId
  readonly now: () => Now
  readonly events: TransportEvents
}

interface OpenPort extends Port {
  /** By peer: the connection that is up here. */
  readonly up: Map<NodeIndex, Connection>
}

export interface NetworkOptions {
  readonly queue: EventQueue
  readonly names: readonly NodeName[]
  readonly weather: NetworkWeather
  readonly random: Prng
  readonly observe: (happening: Happening) => void
}

/** Told what matters to whoever moves blocks over the connections. */
export interface NetworkListener {
  /** Both ends can send. */
  onConnected(connection: Connection): void
  /** It broke: nothing more comes over it. */
  onBroken(connection: Connection): void
  /** A direction that was blocked is free. */
  onFree(connection: Connection): void
}

/** Nobody listens: for a network without logs. */
export const NO_LISTENER: NetworkListener = { onConnected: () => {}, onBroken: () => {}, onFree: () => {} }

export class Network {
  readonly #options: NetworkOptions
  readonly #listener: NetworkListener
  readonly #ports: (OpenPort | null)[]
  readonly #links: LinkTable
  #nextTransfer: TransferId = 1
  #isCalm = false

  /** @param listener of the whole network */
  constructor(options: NetworkOptions, listener: NetworkListener) {
    this.#options = options
    this.#listener = listener
    const count = options.names.length
    this.#ports = Array.from({ length: count }, () => null)
    this.#links = new LinkTable(count)
  }

  get names(): readonly NodeName[] {
    return this.#options.names
  }

  // Processes

  /** A process joins the network at its node's place. */
  open(port: Port): void {
    const open: OpenPort = { ...port, up: new Map() }
    this.#ports[port.node] = open
    for (const pair of this.#links.of(port.node)) this.#dialSoon(pair, 0)
  }

  /** A process leaves in order: its peers are told. */
  close(node: NodeIndex): void {
    const port = this.#ports[node]
    if (port === null || port === undefined) return
    this.#ports[node] = null
    for (const { connection } of this.#links.of(node)) if (connection !== null) this.#breakOff(connection, node)
    port.up.clear()
  }

  /** A process is gone without a word. */
  abandon(node: NodeIndex): void {
    const port = this.#ports[node]
    if (port === null || port === undefined) return
    this.#ports[node] = null
    for (const { connection } of this.#links.of(node)) if (connection !== null) this.#watchSilence(connection)
  }

  /** A process stands still: its peers will take it for dead. */
  notePaused(node: NodeIndex): void {
    for (const { connection } of this.#links.of(node)) if (connection !== null) this.#watchSilence(connection)
  }

  noteResumed(node: NodeIndex): void {
    for (const pair of this.#links.of(node)) this.#dialSoon(pair, this.#drawReconnectUs())
  }

  // Sending

  isUp(node: NodeIndex, peer: NodeIndex): boolean {
    return this.#ports[node]?.up.has(peer) === true
  }

  /** The connection to a peer if messages can be sent over it, or null. */
  connection(node: NodeIndex, peer: NodeIndex): Connection | null {
    return this.#ports[node]?.up.get(peer) ?? null
  }

  send(from: NodeIndex, to: NodeIndex, group: GroupName, message: Uint8Array): void {
    const connection = this.connection(from, to)
    if (connection === null) return
    const id = this.#nextTransfer++
    // The receiver shares no memory with the sender.
    const bytes = message.slice()
    this.#options.observe({ kind: 'sent', id, from, to, content: { kind: 'message', bytes } })
    this.#transmit(connection, from, { kind: 'message', id, group, bytes })
  }

  /** Sends blocks behind the messages; `take` is called where they arrive. */
  sendBlocks(connection: Connection, from: NodeIndex, id: TransferId, take: () => void): void {
    this.#transmit(connection, from, { kind: 'blocks', id, take })
  }

  mintTransfer(): TransferId {
    return this.#nextTransfer++
  }

  /** The time of one packet, in microseconds. */
  drawPacketUs(): number {
    return drawPacketUs(this.#options.random, this.#options.weather)
  }

  expel(node: NodeIndex, peer: NodeIndex): void {
    const connection = this.connection(node, peer)
    if (connection !== null) this.#breakBoth(connection)
  }

  // Faults

  cut(directions: readonly Direction[]): void {
    for (const [from, to] of directions) {
      const pair = this.#links.between(from, to)
      pair.link.cut(from, this.#options.queue.nowUs)
      if (pair.connection !== null) this.#watchSilence(pair.connection)
    }
  }

  heal(directions: readonly Direction[]): void {
    for (const [from, to] of directions) {
      const pair = this.#links.between(from, to)
      pair.link.heal(from)
      this.#freed(pair, from)
    }
  }

  clog([from, to]: Direction): void {
    this.#links.between(from, to).link.clog(from)
  }

  unclog([from, to]: Direction): void {
    const pair = this.#links.between(from, to)
    pair.link.unclog(from)
    this.#freed(pair, from)
  }

  /** From now on no connection breaks by itself. */
  calm(): void {
    this.#isCalm = true
    for (const pair of this.#links.pairs) this.#dialSoon(pair, this.#drawReconnectUs())
  }

  // Greeting

  /** Greets unless that is under way, or there is no point in it now; what stands against it calls again when it ends. */
  #dialSoon(pair: Pair, waitUs: number): void {
    if (pair.isDialling || !this.#canDial(pair)) return
    pair.isDialling = true
    const { queue } = this.#options
    const restUs = Math.max(0, pair.restUntilUs - queue.nowUs)
    let delayUs = Math.max(waitUs, restUs)
    for (let i = 0; i < GREETING_PACKETS; i++) delayUs += this.drawPacketUs()
    queue.schedule(delayUs, null, () => {
      pair.isDialling = false
      if (this.#canDial(pair)) this.#greet(pair)
    })
  }

  #canDial({ link, connection }: Pair): boolean {
    const [left, right] = [this.#ports[link.left], this.#ports[link.right]]
    if (left === null || left === undefined || right === null || right === undefined) return false
    return !left.lane.isPaused && !right.lane.isPaused && link.isFree && connection?.isWhole !== true
  }

  #greet(pair: Pair): void {
    const { link } = pair
    const { queue, names } = this.#options
    const left = this.#port(link.left)
    const right = this.#port(link.right)
    const byLeft = left.events.admit(this.#name(link.right), right.directory, left.now())
    const byRight = right.events.admit(this.#name(link.left), left.directory, right.now())
    if (byLeft === null && byRight === null) return this.#connect(pair, left, right)
    for (const [refusal, by, refused] of [
      [byLeft, left, right],
      [byRight, right, left],
    ] as const) {
      if (refusal === null) continue
      this.#options.observe({ kind: 'refused', node: refused.node, by: by.node })
      const name = present(names[by.node], 'a port is at a node')
      queue.schedule(this.drawPacketUs(), refused.lane, () => {
        if (this.#ports[refused.node] === refused) refused.events.onRefused(name, refusal)
      })
    }
    pair.restUntilUs = queue.nowUs + REST_AFTER_REFUSAL_MS * 1000
    this.#dialSoon(pair, this.#drawReconnectUs())
  }

  #connect(pair: Pair, left: OpenPort, right: OpenPort): void {
    const { link } = pair
    // What is left of an earlier one: an end that has not noticed yet that it talks to nobody.
    if (pair.connection !== null) this.#discard(pair.connection)
    const connection: Connection = new Connection(
      link,
      { ...endOf(left), out: this.#stream(link, left, right, (item) => this.#arrive(connection, right, item)) },
      { ...endOf(right), out: this.#stream(link, right, left, (item) => this.#arrive(connection, left, item)) },
    )
    pair.connection = connection
    this.#options.observe({ kind: 'connected', left: left.node, right: right.node })
    connection.left.out.send({ kind: 'welcome' })
    connection.right.out.send({ kind: 'welcome' })
  }

  #stream(link: Link, sender: OpenPort, receiver: OpenPort, onItem: (item: Item) => void): NetworkStream {
    const { queue, random, weather } = this.#options
    const isBlocked = (): boolean => link.isBlocked(sender.node)
    return new NetworkStream({ queue, random, weather, receiver: receiver.lane, isBlocked, onItem })
  }

  // Moving

  #transmit(connection: Connection, from: NodeIndex, item: Item): void {
    const { random, weather } = this.#options
    if (!connection.isOpen || connection.otherEnd(from).lane.isOver) return this.#drop(item)
    if (!this.#isCalm && weather.reset.numerator > 0 && random.chance(weather.reset)) {
      this.#drop(item)
      return this.#breakBoth(connection)
    }
    connection.end(from).out.send(item)
  }

  #arrive(connection: Connection, receiver: OpenPort, item: Item): void {
    if (this.#ports[receiver.node] !== receiver) return this.#drop(item)
    const peer = connection.otherEnd(receiver.node).node
    switch (item.kind) {
      case 'welcome':
        return this.#rise(connection, receiver, peer)
      case 'message':
        this.#options.observe({ kind: 'delivered', id: item.id })
        return receiver.events.onMessage(this.#name(peer), item.group, item.bytes)
      case 'blocks':
        this.#options.observe({ kind: 'delivered', id: item.id })
        return item.take()
      default:
        return unreachable(item)
    }
  }

  #rise(connection: Connection, port: OpenPort, peer: NodeIndex): void {
    this.#takeDown(port, peer)
    port.up.set(peer, connection)
    port.events.onConnect(this.#name(peer), connection.otherEnd(port.node).directory)
    if (this.connection(peer, port.node) === connection) this.#listener.onConnected(connection)
  }

  #drop(item: Item): void {
    if (item.kind !== 'welcome') this.#options.observe({ kind: 'dropped', id: item.id })
  }

  // Breaking

  /** Both ends notice at once. */
  #breakBoth(connection: Connection): void {
    if (!this.#discard(connection)) return
    const { queue } = this.#options
    for (const { node, lane } of [connection.left, connection.right]) {
      queue.schedule(0, lane, () => this.#noticeBroken(connection, node))
    }
  }

  /** `by` closes it; the other end hears of it after a packet's time. */
  #breakOff(connection: Connection, by: NodeIndex): void {
    if (!this.#discard(connection)) return
    const { node, lane } = connection.otherEnd(by)
    this.#options.queue.schedule(this.drawPacketUs(), lane, () => this.#noticeBroken(connection, node))
  }

  /** What was under way is lost. False if that was so already. */
  #discard(connection: Connection): boolean {
    if (!connection.isOpen) return false
    const { link } = connection
    connection.isOpen = false
    for (const item of connection.left.out.close()) this.#drop(item)
    for (const item of connection.right.out.close()) this.#drop(item)
    this.#options.observe({ kind: 'disconnected', left: link.left, right: link.right })
    this.#listener.onBroken(connection)
    const pair = this.#links.between(link.left, link.right)
    assert(pair.connection === connection, 'only the last connection of a pair is open')
    pair.connection = null
    this.#dialSoon(pair, this.#drawReconnectUs())
    return true
  }

  #noticeBroken(connection: Connection, node: NodeIndex): void {
    const port = this.#ports[node]
    const peer = connection.otherEnd(node).node
    if (port?.up.get(peer) === connection) this.#takeDown(port, peer)
  }

  #takeDown(port: OpenPort, peer: NodeIndex): void {
    if (port.up.delete(peer)) port.events.onDisconnect(this.#name(peer))
  }

  /** If it is still silent after the detection time, both ends give it up. */
  #watchSilence(connection: Connection): void {
    const { queue, weather } = this.#options
    const detectUs = Math.round(weather.detectMs * 1000)
    queue.schedule(detectUs, null, () => {
      if (connection.isOpen && this.#isSilent(connection, detectUs)) this.#breakBoth(connection)
    })
  }

  #isSilent(connection: Connection, detectUs: number): boolean {
    const { nowUs } = this.#options.queue
    const { link } = connection
    for (const { node, lane } of [connection.left, connection.right]) {
      const sinceUs = Math.min(lane.silentSinceUs, link.cutSinceUs(node) ?? nowUs)
      if (sinceUs <= nowUs - detectUs) return true
    }
    return false
  }

  #freed(pair: Pair, from: NodeIndex): void {
    const { link, connection } = pair
    if (link.isBlocked(from)) return
    if (connection !== null) {
      connection.end(from).out.release()
      this.#listener.onFree(connection)
    }
    this.#dialSoon(pair, this.#drawReconnectUs())
  }

  #drawReconnectUs(): number {
    return drawUniformUs(this.#options.random, this.#options.weather.reconnectMs)
  }

  // Finding

  #port(node: NodeIndex): OpenPort {
    return present(this.#ports[node], 'a node that greets is there')
  }

  #name(node: NodeIndex): NodeName {
    return present(this.#options.names[node], 'a node has a name')
  }
}

function endOf({ node, lane, directory }: Port): Omit<ConnectionEnd, 'out'> {
  return { node, lane, directory }
}
