import { randomBytes } from 'node:crypto'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MIB, present, SECOND_MS } from '../../base/index.ts'
import { eventually } from '../support/eventually.ts'
import { type NodeProcess, ProcessCluster } from '../support/processes.ts'
import { type Answer, allItems, getItem, mustPut, put } from '../support/rest.ts'
import { runAsRoot } from '../support/root-only.ts'
import { report } from './report.ts'

/** The default limit, which leaves room for what RocksDB takes at once when it turns to a new write-ahead file. */
const MIN_FREE_MIB = 256
/** Something else on the same disk, that is removed later. */
const BALLAST_MIB = 64
/** Room above the limit that the node's own writes use up. */
const ROOM_MIB = 160
const DISK_MIB = MIN_FREE_MIB + BALLAST_MIB + ROOM_MIB
const VALUE_BYTES = 256 * 1024
const WRITERS = 4
const FULL_WITHIN_MS = 60 * SECOND_MS
const RESUMED_WITHIN_MS = 5 * SECOND_MS

describe('a node on a small disk', () => {
  let cluster: ProcessCluster
  let node: NodeProcess

  beforeEach(async () => {
    cluster = await ProcessCluster.plan(1, { options: ['--segment-size', '4mb', '--min-free', `${MIN_FREE_MIB}mb`] })
    node = cluster.node('n1')
    await mkdir(node.settings.data)
    await runAsRoot('mount', '-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', node.settings.data)
    await node.start()
  })

  afterEach(async () => {
    await node.kill()
    await runAsRoot('umount', node.settings.data)
    await cluster.stop()
  })

  /** Writes until a write is refused; keys of what was acknowledged, and the refusal. */
  async function fill(): Promise<{ acknowledged: readonly string[]; refusal: Answer }> {
    const acknowledged: string[] = []
    const refusals: Answer[] = []
    let next = 0
    const deadlineMs = performance.now() + FULL_WITHIN_MS
    await Promise.all(
      Array.from({ length: WRITERS }, async () => {
        while (refusals.length === 0) {
          if (performance.now() > deadlineMs) throw new Error(`no refusal within ${FULL_WITHIN_MS} ms`)
          const key = `large:${next++}`
          // Random, so that nothing on the way makes it smaller.
          const value = randomBytes(VALUE_BYTES / 2).toString('hex')
          const answer = await put(node.url, key, value).catch((error: unknown) => {
            throw new Error(`${key} was not answered; the node printed:\n${node.output}`, { cause: error })
          })
          if (answer.status === 200) acknowledged.push(key)
          else refusals.push(answer)
        }
      }),
    )
    return { acknowledged, refusal: present(refusals[0], 'a writer ends with a refusal') }
  }

  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(node.settings.data)
    return bavail * bsize
  }

  it('[JR4] refuses writes before the disk is full, goes on reading, and writes again when there is room', async () => {
    await mustPut(node.url, 'first', 1)
    const ballast = join(node.settings.data, 'ballast')
    await writeFile(ballast, Buffer.alloc(BALLAST_MIB * MIB))
    const { acknowledged, refusal } = await fill()
    const left = await freeBytes()
    report(
      `the first refusal came after ${acknowledged.length} × ${VALUE_BYTES / 1024} KiB, with ${(left / MIB).toFixed(1)} MiB free of a limit of ${MIN_FREE_MIB}`,
    )
    expect(refusal).toMatchObject({ status: 507, code: 'DISK_FULL' })
    expect(acknowledged.length).toBeGreaterThan(0)
    expect(left).toBeGreaterThan((MIN_FREE_MIB / 4) * MIB)
    expect((await node.status()).state).toEqual({ kind: 'read-only', reason: 'DISK_FULL' })
    expect((await getItem(node.url, 'first'))?.value).toBe(1)
    expect((await allItems(node.url)).size).toBe(acknowledged.length + 1)

    await rm(ballast)
    const freedMs = performance.now()
    await eventually(
      async () => (await put(node.url, 'again', 2)).status === 200,
      RESUMED_WITHIN_MS,
      () => 'an accepted write',
    )
    report(`writes were taken again ${Math.round(performance.now() - freedMs)} ms after room was made`)
    expect(node.isRunning).toBe(true)

    // What was acknowledged on the small disk is there after a crash, too.
    await node.kill()
    await node.start()
    const items = await allItems(node.url)
    expect([...items.keys()].sort()).toEqual([...acknowledged, 'first', 'again'].sort())
  })
})
