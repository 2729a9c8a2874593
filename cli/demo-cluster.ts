/**
 * The demonstration's cluster: three nodes in three processes on this machine. Whatever n3 and
 * the other two send each other passes through UDP links that can be cut, so that a partition in
 * the demonstration is one: the packets do not arrive, and nobody is asked to pretend.
 */

import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SECOND_MS } from '../base/index.ts'
import { connect, type Database } from '../client/index.ts'
import { UdpLink } from '../gossip/index.ts'
import { ChildNode } from './child-node.ts'
import { decodeNodeReport, type NodeReport } from './node-report.ts'
import { checkPortsFree } from './ports.ts'
import { exists, makeSecret } from './secret-file.ts'

export interface DemoClusterOptions {
  readonly data: string
  /** The first of three in a row. */
  readonly httpPort: number
  /** The first of three in a row. */
  readonly respPort: number
  /** The first of three in a row. */
  readonly gossipPort: number
}

/** One of the three, with a client of its own. */
export interface DemoNode {
  readonly name: string
  readonly url: string
  /** Of the TCP door, on loopback. */
  readonly respPort: number
  readonly database: Database
  readonly process: ChildNode
}

export type Trio = readonly [n1: DemoNode, n2: DemoNode, n3: DemoNode]

const HOST = '127.0.0.1'
const CALL_TIMEOUT_MS = 5 * SECOND_MS
const OWNER_ONLY = 0o700

export class DemoCluster {
  readonly nodes: Trio
  /** Every way between n3 and the others. */
  readonly #links: readonly UdpLink[]

  private constructor(nodes: Trio, links: readonly UdpLink[]) {
    this.nodes = nodes
    this.#links = links
  }

  /** Starts the three processes. @throws UNAVAILABLE if a port is taken */
  static async start(options: DemoClusterOptions): Promise<DemoCluster> {
    const { data } = options
    const [http1, http2, http3] = portsFrom(options.httpPort)
    const [resp1, resp2, resp3] = portsFrom(options.respPort)
    const [gossip1, gossip2, gossip3] = portsFrom(options.gossipPort)
    await checkPorts([http1, http2, http3], [resp1, resp2, resp3], [gossip1, gossip2, gossip3])
    await mkdir(data, { recursive: true })
    await chmod(data, OWNER_ONLY)
    const secretFile = join(data, 'cluster.secret')
    if (!(await exists(secretFile))) await makeSecret(secretFile)
    const links: UdpLink[] = []
    const link = async (port: number): Promise<number> => {
      const opened = await UdpLink.open({ host: HOST, port })
      links.push(opened)
      return opened.address.port
    }
    const spawn = (name: string, ports: NodePorts, peers: Readonly<Record<string, number>>): Promise<DemoNode> =>
      startNode({ name, ports, peers, data, secretFile })
    const started: DemoNode[] = []
    try {
      const n1 = await spawn('n1', { http: http1, resp: resp1, gossip: gossip1 }, { n2: gossip2, n3: await link(gossip3) })
      started.push(n1)
      const n2 = await spawn('n2', { http: http2, resp: resp2, gossip: gossip2 }, { n1: gossip1, n3: await link(gossip3) })
      started.push(n2)
      const n3 = await spawn('n3', { http: http3, resp: resp3, gossip: gossip3 }, { n1: await link(gossip1), n2: await link(gossip2) })
      return new DemoCluster([n1, n2, n3], links)
    } catch (error) {
      await stopAll(started, links)
      throw error
    }
  }

  /** Drops every packet between n3 and the others. */
  cutOff(): void {
    for (const link of this.#links) link.cut()
  }

  heal(): void {
    for (const link of this.#links) link.heal()
  }

  async stop(): Promise<void> {
    await stopAll(this.nodes, this.#links)
  }

  /** At once, for somebody who will not wait. */
  kill(): void {
    for (const node of this.nodes) node.process.kill()
  }
}

export async function reportOf(node: DemoNode): Promise<NodeReport> {
  return decodeNodeReport(await node.database.status())
}

function portsFrom(first: number): readonly [number, number, number] {
  return [first, first + 1, first + 2]
}

async function checkPorts(http: readonly number[], resp: readonly number[], gossip: readonly number[]): Promise<void> {
  const uses = [
    ...http.map((port, index) => ({ protocol: 'tcp', host: HOST, port, purpose: `HTTP of n${index + 1}` }) as const),
    ...resp.map((port, index) => ({ protocol: 'tcp', host: HOST, port, purpose: `RESP of n${index + 1}` }) as const),
    ...gossip.map((port, index) => ({ protocol: 'udp', host: HOST, port, purpose: `gossip of n${index + 1}` }) as const),
  ]
  await checkPortsFree(
    uses,
    'stop what uses it (a demo that still runs?), or take other ports with --http-port, --resp-port and --gossip-port',
  )
}

interface NodePorts {
  readonly http: number
  readonly resp: number
  readonly gossip: number
}

interface NodePlan {
  readonly name: string
  readonly ports: NodePorts
  /** Names and ports of the others. */
  readonly peers: Readonly<Record<string, number>>
  readonly data: string
  readonly secretFile: string
}

async function startNode({ name, ports, peers, data, secretFile }: NodePlan): Promise<DemoNode> {
  const url = `http://${HOST}:${ports.http}`
  const addresses = Object.entries(peers).map(([peer, port]) => `${peer}@${HOST}:${port}`)
  const args = {
    '--node': name,
    '--data': join(data, name),
    '--http-port': String(ports.http),
    '--resp-port': String(ports.resp),
    '--gossip-port': String(ports.gossip),
    '--peers': addresses.join(','),
    '--secret-file': secretFile,
  }
  const options = { name, url, logFile: join(data, `${name}.log`), args: [...Object.entries(args).flat(), '--pretty'] }
  return {
    name,
    url,
    respPort: ports.resp,
    database: connect({ nodes: [url], timeoutMs: CALL_TIMEOUT_MS, consistency: 'local' }),
    process: await ChildNode.spawn(options),
  }
}

async function stopAll(nodes: readonly DemoNode[], links: readonly UdpLink[]): Promise<void> {
  await Promise.all(nodes.map((node) => Promise.all([node.database.close(), node.process.stop()])))
  await Promise.all(links.map((link) => link.close()))
}
