/**
 * Room for a long run. Node allows itself about 4 GB of heap however large the machine is, and a run of half an hour
 * comes close to that: from then on the processor collects garbage and does little else. The limit
 * belongs to a process from its start, so such a run gets a process of its own.
 */

import { totalmem } from 'node:os'
import process from 'node:process'
import { getHeapStatistics } from 'node:v8'
import { MIB, MINUTE_MS } from '../base/index.ts'

const HEAP_OPTION = '--max-old-space-size'
/** Virtual time past which a run may need more than Node allows itself. */
const LONG_RUN_MS = 8 * MINUTE_MS
/** Of the machine's memory. */
const SHARE = 0.6
/** Given more, a run takes it: it is mostly garbage that is not collected yet. */
const MOST = 8 * 1024 * MIB
/** Of each half of the young generation, in MiB: what a run throws away soon is not carried over first. */
const YOUNG_MIB = 64

/** What a process has, and could have, in bytes. */
export interface HeapRoom {
  readonly limit: number
  readonly memory: number
  /** True if whoever started it said how large the heap may be. That counts, and ends it here that a process starts another. */
  readonly isChosen: boolean
}

/** Options of Node for a run of `durationMs`; null if this process will do. */
export function optionsForLongRun(durationMs: number, { limit, memory, isChosen }: HeapRoom = roomHere()): readonly string[] | null {
  const wanted = Math.min(MOST, Math.floor(memory * SHARE))
  if (durationMs < LONG_RUN_MS || isChosen || wanted <= limit) return null
  return [`${HEAP_OPTION}=${Math.floor(wanted / MIB)}`, `--max-semi-space-size=${YOUNG_MIB}`]
}

function roomHere(): HeapRoom {
  // In a container less than the machine has; 0 or undefined where nothing limits it.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? '']
  return {
    limit: getHeapStatistics().heap_size_limit,
    memory: Math.min(totalmem(), constrained),
    isChosen: options.some((option) => option.includes(HEAP_OPTION)),
  }
}
