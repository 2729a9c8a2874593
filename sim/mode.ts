/**
 * The modes of a run: all nodes write (`multi`), one leads (`leader`), or the cluster begins in either
 * and is switched to and fro (`mixed`).
 *
 * A member of a cluster with a leader counts on its disk to keep what it promised. So some faults are
 * left out there, and others damage the disks of a minority alone: no majority outlives more.
 */

import { FAULT_KINDS, type FaultKind } from './fault.ts'

export const RUN_MODES = ['multi', 'leader', 'mixed'] as const
export type RunMode = (typeof RUN_MODES)[number]

/** What happens only where somebody leads. */
const OF_LEADERS: readonly FaultKind[] = ['kill-leader', 'promote', 'remove']
/**
 * A directory that is put back to what it was, or has lost its journal's last frame, has forgotten what it
 * promised and does not know it: a vote may be given twice.
 */
const FORGETS_PROMISES: readonly FaultKind[] = ['restore', 'torn-tail']

/** The kinds of faults that a run of this mode can have. */
export function possibleFaults(mode: RunMode): readonly FaultKind[] {
  return FAULT_KINDS.filter((kind) => {
    if (kind === 'switch-mode') return mode === 'mixed'
    return mode === 'multi' ? !OF_LEADERS.includes(kind) : !FORGETS_PROMISES.includes(kind)
  })
}
