/**
 * NonVacuous: a run that tested nothing must not pass for one that did. What its plan held must
 * have struck, and what its options make all but certain must have happened. Only that is asked:
 * a check that fails on good luck would be switched off.
 */

import type { FaultKind, FaultPlan } from './fault.ts'
import type { Counts, RunOptions } from './run.ts'

/** A single fault may find its node down; of so many of one kind at least one strikes. */
const PLANNED_MIN = 3
/** There may be no leader to kill, and no node that the others can do without. */
const MAY_NOT_STRIKE: readonly FaultKind[] = ['kill-leader', 'remove']
/** Calls of the liveness phase for each node, if none has to be repeated. */
const PROBE_CALLS = 2
/** From so many calls on writes are certain, conflicts on a cluster whose clients share keys as well. */
const CALLS_FOR_WRITES = 200
const CALLS_FOR_CONFLICTS = 2000
const CALLS_FOR_LEADERS = 1000
/** Workloads with keys that several nodes write; of those that users bring nothing is known. */
const WITH_CONFLICTS: readonly string[] = ['mixed', 'hot', 'conditional', 'large']

/** What a run should have had and had not, or null. */
export function findVacuity(
  options: Pick<RunOptions, 'nodes' | 'workload' | 'callsMax' | 'mode'>,
  plan: FaultPlan,
  counts: Counts,
): string | null {
  const planned = new Map<FaultKind, number>()
  for (const { kind } of plan) planned.set(kind, (planned.get(kind) ?? 0) + 1)
  for (const [kind, count] of planned) {
    if (count >= PLANNED_MIN && !MAY_NOT_STRIKE.includes(kind) && (counts.faults[kind] ?? 0) === 0)
      return `none of ${count} planned faults of the kind ${kind} struck`
  }
  if (counts.calls <= options.nodes * PROBE_CALLS && options.callsMax === null) return 'no client asked anything'
  // The simulator's own writes count, too: one to each node at the end.
  // A cluster with a leader may be without one for all of a short run.
  const isLed = options.mode !== undefined && options.mode !== 'multi'
  if (!isLed && counts.calls >= CALLS_FOR_WRITES && counts.acknowledgedWrites <= options.nodes)
    return `none of ${counts.calls} calls was an acknowledged write`
  if (isLed && counts.leaders === 0 && counts.calls >= CALLS_FOR_LEADERS && options.mode === 'leader') return 'nobody ever led'
  const sharesKeys = !isLed && options.nodes > 1 && WITH_CONFLICTS.includes(options.workload.name)
  if (sharesKeys && counts.acknowledgedWrites >= CALLS_FOR_CONFLICTS && counts.conflicts === 0) {
    return `${counts.acknowledgedWrites} acknowledged writes had no conflict`
  }
  return null
}
