/**
 * HlcBounded (HL1, HL3): the hybrid clock runs ahead of real clocks only as far as clocks really were.
 *
 * - no timestamp is later than the clocks by which its node may go: its own wall clock, at its
 *   furthest in this life, and all that it had applied or sealed before; and, once another clock was
 *   so far ahead of its own that it may go by the reference, the furthest that any node ever had;
 * - a node that hears at least two peers, and by the median of their clocks and its own is more
 *   than the allowed drift ahead, takes no writes.
 *
 * The first is one comparison a sealed entry, and a look at all clocks with each call. For the
 * second each node that is far ahead of another is looked at ten times a second; only when it has
 * been too far ahead for some seconds, all the time, do its entries count against it, and then not
 * the first ones.
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
/** A clock may have been further between two looks, and writes that came to nothing count timestamps, too. */
const LOOKING_SLACK_MS = 1000
const LOOK_INTERVAL_MS = 100
/** What a node hears of others' clocks may be as old as this, with packets that were late. */
const KNOWN_AFTER_MS = 5000
/**
 * Commits close together that may hold writes which were taken by right: before, or in a moment
 * between two looks in which too few peers were heard.
 */
const COMMITS_BY_RIGHT = 8
const CLOSE_TOGETHER_MS = 1000

/** How far clocks were. */
interface Clocks {
  /** Of all nodes, ever. */
  furthestMs: number
  /** By node, in its present life. */
  readonly ownMs: number[]
  /** Nodes that may have gone by other clocks in their present life. */
  readonly mayFollow: Set<NodeIndex>
}

interface Streak {
  readonly sinceMs: number
  /** Commits since it should have known, close together, and when the last one was. */
  commits: number
  lastCommitMs: number
}

export function hlcBounded(oracle: Oracle, maxDriftMs: number = MAX_CLOCK_DRIFT_DEFAULT_MS): Invariant {
  const clocks: Clocks = { furthestMs: 0, ownMs: [], mayFollow: new Set() }
  let nextLookMs = 0
  const streaks = new Map<NodeIndex, Streak>()
  return {
    name: 'HlcBounded',
    kinds: ['started', 'sealed', 'invoked', 'fault-began', 'phase'],
    observe({ number, atMs, happening }, cluster) {
      if (happening.kind === 'started') forgetLife(clocks, happening.node)
      lookAtClocks(clocks, cluster, maxDriftMs)
      if (atMs >= nextLookMs) {
        nextLookMs = atMs + LOOK_INTERVAL_MS
        for (const node of cluster.nodes) look(streaks, node, cluster, maxDriftMs)
      }
      if (happening.kind !== 'sealed') return null
      const last = oracle.sealed.filed.at(-1)
      if (last === undefined) return null
      const { latestMs, slackMs } = limitOf(clocks, happening.node, oracle.sealed.latestBefore)
      const aheadMs = wallFromTimestamp(last.timestamp as Timestamp) - latestMs
      if (aheadMs > slackMs) {
        const message = `node ${happening.node} stamps ${Math.round(aheadMs)} ms later than any clock by which it may go`
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

function forgetLife(clocks: Clocks, node: NodeIndex): void {
  clocks.ownMs[node] = 0
  clocks.mayFollow.delete(node)
}

function lookAtClocks(clocks: Clocks, { nodes }: ClusterView, maxDriftMs: number): void {
  let latestMs = 0
  for (const { index, wallMs } of nodes) {
    if (wallMs > latestMs) latestMs = wallMs
    if (wallMs > (clocks.ownMs[index] ?? 0)) clocks.ownMs[index] = wallMs
  }
  if (latestMs > clocks.furthestMs) clocks.furthestMs = latestMs
  for (const { index, wallMs } of nodes) if (latestMs - wallMs > maxDriftMs - HEARING_SLACK_MS) clocks.mayFollow.add(index)
}

/** @param latestBefore the largest timestamp that the node had applied or sealed */
function limitOf(clocks: Clocks, node: NodeIndex, latestBefore: number): { latestMs: number; slackMs: number } {
  const ownMs = Math.max(clocks.ownMs[node] ?? 0, wallFromTimestamp(latestBefore as Timestamp))
  if (!clocks.mayFollow.has(node)) return { latestMs: ownMs, slackMs: LOOKING_SLACK_MS }
  return { latestMs: Math.max(clocks.furthestMs, ownMs), slackMs: HEARING_SLACK_MS }
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
