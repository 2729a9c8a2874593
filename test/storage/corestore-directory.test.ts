import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SkeinError } from '../../base/index.ts'
import { openCorestore } from '../../storage/corestore-directory.ts'

const SEED = new Uint8Array(32).fill(7)

let root: string
let directory: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skein-corestore-'))
  directory = join(root, 'logs')
})
afterEach(() => rm(root, { recursive: true }))

describe('a directory in use', () => {
  it('[ID5] refuses a second store of the same process, and leaves the first one alone', async () => {
    const store = await openCorestore(directory, SEED)
    expect((await failureOf(directory)).code).toBe('DIRECTORY_IN_USE')
    const core = store.get({ keyPair: await store.createKeyPair('x') })
    expect((await core.append(Buffer.from('still here'))).length).toBe(1)
    await store.close()
  })

  it('[ID5] refuses a store while another process has it, and opens once that was killed', async () => {
    const holder = spawn(process.execPath, ['--input-type=module', '--eval', HOLD, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(holder.stdout, 'data')
      const failure = await failureOf(directory)
      expect(failure.code).toBe('DIRECTORY_IN_USE')
      expect(failure.message).toContain(directory)
    } finally {
      holder.kill('SIGKILL')
      await once(holder, 'exit')
    }
    await openAndClose(directory)
    expect(await readFile(join(directory, 'CORESTORE'), 'utf8')).toContain('device/inode')
  })

  it('[ID5] refuses a store whose device file was removed under a running one', async () => {
    const store = await openCorestore(directory, SEED)
    await rm(join(directory, 'CORESTORE'))
    expect((await failureOf(directory)).code).toBe('DIRECTORY_COPIED')
    await store.close()
  })
})

describe('a directory that is not the original', () => {
  it.each([
    ['a copy', async () => cp(directory, join(root, 'copy'), { recursive: true, preserveTimestamps: true }), 'copy'],
    ['a copy without its device file', async () => copyWithout('CORESTORE'), 'copy'],
    ['a copy moved to its place', async () => replaceByCopy(), 'logs'],
    ['one whose device file was changed', async () => touch(), 'logs'],
  ])('[ID5] %s is refused, with what to do instead', async (_title, tamper, name) => {
    await openAndClose(directory)
    await tamper()
    const failure = await failureOf(join(root, name))
    expect(failure.code).toBe('DIRECTORY_COPIED')
    expect(failure.message).toContain('empty data directory')
  })

  it('[ID3] one that belongs to another seed is refused: its own logs could not be told from new ones', async () => {
    await openAndClose(directory)
    await expect(openCorestore(directory, new Uint8Array(32).fill(8))).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  it('[ID5] one that was only renamed is accepted', async () => {
    await openAndClose(directory)
    await rename(directory, join(root, 'renamed'))
    await openAndClose(join(root, 'renamed'))
    expect(await readFile(join(root, 'renamed', 'CORESTORE'), 'utf8')).toContain('device/inode')
  })
})

describe('a first start that was cut short', () => {
  it('leaves an empty device file, which is made anew', async () => {
    await emptyDeviceFile(60_000)
    await openAndClose(directory)
    expect(await readFile(join(directory, 'CORESTORE'), 'utf8')).toContain('device/inode')
  })

  it('is told from a start that is under way', async () => {
    await emptyDeviceFile(0)
    expect((await failureOf(directory)).code).toBe('DIRECTORY_COPIED')
  })
})

/** Another process that opens the store, says so, and keeps it. */
const HOLD = `
  import Corestore from 'corestore'
  const store = new Corestore(process.argv[1], { primaryKey: Buffer.alloc(32, 7), unsafe: true })
  await store.ready()
  console.log('open')
  setInterval(() => {}, 1000)
`

async function openAndClose(path: string): Promise<void> {
  await (await openCorestore(path, SEED)).close()
}

async function failureOf(path: string): Promise<SkeinError> {
  try {
    await openAndClose(path)
  } catch (error) {
    if (error instanceof SkeinError) return error
    throw error
  }
  throw new Error('it opened')
}

async function copyWithout(file: string): Promise<void> {
  await cp(directory, join(root, 'copy'), { recursive: true })
  await rm(join(root, 'copy', file))
}

async function replaceByCopy(): Promise<void> {
  await cp(directory, join(root, 'copy'), { recursive: true, preserveTimestamps: true })
  await rm(directory, { recursive: true })
  await rename(join(root, 'copy'), directory)
}

async function touch(): Promise<void> {
  const later = new Date(Date.now() + 60_000)
  await utimes(join(directory, 'CORESTORE'), later, later)
}

async function emptyDeviceFile(ageMs: number): Promise<void> {
  await mkdir(directory)
  const path = join(directory, 'CORESTORE')
  await writeFile(path, '')
  const then = new Date(Date.now() - ageMs)
  await utimes(path, then, then)
}
