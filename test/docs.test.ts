/**
 * The documents against what they speak of: links and files, options, routes, error codes, rule
 * numbers, and the examples, which run. What a machine can't compare (is it true, is it clear) is
 * left to readers.
 */

import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ERROR_STATUS } from '../base/index.ts'
import { skein } from './cli/run-skein.ts'
import { type LocalCluster, startCluster } from './support/local-cluster.ts'

const ROOT = resolve(import.meta.dirname, '..')
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter(isMarkdown)
    .map((name) => `docs/${name}`),
]
const FOLDERS = [
  'base',
  'crdt',
  'core',
  'storage',
  'gossip',
  'server',
  'client',
  'cli',
  'sim',
  'bench',
  'test',
  'scripts',
  'examples',
  'docs',
  'types',
]
/** Options of other programs that the documents name. */
const FOREIGN_OPTIONS = ['--quick', '--minutes', '--cpu-prof', '--cpu-prof-dir', '--inspect', '--jitless']

const run = promisify(execFile)
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

describe('the documents', () => {
  it.each(DOCUMENTS)('[DOCS] every relative link of %s leads somewhere', (document) => {
    const broken = linksOf(read(document)).filter((link) => !resolves(document, link))
    expect(broken).toEqual([])
  })

  it.each(DOCUMENTS)('[DOCS] every file that %s names exists', (document) => {
    const missing = inlineCodeOf(read(document)).filter((code) => isPath(code) && !existsSync(join(ROOT, code)))
    expect(missing).toEqual([])
  })

  it('[DOCS] every rule that a test names is in the protocol', () => {
    const protocol = read('docs/protocol.md')
    const cited = new Set(filesIn('test').flatMap((path) => [...read(path).matchAll(/\[([A-Z]{2}\d+)\]/g)].map(([, rule = '']) => rule)))
    expect(cited.size).toBeGreaterThan(20)
    expect([...cited].filter((rule) => !protocol.includes(`**${rule}**`))).toEqual([])
  })

  it('[DOCS] every error code is explained', () => {
    const operations = read('docs/operations.md')
    expect(Object.entries(ERROR_STATUS).filter(([code]) => !operations.includes(`| ${code} |`))).toEqual([])
  })

  it('[DOCS] the code of the README is that of the examples', () => {
    const examples = readdirSync(join(ROOT, 'examples')).map((name) => read(`examples/${name}`))
    const blocks = blocksOf(read('README.md'), 'js')
    expect(blocks.length).toBeGreaterThan(0)
    for (const block of blocks) expect(examples.some((example) => example.includes(block.trim()))).toBe(true)
  })
})

describe('the options in the documents', () => {
  /** By command, that of a group with the group's name before it: the options that its help names. */
  const options = new Map<string, readonly string[]>()

  beforeAll(async () => {
    const learn = async (path: readonly string[]): Promise<void> => {
      const { stdout } = await skein([...path, '--help'])
      const [, list = ''] = stdout.split('Commands:\n')
      const named = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option = '']) => option)
      options.set(path.join(' '), named)
      await Promise.all([...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => learn([...path, name])))
    }
    await learn([])
    expect(options.get('start')?.length).toBeGreaterThan(10)
  })

  it.each(DOCUMENTS)('[DOCS] %s names none that do not exist', (document) => {
    const known = new Set([...options.values()].flat().flatMap((option) => [option, option.replace('--', '--no-')]))
    const text = read(document)
    const code = [...blocksOf(text, '').flatMap(skeinLines), ...inlineCodeOf(text)]
    const named = code.flatMap((line) => [...line.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option))
    expect(named.filter((option) => !known.has(option) && !FOREIGN_OPTIONS.includes(option))).toEqual([])
  })

  it('[DOCS] each of `skein start` is in operations.md, with its variable and its key', () => {
    const rows = read('docs/operations.md')
    const missing = (options.get('start') ?? []).filter((option) => {
      const name = option.slice(2)
      const variable = `SKEIN_${name.replaceAll('-', '_').toUpperCase()}`
      const key = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
      return !rows.includes(`| \`${option}\` | \`${variable}\` | \`${key}\` |`)
    })
    expect(missing).toEqual(['--config', '--help'])
  })

  it('[DOCS] every command that the documents run exists', () => {
    const lines = DOCUMENTS.flatMap((document) => [
      ...blocksOf(read(document), '').flatMap(skeinLines),
      ...inlineCodeOf(read(document)).filter(isCall),
    ])
    const called = lines.map((line) => / ?skein (sim [a-z]+|[a-z]+)/.exec(line)?.[1] ?? '')
    expect(called.length).toBeGreaterThan(5)
    expect(called.filter((command) => command !== '' && !options.has(command))).toEqual([])
  })
})

