/**
 * Makes a failing run small: delta debugging (Zeller & Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input", 2002) over what a run is made of. A smaller run counts if it violates
 * the same invariant; which one of two faults is to blame nobody has to guess.
 *
 * The plan and the weather that the seed gave are fixed first, so that taking a fault away leaves
 * everything else as it was. Cuts that cost least and take most come first: the time behind the
 * failure, then faults, calls, nodes, and last the weather. The whole is repeated until nothing
 * gives any more. It is a generator, so that whoever shows it can do so after each attempt.
 */

import { assert } from '../base/index.ts'
import { durationText, timeText } from './event-text.ts'
import type { Fault, FaultPlan, NodeIndex } from './fault.ts'
import type { RunOptions, RunResult } from './run.ts'
import type { NetworkWeather, Weather } from './weather.ts'

/** Runs until it gives up: at a second each, some minutes. */
export const SHRINK_ATTEMPTS_MAX = 400

/** A run that keeps its plan and its weather, whatever its seed would draw. */
export interface FixedOptions extends RunOptions {
  readonly plan: FaultPlan
  readonly weather: Weather
}

export interface ShrinkAttempt {
  readonly number: number
  /** What was taken away, in a few words. */
  readonly what: string
  /** It failed in the same way: this is the smallest run from now on. */
  readonly isKept: boolean
  readonly smallest: FixedOptions
}

export interface Shrunk {
  readonly options: FixedOptions
  readonly result: RunResult
  readonly attempts: number
}

export type Runner = (options: RunOptions) => RunResult

interface Candidate {
  readonly what: string
  readonly options: FixedOptions
}

type Attempts = Generator<ShrinkAttempt, boolean>

/**
 * Shrinks a failing run.
 * @param failed what `options` gave
 * @param run carries out a run; the same options must give the same result
 */
export function* shrink(options: RunOptions, failed: RunResult, run: Runner, attemptsMax = SHRINK_ATTEMPTS_MAX) {
  const search = new ShrinkSearch(options, failed, run, attemptsMax)
  yield* search.run()
  return search.shrunk
}

class ShrinkSearch {
  readonly #run: Runner
  readonly #invariant: string
  readonly #attemptsMax: number
  #best: FixedOptions
  #result: RunResult
  #attempts = 0

  constructor(options: RunOptions, failed: RunResult, run: Runner, attemptsMax: number) {
    const violation = failed.violations[0]
    assert(violation !== undefined, 'only a run that failed can be made smaller')
    this.#run = run
    this.#invariant = violation.invariant
    this.#attemptsMax = attemptsMax
    this.#best = { ...options, plan: failed.plan, weather: failed.weather, keepTrace: false, onProgress: null }
    this.#result = failed
  }

