/**
 * The real transport: authenticated connections to the members of a cluster over hyperswarm.
 *
 * hyperswarm dials, dials again and finds peers by topic; this class decides who is a peer. Under
 * a name exactly one connection is up at a time, and nobody loses it to a newcomer before the
 * newcomer has proved who it is and is admitted. So a second process under a name in use (ID5)
 * is refused without the first one noticing, and a peer that restarted replaces its dead
 * connection within milliseconds. hyperswarm's own choice between two connections was rejected:
 * it goes by the key alone, so any newcomer wins, and while a node dials a peer that it can't
 * reach, half of all pairs of keys would keep that peer from connecting the other way.
 */

import type { NoiseStream } from '@hyperswarm/secret-stream'
import type { Address } from 'hyperdht'
import Hyperswarm, { type PeerInfo } from 'hyperswarm'
import { type DirectoryId, type NodeName, type Now, present, toHex } from '../base/index.ts'
import type { GroupName, PeerRefusal, Transport, TransportEvents } from '../core/index.ts'
import { AddressBookDht } from './address-book-dht.ts'
import { type ClusterSecret, deriveKeyPair, deriveTopic } from './cluster-secret.ts'
import { type Discovery, dhtOptionsFor, type PeerAddress } from './discovery.ts'
import { drawLife, type Hello } from './handshake.ts'
import { DEFAULT_LIMITS, type TransportLimits } from './limits.ts'
import { resolveListenAddress } from './listen-address.ts'
import { PeerConnection, type PeerConnectionEvents, type Verdict } from './peer-connection.ts'
import { RefusalCounts, type RefusalReason } from './refusals.ts'
import { PRIVATE_DHT_PACE, PUBLIC_DHT_PACE, TopicSearch } from './topic-search.ts'

export interface SwarmTransportOptions {
  readonly node: NodeName
  readonly directory: DirectoryId
  readonly secret: ClusterSecret
  /** The address to listen on; no other is bound. */
  readonly host: string
  /** UDP; 0 takes a free one, see `address`. */
  readonly port: number
  readonly discovery: Discovery
  /** Attaches the logs to a verified connection; called in the tick in which it was verified. */
  readonly replicate: (stream: NoiseStream) => void
  readonly events: TransportEvents
  /** The clock that `events.admit` compares with. */
  readonly now: () => Now
  readonly limits?: Partial<TransportLimits>
}

/** What the network knows of the connection to a peer. */
export interface ConnectionStatus {
  readonly remote: Address
  /** True if this node dialled. */
  readonly isInitiator: boolean
  /** Smoothed by the transport protocol, without the time that a process takes to answer; whole milliseconds. */
  readonly rttMs: number
}

interface UpConnection {
  readonly connection: PeerConnection
  readonly peer: Hello
  readonly sinceMs: number
}

interface Parts {
  readonly limits: TransportLimits
  readonly dht: AddressBookDht
  readonly swarm: Hyperswarm
}

/**
 * Pauses before a peer is dialled again, in ms; hyperswarm's default goes up to ten minutes. A
 * dead peer costs about one handshake request of 300 bytes for each of these and each resend.
 */
const BACKOFFS_MS = [100, 150, 200, 250]
const BACKOFF_JITTER_MS = 100
/** Dials at once: one to a dead address lasts seconds, and must not keep a live one waiting. */
const PARALLEL_DIALS_MAX = 64
/** hyperswarm stops looking for more at a quarter of this. */
const SWARM_PEERS_MAX = 1024
/** How long after a connection is up a hello of the same time may still arrive; longer than a hello may take. */
const TIE_MS = 2000
/** For taking back what was announced; what then is still open is closed by force. */
const CLOSE_MS = 1500

export class SwarmTransport implements Transport {
  /** Where it listens. */
  readonly address: Address
  readonly #options: SwarmTransportOptions
  readonly #limits: TransportLimits
  readonly #self: Hello
  readonly #dht: AddressBookDht
  readonly #swarm: Hyperswarm
  readonly #refusals = new RefusalCounts()
  readonly #connectionEvents: PeerConnectionEvents
  /** Configured peers, and all that were ever verified. */
  readonly #known = new Set<NodeName>()
  readonly #connections = new Set<PeerConnection>()
  /** Connections being dialled, by key. */
  readonly #dials = new Map<string, NoiseStream>()
  /** Invariant: `onConnect` was called for each of these, `onDisconnect` not yet. */
  readonly #up = new Map<NodeName, UpConnection>()
  /** Peers not to be dialled for now, by key. */
  readonly #resting = new Map<string, NodeJS.Timeout>()
  #search: TopicSearch | null = null
  #isClosing = false
  #closed: Promise<void> | null = null

