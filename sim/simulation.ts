/**
 * One run, from a seed to a verdict. The seed gives the weather and the plan; the cluster, the
 * clients and the faults live in it for the safety phase; then the faults stop, and the cluster
 * has to answer and converge; then what it holds is compared with what the oracle knows.
 *
 * A run ends at its first violation: what comes after one is seldom worth reading.
 */

import { assert, Prng } from '../base/index.ts'
import { forkPrng } from './chance.ts'
import { askLeader, CallIds, Clients, clientsFor } from './clients.ts'
import { Cluster, NODES_MAX } from './cluster.ts'
import { pick } from './draw.ts'
import type { FaultPlan } from './fault.ts'
import { startGuarded, WorkloadError } from './guarded-workload.ts'
import { invariantsOf } from './invariants/index.ts'
import { drawLastingCut } from './lasting-cut.ts'
import { calmDown, LIVENESS_BOUND_MS, LivenessPhase } from './liveness.ts'
import { possibleFaults } from './mode.ts'
import { Oracle } from './oracle.ts'
import { drawPlan } from './plan.ts'
import { Recorder } from './recorder.ts'
import type { RunOptions, RunResult } from './run.ts'
import { findVacuity } from './vacuity.ts'
import { Watch } from './watch.ts'
import type { Weather } from './weather.ts'
import { drawWeather } from './weather-draw.ts'

const PROGRESS_INTERVAL_MS = 1000

/** Chance by what it is for, so that a plan given by hand leaves all else as it was. */
interface Streams {
  readonly weather: Prng
  readonly plan: Prng
  readonly cluster: Prng
  readonly clients: Prng
  readonly workload: Prng
  readonly lastingCut: Prng
  readonly mode: Prng
}

/** Carries out a run. The same options give the same result, to the last event. */
export function simulate(options: RunOptions): RunResult {
  assert(options.nodes >= 1 && options.nodes <= NODES_MAX, `a run has 1 to ${NODES_MAX} nodes`)
  assert(options.durationMs > 0 && options.callsPerSecond > 0, 'a run takes some time and has some calls')
  const streams = forkStreams(options.seed)
  const mode = options.mode ?? 'multi'
  const possible = possibleFaults(mode)
  const faults = possible.filter((kind) => options.faults.includes(kind))
  const weather = options.weather ?? drawWeather(streams.weather, options.nodes, faults, possible)
  // Who names some kinds wants them; without a switch a mixed run would be none.
  const wanted = faults.length < possible.length ? faults : faults.filter((kind) => kind === 'switch-mode')
  const plan = options.plan ?? drawPlan(streams.plan, weather, options.nodes, options.durationMs, wanted, mode !== 'multi')
  const run = Run.start(options, weather, plan, streams)
  run.finish()
  return run.result()
}

/** As `simulate`. A run that fails comes with its trace, and with all events that its violations name. */
export function simulateTold(options: RunOptions): RunResult {
  const result = simulate(options)
  const named = result.violations.flatMap(({ events }) => events)
  const kept = new Set(result.trace.map(({ number }) => number))
  if (result.passed || (options.keepTrace && named.every((number) => kept.has(number)))) return result
  const { onEvent: _told, ...again } = options
  return simulate({ ...again, keepTrace: true, keepEvents: named })
}

function forkStreams(seed: number): Streams {
  const random = new Prng(seed)
  // In this order for ever: a seed that is written down keeps its meaning.
  return {
    weather: forkPrng(random),
    plan: forkPrng(random),
    cluster: forkPrng(random),
    clients: forkPrng(random),
    workload: forkPrng(random),
    lastingCut: forkPrng(random),
    mode: forkPrng(random),
  }
}

interface RunParts {
  readonly options: RunOptions
  readonly weather: Weather
  readonly plan: FaultPlan
  readonly cluster: Cluster
  readonly oracle: Oracle
  readonly watch: Watch
  readonly recorder: Recorder
  readonly clients: Clients
  readonly calls: CallIds
  readonly clientCount: number
  /** Draws what stays cut when the faults have stopped. */
  readonly lastingCut: Prng
}

class Run {
  readonly #parts: RunParts

  private constructor(parts: RunParts) {
    this.#parts = parts
  }

