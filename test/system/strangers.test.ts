import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MIB, parseNodeName } from '../../base/index.ts'
import { DEFAULT_GROUP } from '../../core/index.ts'
import { sealHello } from '../../gossip/handshake.ts'
import { ClusterSecret, deriveKeyPair, type RefusalReason } from '../../gossip/index.ts'
import { directoryOf } from '../contract/transport.ts'
import { Stranger } from '../gossip/stranger.ts'
import { eventually } from '../support/eventually.ts'
import { connectedPeers, type NodeProcess, ProcessCluster } from '../support/processes.ts'
import { getItem, mustPut } from '../support/rest.ts'
import { report } from './report.ts'

const REFUSED_WITHIN_MS = 2000
/** What a stranger may get: the handshake, and a hello that only members can read. */
const LEAKED_BYTES_MAX = 4096
const LIFE = '00000000000000ff'
const SECRET_VALUE = 'a value that must not leave the cluster'

/** n1 and n2 run; n3 is a listed peer that does not, so its key is let in as far as the hello. */
describe('a stranger at a real node', () => {
  let cluster: ProcessCluster
  let node: NodeProcess
  let strangers: Stranger[] = []

  beforeEach(async () => {
    cluster = await ProcessCluster.plan(3)
    node = cluster.node('n1')
    await Promise.all([node.start(), cluster.node('n2').start()])
    await cluster.connected()
    await mustPut(node.url, 'secret', SECRET_VALUE)
  })

  afterEach(async () => {
    await Promise.all(strangers.map((stranger) => stranger.close()))
    strangers = []
    await cluster.stop()
  })

  async function strangerAs(secret: ClusterSecret, name: string): Promise<Stranger> {
    const { gossipHost: host, gossipPort: port } = node.settings
    const target = deriveKeyPair(cluster.secret, parseNodeName('n1')).publicKey
    const stranger = await Stranger.connect({ host, port }, target, deriveKeyPair(secret, parseNodeName(name)))
    strangers.push(stranger)
    return stranger
  }

  async function refusals(reason: RefusalReason): Promise<number> {
    return (await node.status()).network.refused[reason] ?? 0
  }

  async function expectRefused(reason: RefusalReason, stranger: Stranger | null): Promise<void> {
    const startMs = performance.now()
    await eventually(
      async () => (stranger === null || stranger.isClosed) && (await refusals(reason)) > 0,
      REFUSED_WITHIN_MS,
      () => `a refusal as ${reason}`,
    )
    report(`${reason}: refused and counted after ${Math.round(performance.now() - startMs)} ms`)
    await expectUnharmed()
  }

  async function expectUnharmed(): Promise<void> {
    expect(connectedPeers(await node.status())).toEqual(['n2'])
    await mustPut(cluster.node('n2').url, 'still', 'working')
    await eventually(
      async () => (await getItem(node.url, 'still'))?.value === 'working',
      REFUSED_WITHIN_MS,
      () => 'a write of the real peer',
    )
  }

  function expectNothingLeaked(stranger: Stranger): void {
    expect(stranger.stream.rawBytesRead).toBeLessThan(LEAKED_BYTES_MAX)
    expect(stranger.verdict).toBe(null)
  }

  it('[ID2] with a wrong secret, though it is the real program, is refused and learns nothing', async () => {
    const impostor = cluster.node('n3')
    const secretFile = join(cluster.root, 'wrong.secret')
    await writeFile(secretFile, `${ClusterSecret.generate().reveal()}\n`)
    await impostor.start({ secretFile })
    await expectRefused('wrong-secret', null)
    const { keys, frontier, peers } = await impostor.status()
    expect({ keys, frontier, connected: peers.filter((peer) => peer.connected) }).toEqual({ keys: 0, frontier: {}, connected: [] })
  })

  it('[ID2] with the key of another secret, though it knows whom to call, is refused', async () => {
    const other = ClusterSecret.generate()
    const stranger = await strangerAs(other, 'n3')
    await stranger.greet((stream) => sealHello(other, stream, { node: parseNodeName('n3'), directory: directoryOf(9), life: LIFE }))
    await expectRefused('wrong-secret', stranger)
    expectNothingLeaked(stranger)
  })

  it('[ID2] with the right secret and a name that is not its key is refused', async () => {
    const stranger = await strangerAs(cluster.secret, 'n3')
    await stranger.greet((stream) =>
      sealHello(cluster.secret, stream, { node: parseNodeName('n2'), directory: directoryOf(9), life: LIFE }),
    )
    await expectRefused('wrong-name', stranger)
    expectNothingLeaked(stranger)
  })

  it('[ID2] that says nothing is refused', async () => {
    const stranger = await strangerAs(cluster.secret, 'n3')
    await expectRefused('silent', stranger)
    expectNothingLeaked(stranger)
  })

  it('[ID2] that says too much in its hello is refused', async () => {
    const stranger = await strangerAs(cluster.secret, 'n3')
    await stranger.greet(() => new Uint8Array(64 * 1024))
    await expectRefused('oversized', stranger)
    expectNothingLeaked(stranger)
  })

  it('a member that sends an oversized message is cut off', async () => {
    const stranger = await strangerAs(cluster.secret, 'n3')
    await stranger.greet((stream) =>
      sealHello(cluster.secret, stream, { node: parseNodeName('n3'), directory: directoryOf(3), life: LIFE }),
    )
    await eventually(
      () => stranger.verdict === 0,
      REFUSED_WITHIN_MS,
      () => 'its welcome',
    )
    stranger.send(Uint8Array.from([DEFAULT_GROUP.length, ...Buffer.from(DEFAULT_GROUP), ...new Uint8Array(MIB + 1)]))
    await expectRefused('oversized', stranger)
  })
})