  private constructor(options: SwarmTransportOptions, parts: Parts) {
    this.address = parts.dht.address()
    this.#options = options
    this.#limits = parts.limits
    this.#self = { node: options.node, directory: options.directory, life: drawLife() }
    this.#dht = parts.dht
    this.#swarm = parts.swarm
    this.#connectionEvents = {
      onHello: (connection, hello) => this.#onHello(connection, hello),
      onUp: (connection) => this.#onUp(connection),
      onMessage: (connection, group, message) => this.#onMessage(connection, group, message),
      onRefused: (connection, refusal) => this.#onRefused(connection, refusal),
      onRefuse: (connection, reason) => this.#onRefuse(connection, reason),
      onClose: (connection) => this.#onClose(connection),
    }
  }

  /**
   * Listens and starts to look for peers. It does not wait for any.
   *
   * @throws BAD_REQUEST if the host can't be listened on, UNAVAILABLE if the port is in use
   */
  static async open(options: SwarmTransportOptions): Promise<SwarmTransport> {
    const limits = { ...DEFAULT_LIMITS, ...options.limits }
    const host = await resolveListenAddress(options.host, options.port)
    const keyPair = deriveKeyPair(options.secret, options.node)
    const dht = new AddressBookDht({
      ...dhtOptionsFor(options.discovery, host, options.port),
      keyPair,
      connectionKeepAlive: limits.keepAliveMs,
      publicKey: keyPair.publicKey,
      isClosed: options.discovery.kind === 'static',
      onIncoming: (stream) => transport.#onIncoming(stream),
      onDial: (stream) => transport.#onDial(stream),
      onMisaddressed: () => transport.#refusals.add('wrong-secret'),
    })
    await dht.bind()
    const swarm = new Hyperswarm({
      dht,
      keyPair,
      firewall: (key, payload) => transport.#isFirewalled(key, payload === null),
      backoffs: BACKOFFS_MS,
      jitter: BACKOFF_JITTER_MS,
      maxParallel: PARALLEL_DIALS_MAX,
      maxPeers: SWARM_PEERS_MAX,
    })
    const transport = new SwarmTransport(options, { limits, dht, swarm })
    await transport.#start()
    return transport
  }

  send(to: NodeName, group: GroupName, message: Uint8Array): void {
    this.#up.get(to)?.connection.send(group, message)
  }

  /** Closes the connection of a peer that broke the protocol of the replicas; it counts as malformed. */
  expel(peer: NodeName): void {
    this.#up.get(peer)?.connection.expel()
  }

  /** Closes the connection of a peer that is not wanted, or silent. */
  dismiss(peer: NodeName): void {
    this.#up.get(peer)?.connection.close()
  }

  /** Closes every connection, which the peers see at once. No event comes after the call. */
  close(done: () => void): void {
    this.#closed ??= this.#shutDown()
    void this.#closed.then(done)
  }

  /** Connections refused since the start, by reason. */
  refusals(): Record<RefusalReason, number> {
    return this.#refusals.toRecord()
  }

  /** Open connections, those included that are not verified yet. */
  get connections(): number {
    return this.#connections.size
  }

  /** The connection to a peer, or null while there is none. */
  connection(peer: NodeName): ConnectionStatus | null {
    const up = this.#up.get(peer)
    return up === undefined ? null : statusOf(up.connection.stream)
  }

  async #start(): Promise<void> {
    const { discovery, secret } = this.#options
    this.#swarm.on('connection', (stream) => this.#greet(stream))
    this.#swarm.on('ban', (peer) => this.#unban(peer))
    for (const peer of discovery.peers ?? []) this.#addPeer(peer)
    if (discovery.kind === 'static') return this.#swarm.listen()
    const pace = discovery.bootstrap === null ? PUBLIC_DHT_PACE : PRIVATE_DHT_PACE
    // Joining listens too; it takes as long as the bootstrap nodes take to answer.
    this.#search = TopicSearch.start(this.#swarm, deriveTopic(secret), pace, () => this.#isSomebodyMissing())
  }

  #addPeer({ name, host, port }: PeerAddress): void {
    if (name === this.#self.node) return
    const { publicKey } = deriveKeyPair(this.#options.secret, name)
    this.#known.add(name)
    this.#dht.enter(publicKey, { host, port })
    this.#swarm.joinPeer(publicKey)
  }

  /** Asked by hyperswarm before it dials, and before it answers a handshake. */
  #isFirewalled(key: Buffer, isOutgoing: boolean): boolean {
    const hex = toHex(key)
    if (isOutgoing) return this.#resting.has(hex) || this.#connectionsOf(key).some(({ isVerified }) => isVerified)
    // Who is no member is found out by the hello: a node that joins is listed nowhere.
    return false
  }

  /** hyperswarm bans for ever whomever the firewall refuses once; here a refusal is about this moment. */
  #unban(peer: PeerInfo): void {
    peer.ban(false)
    if (!peer.explicit) this.#swarm.peers.delete(toHex(peer.publicKey))
  }

  #onDial(stream: NoiseStream): void {
    const hex = toHex(stream.remotePublicKey)
    this.#dials.set(hex, stream)
    const forget = (): void => {
      if (this.#dials.get(hex) === stream) this.#dials.delete(hex)
    }
    stream.once('open', forget)
    stream.once('close', forget)
  }

  #onIncoming(stream: NoiseStream): void {
    if (
      this.#connections.size >= this.#limits.connectionsMax ||
      this.#connectionsOf(stream.remotePublicKey).length >= this.#limits.connectionsPerPeerMax
    ) {
      this.#refusals.add('too-many-connections')
      return discard(stream)
    }
    this.#greet(stream)
  }

  #greet(stream: NoiseStream): void {
    if (this.#isClosing) return discard(stream)
    const { secret, replicate } = this.#options
    const events = this.#connectionEvents
    this.#connections.add(PeerConnection.greet({ stream, secret, self: this.#self, limits: this.#limits, replicate, events }))
  }

  #onHello(connection: PeerConnection, hello: Hello): Verdict {
    if (this.#isClosing) return { kind: 'ignore' }
    const { events, now } = this.#options
    const { remotePublicKey, isInitiator } = connection.stream
    const refusal = events.admit(hello.node, hello.directory, now())
    if (refusal !== null) {
      // Who dials a peer only to refuse it must not go on dialling.
      if (isInitiator) this.#rest(remotePublicKey)
      return { kind: 'refuse', refusal }
    }
    this.#dials.get(toHex(remotePublicKey))?.destroy()
    return { kind: this.#mustWait(connection, hello) ? 'wait' : 'welcome' }
  }

  /**
   * Two nodes that dial each other at the same time get two connections. The one that the larger
   * key dialled is kept, and its dialler sees to it: it answers the other one only if its own
   * fails. So at neither end a connection comes up to be replaced at once.
   */
  #mustWait({ stream }: PeerConnection, { life }: Hello): boolean {
    if (stream.isInitiator || stream.publicKey.compare(stream.remotePublicKey) < 0) return false
    return this.#connectionsOf(stream.remotePublicKey).some((other) => {
      if (!other.stream.isInitiator || other.isClosing) return false
      if (!other.isUp) return true
      const up = this.#up.get(present(other.peer, 'a connection that is up is verified').node)
      // Dialled by the same process and later than that: the peer has lost its end of it.
      return up?.connection === other && up.peer.life === life && performance.now() - up.sinceMs < TIE_MS
    })
  }

  #onUp(connection: PeerConnection): void {
    const { remotePublicKey } = connection.stream
    const peer = present(connection.peer, 'a connection that is up is verified')
    if (this.#up.has(peer.node)) this.#takeDown(peer.node)
    // One is enough: what is left of a tie, and what this one replaces.
    for (const other of this.#connectionsOf(remotePublicKey)) if (other !== connection && !other.isClosing) other.close()
    this.#dials.get(toHex(remotePublicKey))?.destroy()
    this.#remember(connection.stream, peer.node)
    this.#up.set(peer.node, { connection, peer, sinceMs: performance.now() })
    this.#options.events.onConnect(peer.node, peer.directory)
  }

  /** So that a peer that is not configured is dialled again when it is lost, without another search. */
  #remember(stream: NoiseStream, node: NodeName): void {
    const { discovery } = this.#options
    this.#known.add(node)
    // Nodes outside the public DHT send from the port on which they listen.
    if (discovery.kind === 'static' || discovery.bootstrap !== null) this.#dht.learn(stream.remotePublicKey, statusOf(stream).remote)
    this.#swarm.joinPeer(stream.remotePublicKey)
  }

  #onMessage(connection: PeerConnection, group: GroupName, message: Uint8Array): void {
    const { node } = present(connection.peer, 'a connection with messages is verified')
    // One that was replaced may have messages under way; they would come after the newer one's.
    if (this.#up.get(node)?.connection === connection) this.#options.events.onMessage(node, group, message)
  }

  #onRefused(connection: PeerConnection, refusal: PeerRefusal): void {
    const { node } = present(connection.peer, 'only a verified peer refuses')
    if (this.#isClosing) return
    this.#rest(connection.stream.remotePublicKey)
    this.#options.events.onRefused(node, refusal)
  }

  #onRefuse(connection: PeerConnection, reason: RefusalReason): void {
    // The far end of a tie may be gone before its hello: that is nobody's fault.
    const isLeftOver = reason === 'silent' && this.#connectionsOf(connection.stream.remotePublicKey).some(({ isUp }) => isUp)
    if (!isLeftOver) this.#refusals.add(reason)
  }

  #onClose(connection: PeerConnection): void {
    this.#connections.delete(connection)
    const node = connection.peer?.node
    if (node !== undefined && this.#up.get(node)?.connection === connection) this.#takeDown(node)
    if (this.#isClosing) return
    const { remotePublicKey, isInitiator } = connection.stream
    for (const other of this.#connectionsOf(remotePublicKey)) {
      if (other.isWaiting && !this.#mustWait(other, present(other.peer, 'one that waits is verified'))) other.welcome()
    }
    // hyperswarm dials again what it had dialled; of the others it does not know.
    if (!isInitiator) this.#dialIfWanted(remotePublicKey)
  }

  #takeDown(node: NodeName): void {
    this.#up.delete(node)
    if (!this.#isClosing) this.#options.events.onDisconnect(node)
  }

  #rest(key: Buffer): void {
    const hex = toHex(key)
    clearTimeout(this.#resting.get(hex))
    const wake = (): void => {
      this.#resting.delete(hex)
      this.#dialIfWanted(key)
    }
    this.#resting.set(hex, setTimeout(wake, this.#limits.restAfterRefusalMs))
  }

  /** Wanted are those that were joined once: the configured and the verified. */
  #dialIfWanted(key: Buffer): void {
    if (this.#swarm.peers.get(toHex(key))?.explicit) this.#swarm.joinPeer(key)
  }

  #connectionsOf(key: Buffer): PeerConnection[] {
    return [...this.#connections].filter(({ stream }) => stream.remotePublicKey.equals(key))
  }

  #isSomebodyMissing(): boolean {
    return this.#up.size === 0 || this.#up.size < this.#known.size
  }

  async #shutDown(): Promise<void> {
    this.#isClosing = true
    this.#search?.stop()
    for (const timer of this.#resting.values()) clearTimeout(timer)
    for (const connection of this.#connections) connection.close()
    const force = setTimeout(() => void this.#dht.destroy({ force: true }), CLOSE_MS)
    await this.#swarm.destroy()
    clearTimeout(force)
    this.#up.clear()
  }
}

function statusOf(stream: NoiseStream): ConnectionStatus {
  const { remoteHost, remotePort, rtt } = stream.rawStream
  return { remote: { host: remoteHost, port: remotePort }, isInitiator: stream.isInitiator, rttMs: rtt }
}

function discard(stream: NoiseStream): void {
  stream.on('error', () => {
    // It is being closed already.
  })
  stream.destroy()
}
