/**
 * Real nodes in processes of their own: the built program as an operator starts it, killed and
 * started again at will. What a node prints is kept, so that a test can read why one did not
 * start; what a test forgets to stop ends with the test's process (`--stop-with-parent`).
 *
 * Nodes in threads or in the test's own process were rejected for these proofs: `kill -9`, a lock
 * of a directory and an exit code belong to processes.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseNodeName, present } from '../../base/index.ts'
import { ClusterSecret } from '../../gossip/index.ts'
import type { NodeStatus } from '../../server/index.ts'
import { eventually } from './eventually.ts'
import { freeUdpPorts } from './local-cluster.ts'

export interface PeerSettings {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** How one node is started; it stays the same over its lives unless `start` is given changes. */
export interface ProcessSettings {
  readonly name: string
  readonly data: string
  readonly secretFile: string
  /** Of the HTTP door. */
  readonly host: string
  readonly httpPort: number
  readonly respPort: number
  readonly gossipHost: string
  readonly gossipPort: number
  readonly peers: readonly PeerSettings[]
  /** More options of `skein start`. */
  readonly options: readonly string[]
  /** A command that runs the program in its own place, such as `ip netns exec` or `strace -D`; empty for none. */
  readonly wrapper: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** How a process ended: one of the two is null. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ClusterSettings {
  /** For all nodes. */
  readonly options?: readonly string[]
  /** Which peers each node is given, by name; all others if left out. */
  readonly peersOf?: (name: string) => readonly string[]
}

/** Where the build puts the program. */
const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const LOOPBACK = '127.0.0.1'
const READY_DEADLINE_MS = 30_000
const EXIT_DEADLINE_MS = 15_000
/** Small enough that a node starts at once, large enough that no test fills many. */
const SEGMENT_SIZE = '8mb'
/** Characters of output kept of one life. */
const OUTPUT_MAX = 4 * 1024 * 1024

export class NodeProcess {
  readonly settings: ProcessSettings
  #child: ChildProcess | null = null
  #output = ''

  constructor(settings: ProcessSettings) {
    this.settings = settings
  }

  get name(): string {
    return this.settings.name
  }

  get url(): string {
    return `http://${this.settings.host}:${this.settings.httpPort}`
  }

  /** Of the life that runs. */
  get pid(): number {
    return present(this.#child?.pid, 'a process that was started has an id')
  }

  /** What this life printed, logs and errors alike. */
  get output(): string {
    return this.#output
  }

  get isRunning(): boolean {
    const child = this.#child
    return child !== null && child.exitCode === null && child.signalCode === null
  }

  /** Starts the process and returns at once. */
  launch(changes: Partial<ProcessSettings> = {}): void {
    if (this.isRunning) throw new Error(`${this.name} runs already`)
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run "npm run build" first`)
    const settings = { ...this.settings, ...changes }
    const [command = process.execPath, ...args] = [...settings.wrapper, process.execPath, PROGRAM, ...argumentsOf(settings)]
    this.#output = ''
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...plainEnvironment(), ...settings.environment },
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_MAX)
      })
    }
    child.on('error', (error) => {
      this.#output += `${error.message}\n`
    })
    this.#child = child
  }

  /** Starts the process and waits until it serves. */
  async start(changes: Partial<ProcessSettings> = {}): Promise<void> {
    this.launch(changes)
    await this.ready()
  }

  /** Waits until `/readyz` says yes. Fails at once if the process ends. */
  async ready(): Promise<void> {
    await eventually(
      async () => {
        if (!this.isRunning) throw new Error(`${this.name} ended instead of starting:\n${this.#output}`)
        return this.isReady()
      },
      READY_DEADLINE_MS,
      () => `the readiness of ${this.name}, which printed:\n${this.#output}\n—`,
    )
  }

  async isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`).then(
      async (response) => {
        await response.body?.cancel()
        return response.ok
      },
      // Nobody listens yet.
      () => false,
    )
  }

  /** Waits for a process that ends by itself. */
  async ended(deadlineMs = EXIT_DEADLINE_MS): Promise<Ended> {
    const child = present(this.#child, `${this.name} was started`)
    await eventually(
      () => !this.isRunning,
      deadlineMs,
      () => `the end of ${this.name}, which printed:\n${this.#output}\n—`,
    )
    return { code: child.exitCode, signal: child.signalCode }
  }

  /** `kill -9`; returns when the process is gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return
    const child = present(this.#child, 'a running process was started')
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  /** Asks the process to stop, and waits until it has. */
  async terminate(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    present(this.#child, `${this.name} was started`).kill(signal)
    return this.ended()
  }

  async status(): Promise<NodeStatus> {
    const response = await fetch(`${this.url}/v1/status`)
    if (!response.ok) throw new Error(`${this.name} answers ${response.status} for its status`)
    return (await response.json()) as NodeStatus
  }
}

/** Nodes n1, n2, … of one cluster on loopback, with their directories under one temporary one. */
export class ProcessCluster {
  readonly root: string
  readonly nodes: readonly NodeProcess[]
  readonly secret: ClusterSecret

  private constructor(root: string, nodes: readonly NodeProcess[], secret: ClusterSecret) {
    this.root = root
    this.nodes = nodes
    this.secret = secret
  }

