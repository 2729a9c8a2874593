/**
 * The mode is switched to and fro while clients write, and in the middle of every switch one node's cable
 * is pulled. Each write is sent once, of a key of its own, to a node of its own: so what was acknowledged
 * has to be there under the version that it was acknowledged with, and every transaction that exists
 * has made a key of its own.
 */

import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import { connect, type Mode } from '../../client/index.ts'
import { eventually } from '../support/eventually.ts'
import { nodesIn } from '../support/namespace-nodes.ts'
import { NamespaceNetwork } from '../support/namespaces.ts'
import { lostFrom, PacedLoad, quantile } from '../support/paced-load.ts'
import { converged, makeRoot, type NodeProcess } from '../support/processes.ts'
import { type Answer, allItems, put, versionOf } from '../support/rest.ts'
import { report } from './report.ts'

/** Times to leader mode and back. */
const ROUNDS = Number(process.env.SKEIN_SWITCHES ?? 5)
/** At each of three nodes. */
const WRITES_PER_SECOND = 60
/** Acknowledged writes at a node that show that it serves. */
const SERVING = 15
const SWITCH_TIMEOUT_MS = 20_000
const DEADLINE_MS = 30_000
const PROOF_MS = 240_000

/** When the cable is pulled. */
const MOMENTS = ['nobody has noticed', 'it is asked for', 'somebody has promised'] as const

interface Switched {
  readonly mode: Mode
  readonly fromMs: number
  readonly toMs: number
  /** The nodes that stayed connected. */
  readonly others: readonly NodeProcess[]
  /** What the one that was cut off acknowledged meanwhile. */
  readonly strays: number
}

