import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { SECOND_MS } from '../../base/index.ts'
import { copyTree, flipBit, frameWith, journalSegments, lastFrame, replaceContent, zeroRange } from '../support/disk-content.ts'
import { eventually } from '../support/eventually.ts'
import { type NodeProcess, ProcessCluster } from '../support/processes.ts'
import { allItems, batch, getItem, mustPut, put, versionOf } from '../support/rest.ts'
import { readSystemCalls, type SystemCall, straceCommand, wasOpenedWith } from '../support/system-calls.ts'
import { report } from './report.ts'

const REFUSED_EXIT_CODE = 4
const TRACE_DEADLINE_MS = 10 * SECOND_MS
const CONCURRENT_WRITES = 50

let cluster: ProcessCluster | null = null

afterEach(async () => {
  await cluster?.stop()
  cluster = null
})

async function startCluster(count: number): Promise<ProcessCluster> {
  cluster = await ProcessCluster.start(count)
  return cluster
}

async function startOne(): Promise<NodeProcess> {
  return (await startCluster(1)).node('n1')
}

describe('what strace sees of a node', () => {
  /** The calls of a node in which the writes of `work` are the only ones; `work` returns the version of each key. */
  async function trace(
    work: (url: string) => Promise<Map<string, string>>,
  ): Promise<{ calls: readonly SystemCall[]; versions: Map<string, string> }> {
    const planned = await ProcessCluster.plan(1)
    cluster = planned
    const node = planned.node('n1')
    const output = join(planned.root, 'strace.txt')
    await node.start({ wrapper: straceCommand(output) })
    const versions = await work(node.url)
    await node.terminate()
    // The tracer outlives the node by the moment in which it writes the end.
    const text = await eventually(
      async () => {
        const content = await readFile(output, 'utf8')
        return content.includes('JSKF') && content.endsWith('\n') ? content : null
      },
      TRACE_DEADLINE_MS,
      () => 'the trace of strace',
    )
    return { calls: readSystemCalls(text), versions }
  }

  /** Asserts for each key: a durable write of the journal that holds it ended before the answer with its version began. */
  function expectDurableBeforeAnswer(calls: readonly SystemCall[], versions: ReadonlyMap<string, string>): void {
    expect(versions.size).toBeGreaterThan(0)
    for (const [key, version] of versions) {
      const writes = calls.filter(
        ({ name, target, text }) => name.startsWith('pwrite') && target?.endsWith('.segment') === true && text.includes(key),
      )
      expect(writes.length, `writes of ${key} into the journal`).toBe(1)
      const answers = calls.filter(({ target, text }) => target?.startsWith('socket') === true && text.includes(`${version}\\"`))
      expect(answers.length, `answers with ${version}`).toBe(1)
      const [write] = writes
      const [answer] = answers
      if (write === undefined || answer === undefined) throw new Error('both were counted')
      expect(answer.text).toContain('HTTP/1.1 200')
      expect(wasOpenedWith(calls, write, 'O_DSYNC'), `the journal is opened for durable writes`).toBe(true)
      expect(Number(write.result), `the write of ${key} succeeded`).toBeGreaterThan(key.length)
      expect(write.endedAt, `${key} is durable before its answer leaves`).toBeLessThan(answer.beganAt)
    }
  }

  it('[WR2] the durable write of a single value ends before its answer begins', async () => {
    const { calls, versions } = await trace(async (url) => new Map([['single-key', await mustPut(url, 'single-key', 'v')]]))
    expectDurableBeforeAnswer(calls, versions)
  })

  it('[WR2] [WR3] a batch is one durable write, which ends before its answer begins', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `batch-key-${String(index).padStart(2, '0')}`)
    const { calls, versions } = await trace(async (url) => {
      const version = versionOf(
        await batch(
          url,
          keys.map((key) => [key, 'v'] as const),
        ),
      )
      return new Map(keys.map((key) => [key, version]))
    })
    expectDurableBeforeAnswer(calls, versions)
    const holding = calls.filter(
      ({ name, target, text }) =>
        name.startsWith('pwrite') && target?.endsWith('.segment') === true && keys.some((key) => text.includes(key)),
    )
    expect(holding.length).toBe(1)
  })

  it(`[WR2] [JR1] each of ${CONCURRENT_WRITES} concurrent writes is durable before its own answer`, async () => {
    const keys = Array.from({ length: CONCURRENT_WRITES }, (_, index) => `concurrent-${String(index).padStart(3, '0')}`)
    const { calls, versions } = await trace(async (url) => {
      const written = await Promise.all(keys.map(async (key) => [key, await mustPut(url, key, 'v')] as const))
      return new Map(written)
    })
    expectDurableBeforeAnswer(calls, versions)
    const commits = calls.filter(
      ({ name, target, text }) => name.startsWith('pwrite') && target?.endsWith('.segment') === true && text.includes('concurrent-'),
    )
    report(`${CONCURRENT_WRITES} concurrent writes took ${commits.length} durable writes`)
    expect(commits.length).toBeLessThan(CONCURRENT_WRITES)
  })
})

