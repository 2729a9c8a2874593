/**
 * A node inside the caller's process, with the client library's methods: the same journal, logs
 * and peers as a server's, without a door.
 */

import { parseNodeName, SkeinError, VALUE_BYTES_DEFAULT } from '../base/index.ts'
import { Database } from '../client/index.ts'
import { ClusterSecret } from '../gossip/index.ts'
import { NODE_DEFAULTS, type NodeConfig } from './config.ts'
import { EmbeddedChannel } from './embedded-channel.ts'
import type { NodeStatus } from './gateway.ts'
import { Node } from './node.ts'

/** A node of one's own answers in milliseconds; only a session or a write concern may take longer. */
const CALL_TIMEOUT_MS = 10_000

export interface OpenOptions {
  /** The node's name, unique in its cluster. Default `local`. */
  readonly node?: string
  /** The data directory; made if it is missing. */
  readonly data: string
  /** Text of the cluster's secret (`skein secret`). Without it the node has no network. */
  readonly secret?: string
  /** Where peers reach this node. Default 127.0.0.1 and a free port. */
  readonly gossip?: { readonly host?: string; readonly port?: number }
  /** How a new cluster takes writes: through every node, or through a leader; the same on every node. Default `multi`. */
  readonly mode?: 'multi' | 'leader'
  /** This node comes to a cluster that is there already: it has no vote until `Database.join` gives it one. */
  readonly joins?: boolean
  readonly peers?: readonly { readonly name: string; readonly host: string; readonly port: number }[]
  /** Looks for peers on a DHT too: a private one of the nodes given, or the public one. */
  readonly dht?: { readonly bootstrap: readonly { readonly host: string; readonly port: number }[] | null }
  /** Bytes. Default 1 MiB, at most 4 MiB. */
  readonly maxValueBytes?: number
  readonly journalSegmentBytes?: number
  readonly minFreeBytes?: number
  /** Called if a durable write fails: the node answers nothing any more. Default: the error is thrown, which ends the process. */
  readonly onFatal?: (failure: SkeinError) => void
}

/** A database whose node lives in this process. */
export class EmbeddedDatabase extends Database {
  readonly #node: Node

  constructor(node: Node, maxValueBytes: number) {
    super(new EmbeddedChannel(node, maxValueBytes, () => node.close()), { timeoutMs: CALL_TIMEOUT_MS })
    this.#node = node
  }

  /** `host:port` for the `peers` of other nodes, or null without a network. */
  get gossipAddress(): { readonly host: string; readonly port: number } | null {
    return this.#node.gossipAddress
  }

  nodeStatus(): NodeStatus {
    return this.#node.status()
  }
}

/**
 * Opens a node in this process.
 * @throws BAD_REQUEST, DIRECTORY_IN_USE, DIRECTORY_COPIED, DIRECTORY_MISMATCH, CORRUPT, DISK_FULL
 */
export async function open(options: OpenOptions): Promise<EmbeddedDatabase> {
  const node = await Node.open(configOf(options), { onFatal: options.onFatal ?? rethrow })
  try {
    await node.start()
  } catch (error) {
    await node.close()
    throw error
  }
  return new EmbeddedDatabase(node, options.maxValueBytes ?? VALUE_BYTES_DEFAULT)
}

function configOf(options: OpenOptions): NodeConfig {
  const { secret, peers = [], dht, gossip = {} } = options
  const addresses = peers.map(({ name, host, port }) => ({ name: parseNodeName(name), host, port }))
  if (secret === undefined && peers.length > 0) {
    throw new SkeinError('BAD_REQUEST', 'a node with peers needs the secret that its cluster shares: make one with `skein secret`')
  }
  return {
    node: parseNodeName(options.node ?? 'local'),
    data: options.data,
    gossip:
      secret === undefined
        ? null
        : {
            address: { host: gossip.host ?? '127.0.0.1', port: gossip.port ?? 0 },
            discovery:
              dht === undefined ? { kind: 'static', peers: addresses } : { kind: 'dht', bootstrap: dht.bootstrap, peers: addresses },
            secret: ClusterSecret.parse(secret),
          },
    maxClockDriftMs: NODE_DEFAULTS.maxClockDriftMs,
    joins: options.joins ?? NODE_DEFAULTS.joins,
    mode: options.mode ?? NODE_DEFAULTS.mode,
    url: NODE_DEFAULTS.url,
    dropRate: NODE_DEFAULTS.dropRate,
    journalSegmentBytes: options.journalSegmentBytes ?? NODE_DEFAULTS.journalSegmentBytes,
    minFreeBytes: options.minFreeBytes ?? NODE_DEFAULTS.minFreeBytes,
  }
}

function rethrow(failure: SkeinError): void {
  throw failure
}
