/**
 * The story that `skein demo` tells. Every sentence is checked against the running cluster before
 * it is printed: a demonstration that could be wrong without anybody noticing shows nothing.
 */

import { SECOND_MS } from '../base/index.ts'
import type { KeyConflict } from '../client/index.ts'
import { renderConflict } from './conflict-text.ts'
import { type DemoCluster, type DemoNode, reportOf } from './demo-cluster.ts'
import type { NodeReport } from './node-report.ts'
import type { Output } from './output.ts'
import { formatMs } from './quantities.ts'
import { inlineValue } from './value-text.ts'
import { waitFor } from './waiting.ts'

/** The cluster did something else than what the story says. */
export class NotAsTold extends Error {
  override readonly name = 'NotAsTold'
}

const MEET_TIMEOUT_MS = 20 * SECOND_MS
const SPREAD_TIMEOUT_MS = 10 * SECOND_MS
/** A silent peer is noticed after about 3 s. */
const NOTICE_TIMEOUT_MS = 20 * SECOND_MS
const HEAL_TIMEOUT_MS = 30 * SECOND_MS
/** Between two looks: fine enough for the times that are told, and no load worth speaking of. */
const INTERVAL_MS = 10

export const CONTESTED_KEY = 'user:1'

/** Tells the story. @throws NotAsTold; and what a node refuses */
export async function tellStory(cluster: DemoCluster, output: Output, signal: AbortSignal): Promise<void> {
  await new Story(cluster, output, signal).tell()
}

class Story {
  readonly #cluster: DemoCluster
  readonly #output: Output
  readonly #signal: AbortSignal
  #chapter = 0

  constructor(cluster: DemoCluster, output: Output, signal: AbortSignal) {
    this.#cluster = cluster
    this.#output = output
    this.#signal = signal
  }

  async tell(): Promise<void> {
    await this.#start()
    await this.#writeEverywhere()
    await this.#cut()
    const [left, right] = await this.#writeOnBothSides()
    await this.#heal()
    await this.#explain(left, right)
  }

  async #start(): Promise<void> {
    this.#title('Three nodes start, each with its own log on disk')
    for (const node of this.#cluster.nodes) {
      const elapsed = stopwatch()
      await node.process.ready(this.#signal)
      this.#nodeLine(node, `${this.#output.palette.name(node.url)}  ${this.#quiet(`ready ${formatMs(elapsed())} later`)}`)
    }
    const elapsed = stopwatch()
    await this.#until('the three nodes reach each other', MEET_TIMEOUT_MS, async () =>
      (await this.#reports()).every((report) => report.peers.length === 2 && report.peers.every(isAlive)),
    )
    this.#say(`They found each other after ${formatMs(elapsed())}. Each holds a copy of all three logs.`)
  }

