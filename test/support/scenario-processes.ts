/**
 * Runs a scenario by hand (`sim/scenario-script.ts`) against real processes: the program as it is
 * installed, with a link that can be cut for each way between two nodes.
 */

import { MINUTE_MS, present, unreachable } from '../../base/index.ts'
import { UdpLink } from '../../gossip/index.ts'
import {
  judgeScenario,
  parseScenario,
  type ScenarioAnswer,
  type ScenarioOperation,
  type ScenarioOutcome,
  ScenarioPrinter,
  type ScenarioStep,
  type ScenarioVersion,
} from '../../sim/scenario-script.ts'
import { eventually } from './eventually.ts'
import { connectedPeers, converged, NodeProcess, type PeerSettings, ProcessCluster } from './processes.ts'
import { allConflicts, getItem } from './rest.ts'

/** What a step waits for happens within this. Two nodes that were cut off try each other again within some seconds. */
const DEADLINE_MS = MINUTE_MS

export async function runScenarioOnProcesses(text: string): Promise<ScenarioOutcome> {
  const script = parseScenario(text)
  const printer = new ScenarioPrinter()
  const printed: string[][] = []
  let scenario: ProcessScenario | null = null
  try {
    for (const { step } of script.commands) {
      if (step.kind === 'nodes') {
        scenario = await ProcessScenario.start(step.count)
        printed.push([])
      } else {
        printed.push(printer.print(step, await present(scenario, 'a script begins with its nodes').perform(step)))
      }
    }
  } finally {
    await scenario?.close()
  }
  return judgeScenario(script, printed)
}

interface Way {
  readonly from: number
  readonly to: number
  readonly link: UdpLink
}

class ProcessScenario {
  /** Whose directories these are. */
  readonly #plan: ProcessCluster
  readonly #nodes: readonly NodeProcess[]
  readonly #ways: readonly Way[]

  private constructor(plan: ProcessCluster, nodes: readonly NodeProcess[], ways: readonly Way[]) {
    this.#plan = plan
    this.#nodes = nodes
    this.#ways = ways
  }

  static async start(count: number): Promise<ProcessScenario> {
    const plan = await ProcessCluster.plan(count)
    const ways: Way[] = []
    const nodes: NodeProcess[] = []
    for (const [from, { settings }] of plan.nodes.entries()) {
      const peers: PeerSettings[] = []
      for (const [to, { name, settings: target }] of plan.nodes.entries()) {
        if (from === to) continue
        const link = await UdpLink.open({ host: target.gossipHost, port: target.gossipPort })
        ways.push({ from, to, link })
        peers.push({ name, ...link.address })
      }
      nodes.push(new NodeProcess({ ...settings, peers }))
    }
    const scenario = new ProcessScenario(plan, nodes, ways)
    try {
      await Promise.all(nodes.map((node) => node.start()))
      await eventually(
        async () => (await Promise.all(nodes.map((node) => node.status()))).every((status) => connectedPeers(status).length === count - 1),
        DEADLINE_MS,
        () => 'the connection of all nodes with each other',
      )
    } catch (error) {
      await scenario.close()
      throw error
    }
    return scenario
  }

  async perform(step: ScenarioStep): Promise<ScenarioAnswer> {
    switch (step.kind) {
      case 'nodes':
        throw new Error('a scenario has one cluster')
      case 'write':
        return orUnreachable(() => writeBatch(this.#node(step.node).url, step.operations))
      case 'get':
        return orUnreachable(() => readItem(this.#node(step.node).url, step.key))
      case 'conflicts':
        return orUnreachable(() => conflictsOf(this.#node(step.node).url, step.key))
      case 'cut':
        for (const { from, to, link } of this.#ways) {
          const isCut = (step.left.includes(from) && step.right.includes(to)) || (step.right.includes(from) && step.left.includes(to))
          if (isCut) link.cut()
        }
        return { kind: 'done' }
      case 'heal':
        for (const { link } of this.#ways) link.heal()
        return { kind: 'done' }
      case 'kill':
        await this.#node(step.node).kill()
        return { kind: 'done' }
      case 'stop':
        await this.#node(step.node).terminate()
        return { kind: 'done' }
      case 'start':
        await this.#node(step.node).start()
        return { kind: 'done' }
      case 'elapse': {
        const untilMs = Date.now() + step.ms
        await eventually(
          () => Date.now() > untilMs,
          DEADLINE_MS,
          () => 'the clock moves',
        )
        return { kind: 'done' }
      }
      case 'converged': {
        const nodes = this.#nodes.filter((node, index) => (step.nodes.length === 0 ? node.isRunning : step.nodes.includes(index)))
        await converged(nodes, DEADLINE_MS)
        return { kind: 'equal', nodes: nodes.map((node) => this.#nodes.indexOf(node)) }
      }
      default:
        return unreachable(step)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()))
    await this.#plan.stop()
    await Promise.all(this.#ways.map(({ link }) => link.close()))
  }

  #node(index: number): NodeProcess {
    return present(this.#nodes[index], 'the parser knows how many nodes there are')
  }
}

/** A node that is down refuses the connection. */
async function orUnreachable(ask: () => Promise<ScenarioAnswer>): Promise<ScenarioAnswer> {
  try {
    return await ask()
  } catch (error) {
    // What `fetch` throws if nobody answers; an answer that is no success is another error.
    if (error instanceof TypeError) return { kind: 'failed', code: 'UNREACHABLE' }
    throw error
  }
}

async function readItem(url: string, key: string): Promise<ScenarioAnswer> {
  const item = await getItem(url, key)
  return { kind: 'value', found: item === null ? null : sideOf(item) }
}

async function writeBatch(url: string, operations: readonly ScenarioOperation[]): Promise<ScenarioAnswer> {
  const ops = operations.map(({ key, value }) => (value === null ? { op: 'del', key } : { op: 'set', key, value }))
  const response = await fetch(`${url}/v1/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ops }),
  })
  const body = (await response.json()) as { version: string | null; deleted: number; error?: { code: string } }
  if (body.error !== undefined) return { kind: 'failed', code: body.error.code }
  return { kind: 'committed', version: body.version, deleted: body.deleted }
}

async function conflictsOf(url: string, key: string): Promise<ScenarioAnswer> {
  const conflicts = (await allConflicts(url)).get(key) ?? []
  return {
    kind: 'conflicts',
    conflicts: conflicts.map(({ winner, loser, rule }) => ({ winner: sideOf(winner), loser: sideOf(loser), rule })),
  }
}

function sideOf({ value, version }: { readonly value: unknown; readonly version: string }): ScenarioVersion {
  return { value: value === null ? null : String(value), version }
}
