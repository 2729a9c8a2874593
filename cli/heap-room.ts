/**
 * Room for a long run. Node allows itself about 4 GB of heap however large the machine is, and a run of half an hour
 * comes close to that: from then on the processor collects garbage and does little else. The limit
 * belongs to a process from its start, so such a run gets a process of its own.
 */

import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { MIB, MINUTE_MS } from '../base/index.ts'

/** Virtual time past which a run may need more than Node allows itself. */
const LONG_RUN_MS = 8 * MINUTE_MS
/** Of the machine's memory. */
const SHARE = 0.6
/** Half an hour holds some 3 GiB; what lies between is garbage that is not collected yet. */
const MOST = 8 * 1024 * MIB
/** Of each half of the young generation, in MiB: what a run throws away soon is not carried over first. */
const YOUNG_MIB = 64

/** What a process has, and could have, in bytes. */
export interface HeapRoom {
  readonly limit: number
  readonly memory: number
}

/** Options of Node for a run of `durationMs`; null if this process will do. */
export function optionsForLongRun(
  durationMs: number,
  { limit, memory }: HeapRoom = { limit: getHeapStatistics().heap_size_limit, memory: totalmem() },
): readonly string[] | null {
  const wanted = Math.min(MOST, Math.floor(memory * SHARE))
  // Somebody may have said how much it is to be: then that, or a little less than asked for, is what there is.
  if (durationMs < LONG_RUN_MS || wanted <= limit * 1.1) return null
  return [`--max-old-space-size=${Math.floor(wanted / MIB)}`, `--max-semi-space-size=${YOUNG_MIB}`]
}
