/**
 * Many seeds over a few worker threads. Seeds are handed out in order, one at a time, so that no
 * worker waits for another; outcomes come as they are ready.
 *
 * One process a seed was rejected: its start takes longer than many a run.
 */

import { Worker } from 'node:worker_threads'
import { SkeinError } from '../base/index.ts'
import type { SimCase } from './sim-case.ts'
import type { Outcome } from './sim-worker.ts'

export interface SeedSearch {
  readonly template: SimCase
  readonly firstSeed: number
  readonly seeds: number
  readonly jobs: number
  /** Answers false to stop: then no more seeds are begun. */
  readonly onOutcome: (outcome: Outcome) => boolean
}

/** Beside this file, in whichever form this is. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './sim-worker.ts' : './sim-worker.js', import.meta.url)

/** Resolves when all seeds are done, or none is to be begun any more and those begun are done. */
export async function searchSeeds({ template, firstSeed, seeds, jobs, onOutcome }: SeedSearch): Promise<void> {
  let next = firstSeed
  const end = firstSeed + seeds
  let isStopped = false
  const takeSeed = (): number | null => (isStopped || next >= end ? null : next++)
  const workers = Array.from({ length: Math.min(jobs, seeds) }, () => new Worker(WORKER, { workerData: template }))
  try {
    await Promise.all(
      workers.map((worker) =>
        drive(worker, takeSeed, (outcome) => {
          if (!onOutcome(outcome)) isStopped = true
        }),
      ),
    )
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** Gives a worker seeds until there are none. */
function drive(worker: Worker, takeSeed: () => number | null, onOutcome: (outcome: Outcome) => void): Promise<void> {
  let running: number | null = null
  return new Promise((resolve, reject) => {
    // The first message says that it is ready; each later one is an outcome.
    worker.on('message', (outcome: Outcome | null) => {
      if (outcome !== null) onOutcome(outcome)
      running = takeSeed()
      if (running === null) resolve()
      else worker.postMessage(running)
    })
    worker.on('error', (error) => reject(nameSeed(error, running)))
    worker.on('exit', (code) => reject(new SkeinError('INTERNAL', `a worker ended with ${code} at seed ${running}`)))
  })
}

/** A failure that crossed threads is no `SkeinError` any more, but has its fields; a bug says at which seed it struck. */
function nameSeed(error: unknown, seed: number | null): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  if (error.name === 'SkeinError') return new SkeinError('BAD_REQUEST', error.message)
  if (seed !== null) error.stack = `seed ${seed}: ${error.stack ?? error.message}`
  return error
}
