import { mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SkeinError } from '../../base/index.ts'
import { DurabilityBarrier } from '../../storage/durability-barrier.ts'

let directory: string
let fatal: SkeinError[]
let barrier: DurabilityBarrier
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-barrier-'))
  await writeFile(join(directory, '000001.log'), 'data')
  await writeFile(join(directory, 'MANIFEST-000001'), 'no log')
  fatal = []
  barrier = new DurabilityBarrier({ directory, onFatal: (failure) => fatal.push(failure) })
})
afterEach(async () => {
  await barrier.close()
  await rm(directory, { recursive: true, force: true })
})

describe('the durability barrier', () => {
  it('[JR6] serves whoever comes, one after the other and together', async () => {
    const order: number[] = []
    await Promise.all([1, 2, 3, 4].map((number) => barrier.sync().then(() => order.push(number))))
    expect(order).toEqual([1, 2, 3, 4])
    expect(fatal).toEqual([])
  })

  it('[JR6] does not serve with a sync that runs whoever came after it began', async () => {
    let isFirstDone = false
    const first = barrier.sync().then(() => {
      isFirstDone = true
    })
    await readdir(directory)
    await barrier.sync()
    expect(isFirstDone).toBe(true)
    await first
  })

  it('[JR6] takes a log that has gone for one that is in a table', async () => {
    await symlink(join(directory, 'gone'), join(directory, '000002.log'))
    await barrier.sync()
    expect(fatal).toEqual([])
  })

  it('[JR6] keeps the logs open that are there, and no others', async () => {
    await barrier.sync()
    await writeFile(join(directory, '000002.log'), 'newer')
    await barrier.sync()
    expect(await openLogs()).toEqual(['000001.log', '000002.log'])
    await rm(join(directory, '000001.log'))
    await barrier.sync()
    expect(await openLogs()).toEqual(['000002.log'])
    await barrier.close()
    expect(await openLogs()).toEqual([])
  })

  it('[JR4] fails for good, and tells it once', async () => {
    await rm(directory, { recursive: true })
    const failures = await Promise.all(
      [barrier.sync(), barrier.sync()].map((sync) =>
        sync.then(
          () => null,
          (failure: SkeinError) => failure,
        ),
      ),
    )
    expect(failures.map((failure) => failure?.code)).toEqual(['INTERNAL', 'INTERNAL'])
    await expect(barrier.sync()).rejects.toThrow('ENOENT')
    expect(fatal).toHaveLength(1)
  })
})

/** Files of the directory that this process holds open. */
async function openLogs(): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd')
  const paths = await Promise.all(descriptors.map((fd) => readlink(join('/proc/self/fd', fd)).catch(() => '')))
  return paths
    .filter((path) => path.startsWith(directory))
    .map((path) => basename(path).replace(' (deleted)', ''))
    .sort()
}
