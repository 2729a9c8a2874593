/**
 * Runs a scenario by hand (`scenario-script.ts`) in the simulator: the same nodes as in every run,
 * in calm weather, with no fault but those that the script names. The queue is turned until what a
 * command asks for has happened; virtual time costs nothing, so every wait has a generous end.
 */

import {
  AssertionError,
  assert,
  binaryFromText,
  keyFromText,
  MINUTE_MS,
  Prng,
  present,
  SkeinError,
  textFromBinary,
  unreachable,
} from '../base/index.ts'
import type { Operation, Reply, Request } from '../core/index.ts'
import { compareVectors, formatDot, type Version } from '../crdt/index.ts'
import { Cluster } from './cluster.ts'
import type { Fault } from './fault.ts'
import type { RequestOutcome } from './request-path.ts'
import {
  judgeScenario,
  parseScenario,
  type ScenarioAnswer,
  type ScenarioOperation,
  type ScenarioOutcome,
  ScenarioPrinter,
  type ScenarioStep,
  type ScenarioVersion,
} from './scenario-script.ts'
import type { TraceEvent } from './trace.ts'
import type { Weather } from './weather.ts'

export interface ScenarioResult extends ScenarioOutcome {
  /** For a report. */
  readonly trace: readonly TraceEvent[]
  /** Virtual milliseconds from the start of the first process to the last answer. */
  readonly virtualMs: number
}

/** What a step waits for happens within this, in virtual ms, or the step fails. */
const DEADLINE_MS = MINUTE_MS
/** Longer than any scenario: what a script cut or killed comes back when the script says so. */
const FOR_EVER_MS = 365 * 24 * 60 * MINUTE_MS
const REQUEST_TIMEOUT_MS = 5000
const CONFLICTS_MAX = 100
/** Of the network's and the disk's delays; no outcome of a scenario depends on it. */
const SEED = 1
const NEVER = { numerator: 0, denominator: 1 }

/** Nothing is lost, nothing breaks, and all clocks are right. */
const CALM: Weather = {
  network: {
    delayMinMs: 0.2,
    delayMeanMs: 1,
    loss: NEVER,
    retransmitMs: 100,
    clientLoss: NEVER,
    reset: NEVER,
    detectMs: 3000,
    reconnectMs: 300,
  },
  disk: {
    writeMinMs: 0.2,
    writeMeanMs: 0.5,
    appendMinMs: 0.1,
    appendMeanMs: 0.3,
    readMeanMs: 0.1,
    syncIntervalMs: 5000,
    releaseIntervalMs: 5000,
  },
  clockOffsetsMs: [],
  faultIntervalsMs: {},
  strike: { one: NEVER, all: NEVER },
}

/**
 * Runs a script and compares what it printed with what it expects.
 * @throws BAD_REQUEST if the text is no script, or does what can't be done, such as starting a node that is up
 */
export function runScenario(text: string): ScenarioResult {
  const script = parseScenario(text)
  const printer = new ScenarioPrinter()
  const trace: TraceEvent[] = []
  let scenario: SimulatedScenario | null = null
  const printed: string[][] = []
  for (const { line, step } of script.commands) {
    if (step.kind === 'nodes') {
      scenario = SimulatedScenario.start(step.count, trace)
      printed.push([])
    } else {
      printed.push(printer.print(step, present(scenario, 'a script begins with its nodes').perform(step, line)))
    }
  }
  return { ...judgeScenario(script, printed), trace, virtualMs: scenario?.nowMs ?? 0 }
}

class SimulatedScenario {
  readonly #cluster: Cluster
  readonly #cuts: Fault[] = []

