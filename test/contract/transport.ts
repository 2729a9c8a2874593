/**
 * What every `Transport` does, real or simulated. The suite drives a small network of nodes that
 * know each other by name; how time passes is the network's business.
 */

import { afterEach, describe, expect, it } from 'vitest'
import { type DirectoryId, isDirectoryId, type NodeName, parseNodeName } from '../../base/index.ts'
import { DEFAULT_GROUP, type GroupName, type PeerRefusal, parseGroupName, type Transport, type TransportEvents } from '../../core/index.ts'

/** A network in which transports of the given nodes can be opened and find each other. */
export interface TransportNetwork {
  open(node: NodeName, directory: DirectoryId, events: TransportEvents): Promise<Transport>
  /** Lets the world go on until `condition` holds; fails past a deadline, naming `what`. */
  until(what: string, condition: () => boolean): Promise<void>
  close(): Promise<void>
}

export type OpenNetwork = (nodes: readonly NodeName[]) => Promise<TransportNetwork>

/** One node of a network, with everything that its transport told it. */
export interface Party {
  readonly node: NodeName
  readonly transport: Transport
  readonly recorder: Recorder
}

export type RecordedEvent =
  | { readonly kind: 'connect'; readonly peer: NodeName; readonly directory: DirectoryId }
  | { readonly kind: 'disconnect'; readonly peer: NodeName }
  | { readonly kind: 'refused'; readonly peer: NodeName; readonly refusal: PeerRefusal }

export interface ReceivedMessage {
  readonly from: NodeName
  readonly group: GroupName
  readonly message: Uint8Array
}

/** Events that write down what happens, and admit by a rule that a test may set. */
export class Recorder implements TransportEvents {
  readonly events: RecordedEvent[] = []
  readonly messages: ReceivedMessage[] = []
  readonly connected = new Set<NodeName>()
  admission: (peer: NodeName, directory: DirectoryId) => PeerRefusal | null = () => null

  admit(peer: NodeName, directory: DirectoryId): PeerRefusal | null {
    return this.admission(peer, directory)
  }

  onConnect(peer: NodeName, directory: DirectoryId): void {
    expect(this.connected.has(peer), `${peer} is connected while it is connected`).toBe(false)
    this.connected.add(peer)
    this.events.push({ kind: 'connect', peer, directory })
  }

  onDisconnect(peer: NodeName): void {
    expect(this.connected.has(peer), `${peer} is disconnected while it is not connected`).toBe(true)
    this.connected.delete(peer)
    this.events.push({ kind: 'disconnect', peer })
  }

  onMessage(from: NodeName, group: GroupName, message: Uint8Array): void {
    expect(this.connected.has(from), `a message of ${from} comes while it is not connected`).toBe(true)
    this.messages.push({ from, group, message })
  }

  onRefused(by: NodeName, refusal: PeerRefusal): void {
    this.events.push({ kind: 'refused', peer: by, refusal })
  }

  /** How often `peer` was connected so far. */
  connects(peer: NodeName): number {
    return this.events.filter((event) => event.kind === 'connect' && event.peer === peer).length
  }
}

/** A directory id that ends in `number`. */
export function directoryOf(number: number): DirectoryId {
  const text = number.toString(16).padStart(32, '0')
  if (!isDirectoryId(text)) throw new Error(`${text} is no directory id`)
  return text
}

const A = parseNodeName('a')
const B = parseNodeName('b')
const C = parseNodeName('c')
const OTHER_GROUP = parseGroupName('other') ?? DEFAULT_GROUP
const LARGE_BYTES = 1024 * 1024