  async #writeEverywhere(): Promise<void> {
    this.#title('Each accepts a write, and all of them show it')
    const values = new Map<string, string>()
    const elapsed = stopwatch()
    for (const node of this.#cluster.nodes) {
      const key = `hello:${node.name}`
      const value = `written at ${node.name}, ${new Date().toISOString()}`
      values.set(key, value)
      const took = await this.#set(node, key, value)
      this.#nodeLine(node, `set ${key}  ${this.#quiet(`durable in ${formatMs(took)}`)}`)
    }
    await this.#until('every node shows all three writes', SPREAD_TIMEOUT_MS, async () => {
      const reads = this.#cluster.nodes.flatMap((node) => [...values].map(async ([key, value]) => (await node.database.get(key)) === value))
      return (await Promise.all(reads)).every(Boolean)
    })
    this.#say(`All nine reads (three keys at three nodes) show them, ${formatMs(elapsed())} after the first write began.`)
  }

  async #cut(): Promise<void> {
    const [n1, n2, n3] = this.#cluster.nodes
    this.#title('The network to n3 is cut: every packet is dropped')
    this.#cluster.cutOff()
    const elapsed = stopwatch()
    await this.#until('n3 and the others lose sight of each other', NOTICE_TIMEOUT_MS, async () => {
      const [first, second, third] = await Promise.all([reportOf(n1), reportOf(n2), reportOf(n3)])
      return isCutFrom(first, n3) && isCutFrom(second, n3) && third.peers.every((peer) => !peer.connected)
    })
    const { palette } = this.#output
    this.#say(
      `${palette.strong('n1')} ${palette.good('━━━')} ${palette.strong('n2')} ${palette.bad('━ ✂ ━')} ${palette.strong('n3')}   ${this.#quiet(`noticed on both sides after ${formatMs(elapsed())}`)}`,
    )
  }

  async #writeOnBothSides(): Promise<readonly [left: string, right: string]> {
    const [n1, n2, n3] = this.#cluster.nodes
    this.#title(`Both sides go on, and write the same key: ${CONTESTED_KEY}`)
    const left = { name: 'Alice', plan: 'pro', via: n1.name }
    const right = { name: 'Alice', plan: 'free', via: n3.name }
    const first = await n1.database.set(CONTESTED_KEY, left)
    this.#nodeLine(n1, `set ${CONTESTED_KEY} ${inlineValue(left)}  ${this.#quiet(first.version)}`)
    const second = await n3.database.set(CONTESTED_KEY, right)
    this.#nodeLine(n3, `set ${CONTESTED_KEY} ${inlineValue(right)}  ${this.#quiet(second.version)}`)
    await this.#until('n2 shows what n1 wrote', SPREAD_TIMEOUT_MS, async () => sameJson(await n2.database.get(CONTESTED_KEY), left))
    const answers = await Promise.all(this.#cluster.nodes.map((node) => node.database.get(CONTESTED_KEY)))
    this.#expect(sameJson(answers[0], left), 'n1 answers what n1 wrote')
    this.#expect(sameJson(answers[2], right), 'n3 answers what n3 wrote')
    this.#say('Neither waited for the other. Each side answers its own: n1 and n2 say "pro", n3 says "free".')
    return [first.version, second.version]
  }

  async #heal(): Promise<void> {
    this.#title('The network heals')
    this.#cluster.heal()
    const elapsed = stopwatch()
    await this.#until('all nodes agree', HEAL_TIMEOUT_MS, async () =>
      allEqual((await this.#reports()).map((report) => JSON.stringify([report.digest, [...report.frontier].sort()]))),
    )
    const took = elapsed()
    const answers = await Promise.all(this.#cluster.nodes.map((node) => node.database.get(CONTESTED_KEY)))
    this.#expect(allEqual(answers.map((answer) => JSON.stringify(answer))), `all nodes give the same answer for ${CONTESTED_KEY}`)
    const [report] = await this.#reports()
    this.#say(`All three agree again after ${this.#output.palette.strong(formatMs(took))}: digest ${report?.digest ?? ''}`)
    this.#say(`Everywhere now: ${CONTESTED_KEY} = ${inlineValue(answers[0])}`)
  }

  async #explain(left: string, right: string): Promise<void> {
    this.#title('Nothing is lost silently: the conflict is on record, at every node')
    const records: KeyConflict[] = []
    for (const node of this.#cluster.nodes) {
      for await (const { conflicts } of node.database.conflicts(CONTESTED_KEY)) {
        records.push(...conflicts.filter(({ winner, loser }) => sameSet([winner.version, loser.version], [left, right])))
      }
    }
    const [record] = records
    this.#expect(records.length === this.#cluster.nodes.length, 'every node has the conflict on record')
    this.#expect(allEqual(records.map(({ winner }) => winner.version)), 'every node names the same winner')
    if (record !== undefined) for (const line of renderConflict(record, this.#output.palette)) this.#say(line)
  }

  #title(text: string): void {
    this.#chapter += 1
    const { palette } = this.#output
    this.#output.line()
    this.#output.line(`${palette.quiet(String(this.#chapter).padStart(2))}  ${palette.strong(text)}`)
  }

  #say(text: string): void {
    this.#output.line(text === '' ? '' : `    ${text}`)
  }

  #nodeLine(node: DemoNode, text: string): void {
    this.#say(`${this.#output.palette.good('●')} ${this.#output.palette.strong(node.name)}  ${text}`)
  }

  #quiet(text: string): string {
    return this.#output.palette.quiet(text)
  }

  async #set(node: DemoNode, key: string, value: string): Promise<number> {
    const elapsed = stopwatch()
    await node.database.set(key, value)
    return elapsed()
  }

  #reports(): Promise<NodeReport[]> {
    return Promise.all(this.#cluster.nodes.map(reportOf))
  }

  async #until(what: string, timeoutMs: number, look: () => Promise<boolean>): Promise<void> {
    const found = await waitFor(async () => ((await look()) ? true : null), { timeoutMs, intervalMs: INTERVAL_MS, signal: this.#signal })
    this.#signal.throwIfAborted()
    if (found === null) throw new NotAsTold(`within ${timeoutMs / SECOND_MS} s it did not come to pass that ${what}`)
  }

  #expect(holds: boolean, what: string): void {
    if (!holds) throw new NotAsTold(`it does not hold that ${what}`)
  }
}

function isAlive(peer: NodeReport['peers'][number]): boolean {
  return peer.connected && peer.state === 'alive'
}

function isCutFrom(report: NodeReport, node: DemoNode): boolean {
  return report.peers.some((peer) => peer.node === node.name && !peer.connected)
}

/** Milliseconds since this call. */
function stopwatch(): () => number {
  const startedAt = performance.now()
  return () => performance.now() - startedAt
}

function sameJson(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

function allEqual(texts: readonly string[]): boolean {
  return new Set(texts).size === 1
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item) => right.includes(item))
}