  static start(options: RunOptions, weather: Weather, plan: FaultPlan, streams: Streams): Run {
    const { nodes, callsPerSecond, callsMax, mode = 'multi', keepTrace, keepEvents = [], onEvent = null } = options
    const isLed = mode !== 'multi'
    const clientCount = clientsFor(callsPerSecond, nodes)
    const workload = startGuarded(options.workload, { random: streams.workload, nodes, clients: clientCount, mode })
    const oracle = new Oracle(nodes, isLed)
    const watch = new Watch([...invariantsOf(mode, oracle), ...workload.invariants])
    const recorder = new Recorder({ oracle, watch, keepTrace, keepEvents, onEvent })
    const { observe, tally } = recorder
    const calls = new CallIds()
    const cluster = Cluster.start({
      nodes,
      weather,
      random: streams.cluster,
      mode: mode === 'mixed' ? pick(streams.mode, ['multi', 'leader']) : mode,
      isLed,
      operate: (node, request) => askLeader({ cluster, calls, observe }, clientCount + nodes, node, request, () => {}),
      observe,
    })
    recorder.attach(cluster)
    observe({ kind: 'phase', phase: 'safety' })
    for (const fault of plan) cluster.queue.at(fault.atMs, () => cluster.strike(fault))
    const clients = Clients.start({
      cluster,
      workload,
      clients: clientCount,
      callsPerSecond,
      callsMax,
      random: streams.clients,
      calls,
      followsLeader: isLed,
      observe,
      onRetry: () => tally.retried(),
    })
    const { lastingCut } = streams
    return new Run({ options, weather, plan, cluster, oracle, watch, recorder, clients, calls, clientCount, lastingCut })
  }

  /** Runs all phases, or up to the first violation. */
  finish(): void {
    const { watch, cluster, recorder } = this.#parts
    try {
      this.#runSafety()
      if (watch.violations.length === 0) this.#runLiveness()
      if (watch.violations.length === 0) this.#settle()
    } catch (error) {
      // An assertion of the replica, most of all: a bug that would have ended the process.
      const invariant = error instanceof WorkloadError ? 'WorkloadWorks' : 'NoCrash'
      const last = recorder.count - 1
      watch.report(invariant, { ...describeCrash(error), events: last < 0 ? [] : [last] }, cluster.atMs)
    }
  }

  result(): RunResult {
    const { options, weather, plan, cluster, watch, recorder } = this.#parts
    const { violations } = watch
    return {
      seed: options.seed,
      passed: violations.length === 0,
      violations,
      counts: this.#counts(),
      traceHash: recorder.hash,
      virtualMs: cluster.atMs,
      weather,
      plan,
      trace: recorder.trace,
    }
  }

  #runSafety(): void {
    const { options, cluster } = this.#parts
    let isOver = false
    cluster.queue.at(options.durationMs, () => {
      isOver = true
    })
    this.#reportProgress()
    this.#runUntil(() => isOver)
  }

  #runLiveness(): void {
    const { options, cluster, oracle, watch, recorder, clients, calls, clientCount } = this.#parts
    clients.stop()
    calmDown(cluster, oracle)
    recorder.observe({ kind: 'phase', phase: 'liveness' })
    this.#cutForGood()
    const phase = LivenessPhase.begin({
      cluster,
      calls,
      firstClient: clientCount,
      isLed: (options.mode ?? 'multi') !== 'multi',
      observe: recorder.observe,
    })
    this.#runUntil(() => phase.isOver)
    if (phase.finding !== null) watch.report('Liveness', phase.finding, cluster.atMs)
  }

  #cutForGood(): void {
    const { options, cluster, lastingCut } = this.#parts
    if (!options.faults.includes('partition')) return
    // A leader speaks to its voters itself, and nodes in a row reach their neighbours alone.
    if ((options.mode ?? 'multi') !== 'multi') return
    const fault = drawLastingCut(lastingCut, options.nodes, cluster.atMs, LIVENESS_BOUND_MS)
    if (fault !== null) cluster.strike(fault)
  }

  #settle(): void {
    const { options, plan, cluster, watch, recorder } = this.#parts
    recorder.observe({ kind: 'phase', phase: 'settled' })
    watch.finish(cluster)
    const vacuity = findVacuity(options, plan, this.#counts())
    if (vacuity !== null) watch.report('NonVacuous', { message: vacuity, events: [] }, cluster.atMs)
  }

  #runUntil(isOver: () => boolean): void {
    const { cluster, watch } = this.#parts
    const { violations } = watch
    while (!isOver() && violations.length === 0) assert(cluster.queue.runNext(), 'a cluster that lives always has a next event')
  }

  #reportProgress(): void {
    const { options, cluster } = this.#parts
    const { onProgress } = options
    if (onProgress === null) return
    onProgress(cluster.atMs)
    cluster.queue.after(PROGRESS_INTERVAL_MS, () => this.#reportProgress())
  }

  #counts(): RunResult['counts'] {
    const { recorder, oracle } = this.#parts
    return recorder.tally.counts(oracle.transactions.conflicts)
  }
}

/** What was thrown, with the stack of where it was thrown first. */
function describeCrash(error: unknown): { message: string; stack?: string } {
  if (!(error instanceof Error)) return { message: String(error) }
  const { stack } = error.cause instanceof Error ? error.cause : error
  return { message: error.message, ...(stack === undefined ? {} : { stack }) }
}