/** Checks a transport. `open` gives a fresh network for each test. */
export function describeTransport(name: string, open: OpenNetwork): void {
  describe(`${name} is a Transport`, () => {
    let network: TransportNetwork
    let opened: Transport[] = []

    afterEach(async () => {
      await Promise.all(opened.map(closed))
      opened = []
      await network.close()
    })

    async function join(node: NodeName, directory: number): Promise<Party> {
      const recorder = new Recorder()
      const transport = await network.open(node, directoryOf(directory), recorder)
      opened.push(transport)
      return { node, transport, recorder }
    }

    async function pair(): Promise<[Party, Party]> {
      network = await open([A, B])
      const parties: [Party, Party] = [await join(A, 1), await join(B, 2)]
      await network.until('both are connected', () => parties.every(({ recorder }) => recorder.connected.size === 1))
      return parties
    }

    it('[ID2] connects every pair of nodes once, each under its name and directory', async () => {
      network = await open([A, B, C])
      const parties = [await join(A, 1), await join(B, 2), await join(C, 3)]
      await network.until('all are connected', () => parties.every(({ recorder }) => recorder.connected.size === 2))
      const seenByC = parties[2]?.recorder.events.filter((event) => event.kind === 'connect') ?? []
      expect(seenByC.map(({ peer, directory }) => [peer, directory]).toSorted()).toEqual([
        [A, directoryOf(1)],
        [B, directoryOf(2)],
      ])
    })

    it('delivers messages whole, once and in order, both ways', async () => {
      const [a, b] = await pair()
      for (let i = 0; i < 500; i++) {
        a.transport.send(B, DEFAULT_GROUP, numbered(i))
        b.transport.send(A, DEFAULT_GROUP, numbered(1000 + i))
      }
      await network.until('all messages are there', () => a.recorder.messages.length >= 500 && b.recorder.messages.length >= 500)
      expect(b.recorder.messages.map(({ message }) => numberOf(message))).toEqual(Array.from({ length: 500 }, (_, i) => i))
      expect(a.recorder.messages.map(({ message }) => numberOf(message))).toEqual(Array.from({ length: 500 }, (_, i) => 1000 + i))
    })

    it('tells each message its sender and its group', async () => {
      const [a, b] = await pair()
      a.transport.send(B, DEFAULT_GROUP, numbered(1))
      a.transport.send(B, OTHER_GROUP, numbered(2))
      await network.until('both messages are there', () => b.recorder.messages.length === 2)
      expect(b.recorder.messages.map(({ from, group }) => [from, group])).toEqual([
        [A, DEFAULT_GROUP],
        [A, OTHER_GROUP],
      ])
    })

    it('delivers empty messages and large ones unchanged', async () => {
      const [a, b] = await pair()
      const large = Uint8Array.from({ length: LARGE_BYTES }, (_, i) => (i * 31 + (i >> 8)) & 0xff)
      a.transport.send(B, DEFAULT_GROUP, new Uint8Array(0))
      a.transport.send(B, DEFAULT_GROUP, large)
      await network.until('both messages are there', () => b.recorder.messages.length === 2)
      expect(b.recorder.messages[0]?.message.length).toBe(0)
      expect(Buffer.compare(b.recorder.messages[1]?.message ?? new Uint8Array(0), large)).toBe(0)
    })

    it('drops what is sent to a node that is not connected', async () => {
      network = await open([A, B])
      const a = await join(A, 1)
      a.transport.send(B, DEFAULT_GROUP, numbered(1))
      const b = await join(B, 2)
      await network.until('both are connected', () => a.recorder.connected.size === 1 && b.recorder.connected.size === 1)
      a.transport.send(B, DEFAULT_GROUP, numbered(2))
      await network.until('a message is there', () => b.recorder.messages.length > 0)
      expect(b.recorder.messages.map(({ message }) => numberOf(message))).toEqual([2])
    })

    it('reports a peer that closes, and again when it is back', async () => {
      const [a, b] = await pair()
      await closed(b.transport)
      await network.until('the loss is reported', () => a.recorder.connected.size === 0)
      const again = await join(B, 2)
      await network.until('both are connected', () => a.recorder.connected.size === 1 && again.recorder.connected.size === 1)
      expect(a.recorder.events.map(({ kind }) => kind)).toEqual(['connect', 'disconnect', 'connect'])
    })

    it('reports nothing after it is closed', async () => {
      const [a, b] = await pair()
      const before = b.recorder.events.length
      a.transport.send(B, DEFAULT_GROUP, numbered(1))
      await closed(b.transport)
      await network.until('the loss is reported', () => a.recorder.connected.size === 0)
      expect(b.recorder.events.length).toBe(before)
    })

    it('[ID5] does not connect a node that is not admitted, and tells it why', async () => {
      network = await open([A, B])
      const a = await join(A, 1)
      a.recorder.admission = (_, directory) => (directory === directoryOf(2) ? 'NAME_IN_USE' : null)
      const b = await join(B, 2)
      await network.until('the refusal is told', () => b.recorder.events.length > 0)
      expect(b.recorder.events[0]).toEqual({ kind: 'refused', peer: A, refusal: 'NAME_IN_USE' })
      expect([a.recorder.connects(B), b.recorder.connects(A)]).toEqual([0, 0])
    })

    it('[MB4] tells a node that is refused as removed why', async () => {
      network = await open([A, B])
      const a = await join(A, 1)
      a.recorder.admission = () => 'REMOVED'
      const b = await join(B, 2)
      await network.until('the refusal is told', () => b.recorder.events.length > 0)
      expect(b.recorder.events[0]).toEqual({ kind: 'refused', peer: A, refusal: 'REMOVED' })
      expect([a.recorder.connects(B), b.recorder.connects(A)]).toEqual([0, 0])
    })

    it('[MB4] closes the connection of a peer that is dismissed, and connects it no more while it is refused', async () => {
      const [a, b] = await pair()
      a.recorder.admission = (_, directory) => (directory === directoryOf(2) ? 'REMOVED' : null)
      a.transport.dismiss(B)
      await network.until('both ends report it, and the refusal is told', () => b.recorder.events.length > 2)
      expect(b.recorder.events.slice(0, 3)).toEqual([
        { kind: 'connect', peer: A, directory: directoryOf(1) },
        { kind: 'disconnect', peer: A },
        { kind: 'refused', peer: A, refusal: 'REMOVED' },
      ])
      expect(a.recorder.events.map(({ kind }) => kind)).toEqual(['connect', 'disconnect'])
    })

    it('closes the connection of a peer that is expelled', async () => {
      const [a, b] = await pair()
      a.transport.expel(B, 'it sent what no correct node sends')
      await network.until('both ends report it', () => a.recorder.events.length > 1 && b.recorder.events.length > 1)
      expect([a.recorder.events[1]?.kind, b.recorder.events[1]?.kind]).toEqual(['disconnect', 'disconnect'])
    })
  })
}

/** Closes a transport and waits until it is. */
export function closed(transport: Transport): Promise<void> {
  return new Promise((done) => transport.close(done))
}

function numbered(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

function numberOf(message: Uint8Array): number {
  return (message[0] ?? 0) * 256 + (message[1] ?? 0)
}