  private constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  static start(nodes: number, trace: TraceEvent[]): SimulatedScenario {
    // Nothing happens before the queue is turned, so it is there by then.
    let started: Cluster | null = null
    const cluster = Cluster.start({
      nodes,
      weather: CALM,
      random: new Prng(SEED),
      observe: (happening) => {
        trace.push({ number: trace.length, atMs: started?.atMs ?? 0, happening })
      },
    })
    started = cluster
    const scenario = new SimulatedScenario(cluster)
    const isWhole = scenario.#until(() =>
      cluster.nodes.every((node) => node.isServing && node.status().peers.every((peer) => peer.connected)),
    )
    assert(isWhole, 'a calm cluster does not come together')
    return scenario
  }

  get nowMs(): number {
    return this.#cluster.queue.nowMs
  }

  perform(step: ScenarioStep, line: number): ScenarioAnswer {
    switch (step.kind) {
      case 'nodes':
        throw new SkeinError('BAD_REQUEST', `line ${line} of the scenario: a scenario has one cluster`)
      case 'write':
        return this.#ask(step.node, writeRequest(step.operations))
      case 'get':
        return this.#ask(step.node, {
          kind: 'get',
          key: keyFromText(step.key),
          consistency: 'local',
          session: null,
          timeoutMs: REQUEST_TIMEOUT_MS,
        })
      case 'conflicts':
        return this.#ask(step.node, { kind: 'conflicts', key: keyFromText(step.key), after: null, limit: CONFLICTS_MAX })
      case 'cut':
        return this.#cut(step.left, step.right)
      case 'heal':
        for (const cut of this.#cuts.splice(0)) this.#cluster.endEarly(cut)
        return { kind: 'done' }
      case 'kill':
      case 'stop':
        return this.#takeDown(step.kind, step.node, line)
      case 'start':
        return this.#start(step.node, line)
      case 'elapse': {
        const endMs = this.nowMs + step.ms
        this.#cluster.queue.after(step.ms, () => {})
        this.#until(() => this.nowMs >= endMs)
        return { kind: 'done' }
      }
      case 'converged':
        return this.#converge(step.nodes)
      default:
        return unreachable(step)
    }
  }

  #ask(node: number, request: Request): ScenarioAnswer {
    let outcome: RequestOutcome | null = null
    this.#cluster.request(node, request, (ended) => {
      outcome = ended
    })
    const isAnswered = this.#until(() => outcome !== null)
    return isAnswered && outcome !== null ? answerOf(outcome) : { kind: 'failed', code: 'TIMEOUT' }
  }

  #cut(left: readonly number[], right: readonly number[]): ScenarioAnswer {
    const directions = left.flatMap((from) => right.flatMap((to) => [[from, to] as const, [to, from] as const]))
    const fault: Fault = { kind: 'partition', shape: 'custom', directions, atMs: this.nowMs, durationMs: FOR_EVER_MS }
    this.#cuts.push(fault)
    this.#cluster.strike(fault)
    return { kind: 'done' }
  }

  #takeDown(how: 'kill' | 'stop', node: number, line: number): ScenarioAnswer {
    const timed = { atMs: this.nowMs, nodes: [node], downMs: FOR_EVER_MS }
    const isStruck = this.#cluster.strike(how === 'kill' ? { kind: 'kill', point: null, ...timed } : { kind: 'stop', ...timed })
    if (!isStruck) throw new SkeinError('BAD_REQUEST', `line ${line} of the scenario: the node is down already`)
    const isDown = this.#until(() => this.#cluster.nodes[node]?.isUp === false)
    return isDown ? { kind: 'done' } : { kind: 'failed', code: 'TIMEOUT' }
  }

  #start(node: number, line: number): ScenarioAnswer {
    const machine = present(this.#cluster.nodes[node], 'the parser knows how many nodes there are')
    if (machine.isUp) throw new SkeinError('BAD_REQUEST', `line ${line} of the scenario: the node is up already`)
    machine.start()
    return this.#until(() => machine.isServing) ? { kind: 'done' } : { kind: 'failed', code: 'TIMEOUT' }
  }

  #converge(named: readonly number[]): ScenarioAnswer {
    const nodes = this.#cluster.nodes.filter((node) => (named.length === 0 ? node.isUp : named.includes(node.index)))
    const [first] = nodes
    const areEqual = (): boolean =>
      nodes.every(
        (node) =>
          node.isServing &&
          first !== undefined &&
          node.digest === first.digest &&
          compareVectors(node.frontier, first.frontier) === 'equal',
      )
    if (!this.#until(areEqual)) return { kind: 'failed', code: 'TIMEOUT' }
    return { kind: 'equal', nodes: nodes.map(({ index }) => index) }
  }

  /** Turns the queue until `condition` holds. False if it does not in time. */
  #until(condition: () => boolean): boolean {
    const { queue } = this.#cluster
    const endMs = queue.nowMs + DEADLINE_MS
    while (!condition()) if (queue.nowMs > endMs || !queue.runNext()) return false
    return true
  }
}

function writeRequest(operations: readonly ScenarioOperation[]): Request {
  return {
    kind: 'transaction',
    operations: operations.map(({ key, value }): Operation => {
      if (value === null) return { kind: 'delete', key: keyFromText(key) }
      return { kind: 'set', key: keyFromText(key), value: { type: 'text', data: binaryFromText(value) }, ttlMs: null }
    }),
    conditions: [],
    concern: 1,
    idempotencyKey: null,
    session: null,
    timeoutMs: REQUEST_TIMEOUT_MS,
  }
}

function answerOf(outcome: RequestOutcome): ScenarioAnswer {
  switch (outcome.kind) {
    case 'answered':
      return answerOfReply(outcome.reply)
    case 'lost':
      return { kind: 'failed', code: 'UNKNOWN' }
    case 'unreachable':
      return { kind: 'failed', code: 'UNREACHABLE' }
  }
}

function answerOfReply(reply: Reply): ScenarioAnswer {
  switch (reply.kind) {
    case 'value':
      return { kind: 'value', found: reply.item === null ? null : versionOf(reply.item.version) }
    case 'committed':
      return { kind: 'committed', version: reply.version === null ? null : formatDot(reply.version), deleted: reply.deleted }
    case 'conflicts': {
      const conflicts = reply.keys.flatMap((key) => key.conflicts)
      return {
        kind: 'conflicts',
        conflicts: conflicts.map(({ winner, loser, rule }) => ({ winner: versionOf(winner), loser: versionOf(loser), rule })),
      }
    }
    case 'failed':
      return { kind: 'failed', code: reply.error.code }
    default:
      return unreachableReply(reply)
  }
}

/** What no script asks for. */
function unreachableReply(
  reply: Extract<Reply, { readonly kind: 'page' | 'status' | 'inspected' | 'copies' | 'mode' | 'members' }>,
): never {
  throw new AssertionError(`a script asks for no ${reply.kind}`)
}

function versionOf({ value, dot }: Version): ScenarioVersion {
  return { value: value === null ? null : textFromBinary(value.data), version: formatDot(dot) }
}
