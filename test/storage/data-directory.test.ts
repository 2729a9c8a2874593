import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isDirectoryId, parseNodeName, SkeinError } from '../../base/index.ts'
import { openDataDirectory } from '../../storage/index.ts'

const N1 = parseNodeName('n1')
const N2 = parseNodeName('n2')
const ID = 'ab'.repeat(16)
const SEED = 'ab'.repeat(32)

let root: string
let path: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skein-data-'))
  path = join(root, 'deep', 'n1')
})
afterEach(() => rm(root, { recursive: true }))

describe('a data directory', () => {
  it('[ID5] mints its id once', async () => {
    const first = await openDataDirectory(path, N1)
    expect(isDirectoryId(first.directory)).toBe(true)
    expect(await openDataDirectory(path, N1)).toEqual(first)
    const other = await openDataDirectory(join(root, 'n2'), N2)
    expect(other.directory).not.toBe(first.directory)
  })

  it("is its owner's alone and leaves nothing half-written", async () => {
    await openDataDirectory(path, N1)
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(join(path, 'node.json'))).mode & 0o777).toBe(0o600)
    expect(await readdir(path)).toEqual(['node.json'])
  })

  it('names the paths of its parts', async () => {
    const { journalPath, logsPath } = await openDataDirectory(path, N1)
    expect([journalPath, logsPath]).toEqual([join(path, 'journal'), join(path, 'logs')])
  })

  it('goes on after a crash while it was made', async () => {
    await mkdir(path, { recursive: true })
    await writeFile(join(path, 'node.json.tmp'), '{"format":')
    expect((await openDataDirectory(path, N1)).node).toBe('n1')
    expect(await readdir(path)).toEqual(['node.json'])
  })

  it('[ID1] is refused to a node of another name, with both names', async () => {
    await openDataDirectory(path, N1)
    const failure = await failureOf(openDataDirectory(path, N2))
    expect(failure.code).toBe('DIRECTORY_MISMATCH')
    expect(failure.message).toMatch(/n1.*n2/)
  })

  it.each([
    ['nothing', ''],
    ['no JSON', 'not json'],
    ['half of it', '{"format":1,"node":"n1"'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no format', JSON.stringify({ node: 'n1', directory: ID, createdAt: 'x', logSeed: SEED })],
    ['no node', JSON.stringify({ format: 1, directory: ID, createdAt: 'x', logSeed: SEED })],
    ['a node of no name', JSON.stringify({ format: 1, node: 'N 1', directory: ID, createdAt: 'x', logSeed: SEED })],
    ['a directory id of no bytes', JSON.stringify({ format: 1, node: 'n1', directory: 'xyz', createdAt: 'x', logSeed: SEED })],
    ['no date', JSON.stringify({ format: 1, node: 'n1', directory: ID, logSeed: SEED })],
    ['no seed', JSON.stringify({ format: 1, node: 'n1', directory: ID, createdAt: 'x' })],
    ['a seed of 31 bytes', JSON.stringify({ format: 1, node: 'n1', directory: ID, createdAt: 'x', logSeed: SEED.slice(2) })],
    ['a newer format', JSON.stringify({ format: 2, node: 'n1', directory: ID, createdAt: 'x', logSeed: SEED })],
  ])('refuses a file with %s, names it, and leaves it as it is', async (_title, content) => {
    await mkdir(path, { recursive: true })
    const file = join(path, 'node.json')
    await writeFile(file, content)
    const failure = await failureOf(openDataDirectory(path, N1))
    expect(failure.code).toBe('CORRUPT')
    expect(failure.message).toContain(file)
    expect(await readFile(file, 'utf8')).toBe(content)
  })

  it('says that a newer version is needed for a newer format', async () => {
    await mkdir(path, { recursive: true })
    await writeFile(join(path, 'node.json'), JSON.stringify({ format: 2 }))
    expect((await failureOf(openDataDirectory(path, N1))).message).toContain('newer')
  })

  it.each(['journal', 'logs'])('[ID5] mints no new id beside an old %s', async (name) => {
    await mkdir(join(path, name), { recursive: true })
    expect((await failureOf(openDataDirectory(path, N1))).code).toBe('CORRUPT')
    expect(await readdir(path)).toEqual([name])
  })
})

async function failureOf(opening: Promise<unknown>): Promise<SkeinError> {
  try {
    await opening
  } catch (error) {
    if (error instanceof SkeinError) return error
    throw error
  }
  throw new Error('it opened')
}