  get shrunk(): Shrunk {
    return { options: this.#best, result: this.#result, attempts: this.#attempts }
  }

  /** True if anything became smaller. */
  *run(): Attempts {
    let isSmaller = false
    for (let hasMoved = true; hasMoved && !this.#isOver; ) {
      hasMoved = false
      for (const pass of [this.#shorten(), this.#dropFaults(), this.#dropCalls(), this.#dropNodes(), this.#calmWeather()]) {
        if (yield* pass) hasMoved = true
      }
      if (hasMoved) isSmaller = true
    }
    return isSmaller
  }

  get #isOver(): boolean {
    return this.#attempts >= this.#attemptsMax
  }

  /** What comes behind the failure can't have caused it; what comes before it often need not take so long. */
  *#shorten(): Attempts {
    let hasMoved = false
    const atMs = Math.max(1, Math.ceil(this.#result.violations[0]?.atMs ?? this.#best.durationMs))
    if (atMs < this.#best.durationMs) hasMoved = yield* this.#try(lasting(this.#best, atMs))
    while (this.#best.durationMs > 1) {
      if (!(yield* this.#try(lasting(this.#best, Math.ceil(this.#best.durationMs / 2))))) break
      hasMoved = true
    }
    return hasMoved
  }

  /** Takes away halves, then quarters, and so on down to single faults (ddmin). */
  *#dropFaults(): Attempts {
    let hasMoved = false
    for (let size = Math.ceil(this.#best.plan.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      // From the end: what comes later depends on what came before, seldom the other way round.
      for (let end = this.#best.plan.length; end > 0; end -= size) {
        const start = Math.max(0, end - size)
        const plan = [...this.#best.plan.slice(0, start), ...this.#best.plan.slice(end)]
        if (yield* this.#try({ what: `without ${describeFaults(this.#best.plan.slice(start, end))}`, options: { ...this.#best, plan } })) {
          hasMoved = true
        }
      }
    }
    return hasMoved
  }

  /** Calls at the end go first, in halving steps; then all of them come less often. */
  *#dropCalls(): Attempts {
    let hasMoved = false
    const made = this.#result.counts.calls
    let calls = Math.min(made, this.#best.callsMax ?? made)
    for (let step = Math.ceil(calls / 2); step >= 1 && calls > 0; step = step === 1 ? 0 : Math.ceil(step / 2)) {
      const callsMax = Math.max(0, calls - step)
      if (!(yield* this.#try({ what: `only ${callsMax} calls`, options: { ...this.#best, callsMax } }))) continue
      hasMoved = true
      calls = callsMax
    }
    // What was made is what there may be: a file with the run says how many.
    if (this.#best.callsMax === null) yield* this.#try({ what: `only ${made} calls`, options: { ...this.#best, callsMax: made } })
    while (this.#best.callsPerSecond > 1) {
      const callsPerSecond = Math.ceil(this.#best.callsPerSecond / 2)
      if (!(yield* this.#try({ what: `${callsPerSecond} calls a second`, options: { ...this.#best, callsPerSecond } }))) break
      hasMoved = true
    }
    return hasMoved
  }

  *#dropNodes(): Attempts {
    let hasMoved = false
    while (this.#best.nodes > 1) {
      const nodes = this.#best.nodes - 1
      const plan = this.#best.plan.flatMap((fault) => withoutNode(fault, nodes))
      const weather = { ...this.#best.weather, clockOffsetsMs: this.#best.weather.clockOffsetsMs.slice(0, nodes) }
      if (!(yield* this.#try({ what: `${nodes} nodes`, options: { ...this.#best, nodes, plan, weather } }))) break
      hasMoved = true
    }
    return hasMoved
  }

  /** One thing at a time becomes as it is on a good day. */
  *#calmWeather(): Attempts {
    let hasMoved = false
    for (const { what, calm } of CALMER) {
      const weather = calm(this.#best.weather)
      if (weather !== null && (yield* this.#try({ what, options: { ...this.#best, weather } }))) hasMoved = true
    }
    return hasMoved
  }

  /** Runs a candidate; true if it fails in the same way, and is the smallest from now on. */
  *#try({ what, options }: Candidate): Attempts {
    if (this.#isOver) return false
    this.#attempts += 1
    const result = this.#run(options)
    const isKept = result.violations[0]?.invariant === this.#invariant
    if (isKept) {
      this.#best = options
      this.#result = result
    }
    yield { number: this.#attempts, what, isKept, smallest: this.#best }
    return isKept
  }
}

function lasting(options: FixedOptions, durationMs: number): Candidate {
  const plan = options.plan.filter((fault) => fault.atMs < durationMs)
  return { what: `only ${durationText(durationMs)}`, options: { ...options, durationMs, plan } }
}

function describeFaults(faults: FaultPlan): string {
  const [first] = faults
  return faults.length === 1 && first !== undefined ? `the ${first.kind} at ${timeText(first.atMs)}` : `${faults.length} faults`
}

/** A fault as it is in a cluster without that node; none if it was of that node alone. */
function withoutNode(fault: Fault, gone: NodeIndex): Fault[] {
  if (fault.kind === 'partition') {
    const directions = fault.directions.filter((direction) => !direction.includes(gone))
    return directions.length === 0 ? [] : [{ ...fault, directions }]
  }
  if (fault.kind === 'clog') return fault.direction.includes(gone) ? [] : [fault]
  if ((fault.kind === 'promote' || fault.kind === 'remove') && fault.target === gone) return []
  if ('node' in fault) return fault.node === gone ? [] : [fault]
  if (fault.kind === 'kill-leader') return [fault]
  const nodes = fault.nodes.filter((node) => node !== gone)
  return nodes.length === 0 ? [] : [{ ...fault, nodes }]
}

/** Null: it is so already. */
const CALMER: readonly { readonly what: string; calm(weather: Weather): Weather | null }[] = [
  { what: 'no packets lost', calm: (weather) => without(weather, 'loss') },
  { what: 'no answers lost', calm: (weather) => without(weather, 'clientLoss') },
  { what: 'no broken connections', calm: (weather) => without(weather, 'reset') },
  {
    what: 'equal clocks',
    calm: (weather) =>
      weather.clockOffsetsMs.every((offset) => offset === 0) ? null : { ...weather, clockOffsetsMs: weather.clockOffsetsMs.map(() => 0) },
  },
]

function without(weather: Weather, chance: 'loss' | 'clientLoss' | 'reset'): Weather | null {
  if (weather.network[chance].numerator === 0) return null
  const network: NetworkWeather = { ...weather.network, [chance]: { ...weather.network[chance], numerator: 0 } }
  return { ...weather, network }
}
