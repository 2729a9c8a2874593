/**
 * A worker of `skein sim search`: takes seeds one by one, answers what each gave. A failing run
 * is done again with its trace, so that what crosses to the main thread is its story and not a
 * million events.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { present } from '../base/index.ts'
import { explain, type RunResult, type Story, simulateTold, type Workload } from '../sim/index.ts'
import { runOptionsOf, type SimCase } from './sim-case.ts'
import { loadWorkload } from './sim-workload.ts'

/** What a seed gave. */
export interface Outcome {
  readonly seed: number
  /** Without its trace. */
  readonly result: RunResult
  /** Of a failure. */
  readonly stories: readonly Story[]
}

const SILENT = { keepTrace: false, onProgress: null }

const port = present(parentPort, 'this file is started as a worker')
// Given by the pool, which made it: a case whose seed stands for none.
const template = workerData as SimCase
const workload = await loadWorkload(template.workload)
port.on('message', (seed: number) => port.postMessage(runSeed({ ...template, seed }, workload)))
port.postMessage(null)

function runSeed(simCase: SimCase, workload: Workload): Outcome {
  const { trace, ...result } = simulateTold(runOptionsOf(simCase, workload, SILENT))
  return { seed: simCase.seed, result: { ...result, trace: [] }, stories: explain({ ...result, trace }) }
}
