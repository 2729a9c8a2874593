import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import { parseDot } from '../../crdt/index.ts'
import { eventually } from '../support/eventually.ts'
import { nodesIn } from '../support/namespace-nodes.ts'
import { NamespaceNetwork } from '../support/namespaces.ts'
import { converged, makeRoot, type NodeProcess } from '../support/processes.ts'
import { allConflicts, allItems, getItem, type ItemAnswer, mustPut } from '../support/rest.ts'
import { report } from './report.ts'

const KEYS = 100
const CONVERGED_WITHIN_MS = 5000
const NOTICED_WITHIN_MS = 10_000

describe('three nodes in network namespaces, one of them with its cable pulled', () => {
  let network: NamespaceNetwork
  let root = ''
  let nodes: readonly NodeProcess[] = []
  /** Both sides' versions of each key while they were apart. */
  const majority = new Map<string, ItemAnswer>()
  const cutOff = new Map<string, ItemAnswer>()

  beforeAll(async () => {
    network = await NamespaceNetwork.create(3)
    const made = await makeRoot()
    root = made.root
    nodes = nodesIn(network, root, made.secretFile)
    await Promise.all(nodes.map((node) => node.start()))
    await eventually(
      async () => (await connections()).every((count) => count === 2),
      NOTICED_WITHIN_MS,
      () => 'a full mesh',
    )
  })

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.kill()))
    await network.remove()
    await rm(root, { recursive: true, force: true })
  })

  async function connections(): Promise<number[]> {
    return Promise.all(nodes.map(async (node) => (await node.status()).peers.filter((peer) => peer.connected).length))
  }

  it('[EP6] the node that is cut off goes on accepting writes, as the others do', async () => {
    const [first, second, third] = nodes
    const host = network.hosts[2]
    if (first === undefined || second === undefined || third === undefined || host === undefined) throw new Error('there are three')
    await mustPut(first.url, 'before', 'the cut')
    await converged(nodes, NOTICED_WITHIN_MS)
    await network.cutOff(host)
    // Writes go on at once, before anybody has noticed.
    const key = (index: number) => `key:${String(index).padStart(3, '0')}`
    for (let index = 0; index < KEYS / 2; index++) await mustPut((index % 2 === 0 ? first : second).url, key(index), `majority ${index}`)
    await laterMillisecond()
    for (let index = 0; index < KEYS; index++) await mustPut(third.url, key(index), `cut off ${index}`)
    await laterMillisecond()
    for (let index = KEYS / 2; index < KEYS; index++) await mustPut((index % 2 === 0 ? first : second).url, key(index), `majority ${index}`)
    await eventually(
      async () => (await connections()).join() === '1,1,0',
      NOTICED_WITHIN_MS,
      () => 'the cut is noticed',
    )
    await converged([first, second], NOTICED_WITHIN_MS)
    for (let index = 0; index < KEYS; index++) {
      majority.set(key(index), present(await getItem(first.url, key(index)), 'the majority wrote it'))
      cutOff.set(key(index), present(await getItem(third.url, key(index)), 'the one cut off wrote it'))
    }
    expect([...majority.values()].every(({ value }) => String(value).startsWith('majority'))).toBe(true)
    expect([...cutOff.values()].every(({ value }) => String(value).startsWith('cut off'))).toBe(true)
  })

  it(`[CA5] both sides converge within ${CONVERGED_WITHIN_MS} ms of the healing`, async () => {
    const healedMs = performance.now()
    await network.heal(present(network.hosts[2], 'there are three'))
    await converged(nodes, CONVERGED_WITHIN_MS)
    const convergedMs = performance.now() - healedMs
    report(`converged ${Math.round(convergedMs)} ms after the cable was plugged in`)
    expect(convergedMs).toBeLessThan(CONVERGED_WITHIN_MS)
  })

  it('[RG3] the winner of each key is the one with the larger clock, on every node', async () => {
    for (const node of nodes) {
      const items = await allItems(node.url)
      for (const [key, left] of majority) {
        const right = present(cutOff.get(key), 'both sides wrote it')
        expect(left.timestamp, 'the test keeps the clocks apart').not.toBe(right.timestamp)
        const winner = left.timestamp > right.timestamp ? left : right
        expect(items.get(key), `${key} on ${node.name}`).toMatchObject({ version: winner.version, value: winner.value })
      }
    }
    const winners = [...majority].filter(([key, { timestamp }]) => timestamp > (cutOff.get(key)?.timestamp ?? ''))
    expect(winners.length).toBe(KEYS / 2)
  })

  it('[RG3] every loser is listed with both clocks and the rule that decided, on every node', async () => {
    for (const node of nodes) {
      const conflicts = await allConflicts(node.url)
      for (const [key, left] of majority) {
        const right = present(cutOff.get(key), 'both sides wrote it')
        const [winner, loser] = left.timestamp > right.timestamp ? [left, right] : [right, left]
        const record = conflicts.get(key)?.find((each) => each.loser.version === loser.version)
        expect(record, `${key} on ${node.name}`).toMatchObject({
          winner: { version: winner.version, value: winner.value, timestamp: winner.timestamp },
          loser: { version: loser.version, value: loser.value, timestamp: loser.timestamp },
          rule: 'timestamp',
        })
        if (record === undefined) continue
        // Each clock covers its own version and not the other's: that is what makes them concurrent.
        expect(covers(record.winner.clock, winner.version)).toBe(true)
        expect(covers(record.loser.clock, loser.version)).toBe(true)
        expect(covers(record.winner.clock, loser.version)).toBe(false)
        expect(covers(record.loser.clock, winner.version)).toBe(false)
      }
      expect((await node.status()).logs.filter(({ state }) => state === 'forked' || state === 'corrupt')).toEqual([])
    }
  })
})

function covers(clock: Readonly<Record<string, number>>, version: string): boolean {
  const dot = present(parseDot(version), 'a version is a dot')
  return (clock[dot.writer] ?? 0) >= dot.sequence
}

/** Waits until the wall clock shows another millisecond, so that timestamps before and after differ as they are shown. */
async function laterMillisecond(): Promise<void> {
  const fromMs = Date.now()
  await eventually(
    () => Date.now() > fromMs + 1,
    1000,
    () => 'the clock moves',
  )
}
