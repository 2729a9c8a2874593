/**
 * Real nodes inside the test's process: real journals, logs and network on loopback with free
 * ports, each with an HTTP door, in directories that go away with the test.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { parseNodeName } from '../../base/index.ts'
import { ClusterSecret } from '../../gossip/index.ts'
import { NODE_DEFAULTS, type NodeStatus, type RunningServer, type ServerConfig, startServer } from '../../server/index.ts'

export interface LocalNode {
  readonly name: string
  readonly url: string
  readonly data: string
  /** `host:port` of its TCP door. */
  readonly resp: string
  /** `host:port` of its gossip. */
  readonly gossip: string
  readonly config: ServerConfig
  status(): Promise<NodeStatus>
  stop(): Promise<void>
  /** Starts again on the same directory and ports, after `stop`. */
  restart(overrides?: Partial<ServerConfig>): Promise<void>
}

export type NodeOverrides = Partial<
  Pick<
    ServerConfig,
    'mode' | 'url' | 'forwards' | 'dropRate' | 'maxClockDriftMs' | 'maxValueBytes' | 'minFreeBytes' | 'journalSegmentBytes'
  >
>

export interface LocalCluster {
  readonly nodes: readonly LocalNode[]
  readonly urls: readonly string[]
  stop(): Promise<void>
}

const SEGMENT_BYTES = 16 * 1024 * 1024

/** One node by itself. */
export async function startNode(overrides: NodeOverrides = {}): Promise<LocalNode> {
  const cluster = await startCluster(1, overrides)
  const node = cluster.nodes[0]
  if (node === undefined) throw new Error('a cluster of one has one node')
  return { ...node, stop: () => cluster.stop() }
}

/** `count` nodes named n1, n2, … that know each other's addresses. */
export async function startCluster(count: number, overrides: NodeOverrides = {}): Promise<LocalCluster> {
  const root = await mkdtemp(join(tmpdir(), 'skein-test-'))
  const secret = ClusterSecret.generate()
  const ports = await freeUdpPorts(count)
  const addresses = ports.map((port, index) => ({ name: parseNodeName(`n${index + 1}`), host: '127.0.0.1', port }))
  const nodes: LocalNode[] = []
  for (const address of addresses) {
    const config: ServerConfig = {
      node: address.name,
      data: join(root, address.name),
      gossip: {
        address: { host: '127.0.0.1', port: address.port },
        discovery: { kind: 'static', peers: addresses.filter((peer) => peer !== address) },
        secret,
      },
      http: { host: '127.0.0.1', port: 0 },
      tcp: { host: '127.0.0.1', port: 0 },
      maxValueBytes: 1024 * 1024,
      forwards: true,
      ...NODE_DEFAULTS,
      journalSegmentBytes: SEGMENT_BYTES,
      minFreeBytes: 0,
      ...overrides,
    }
    nodes.push(await startOne(config))
  }
  return {
    nodes,
    get urls() {
      return nodes.map((node) => node.url)
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function startOne(config: ServerConfig): Promise<LocalNode> {
  const logger = pino({ level: process.env.SKEIN_TEST_LOG ?? 'silent' })
  let server: RunningServer = await startServer(config, logger)
  const httpPort = Number(new URL(server.urls.http).port)
  return {
    name: config.node,
    data: config.data,
    config,
    url: server.urls.http,
    resp: server.urls.resp,
    gossip: server.urls.gossip ?? '',
    status: async () => (await (await fetch(`${server.urls.http}/v1/status`)).json()) as NodeStatus,
    stop: () => server.stop(),
    restart: async (overrides = {}) => {
      server = await startServer({ ...config, http: { host: '127.0.0.1', port: httpPort }, ...overrides }, logger)
    },
  }
}

/** Ports that were free a moment ago, all different. */
export async function freeUdpPorts(count: number): Promise<number[]> {
  const { createSocket } = await import('node:dgram')
  const sockets = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createSocket>>((resolve, reject) => {
          const socket = createSocket('udp4')
          socket.once('error', reject)
          socket.bind(0, '127.0.0.1', () => resolve(socket))
        }),
    ),
  )
  const ports = sockets.map((socket) => socket.address().port)
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))))
  return ports
}
