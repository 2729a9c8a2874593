/**
 * ReportFrozen (EP4, WR4): what a member reports as durable it has applied; and from its promise of a higher epoch on a member reports nothing of multi epochs as
 * durable that it did not have by then, unless what is committed of the chain adopted it: a leader may have been elected
 * who never saw it, so it must count for no write concern.
 *
 * A comparison for each heartbeat of a member that is not in a multi epoch.
 */

import { isLeaderEpoch } from '../../base/index.ts'
import { type Dot, formatDot, type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import type { NodeIndex } from '../fault.ts'
import type { Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import type { Standing } from '../trace.ts'

interface Frozen {
  readonly at: number
  readonly frontier: ReadonlyVersionVector
}

export function reportFrozen(oracle: Oracle): Invariant {
  const frozen = new Map<NodeIndex, Frozen>()
  return {
    name: 'ReportFrozen',
    kinds: ['chain', 'sent'],
    observe({ number, happening }) {
      if (happening.kind === 'chain') {
        const { node, standing } = happening
        if (isFree(standing)) frozen.delete(node)
        else if (!frozen.has(node)) frozen.set(node, { at: number, frontier: oracle.shadow(node).frontier.copy() })
        return null
      }
      const { message } = oracle
      if (happening.kind !== 'sent' || message?.kind !== 'heartbeat') return null
      const { from } = happening
      const unheld = firstMissing(message.frontier, oracle.shadow(from).frontier)
      if (unheld !== null)
        return { message: `node ${from} reports ${formatDot(unheld)} as durable, which it has not applied`, events: [number] }
      const since = frozen.get(from)
      if (since === undefined) return null
      const committed = oracle.standing(from)?.committed ?? null
      const contents = (committed === null ? null : oracle.chain.at(committed)?.contents) ?? new VersionVector()
      for (const [writer, sequence] of message.frontier.entries()) {
        if (since.frontier.get(writer) >= sequence || contents.get(writer) >= sequence || isOfLeader(oracle, writer)) continue
        const text = `node ${from} reports ${formatDot({ writer, sequence })} as durable, which it did not have when it promised a higher epoch`
        return { message: text, events: [since.at, number] }
      }
      return null
    },
    finish: () => null,
  }
}

function firstMissing(wanted: ReadonlyVersionVector, had: ReadonlyVersionVector): Dot | null {
  if (had.covers(wanted)) return null
  for (const [writer, sequence] of wanted.entries()) if (had.get(writer) < sequence) return { writer, sequence }
  return null
}

/** True in a multi epoch above which nothing is promised. */
function isFree({ epoch, promised }: Standing): boolean {
  return !isLeaderEpoch(epoch) && promised === epoch
}

function isOfLeader(oracle: Oracle, writer: Parameters<Oracle['chain']['at']>[0]['writer']): boolean {
  return oracle.chain.at({ writer, length: 1 }) !== null
}
