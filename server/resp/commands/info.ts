/**
 * INFO: what this node tells of itself, in Redis's lines and under Redis's names where they mean
 * the same; what only this node has stands in a section of its own. Numbers that nobody keeps are
 * left out: a counter that is always 0 would be taken for one.
 */

import { platform, release } from 'node:os'
import type { NodeStatus } from '../../gateway.ts'
import type { Action, Arguments, Command, NodeAccess } from '../command.ts'
import { commandsOf } from './entry.ts'
import { binariesFrom } from './read-words.ts'
import { REDIS_VERSION } from './redis-version.ts'

const DAY_S = 86_400
/** Words that stand for all sections. */
const ALL_WORDS: readonly string[] = ['all', 'default', 'everything']
const KIB = 1024

type Section = (status: NodeStatus, node: NodeAccess) => Readonly<Record<string, string | number>>

const SECTIONS: ReadonlyMap<string, Section> = new Map<string, Section>([
  ['Server', server],
  ['Clients', clients],
  ['Memory', memory],
  ['Persistence', persistence],
  ['Replication', replication],
  ['Cluster', () => ({ cluster_enabled: 0 })],
  ['Keyspace', keyspace],
  ['Skein', skein],
])

export function infoCommand(): readonly Command[] {
  return commandsOf('server', [
    {
      name: 'info',
      arity: -1,
      flags: ['loading', 'stale', 'no_multi'],
      summary: 'Get what this node tells of itself, all of it or the sections that are named',
      read: readInfo,
    },
  ])
}

function readInfo(words: Arguments): Action {
  const wanted = new Set(binariesFrom(words, 1).map((word) => word.toLowerCase()))
  const wantsAll = wanted.size === 0 || ALL_WORDS.some((word) => wanted.has(word))
  const sections = [...SECTIONS].filter(([name]) => wantsAll || wanted.has(name.toLowerCase()))
  return {
    kind: 'node',
    run: (node, done) => {
      const status = node.gateway.status()
      const texts = sections.map(([name, section]) => `# ${name}\r\n${linesOf(section(status, node))}`)
      done({ kind: 'verbatim', data: texts.join('\r\n') })
      return () => {}
    },
  }
}

function linesOf(fields: Readonly<Record<string, string | number>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('')
}

function server({ uptime, node }: NodeStatus): Record<string, string | number> {
  return {
    redis_version: REDIS_VERSION,
    redis_mode: 'standalone',
    os: `${platform()} ${release()}`,
    arch_bits: 64,
    process_id: process.pid,
    run_id: node,
    server_time_usec: Date.now() * 1000,
    uptime_in_seconds: Math.floor(uptime),
    uptime_in_days: Math.floor(uptime / DAY_S),
  }
}

function clients(_status: NodeStatus, { connections }: NodeAccess): Record<string, number> {
  return { connected_clients: connections().length, blocked_clients: 0 }
}

function memory({ storage }: NodeStatus): Record<string, string | number> {
  const { heapUsed } = process.memoryUsage()
  return {
    used_memory: heapUsed,
    used_memory_human: inMebibytes(heapUsed),
    used_memory_rss: storage.memoryBytes,
    used_memory_rss_human: inMebibytes(storage.memoryBytes),
    maxmemory: 0,
    maxmemory_policy: 'noeviction',
  }
}

/** Every write is durable before it is answered, as with `appendfsync always`. */
function persistence({ state }: NodeStatus): Record<string, string | number> {
  return { loading: state.kind === 'recovering' ? 1 : 0, aof_enabled: 1, aof_last_write_status: 'ok' }
}

/** To a client of Redis a node that takes writes is a master: every one, or in leader mode the leader. */
function replication({ mode, leader, node }: NodeStatus): Record<string, string | number> {
  if (mode === 'multi' || leader === node) return { role: 'master', connected_slaves: 0 }
  return { role: 'slave', master_link_status: leader === null ? 'down' : 'up', slave_read_only: 1, connected_slaves: 0 }
}

function keyspace({ keys }: NodeStatus): Record<string, string> {
  return keys === 0 ? {} : { db0: `keys=${keys}` }
}

function skein(status: NodeStatus): Record<string, string | number> {
  const { version, node, mode, epoch, leader, digest, peers, keysWithConflicts, state, storage } = status
  return {
    skein_version: version,
    node,
    mode,
    epoch,
    ...(leader === null ? {} : { leader }),
    state: state.kind,
    digest,
    peers: peers.length,
    peers_connected: peers.filter(({ connected }) => connected).length,
    keys_with_conflicts: keysWithConflicts,
    journal_bytes: storage.journalBytes,
    disk_free_bytes: storage.freeBytes,
  }
}

function inMebibytes(bytes: number): string {
  return `${(bytes / KIB / KIB).toFixed(2)}M`
}
