/**
 * The rules of the house that a machine can check: who may import whom, what the pure folders
 * may not touch, names that say nothing, files that have outgrown their room.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const FOLDERS = ['base', 'crdt', 'core', 'storage', 'gossip', 'server', 'client', 'sim', 'cli'] as const
type Folder = (typeof FOLDERS)[number]

/** What a folder may import besides itself. */
const MAY_IMPORT: Record<Folder, readonly Folder[]> = {
  base: [],
  crdt: ['base'],
  core: ['base', 'crdt'],
  storage: ['base', 'crdt', 'core'],
  gossip: ['base', 'core'],
  client: ['base', 'crdt'],
  server: ['base', 'crdt', 'core', 'storage', 'gossip', 'client'],
  sim: ['base', 'crdt', 'core'],
  cli: ['base', 'client', 'server', 'gossip', 'sim'],
}
const PURE: readonly Folder[] = ['base', 'crdt', 'core', 'sim']
const IN_BROWSERS: readonly Folder[] = ['base', 'crdt', 'client']

const IMPURE = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bperformance\b/,
  /\bMath\.random\b/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\basync\b/,
  /\bawait\b/,
  /\bPromise\b/,
  /\bprocess\./,
  /from 'node:/,
]
const EMPTY_NAMES = /(^|[-/])(utils?|helpers?|common|misc|manager)(\.ts$|\/)/
const LINES_MAX = 400
/** Files past the limit, with what they may have: they only shrink. */
const RATCHET: Record<string, number> = {
  'core/delivery.ts': 438,
  'core/leader-mode/leader-mode.ts': 488,
  'core/replica.ts': 438,
}

interface Source {
  readonly path: string
  readonly folder: Folder
  readonly text: string
  /** Without comments and the insides of strings that span no line. */
  readonly code: string
  readonly imports: readonly string[]
}

const sources = FOLDERS.flatMap((folder) => filesIn(join(ROOT, folder)).map((path) => readSource(folder, path)))

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}

function readSource(folder: Folder, path: string): Source {
  const text = readFileSync(path, 'utf8')
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const imports = [...code.matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, target = '']) =>
    relative(ROOT, resolve(dirname(path), target)),
  )
  return { path: relative(ROOT, path), folder, text, code, imports }
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? ''
}

describe('the house is tidy', () => {
  it('has sources to look at', () => {
    for (const folder of FOLDERS) expect(sources.some((source) => source.folder === folder)).toBe(true)
  })

  it('never imports upward or sideways', () => {
    const wrong = sources.flatMap(({ path, folder, imports }) =>
      imports
        .filter((target) => folderOf(target) !== folder && !(MAY_IMPORT[folder] as readonly string[]).includes(folderOf(target)))
        .map((target) => `${path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('imports other folders only through their index', () => {
    const wrong = sources.flatMap(({ path, folder, imports }) =>
      imports.filter((target) => folderOf(target) !== folder && !target.endsWith('/index.ts')).map((target) => `${path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('has no import cycles', () => {
    expect(findCycle(new Map(sources.map(({ path, code, imports }) => [path, valueImports(code, imports)])))).toBeNull()
  })

  it('keeps clocks, dice, promises and the machine out of the pure folders', () => {
    const wrong = sources
      .filter(({ folder }) => PURE.includes(folder))
      .flatMap(({ path, code }) => IMPURE.filter((pattern) => pattern.test(code)).map((pattern) => `${path} has ${pattern}`))
    expect(wrong).toEqual([])
  })

  it('keeps Node out of what runs in browsers', () => {
    const wrong = sources
      .filter(({ folder, code }) => IN_BROWSERS.includes(folder) && /from 'node:|\bprocess\./.test(code))
      .map(({ path }) => path)
    expect(wrong).toEqual([])
  })

  it('names files for what they are', () => {
    expect(sources.map(({ path }) => path).filter((path) => EMPTY_NAMES.test(path))).toEqual([])
  })

  it('opens every file with what it is about', () => {
    const bare = sources.filter(({ path, text }) => !path.endsWith('index.ts') && !text.startsWith('/**') && !text.startsWith('#!'))
    expect(bare.map(({ path }) => path)).toEqual([])
  })

  it('keeps files short enough to read in one sitting', () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.split('\n').length, max: RATCHET[path] ?? LINES_MAX }))
      .filter(({ lines, max }) => lines > max)
    expect(long).toEqual([])
  })

  it('suppresses no errors and leaves no notes to self', () => {
    const wrong = sources.filter(({ text }) => /@ts-ignore|@ts-expect-error|biome-ignore|TODO|FIXME/.test(text))
    expect(wrong.map(({ path }) => path)).toEqual([])
  })
})

/** A type costs nothing at run time, so types may point back. */
function valueImports(code: string, imports: readonly string[]): string[] {
  const typed = new Set([...code.matchAll(/import type [^']*'(\.[^']+)'/g)].map(([, target = '']) => target.split('/').at(-1)))
  return imports.filter((target) => !typed.has(target.split('/').at(-1)))
}

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string | null {
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): string | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' → ')
    if (done.has(path)) return null
    for (const target of graph.get(path) ?? []) {
      const cycle = visit(target, [...trail, path])
      if (cycle !== null) return cycle
    }
    done.add(path)
    return null
  }
  for (const path of graph.keys()) {
    const cycle = visit(path, [])
    if (cycle !== null) return cycle
  }
  return null
}
