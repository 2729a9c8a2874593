/**
 * Bounded: every queue and record has a limit. Seen from outside: requests that a node holds,
 * conflicts of a key, entries that wait in a log, writers of a frontier, bytes of a message.
 *
 * Conflicts are looked at with each change, the requests of all nodes with each call and answer; the
 * status of each node every few seconds.
 */

import { MIB } from '../../base/index.ts'
import { READ_BYTES_MAX } from '../../core/index.ts'
import { CONFLICTS_PER_KEY_MAX, VECTOR_WRITERS_MAX } from '../../crdt/index.ts'
import type { ClusterView, Finding, Invariant, NodeView } from '../invariant.ts'
import { SIMULATED_REQUESTS_MAX } from '../life.ts'
import type { Oracle } from '../oracle.ts'

const STATUS_INTERVAL_MS = 5000
const MESSAGE_BYTES_MAX = MIB
/** An entry has a dependency count, a sequence, a timestamp and a key at least. */
const ENTRY_BYTES_MIN = 12
/** What one read of a log may bring. */
const WAITING_ENTRIES_MAX = Math.floor(READ_BYTES_MAX / ENTRY_BYTES_MIN)

export function bounded(oracle: Oracle): Invariant {
  let nextStatusMs = STATUS_INTERVAL_MS
  return {
    name: 'Bounded',
    kinds: ['applied', 'sent', 'sealed', 'invoked', 'answered'],
    observe({ number, atMs, happening }, cluster) {
      if (happening.kind === 'sent') {
        if (happening.content.kind !== 'message' || happening.content.bytes.length <= MESSAGE_BYTES_MAX) return null
        return { message: `node ${happening.from} sends a message of ${happening.content.bytes.length} bytes`, events: [number] }
      }
      if (happening.kind === 'applied') {
        const node = cluster.nodes[happening.node]
        return node === undefined ? null : findOverfullRegister(oracle, node, number)
      }
      if (happening.kind !== 'sealed') return findOverfullQueue(cluster, number)
      if (atMs < nextStatusMs) return null
      nextStatusMs = atMs + STATUS_INTERVAL_MS
      for (const node of cluster.nodes) {
        const finding = node.isServing ? findOverfullLog(node, number) : null
        if (finding !== null) return finding
      }
      return null
    },
    finish: () => null,
  }
}

function findOverfullQueue({ nodes }: ClusterView, number: number): Finding | null {
  const node = nodes.find(({ heldRequests }) => heldRequests > SIMULATED_REQUESTS_MAX)
  if (node === undefined) return null
  const message = `node ${node.index} holds ${node.heldRequests} requests, at most ${SIMULATED_REQUESTS_MAX} are allowed`
  return { message, events: [number] }
}

function findOverfullRegister(oracle: Oracle, node: NodeView, number: number): Finding | null {
  for (const [key, { register }] of oracle.shadow(node.index).move.arrivals) {
    const count = register?.conflicts.length ?? 0
    if (count <= CONFLICTS_PER_KEY_MAX) continue
    return { message: `node ${node.index} keeps ${count} conflicts of ${JSON.stringify(key.slice(0, 40))}`, events: [number] }
  }
  return null
}

function findOverfullLog(node: NodeView, number: number): Finding | null {
  if (node.frontier.size > VECTOR_WRITERS_MAX)
    return { message: `node ${node.index} has a frontier of ${node.frontier.size} writers`, events: [number] }
  for (const { writer, waiting } of node.status().logs) {
    if (waiting > WAITING_ENTRIES_MAX)
      return { message: `node ${node.index} holds ${waiting} waiting entries of ${writer}`, events: [number] }
  }
  return null
}
