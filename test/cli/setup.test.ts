/** `scripts/setup.mjs` on a small project of its own, with the real compiler. */

import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSCONFIG = { compilerOptions: { rootDir: '.', outDir: 'dist', module: 'nodenext', types: [] }, include: ['cli'] }
const LOCK = {
  packages: { '': {}, 'node_modules/one': { version: '1.0.0', integrity: 'sha512-x' }, 'node_modules/other-platform': { optional: true } },
}

let project: string

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'skein-setup-'))
  await mkdir(join(project, 'scripts'))
  await mkdir(join(project, 'cli'))
  await mkdir(join(project, 'node_modules'))
  await cp(join(ROOT, 'scripts', 'setup.mjs'), join(project, 'scripts', 'setup.mjs'))
  await symlink(join(ROOT, 'node_modules', 'typescript'), join(project, 'node_modules', 'typescript'))
  await writeJson('package.json', { type: 'module' })
  await writeJson('tsconfig.json', {})
  await writeJson('tsconfig.build.json', TSCONFIG)
  await writeJson('package-lock.json', LOCK)
  // As after an "npm ci" by hand: what is installed is what the lock file says.
  await writeJson('node_modules/.package-lock.json', { packages: { 'node_modules/one': LOCK.packages['node_modules/one'] } })
  await writeFile(join(project, 'cli', 'main.ts'), 'export const one: number = 1\n')
  await writeFile(join(project, 'cli', 'extra.ts'), 'export const two: number = 2\n')
})

afterAll(() => rm(project, { recursive: true, force: true }))

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(join(project, path), JSON.stringify(value))
}

function setUp(): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['scripts/setup.mjs'], { cwd: project, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('close', (code) => resolve({ code, stderr }))
  })
}

async function built(): Promise<string[]> {
  return (await readdir(join(project, 'dist', 'cli'))).sort()
}

describe('scripts/setup.mjs', () => {
  it('[CLI] builds what has not been built', async () => {
    expect(await setUp()).toEqual({ code: 0, stderr: expect.stringMatching(/^skein: building … [\d.]+ s\n$/) })
    expect(await built()).toEqual(['extra.js', 'main.js'])
  })

  it('[CLI] says nothing when all is up to date', async () => {
    expect(await setUp()).toEqual({ code: 0, stderr: '' })
  })

  it('[CLI] what was built of a source that is gone goes too', async () => {
    await rm(join(project, 'cli', 'extra.ts'))
    expect((await setUp()).code).toBe(0)
    expect(await built()).toEqual(['main.js'])
  })

  it('[CLI] a mistake in a source is shown, and shown again', async () => {
    await writeFile(join(project, 'cli', 'main.ts'), 'export const one: number = "1"\n')
    const first = await setUp()
    expect(first).toEqual({ code: 1, stderr: expect.stringMatching(/cli\/main\.ts.*TS2322[\s\S]*skein: building failed/) })
    expect((await setUp()).code).toBe(1)
  })
})