describe('three nodes, switched between the modes with one of them cut off in the middle of each switch', () => {
  let network: NamespaceNetwork
  let root = ''
  let nodes: readonly NodeProcess[] = []
  const loads = new Map<NodeProcess, PacedLoad>()
  const switches: Switched[] = []

  beforeAll(async () => {
    network = await NamespaceNetwork.create(3)
    const made = await makeRoot()
    root = made.root
    nodes = nodesIn(network, root, made.secretFile)
    await Promise.all(nodes.map((node) => node.start()))
    await settled('multi')
    for (const node of nodes) loads.set(node, new PacedLoad(node.name, WRITES_PER_SECOND, (key, value) => writeOnce(node, key, value)))
    for (let turn = 0; turn < 2 * ROUNDS; turn++) switches.push(await switchAndCut(turn))
    await Promise.all([...loads.values()].map((load) => load.stop()))
    await converged(nodes, DEADLINE_MS)
  }, PROOF_MS)

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.kill()))
    await network.remove()
    await rm(root, { recursive: true, force: true })
  })

  function loadOf(node: NodeProcess): PacedLoad {
    return present(loads.get(node), 'each node has a load')
  }

  async function switchAndCut(turn: number): Promise<Switched> {
    const mode = turn % 2 === 0 ? 'leader' : 'multi'
    const place = turn % nodes.length
    const victim = present(nodes[place], 'there are three')
    const host = present(network.hosts[place], 'there are three')
    const others = nodes.filter((node) => node !== victim)
    const moment = MOMENTS[(turn >> 1) % MOMENTS.length]
    const promised = await highestPromise(others)
    const database = connect({ nodes: others.map(({ url }) => url) })
    if (moment === 'nobody has noticed') await network.cutOff(host)
    const before = loadOf(victim).acknowledged.size
    const fromMs = performance.now()
    const switching = database.switchMode(mode, { timeoutMs: SWITCH_TIMEOUT_MS })
    if (moment === 'somebody has promised')
      await eventually(
        async () => (await highestPromise(others)) > promised,
        SWITCH_TIMEOUT_MS,
        () => 'a promise',
      )
    if (moment !== 'nobody has noticed') await network.cutOff(host)
    expect(await switching).toMatchObject({ mode })
    const toMs = performance.now()
    await Promise.all(others.map((node) => loadOf(node).goesOn(SERVING)))
    const strays = loadOf(victim).acknowledged.size - before
    await network.heal(host)
    await settled(mode)
    await Promise.all(nodes.map((node) => loadOf(node).goesOn(SERVING)))
    await database.close()
    return { mode, fromMs, toMs, others, strays }
  }

  async function highestPromise(asked: readonly NodeProcess[]): Promise<number> {
    return Math.max(...(await Promise.all(asked.map(async (node) => (await node.status()).chain.promised))))
  }

  /** Waits until all reach each other and are in one epoch of the mode. */
  async function settled(mode: Mode): Promise<void> {
    await eventually(
      async () => {
        const all = await Promise.all(nodes.map((node) => node.status()))
        const isWhole = all.every(({ peers }) => peers.length === 2 && peers.every((peer) => peer.connected))
        return isWhole && new Set(all.map(({ epoch }) => epoch)).size === 1 && all.every((status) => status.mode === mode)
      },
      DEADLINE_MS,
      () => `three nodes that reach each other in ${mode} mode`,
    )
  }

  it(`[EP4] [EP5] ${2 * ROUNDS} switches succeed without the node that is cut off`, () => {
    expect(switches).toHaveLength(2 * ROUNDS)
    for (const mode of ['leader', 'multi'] as const) {
      const made = switches.filter((each) => each.mode === mode)
      const pauses = made.map(({ fromMs, toMs, others }) => Math.max(...others.map((node) => loadOf(node).longestGapMs(fromMs, toMs))))
      const took = made.map(({ fromMs, toMs }) => toMs - fromMs)
      const writes = made.flatMap(({ fromMs, toMs, others }) => others.flatMap((node) => loadOf(node).durationsMs(fromMs, toMs)))
      report(
        `${made.length} switches to ${mode} with a node cut off: took median ${Math.round(quantile(took, 0.5))} ms, slowest ${Math.round(quantile(took, 1))} ms; ` +
          `pause of writes median ${Math.round(quantile(pauses, 0.5))} ms, p99 ${Math.round(quantile(pauses, 0.99))} ms; ` +
          `a write on its way meanwhile median ${Math.round(quantile(writes, 0.5))} ms, p99 ${Math.round(quantile(writes, 0.99))} ms (${writes.length})`,
      )
    }
  })

  it('[EP6] what was acknowledged is on every node, that of the node that was cut off too', async () => {
    const strays = switches.reduce((sum, each) => sum + each.strays, 0)
    const counts = [...loads.values()].map(({ acknowledged, failures }) => `${acknowledged.size} acknowledged, ${failures.length} failed`)
    report(`writes at n1, n2, n3: ${counts.join('; ')}; acknowledged by nodes while they were cut off: ${strays}`)
    expect(strays).toBeGreaterThan(0)
    for (const node of nodes) {
      const items = await allItems(node.url)
      for (const load of loads.values()) expect(lostFrom(load.acknowledged, items)).toEqual([])
    }
  })

  it('[EP4] nothing has taken effect twice', async () => {
    for (const node of nodes) {
      const items = await allItems(node.url)
      for (const { acknowledged } of loads.values()) {
        const changed = [...acknowledged].filter(([key, { version }]) => items.get(key)?.version !== version)
        expect(changed).toEqual([])
      }
      const { frontier, keysWithConflicts } = await node.status()
      const transactions = Object.values(frontier).reduce((sum, sequence) => sum + sequence, 0)
      expect({ transactions, keysWithConflicts }).toEqual({ transactions: items.size, keysWithConflicts: 0 })
    }
  })

  it('[CA5] all digests are equal', async () => {
    expect(new Set((await Promise.all(nodes.map((node) => node.status()))).map(({ digest }) => digest)).size).toBe(1)
  })
})

/** Writes at a node, or at the leader that it names: nothing is sent again that may have been executed. */
async function writeOnce(node: NodeProcess, key: string, value: number): Promise<string> {
  const first = await put(node.url, key, value, '?timeout=2s')
  const leader = leaderIn(first)
  const answer = leader === null ? first : await put(leader, key, value, '?timeout=2s')
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.code}`)
  return versionOf(answer)
}

/** Where a refusal says that the leader is. */
function leaderIn({ code, body }: Answer): string | null {
  if (code !== 'NOT_LEADER') return null
  const { error } = body as { readonly error: { readonly details: { readonly url: string | null } } }
  return error.details.url
}
