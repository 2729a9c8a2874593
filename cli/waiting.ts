/** Waiting, always with an end: for a while, or for something to become true. */

import { setTimeout as delay } from 'node:timers/promises'

/** Waits `ms`, or until `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}

export interface Patience {
  readonly timeoutMs: number
  readonly intervalMs: number
  readonly signal: AbortSignal
}

/**
 * Calls `look` until it answers something, at most for `timeoutMs`, and answers that; null if the
 * time is over or the signal aborted. What `look` throws ends the wait.
 */
export async function waitFor<Found>(look: () => Promise<Found | null>, patience: Patience): Promise<Found | null> {
  const deadline = performance.now() + patience.timeoutMs
  while (!patience.signal.aborted) {
    const found = await look()
    if (found !== null) return found
    if (performance.now() >= deadline) return null
    await pause(patience.intervalMs, patience.signal)
  }
  return null
}
