/**
 * DeadlinesTold (RG6): where a leader says in the chain which deadlines have passed, it says what its clock does. With
 * its header, too: what had expired before would be back in its epoch else. And not what a clock does that has jumped ahead
 * of all others: that would take away what was to live for hours yet.
 *
 * A look at the clock for each such block.
 */

import { isLeaderEpoch } from '../../base/index.ts'
import { type ChainBlock, MAX_CLOCK_DRIFT_DEFAULT_MS } from '../../core/index.ts'
import type { Finding, Invariant, NodeView } from '../invariant.ts'

/** The clock is read in whole milliseconds, and so is how far it is from the others. */
const ROUNDING_MS = 2

export function deadlinesTold(maxDriftMs: number = MAX_CLOCK_DRIFT_DEFAULT_MS): Invariant {
  return {
    name: 'DeadlinesTold',
    kinds: ['chain-sealed'],
    observe({ number, happening }, { nodes }) {
      if (happening.kind !== 'chain-sealed') return null
      const node = nodes[happening.node]
      const toldMs = toldBy(happening.block)
      return node === undefined || toldMs === null ? null : findOff(node, toldMs, maxDriftMs, number)
    },
    finish: () => null,
  }
}

function toldBy(block: ChainBlock): number | null {
  if (block.kind === 'expire') return block.untilMs
  if (block.kind !== 'header' || !isLeaderEpoch(block.header.epoch)) return null
  return block.header.chain.leadership?.expiredMs ?? null
}

function findOff(node: NodeView, toldMs: number, maxDriftMs: number, number: number): Finding | null {
  const { wallMs } = node
  const referenceMs = wallMs + node.status().clockOffsetMs
  const [leastMs, mostMs] = [Math.min(wallMs, referenceMs) - ROUNDING_MS, Math.min(wallMs, referenceMs + maxDriftMs) + ROUNDING_MS]
  if (toldMs >= leastMs && toldMs <= mostMs) return null
  const off = toldMs < leastMs ? `${leastMs - toldMs} ms behind its clock` : `${toldMs - mostMs} ms ahead of what it may be`
  return { message: `node ${node.index} says that deadlines have passed up to ${off}`, events: [number] }
}
