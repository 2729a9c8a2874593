import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseNodeName } from '../../base/index.ts'
import { DEFAULT_GROUP } from '../../core/index.ts'
import { SEALED_HELLO_BYTES, sealHello } from '../../gossip/handshake.ts'
import { ClusterSecret, deriveKeyPair, type RefusalReason } from '../../gossip/index.ts'
import { directoryOf } from '../contract/transport.ts'
import { A, B, C, freePorts, Loopback, type Member, peer, until } from './loopback.ts'
import { Stranger } from './stranger.ts'

const REFUSED_WITHIN_MS = 2000
const MIB = 1024 * 1024
const LIFE = '00000000000000ff'

describe('a node with one real peer', () => {
  let loopback: Loopback
  let a: Member
  let b: Member

  beforeEach(async () => {
    loopback = new Loopback()
    const [portA = 0, portB = 0, portC = 0] = await freePorts(3)
    a = await loopback.start(A, { port: portA, discovery: { kind: 'static', peers: [peer(B, portB), peer(C, portC)] } })
    b = await loopback.start(B, { port: portB, discovery: { kind: 'static', peers: [peer(A, portA)] } })
    await until('the peers are connected', () => a.recorder.connected.has(B) && b.recorder.connected.has(A))
  })

  afterEach(() => loopback.close())

  /** Connects to `a` under the key that the cluster has for the node c. */
  async function strangerAs(secret: ClusterSecret, node = C): Promise<Stranger> {
    const target = deriveKeyPair(loopback.secret, A).publicKey
    const stranger = await Stranger.connect(a.transport.address, target, deriveKeyPair(secret, node))
    loopback.onClose(() => stranger.close())
    return stranger
  }

  async function expectRefusal(reason: RefusalReason, stranger: Stranger | null): Promise<void> {
    const isRefused = () => a.transport.refusals()[reason] > 0 && (stranger === null || stranger.isClosed)
    await until(`a refusal as ${reason}`, isRefused, REFUSED_WITHIN_MS)
    expect(a.transport.refusals()[reason]).toBeGreaterThan(0)
    await expectUnharmed()
  }

  async function expectUnharmed(): Promise<void> {
    b.transport.send(A, DEFAULT_GROUP, Uint8Array.of(7))
    await until('a message of the real peer', () => a.recorder.messages.length === 1)
    expect(a.recorder.events.map(({ kind }) => kind)).toEqual(['connect'])
    expect(b.recorder.events.map(({ kind }) => kind)).toEqual(['connect'])
    await until('only the real connection is open', () => a.transport.connections === 1)
  }

  it('[ID2] refuses a node with another secret', async () => {
    const { port } = a.transport.address
    const other = await loopback.start(C, { secret: ClusterSecret.generate(), discovery: { kind: 'static', peers: [peer(A, port)] } })
    await expectRefusal('wrong-secret', null)
    expect(other.recorder.events).toEqual([])
  })

  it('[ID2] refuses the key of another secret, though it knows whom to call', async () => {
    const other = ClusterSecret.generate()
    const stranger = await strangerAs(other)
    await stranger.greet((stream) => sealHello(other, stream, { node: C, directory: directoryOf(9), life: LIFE }))
    await expectRefusal('wrong-secret', stranger)
  })

  it('[MB2] connects a node that has the secret, though it is listed nowhere', async () => {
    const { port } = a.transport.address
    const d = parseNodeName('d')
    const unlisted = await loopback.start(d, { discovery: { kind: 'static', peers: [peer(A, port)] } })
    await until('both are connected', () => unlisted.recorder.connects(A) === 1 && a.recorder.connects(d) === 1)
    expect(unlisted.recorder.events.map(({ kind }) => kind)).toEqual(['connect'])
  })

  it('[ID2] refuses the right secret with another name', async () => {
    const stranger = await strangerAs(loopback.secret)
    await stranger.greet((stream) => sealHello(loopback.secret, stream, { node: B, directory: directoryOf(9), life: LIFE }))
    await expectRefusal('wrong-name', stranger)
    expect(stranger.verdict).toBe(null)
  })

  it('[ID2] refuses a connection that says nothing', async () => {
    await expectRefusal('silent', await strangerAs(loopback.secret))
  })

  it('[ID2] refuses a hello that is none', async () => {
    const stranger = await strangerAs(loopback.secret)
    await stranger.greet(() => Uint8Array.of(1, 2, 3))
    await expectRefusal('malformed', stranger)
  })

  it('[ID2] refuses a hello sealed for another connection', async () => {
    const stranger = await strangerAs(loopback.secret)
    await stranger.greet((stream) => {
      const elsewhere = { isInitiator: stream.isInitiator, handshakeHash: Buffer.alloc(64, 1) }
      return sealHello(loopback.secret, elsewhere, { node: C, directory: directoryOf(3), life: LIFE })
    })
    await expectRefusal('wrong-secret', stranger)
  })

  it('[ID2] refuses more than a hello before the hello', async () => {
    const stranger = await strangerAs(loopback.secret)
    await stranger.greet(() => new Uint8Array(64 * 1024))
    await expectRefusal('oversized', stranger)
  })

  it('[ID2] survives batches within batches, which protomux would follow until the stack is full', async () => {
    const stranger = await strangerAs(loopback.secret)
    await stranger.sendRaw(nestedBatches(20_000))
    await expectRefusal('oversized', stranger)
  })

  it('survives batches within batches of a member, too', async () => {
    const stranger = await strangerAs(loopback.secret)
    await stranger.greet((stream) => sealHello(loopback.secret, stream, { node: C, directory: directoryOf(3), life: LIFE }))
    await until('it is welcome', () => stranger.verdict === 0)
    await stranger.sendRaw(nestedBatches(20_000))
    await until('it is closed', () => stranger.isClosed, REFUSED_WITHIN_MS)
    expect(a.recorder.connected).toEqual(new Set([B]))
  })

  it('[ID2] takes one frame before the hello is verified', async () => {
    const stranger = await strangerAs(loopback.secret)
    const closeOfNoChannel = Uint8Array.of(0, 3, 9)
    for (let i = 0; i < 2; i++) await stranger.sendRaw(closeOfNoChannel)
    await expectRefusal('oversized', stranger)
  })

  it('refuses a message over the limit', async () => {
    const stranger = await strangerAs(loopback.secret)
    await stranger.greet((stream) => sealHello(loopback.secret, stream, { node: C, directory: directoryOf(3), life: LIFE }))
    await until('it is welcome', () => stranger.verdict === 0)
    stranger.send(Uint8Array.from([7, ...Buffer.from('default'), ...new Uint8Array(MIB + 1)]))
    await until('a refusal as oversized', () => a.transport.refusals().oversized === 1 && stranger.isClosed, REFUSED_WITHIN_MS)
    expect(a.recorder.messages).toEqual([])
    expect(a.recorder.connected).toEqual(new Set([B]))
  })

  it('refuses a message to no group', async () => {
    const stranger = await strangerAs(loopback.secret)
    await stranger.greet((stream) => sealHello(loopback.secret, stream, { node: C, directory: directoryOf(3), life: LIFE }))
    await until('it is welcome', () => stranger.verdict === 0)
    stranger.send(Uint8Array.of(200, 1, 2))
    await until('a refusal as malformed', () => a.transport.refusals().malformed === 1 && stranger.isClosed, REFUSED_WITHIN_MS)
    expect(a.recorder.connected).toEqual(new Set([B]))
  })

  it('refuses a fourth connection under one key', async () => {
    const stranger = await strangerAs(loopback.secret)
    for (let i = 0; i < 4; i++) stranger.connectAgain()
    await expectRefusal('too-many-connections', null)
  })
})