describe('the examples', () => {
  let cluster: LocalCluster
  let scratch: string

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'skein-docs-'))
    cluster = await startCluster(2)
  })

  afterAll(async () => {
    await cluster.stop()
    await rm(scratch, { recursive: true, force: true })
  })

  it('[DOCS] client.mjs writes, is refused, and lists', async () => {
    expect(await example('client.mjs', ...cluster.urls)).toEqual([
      "read { name: 'Alice' }",
      'refused CONFLICT',
      "user:1 { name: 'Alice', city: 'Oslo' }",
      "user:2 { name: 'Bob' }",
      "user:3 { name: 'Carol' }",
    ])
  })

  it('[DOCS] session.mjs reads at one node what it wrote at the other', async () => {
    const lines = await example('session.mjs', ...cluster.urls)
    expect(lines.at(-1)).toBe("session [ 'apples', 'pears' ]")
  })

  it('[DOCS] embed.mjs opens a node', async () => {
    const lines = await example('embed.mjs', join(scratch, 'embedded'))
    expect(lines[0]).toBe('good morning')
    expect(lines[1]).toMatch(/^1 key, digest [0-9a-f]{16}$/)
  })

  it('[DOCS] every route of a node is in http.md', async () => {
    const response = await fetch(`${cluster.urls[0]}/openapi.json`)
    const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> }
    const document = read('docs/http.md')
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(routes.length).toBeGreaterThan(8)
    expect(routes.filter((route) => !route.startsWith('HEAD ') && !document.includes(`\`${route}\``))).toEqual([])
  })
})

/** The lines that an example prints. It runs what was built, as a program that depends on the package does. */
async function example(name: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await run(process.execPath, [join(ROOT, 'examples', name), ...args], { cwd: tmpdir() })
  return stdout.trimEnd().split('\n')
}

function isMarkdown(name: string): boolean {
  return name.endsWith('.md')
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
}

/** Targets of links and images that stay in the repository. */
function linksOf(text: string): string[] {
  const prose = withoutBlocks(text)
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target = '']) => target)
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

function resolves(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? document : relative(ROOT, resolve(ROOT, dirname(document), path))
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || anchorsOf(read(target)).includes(anchor)
}

/** Of headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '')
}

/** The code blocks in `language`; those without one for the empty text. */
function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].filter(([, found]) => found === language).map(([, , code = '']) => code)
}

/** Lines that run `skein`, with the lines that continue them. */
function skeinLines(block: string): string[] {
  const lines = block.replaceAll(/\\\n\s*/g, ' ').split('\n')
  return lines.filter((line) => /^(\$ )?(npx )?skein /.test(line) || /[(|] ?(npx )?skein /.test(line))
}

function isCall(code: string): boolean {
  return code.startsWith('skein ')
}

function inlineCodeOf(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
}

/** True for what looks like a path from the root of the repository. */
function isPath(code: string): boolean {
  return FOLDERS.some((folder) => code.startsWith(`${folder}/`)) && !/[\s*<>{}…]/.test(code)
}