describe('hypercore storage that lost what the journal has', () => {
  it('[JR5] [LG2] is rebuilt from the journal alone, and peers that have the blocks agree', async () => {
    const { nodes, root } = await startCluster(3).then((started) => ({ nodes: started.nodes, root: started.root }))
    const running = cluster
    const [node, ...peers] = nodes
    if (node === undefined || running === null) throw new Error('a cluster has nodes')
    const database = join(node.settings.data, 'logs', 'db')
    for (let index = 0; index < 40; index++) await mustPut(node.url, `kept:${index}`, index)
    await running.converged()
    const older = join(root, 'older-db')
    await copyTree(database, older)
    for (let index = 0; index < 80; index++) await mustPut(node.url, `lost:${index}`, index)
    const digest = await running.converged()
    const { writer } = await node.status()
    await Promise.all(nodes.map((each) => each.kill()))

    await replaceContent(database, older)
    // Alone: whatever comes back comes from the journal.
    await node.start()
    const alone = await node.status()
    expect(alone.digest).toBe(digest)
    expect(alone.logs.find((log) => log.writer === writer)?.applied).toBe(120)
    // It writes on before its peers are back, into a log of its new life.
    await mustPut(node.url, 'after', 'the loss')
    await Promise.all(peers.map((peer) => peer.start()))
    await running.connected()
    await mustPut(peers[0]?.url ?? '', 'from a peer', 'after the loss')
    await running.converged()
    for (const each of nodes) {
      const { logs, keys } = await each.status()
      expect(
        logs.filter(({ state }) => state === 'forked' || state === 'corrupt'),
        `logs of ${each.name}`,
      ).toEqual([])
      expect(keys).toBe(122)
      expect((await getItem(each.url, 'after'))?.value).toBe('the loss')
    }
  })
})

describe('a damaged journal', () => {
  it('[JR3] a flipped bit in the middle refuses the start with file and offset', async () => {
    const node = await startOne()
    for (let index = 100; index < 200; index++) await mustPut(node.url, `key-${index}`, index)
    await node.kill()
    const damaged = await frameWith(node.settings.data, 'key-150')
    await flipBit(damaged.file, damaged.offset + Math.floor(damaged.bytes / 2))
    const before = await readFile(damaged.file)
    node.launch()
    expect(await node.ended()).toEqual({ code: REFUSED_EXIT_CODE, signal: null })
    expect(node.output).toContain(damaged.file)
    expect(node.output).toContain(`offset ${damaged.offset}`)
    expect(node.output).toContain('its peers refill it')
    // Nothing was made worse.
    expect(Buffer.compare(await readFile(damaged.file), before)).toBe(0)
  })

  it('[JR3] a torn tail is dropped wherever it was torn: the node starts with all that was acknowledged before', async () => {
    const node = await startOne()
    const { data } = node.settings
    for (let index = 0; index < 20; index++) await mustPut(node.url, `whole:${index}`, index)
    // As the disk is when the last write is torn: neither its frame nor its block has arrived.
    const safe = join(cluster?.root ?? '', 'before-the-last-write')
    await copyTree(join(data, 'logs', 'db'), safe)
    const wholeBytes = (await lastFrame(data)).offset
    expect(
      (
        await batch(node.url, [
          ['torn:1', 'a'],
          ['torn:2', 'b'],
          ['torn:3', 'c'],
        ])
      ).status,
    ).toBe(200)
    await node.kill()
    const torn = await lastFrame(data)
    expect(torn.offset).toBeGreaterThan(wholeBytes)
    const journal = join(cluster?.root ?? '', 'journal-at-the-crash')
    await copyTree(join(data, 'journal'), journal)
    const cuts = [0, 1, 31, 33, Math.floor(torn.bytes / 2), torn.bytes - 9]
    for (const cut of cuts) {
      await replaceContent(join(data, 'journal'), journal)
      await replaceContent(join(data, 'logs', 'db'), safe)
      const file = (await journalSegments(data)).at(-1) ?? ''
      await zeroRange(file, torn.offset + cut, torn.bytes - cut)
      await node.start()
      const items = await allItems(node.url)
      expect([...items.keys()].sort(), `torn at byte ${cut} of ${torn.bytes}`).toEqual(
        Array.from({ length: 20 }, (_, index) => `whole:${index}`).sort(),
      )
      expect((await put(node.url, 'next', cut)).status).toBe(200)
      await node.kill()
    }
  })
})
