/** What a node is started with, parsed and with every default filled in. */

import { type NodeName, SkeinError, VALUE_BYTES_DEFAULT } from '../base/index.ts'
import { MAX_CLOCK_DRIFT_DEFAULT_MS } from '../core/index.ts'
import type { ClusterSecret, Discovery } from '../gossip/index.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** What a node needs apart from its doors. */
export interface NodeConfig {
  readonly node: NodeName
  /** The data directory. */
  readonly data: string
  /** Null: no network, a node by itself. */
  readonly gossip: {
    /** Port 0 takes a free one. */
    readonly address: Address
    /** How peers are found; those given by name are the members of the cluster (MB1). */
    readonly discovery: Discovery
    readonly secret: ClusterSecret
  } | null
  readonly maxClockDriftMs: number
  /** It comes to a cluster that is there already, and has no vote until it is given one (MB2). */
  readonly joins: boolean
  /** The mode in which a new cluster begins; the same on every node. */
  readonly mode: 'multi' | 'leader'
  /** Where clients reach this node over HTTP, told to peers and by them to clients; null: nowhere, or where the HTTP door of a server is. */
  readonly url: string | null
  /** From 0 to 1: the share of writes that fail on purpose. */
  readonly dropRate: number
  readonly journalSegmentBytes: number
  /** Writes are refused with DISK_FULL while the disk has less than this free. */
  readonly minFreeBytes: number
}

export interface ServerConfig extends NodeConfig {
  readonly http: Address
  /** The TCP door: the Redis protocol and JSON lines. */
  readonly tcp: Address
  readonly maxValueBytes: number
  /** Whether the HTTP door sends on to the leader what only it can do (LM9). */
  readonly forwards: boolean
}

export const NODE_DEFAULTS = {
  maxClockDriftMs: MAX_CLOCK_DRIFT_DEFAULT_MS,
  joins: false,
  mode: 'multi',
  url: null,
  dropRate: 0,
  journalSegmentBytes: 64 * 1024 * 1024,
  /** RocksDB and the journal's next segment fit into it with room to spare. */
  minFreeBytes: 256 * 1024 * 1024,
} as const

export const SERVER_DEFAULTS = {
  ...NODE_DEFAULTS,
  host: '127.0.0.1',
  httpPort: 8401,
  respPort: 6401,
  gossipPort: 4901,
  maxValueBytes: VALUE_BYTES_DEFAULT,
  forwards: true,
} as const

const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

/** Refuses a door on an address that others can reach (RELIABILITY: doors). @throws FORBIDDEN */
export function checkDoorHost(host: string, allowInsecure: boolean): void {
  if (allowInsecure || LOOPBACK.includes(host)) return
  throw new SkeinError(
    'FORBIDDEN',
    `a door on ${host} would be open to everybody who reaches it: bind to 127.0.0.1, or say --allow-insecure if something else guards it`,
  )
}
