import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { present } from '../../base/index.ts'
import { copyTree, replaceContent } from '../support/disk-content.ts'
import { eventually } from '../support/eventually.ts'
import { freeUdpPorts } from '../support/local-cluster.ts'
import { NodeProcess, ProcessCluster } from '../support/processes.ts'
import { allConflicts, allItems, getItem, mustPut, put } from '../support/rest.ts'

const run = promisify(execFile)
const REFUSED_EXIT_CODE = 4
const NOTICED_WITHIN_MS = 10_000

describe('three processes with names and directories', () => {
  let cluster: ProcessCluster
  let others: NodeProcess[] = []

  beforeEach(async () => {
    cluster = await ProcessCluster.start(3)
  })

  afterEach(async () => {
    await Promise.all(others.map((other) => other.kill()))
    others = []
    await cluster.stop()
  })

  /** Another process with the settings of `node`, but ports of its own. */
  async function double(node: NodeProcess, data: string): Promise<NodeProcess> {
    const [gossipPort = 0, httpPort = 0, respPort = 0] = await freeUdpPorts(3)
    const process = new NodeProcess({ ...node.settings, data, gossipPort, httpPort, respPort })
    others.push(process)
    return process
  }

  it('[ID5] a second start on a directory in use is refused, and the first process goes on', async () => {
    const first = cluster.node('n1')
    await mustPut(first.url, 'before', 1)
    const second = await double(first, first.settings.data)
    second.launch()
    expect(await second.ended()).toEqual({ code: REFUSED_EXIT_CODE, signal: null })
    expect(second.output).toContain('another process uses')
    expect(second.output).toContain(first.settings.data)
    expect((await getItem(first.url, 'before'))?.value).toBe(1)
    await mustPut(first.url, 'after', 2)
    await cluster.converged()
    expectSoundLogs(await first.status())
  })

  it('[ID3] a copied directory is refused, beside the original and in its place', async () => {
    const original = cluster.node('n1')
    await mustPut(original.url, 'key', 1)
    const copy = join(cluster.root, 'copy')
    await run('cp', ['-a', original.settings.data, copy])
    const copied = await double(original, copy)
    copied.launch()
    expect(await copied.ended()).toEqual({ code: REFUSED_EXIT_CODE, signal: null })
    expect(copied.output).toContain('was copied or restored from a copy')
    await original.kill()
    copied.launch()
    expect(await copied.ended()).toEqual({ code: REFUSED_EXIT_CODE, signal: null })
    await original.start()
    expect((await getItem(original.url, 'key'))?.value).toBe(1)
  })

  it('[ID3] [ID4] a wiped directory that comes back under its name gets everything back and writes on', async () => {
    const wiped = cluster.node('n3')
    for (const node of cluster.nodes) for (let index = 0; index < 20; index++) await mustPut(node.url, `${node.name}:${index}`, index)
    await cluster.converged()
    const before = await collectVersions()
    await wiped.kill()
    await rm(wiped.settings.data, { recursive: true, force: true })
    await wiped.start()
    await cluster.connected()
    await mustPut(wiped.url, 'after the wipe', 1)
    for (let index = 0; index < 20; index++) await mustPut(wiped.url, `n3:again:${index}`, index)
    await cluster.converged()
    await expectUnchanged(before)
    for (const node of cluster.nodes) {
      expect((await allItems(node.url)).size).toBe(81)
      expectSoundLogs(await node.status())
    }
  })

  it('[ID3] [ID4] a directory rolled back in place begins a new log: nothing is lost, no dot means two things', async () => {
    const rolled = cluster.node('n3')
    const peers = cluster.nodes.filter((node) => node !== rolled)
    const { data } = rolled.settings
    for (let index = 0; index < 20; index++) await mustPut(rolled.url, `early:${index}`, index)
    await cluster.converged()
    await copyTree(join(data, 'journal'), join(cluster.root, 'old-journal'))
    await copyTree(join(data, 'logs', 'db'), join(cluster.root, 'old-db'))
    for (let index = 0; index < 20; index++) await mustPut(rolled.url, `late:${index}`, index)
    for (let index = 0; index < 20; index++) await mustPut(rolled.url, `early:${index}`, `overwritten ${index}`)
    await cluster.converged()
    const before = await collectVersions()
    const { writer: lostWriter } = await rolled.status()

    await Promise.all(cluster.nodes.map((node) => node.kill()))
    await replaceContent(join(data, 'journal'), join(cluster.root, 'old-journal'))
    await replaceContent(join(data, 'logs', 'db'), join(cluster.root, 'old-db'))
    // Alone, it knows nothing of what it wrote since, and writes: the moment in which a dot could be used twice.
    await rolled.start()
    expect((await allItems(rolled.url)).size).toBe(20)
    for (let index = 0; index < 20; index++) await mustPut(rolled.url, `late:${index}`, `written again ${index}`)
    for (let index = 0; index < 20; index++) await mustPut(rolled.url, `new:${index}`, index)
    const { writer: newWriter } = await rolled.status()
    expect(newWriter).not.toBe(lostWriter)

    await Promise.all(peers.map((peer) => peer.start()))
    await cluster.connected()
    await cluster.converged()
    await expectUnchanged(before)
    for (const node of cluster.nodes) {
      const items = await allItems(node.url)
      expect(items.size).toBe(60)
      // Fetched as a reader: the peers' knowledge of its lost log, whole.
      const { frontier, logs } = await node.status()
      expect(frontier[present(lostWriter, 'it wrote')]).toBe(60)
      expectSoundLogs({ logs })
      for (let index = 0; index < 20; index++) expect(items.get(`early:${index}`)?.value).toBe(`overwritten ${index}`)
    }
  })

  it('[ID5] of two live processes under one name the later is refused, and both see it', async () => {
    const first = cluster.node('n3')
    const later = await double(first, join(cluster.root, 'another-n3'))
    later.launch()
    await eventually(
      async () => {
        if (!later.isRunning) throw new Error(`it ended:\n${later.output}`)
        const { refusedBy } = await later.status().catch(() => ({ refusedBy: [] }))
        return new Set(refusedBy.map(({ node }) => node)).size === 2 && refusedBy.every(({ reason }) => reason === 'NAME_IN_USE')
      },
      NOTICED_WITHIN_MS,
      () => 'the refusal of the later one',
    )
    await eventually(
      async () => (await first.status()).nameContested,
      NOTICED_WITHIN_MS,
      () => 'the first one sees it',
    )
    const { state } = await later.status()
    expect(state).toEqual({ kind: 'read-only', reason: 'NAME_IN_USE' })
    // UNAVAILABLE, so that a client goes on to another node; the reason is in the details.
    const refusal = { status: 503, code: 'UNAVAILABLE', body: { error: { details: { reason: 'NAME_IN_USE' } } } }
    expect(await put(later.url, 'by the later', 1)).toMatchObject(refusal)
    // The first one is unharmed.
    await mustPut(first.url, 'by the first', 1)
    await cluster.converged()
    for (const node of cluster.nodes) {
      expect((await getItem(node.url, 'by the first'))?.value).toBe(1)
      expect(await getItem(node.url, 'by the later')).toBe(null)
    }
    // And the peers, who refused it, show whose name it was.
    const peer = await cluster.node('n1').status()
    expect(peer.peers.find(({ node }) => node === 'n3')).toMatchObject({ nameContested: true, connected: true })
  })

  /** Every version that a node has for a key or in a conflict, with its value. @throws if two nodes disagree */
  async function collectVersions(): Promise<Map<string, string>> {
    const values = new Map<string, string>()
    const note = (version: string, key: string, value: unknown): void => {
      const meaning = JSON.stringify([key, value])
      const known = values.get(`${version} ${key}`)
      if (known !== undefined && known !== meaning) throw new Error(`${version} means ${known} and ${meaning}`)
      values.set(`${version} ${key}`, meaning)
    }
    for (const { url } of cluster.nodes) {
      for (const [key, { version, value }] of await allItems(url)) note(version, key, value)
      for (const [key, conflicts] of await allConflicts(url)) {
        for (const { winner, loser } of conflicts) for (const side of [winner, loser]) note(side.version, key, side.value)
      }
    }
    return values
  }

  /** What a dot meant it still means, and nobody uses it for something else. */
  async function expectUnchanged(before: ReadonlyMap<string, string>): Promise<void> {
    const after = await collectVersions()
    const keysOfDots = new Map([...before.keys()].map((entry) => entry.split(' ')).map(([dot = '', key = '']) => [dot, key]))
    for (const [entry, meaning] of after) {
      const [dot = '', ...key] = entry.split(' ')
      if (keysOfDots.has(dot)) expect(before.get(entry), `${dot} on ${key.join(' ')}`).toBe(meaning)
    }
  }
})

function expectSoundLogs({ logs }: { readonly logs: readonly { readonly state: string }[] }): void {
  expect(logs.filter(({ state }) => state === 'forked' || state === 'corrupt')).toEqual([])
}
