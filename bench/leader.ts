/**
 * Leader mode beside etcd: three processes each, on one machine and one disk, every commit synced to
 * it by a majority. Both are asked over HTTP with JSON at their leader by the same sockets, ours over the Redis
 * protocol besides, and they take turns. etcd's own protocol is gRPC; its HTTP door translates in the same process.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClusterSecret } from '../gossip/index.ts'
import { alternate, percentile, type Row, type Sample } from './measure.ts'
import { describeLoad, type LoadSample, loadOf, medianOf } from './redis-benchmark.ts'
import { load, requestOf } from './request-loop.ts'
import { freeUdpPorts, inScratchDirectory } from './scratch.ts'

const NODES = ['n1', 'n2', 'n3']
const VALUE = 'v'.repeat(100)
const KEYS = 100_000
const START_DEADLINE_MS = 30_000
const NOT_MEASURED: LoadSample = { rate: 0, p50Ms: 0, p99Ms: 0 }

interface Cluster {
  /** HTTP port of the leader. */
  readonly port: number
  /** Its port for the Redis protocol, if it has one. */
  readonly respPort: number | null
  stop(): Promise<void>
}

export async function benchLeader(rounds: number, roundMs: number): Promise<Row[]> {
  return inScratchDirectory(async (scratch) => {
    const skein = await startSkein(scratch)
    const etcd = await startEtcd(scratch).catch(async (error: unknown) => {
      await skein.stop()
      throw error
    })
    try {
      const rows: Row[] = []
      const writes = { skein: (index: number) => requestOf('PUT', `/v1/keys/key${index % KEYS}`, VALUE), etcd: etcdPut }
      const reads = { skein: (index: number) => requestOf('GET', `/v1/keys/key${index % 100}?read=linearizable`), etcd: etcdRange }
      for (const { what, connections, requests, target } of [
        { what: 'P8 leader mode, committed writes, 50 connections', connections: 50, requests: writes, target: '≥ 5 ×' },
        { what: 'leader mode, committed writes, 1 connection', connections: 1, requests: writes, target: '' },
        { what: 'leader mode, linearizable reads, 50 connections', connections: 50, requests: reads, target: '' },
      ]) {
        const overResp =
          skein.respPort === null || requests !== writes ? null : loadOf(skein.respPort, { test: 'set', connections, pipeline: 1 }, roundMs)
        const samples = await alternate<'etcd' | 'skein' | 'resp', LoadSample>(rounds, {
          etcd: async () => summed(await load(etcd.port, connections, roundMs, requests.etcd)),
          skein: async () => summed(await load(skein.port, connections, roundMs, requests.skein)),
          resp: async () => (overResp === null ? NOT_MEASURED : overResp()),
        })
        rows.push({ ...rowOf(what, samples.skein, samples.etcd), ...(target === '' ? {} : { target }) })
        if (overResp !== null)
          rows.push({ ...rowOf(`${what}, over RESP`, samples.resp, samples.etcd), ...(target === '' ? {} : { target }) })
      }
      return rows
    } finally {
      await Promise.all([skein.stop(), etcd.stop()])
    }
  })
}

function rowOf(what: string, skein: readonly LoadSample[], etcd: readonly LoadSample[]): Row {
  const ratio = medianOf(skein, ({ rate }) => rate) / medianOf(etcd, ({ rate }) => rate)
  return { what, figure: describeLoad(skein), peer: `etcd: ${describeLoad(etcd)}`, ratio: `${ratio.toFixed(2)} ×` }
}

function summed({ rate, latencies }: Sample): LoadSample {
  return { rate, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) }
}

async function startSkein(scratch: string): Promise<Cluster> {
  const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url))
  const secretFile = join(scratch, 'secret')
  writeFileSync(secretFile, ClusterSecret.generate().reveal(), { mode: 0o600 })
  const gossip = await freeUdpPorts(NODES.length)
  const http = await freeTcpPorts(NODES.length)
  const resp = await freeTcpPorts(NODES.length)
  const processes = NODES.map((node, index) => {
    const peers = NODES.flatMap((peer, other) => (other === index ? [] : [`${peer}@127.0.0.1:${gossip[other]}`]))
    const options = {
      node,
      data: join(scratch, node),
      'http-port': http[index],
      'resp-port': resp[index],
      'gossip-port': gossip[index],
      peers: peers.join(','),
      mode: 'leader',
      'secret-file': secretFile,
      'log-level': 'error',
    }
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    return spawn(process.execPath, [cli, 'start', ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
  })
  const port = await findLeader(http, async (candidate) => {
    const { leader, node } = (await fetchJson(candidate, '/v1/status')) as { leader: string | null; node: string }
    return leader === node
  })
  const respPort = resp[http.indexOf(port)] ?? null
  return { port, respPort, stop: () => stopAll(processes) }
}

async function startEtcd(scratch: string): Promise<Cluster> {
  const clients = await freeTcpPorts(NODES.length)
  const peers = await freeTcpPorts(NODES.length)
  const initial = NODES.map((node, index) => `${node}=http://127.0.0.1:${peers[index]}`).join(',')
  const processes = NODES.map((node, index) => {
    const [client, peer] = [`http://127.0.0.1:${clients[index]}`, `http://127.0.0.1:${peers[index]}`]
    const options = {
      name: node,
      'data-dir': join(scratch, `etcd-${node}`),
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': initial,
      'log-level': 'error',
    }
    return spawn(
      'etcd',
      Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
      { stdio: 'ignore' },
    )
  })
  const port = await findLeader(clients, async (candidate) => {
    const status = (await fetchJson(candidate, '/v3/maintenance/status', '{}')) as { leader?: string; header: { member_id: string } }
    return status.leader === status.header.member_id
  })
  return { port, respPort: null, stop: () => stopAll(processes) }
}

/** The first of the ports that says it leads. */
async function findLeader(ports: readonly number[], isLeader: (port: number) => Promise<boolean>): Promise<number> {
  const deadline = performance.now() + START_DEADLINE_MS
  while (performance.now() < deadline) {
    for (const port of ports) if (await isLeader(port).catch(() => false)) return port
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`none of the ports ${ports.join(', ')} became the leader's`)
}

async function fetchJson(port: number, path: string, body?: string): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, body === undefined ? {} : { method: 'POST', body })
  return answer.json()
}

function etcdPut(index: number): string {
  return requestOf('POST', '/v3/kv/put', JSON.stringify({ key: btoa(`key${index % KEYS}`), value: btoa(VALUE) }))
}

/** Linearizable unless it says `serializable`. */
function etcdRange(index: number): string {
  return requestOf('POST', '/v3/kv/range', JSON.stringify({ key: btoa(`key${index % 100}`) }))
}

async function stopAll(processes: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    processes.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    }),
  )
}

async function freeTcpPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
