/**
 * A DHT node that knows some peers by address. A peer whose host and port are known needs no
 * lookup and no other node: `connect` is given that address as the way to it, and reaches it in
 * about 10 ms.
 *
 * With a closed book (static discovery) the node is no part of any DHT: it answers connections
 * that are meant for it and nothing else, so strangers can neither look around through it nor
 * have it send packets for them.
 *
 * Incoming connections go to `onIncoming` and not to hyperswarm, which would let any newcomer
 * under a key close the connection that this key has.
 */

import { lookup } from 'node:dns'
import { isIPv4 } from 'node:net'
import type { NoiseStream } from '@hyperswarm/secret-stream'
import HyperDHT, { type Address, type ConnectOptions, type DhtRequest, type Options, type Server } from 'hyperdht'
import { SECOND_MS, toHex } from '../base/index.ts'

export interface AddressBookOptions extends Options {
  /** The own public key: what incoming connections must be addressed to. */
  readonly publicKey: Buffer
  /** True: only the book is used, and no request of a DHT is answered. */
  readonly isClosed: boolean
  /** A connection that the firewall let in, in the tick in which it opened. */
  readonly onIncoming: (stream: NoiseStream) => void
  /** A connection that is being dialled, not open yet. */
  readonly onDial: (stream: NoiseStream) => void
  /** A connection was addressed to a node that is not here. */
  readonly onMisaddressed: () => void
}

interface Entry {
  readonly isConfigured: boolean
  readonly host: string
  readonly port: number
  /** The IPv4 address of `host`; null until its first resolution. */
  ip: string | null
  resolvedAtMs: number
}

/** Peers are learned up to this many entries; the others are found by lookup each time. */
const ENTRIES_MAX = 256
/** A host name is resolved again this long after the last time, when the peer is dialled. */
const RESOLVE_AGAIN_MS = 5 * SECOND_MS
/** hyperdht's command for the first half of a handshake. */
const PEER_HANDSHAKE = 0
const NOT_HERE = 1

export class AddressBookDht extends HyperDHT {
  readonly #options: AddressBookOptions
  readonly #target: Buffer
  readonly #entries = new Map<string, Entry>()

  constructor(options: AddressBookOptions) {
    super(options)
    this.#options = options
    this.#target = HyperDHT.hash(options.publicKey)
  }

  /** Enters by configuration where `publicKey` is reached: an IPv4 address or a host name, resolved when it is dialled. */
  enter(publicKey: Buffer, address: Address): void {
    this.#entries.set(toHex(publicKey), newEntry(address, true))
  }

  /** Enters where a verified peer was seen last, unless its address is configured. */
  learn(publicKey: Buffer, address: Address): void {
    const key = toHex(publicKey)
    const known = this.#entries.get(key)
    if (known === undefined ? this.#entries.size < ENTRIES_MAX : !known.isConfigured) this.#entries.set(key, newEntry(address, false))
  }

  override connect(publicKey: Buffer, options: ConnectOptions = {}): NoiseStream {
    const stream = super.connect(publicKey, this.#route(publicKey, options))
    this.#options.onDial(stream)
    return stream
  }

  override createServer(options: object): Server {
    return super.createServer(options, (stream) => this.#options.onIncoming(stream))
  }

  override onrequest(request: DhtRequest): boolean {
    if (!this.#options.isClosed) return super.onrequest(request)
    if (request.command !== PEER_HANDSHAKE) return false
    if (request.target?.equals(this.#target)) return super.onrequest(request)
    this.#options.onMisaddressed()
    request.error(NOT_HERE, { token: false, closerNodes: false })
    return true
  }

  /** Finds which local addresses work by opening sockets on them: not wanted where only one is bound. */
  override async validateLocalAddresses(addresses: Address[]): Promise<Address[]> {
    return this.#options.isClosed ? [] : super.validateLocalAddresses(addresses)
  }

  #route(publicKey: Buffer, options: ConnectOptions): ConnectOptions {
    const entry = this.#entries.get(toHex(publicKey))
    if (entry === undefined) return options
    this.#resolve(entry)
    // Unresolved it fails at once, and is dialled again after hyperswarm's back-off.
    const relayAddresses = entry.ip === null ? [] : [{ host: entry.ip, port: entry.port }]
    return { ...options, relayAddresses, localConnection: false }
  }

  #resolve(entry: Entry): void {
    if (isIPv4(entry.host) || performance.now() - entry.resolvedAtMs < RESOLVE_AGAIN_MS) return
    entry.resolvedAtMs = performance.now()
    lookup(entry.host, { family: 4 }, (error, ip) => {
      // A name that can't be resolved now keeps its last address and is tried again.
      if (error === null) entry.ip = ip
      else entry.resolvedAtMs = Number.NEGATIVE_INFINITY
    })
  }
}

function newEntry({ host, port }: Address, isConfigured: boolean): Entry {
  return { isConfigured, host, port, ip: isIPv4(host) ? host : null, resolvedAtMs: Number.NEGATIVE_INFINITY }
}