  /** Starts `count` nodes and waits until they serve and all that know each other are connected. */
  static async start(count: number, settings: ClusterSettings = {}): Promise<ProcessCluster> {
    const cluster = await ProcessCluster.plan(count, settings)
    try {
      await Promise.all(cluster.nodes.map((node) => node.start()))
      await cluster.connected()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  /** As `start`, with nothing running yet. */
  static async plan(count: number, { options = [], peersOf }: ClusterSettings = {}): Promise<ProcessCluster> {
    const { root, secret, secretFile } = await makeRoot()
    const [gossipPorts, doorPorts] = [await freeUdpPorts(count), await freeTcpPorts(2 * count)]
    const addresses = gossipPorts.map((port, index) => ({ name: `n${index + 1}`, host: LOOPBACK, port }))
    const nodes = addresses.map(({ name, port }, index) => {
      const known = peersOf?.(name)
      return new NodeProcess({
        name,
        data: join(root, name),
        secretFile,
        host: LOOPBACK,
        httpPort: present(doorPorts[index], 'every node has a port'),
        respPort: present(doorPorts[count + index], 'every node has a port'),
        gossipHost: LOOPBACK,
        gossipPort: port,
        peers: addresses.filter((peer) => peer.name !== name && (known === undefined || known.includes(peer.name))),
        options: ['--segment-size', SEGMENT_SIZE, '--min-free', '0', ...options],
        wrapper: [],
        environment: {},
      })
    })
    return new ProcessCluster(root, nodes, secret)
  }

  get urls(): readonly string[] {
    return this.nodes.map((node) => node.url)
  }

  node(name: string): NodeProcess {
    return present(
      this.nodes.find((node) => node.name === name),
      `there is a node ${name}`,
    )
  }

  /** Waits until every running node is connected to each of its running peers. */
  async connected(deadlineMs = READY_DEADLINE_MS): Promise<void> {
    const running = this.nodes.filter((node) => node.isRunning)
    const missing: string[] = []
    await eventually(
      async () => {
        missing.length = 0
        for (const node of running) {
          const { peers } = await node.status()
          for (const { name } of node.settings.peers) {
            if (!running.some((peer) => peer.name === name)) continue
            if (!peers.some((peer) => peer.node === name && peer.connected)) missing.push(`${node.name}–${name}`)
          }
        }
        return missing.length === 0
      },
      deadlineMs,
      () => `connection of ${missing.join(', ')}`,
    )
  }

  /** Waits until the running nodes have equal frontiers and digests; returns the digest. */
  async converged(deadlineMs = READY_DEADLINE_MS): Promise<string> {
    const running = this.nodes.filter((node) => node.isRunning)
    return converged(running, deadlineMs)
  }

  /** Ends every process by force and removes the directories. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()))
    await rm(this.root, { recursive: true, force: true })
  }
}

/** A temporary directory with a new cluster's secret in it. */
export async function makeRoot(): Promise<{ root: string; secret: ClusterSecret; secretFile: string }> {
  const root = await mkdtemp(join(tmpdir(), 'skein-system-'))
  const secret = ClusterSecret.generate()
  const secretFile = join(root, 'cluster.secret')
  await writeFile(secretFile, `${secret.reveal()}\n`, { mode: 0o600 })
  return { root, secret, secretFile }
}

/** Waits until all nodes have equal frontiers and digests; returns the digest. */
export async function converged(nodes: readonly NodeProcess[], deadlineMs: number): Promise<string> {
  let last: readonly NodeStatus[] = []
  return eventually(
    async () => {
      last = await Promise.all(nodes.map((node) => node.status()))
      const views = new Set(last.map(({ digest, frontier }) => digest + JSON.stringify(Object.entries(frontier).sort())))
      return views.size === 1 ? present(last[0], 'somebody is asked').digest : null
    },
    deadlineMs,
    () => `convergence, where ${last.map((status) => JSON.stringify(withoutNoise(status))).join('\n')}`,
  )
}

export function connectedPeers({ peers }: NodeStatus): readonly string[] {
  return peers.filter((peer) => peer.connected).map((peer) => parseNodeName(peer.node))
}

function withoutNoise({ node, digest, frontier, logs, state }: NodeStatus): unknown {
  return {
    node,
    digest,
    frontier,
    state,
    logs: logs.map(({ writer, state, length, waiting, reason }) => ({ writer, state, length, waiting, reason })),
  }
}

function argumentsOf(settings: ProcessSettings): string[] {
  const values = {
    '--node': settings.name,
    '--data': settings.data,
    '--host': settings.host,
    '--http-port': String(settings.httpPort),
    '--resp-port': String(settings.respPort),
    '--gossip-host': settings.gossipHost,
    '--gossip-port': String(settings.gossipPort),
    '--secret-file': settings.secretFile,
  }
  const peers = settings.peers.map(({ name, host, port }) => `${name}@${host}:${port}`).join(',')
  const peerOptions = peers === '' ? [] : ['--peers', peers]
  return ['start', '--stop-with-parent', ...Object.entries(values).flat(), ...peerOptions, ...settings.options]
}

/** Without variables that are meant for another process: SKEIN_DATA would send three nodes to one directory. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SKEIN_')))
}

/** TCP ports that were free a moment ago, all different. */
async function freeTcpPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((server) => once(server.listen(0, LOOPBACK), 'listening')))
  const ports = servers.map((server) => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a listening server has a port')
    return address.port
  })
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
