/**
 * HlcBounded (HL3): the hybrid clock runs ahead of real clocks only as far as clocks really were.
 *
 * - no timestamp is later than the furthest wall clock that any node ever had;
 * - a node that hears at least two peers, and by the median of their clocks and its own is more
 *   than the allowed drift ahead, takes no writes.
 *
 * The first is one comparison a sealed entry. For the second each node that is far ahead of
 * another is looked at ten times a second; only when it has been too far ahead for some seconds,
 * all the time, do its entries count against it, and then not the first ones.
 */

import type { Timestamp } from '../../base/index.ts'
import { MAX_CLOCK_DRIFT_DEFAULT_MS } from '../../core/index.ts'
import { wallFromTimestamp } from '../../crdt/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { ClusterView, Invariant, NodeView } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'

/**
 * A node whose clock is far behind stamps by those of others, of which it knows half a round trip
 * more or less: with a link that is clogged, or a peer that stands still, that is many seconds.
 */
const HEARING_SLACK_MS = 15_000
const LOOK_INTERVAL_MS = 100
/** What a node hears of others' clocks may be as old as this, with packets that were late. */
const KNOWN_AFTER_MS = 5000
/**
 * Commits close together that may hold writes which were taken by right: before, or in a moment
 * between two looks in which too few peers were heard.
 */
const COMMITS_BY_RIGHT = 8
const CLOSE_TOGETHER_MS = 1000

interface Streak {
  readonly sinceMs: number
  /** Commits since it should have known, close together, and when the last one was. */
  commits: number
  lastCommitMs: number
}

export function hlcBounded(oracle: Oracle, maxDriftMs: number = MAX_CLOCK_DRIFT_DEFAULT_MS): Invariant {
  let furthestMs = 0
  let nextLookMs = 0
  const streaks = new Map<NodeIndex, Streak>()
  return {
    name: 'HlcBounded',
    kinds: ['sealed', 'invoked', 'fault-began', 'phase'],
    observe({ number, atMs, happening }, cluster) {
      for (const { wallMs } of cluster.nodes) if (wallMs > furthestMs) furthestMs = wallMs
      if (atMs >= nextLookMs) {
        nextLookMs = atMs + LOOK_INTERVAL_MS
        for (const node of cluster.nodes) look(streaks, node, cluster, maxDriftMs)
      }
      if (happening.kind !== 'sealed') return null
      const last = oracle.sealed.filed.at(-1)
      if (last === undefined) return null
      const stampedMs = wallFromTimestamp(last.timestamp as Timestamp)
      if (stampedMs > furthestMs + HEARING_SLACK_MS) {
        const message = `node ${happening.node} stamps ${Math.round(stampedMs - furthestMs)} ms later than any clock ever was`
        return { message, events: [number] }
      }
      const streak = streaks.get(happening.node)
      if (streak === undefined || atMs - streak.sinceMs < KNOWN_AFTER_MS) return null
      streak.commits = atMs - streak.lastCommitMs > CLOSE_TOGETHER_MS ? 1 : streak.commits + 1
      streak.lastCommitMs = atMs
      if (streak.commits <= COMMITS_BY_RIGHT) return null
      const message = `node ${happening.node} takes writes, and has been too far ahead of the clocks that it hears for ${Math.round(atMs - streak.sinceMs)} ms`
      return { message, events: [number] }
    },
    finish: () => null,
  }
}

function look(streaks: Map<NodeIndex, Streak>, node: NodeView, cluster: ClusterView, maxDriftMs: number): void {
  const referenceMs = node.isServing ? medianHeardBy(node, cluster, maxDriftMs) : null
  // A second above the limit: what is heard is never exact.
  if (referenceMs === null || node.wallMs - referenceMs <= maxDriftMs + 1000) streaks.delete(node.index)
  else if (!streaks.has(node.index)) streaks.set(node.index, { sinceMs: cluster.atMs, commits: 0, lastCommitMs: cluster.atMs })
}

/** The median of a node's clock and those of the peers it hears, if they are three or more. */
function medianHeardBy(node: NodeView, cluster: ClusterView, maxDriftMs: number): number | null {
  // Cheap first: nobody is far behind this node, so it can't be far ahead.
  if (cluster.nodes.every(({ wallMs }) => node.wallMs - wallMs <= maxDriftMs)) return null
  const clocks = [node.wallMs]
  for (const peer of node.status().peers) {
    const view = cluster.nodes.find(({ name }) => name === peer.node)
    if (view?.isUp === true && peer.state === 'alive' && peer.clockSkewMs !== null) clocks.push(view.wallMs)
  }
  clocks.sort((left, right) => left - right)
  // Of an even number the later one of the middle: in favour of the node.
  return clocks.length < 3 ? null : (clocks[clocks.length >> 1] ?? null)
}