describe('a node found by topic', () => {
  it('[ID2] tells a stranger that knows its key nothing but bytes of a fixed length', async () => {
    const loopback = new Loopback()
    try {
      const a = await loopback.start(A, { discovery: { kind: 'dht', bootstrap: [] } })
      const stranger = await Stranger.connect(
        a.transport.address,
        deriveKeyPair(loopback.secret, A).publicKey,
        deriveKeyPair(ClusterSecret.generate(), B),
      )
      loopback.onClose(() => stranger.close())
      await stranger.greet(() => new Uint8Array(SEALED_HELLO_BYTES))
      await until('the refusal', () => stranger.isClosed && a.transport.refusals()['wrong-secret'] === 1, REFUSED_WITHIN_MS)
      expect(stranger.received?.length).toBe(SEALED_HELLO_BYTES)
      expect(stranger.verdict).toBe(null)
    } finally {
      await loopback.close()
    }
  })
})

/** A frame of protomux: a batch with one message, which is a batch with one message, and so on. */
function nestedBatches(depth: number): Uint8Array {
  const bytesPerLevel = 7
  const frame = Buffer.alloc(1 + depth * bytesPerLevel)
  for (let level = 0, at = 1; level < depth; level++, at += bytesPerLevel) {
    // Kind batch, for the control session, and the length of the rest in five bytes.
    frame[at + 2] = 0xfe
    frame.writeUInt32LE(frame.length - at - bytesPerLevel, at + 3)
  }
  return frame
}
