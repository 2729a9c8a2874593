/**
 * A UDP link that can be cut: a part for fault injection, used by tests and by the demonstration,
 * never by a node. It is a socket on a free port that passes datagrams on to a target and the
 * answers back, as an address translation does: each sender gets a socket of its own towards the
 * target. While it is cut every datagram is dropped, both ways, and nobody is told, just as if
 * the cable were pulled; rights of an administrator, as blocking a port takes, are not needed.
 *
 * Two nodes that dial each other need one link for each direction, and a cut of both.
 */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface LinkTarget {
  /** An IPv4 address. */
  readonly host: string
  readonly port: number
}

/** Senders at a time; the one heard first makes room for another. */
const SENDERS_MAX = 64
const LOOPBACK = '127.0.0.1'
/** Bursts of replication are larger than the default buffer of a socket. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024

export class UdpLink {
  /** Where the link is dialled. */
  readonly address: LinkTarget
  readonly #front: Socket
  /** By the sender's address: the socket that stands for it towards the target. */
  readonly #backs = new Map<string, Socket>()
  #target: LinkTarget | null
  #isCut = false
  #passed = 0

  private constructor(front: Socket, target: LinkTarget | null) {
    this.#front = front
    this.#target = target
    this.address = { host: LOOPBACK, port: front.address().port }
  }

  /**
   * Opens a link on loopback.
   *
   * @param target where datagrams go; null: nowhere, until `pointAt` says where
   * @param port 0 takes a free one
   */
  static async open(target: LinkTarget | null = null, port = 0): Promise<UdpLink> {
    const front = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES })
    front.bind(port, LOOPBACK)
    await once(front, 'listening')
    const link = new UdpLink(front, target)
    front.on('message', (datagram, sender) => link.#forward(datagram, sender))
    return link
  }

  /** Sends everything from now on to another target. */
  pointAt(target: LinkTarget): void {
    this.#target = target
    this.#closeBacks()
  }

  cut(): void {
    this.#isCut = true
  }

  heal(): void {
    this.#isCut = false
  }

  get isCut(): boolean {
    return this.#isCut
  }

  /** Datagrams passed on so far, both ways. */
  get passed(): number {
    return this.#passed
  }

  async close(): Promise<void> {
    this.#closeBacks()
    await new Promise<void>((done) => this.#front.close(done))
  }

  #forward(datagram: Buffer, sender: RemoteInfo): void {
    const target = this.#target
    if (this.#isCut || target === null) return
    this.#passed += 1
    this.#backFor(sender).send(datagram, target.port, target.host, dropped)
  }

  #backFor(sender: AddressInfo): Socket {
    const key = `${sender.address}:${sender.port}`
    const known = this.#backs.get(key)
    if (known !== undefined) return known
    this.#makeRoom()
    const back = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES })
    back.on('message', (datagram) => this.#answer(datagram, sender))
    this.#backs.set(key, back)
    return back
  }

  #answer(datagram: Buffer, sender: AddressInfo): void {
    if (this.#isCut) return
    this.#passed += 1
    this.#front.send(datagram, sender.port, sender.address, dropped)
  }

  #makeRoom(): void {
    for (const [key, back] of this.#backs) {
      if (this.#backs.size < SENDERS_MAX) return
      this.#backs.delete(key)
      back.close()
    }
  }

  #closeBacks(): void {
    for (const back of this.#backs.values()) back.close()
    this.#backs.clear()
  }
}

/** A datagram that can't be sent is lost, as datagrams are: nobody listens at the target now. */
function dropped(): void {}
