/**
 * Shows that the simulator finds bugs: plants each mutant of `test/mutants` into a copy of the
 * sources, builds that copy, and lets its `skein sim search` look for the bug, seed by seed. The
 * sources as they are come first, and must pass: else a mutant that is found would prove nothing.
 *
 *     npm run sim:mutants                              all of them
 *     npm run sim:mutants -- no-tie-break              one
 *     npm run sim:mutants -- --seeds 50 --jobs 4 --minutes 0.5 --list
 *
 * Exits with 1 if one survives.
 */

import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const COMPILER = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
const MS_PER_SECOND = 1000
/** A mutant that makes the simulator spin is ended, and counts as survived. */
const SEARCH_SECONDS_MAX = 1800
const OUTPUT_LENGTH = 16_384
const WIDTHS = { name: 33, rule: 6, seeds: 9, invariant: 24 }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '0.5' },
    workload: { type: 'string', default: 'mixed' },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    list: { type: 'boolean', default: false },
  },
})

const scratch = mkdtempSync(join(tmpdir(), 'skein-mutants-'))
/** Searches that are under way: they end with this process. */
const children = new Set()
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(scratch, { recursive: true, force: true })
})
process.exitCode = await main()

async function main() {
  const { MUTANTS, plant } = await loadMutants()
  if (values.list) {
    for (const { name, rule, what } of MUTANTS) print([name.padEnd(WIDTHS.name), rule.padEnd(WIDTHS.rule), what])
    return 0
  }
  const unknown = positionals.filter((name) => MUTANTS.every((mutant) => mutant.name !== name))
  if (unknown.length > 0) return fail(`there is no mutant ${unknown.join(', ')}: --list names them`)
  const chosen = positionals.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => positionals.includes(name))
  print([
    'mutant'.padEnd(WIDTHS.name),
    'rule'.padEnd(WIDTHS.rule),
    'seeds'.padStart(WIDTHS.seeds),
    'found by'.padEnd(WIDTHS.invariant),
    'time',
  ])
  const jobs = Math.max(1, Number(values.jobs))
  const first = await copySources(0)
  const { found, note } = tell({ name: '(none)', rule: '' }, await search(first, jobs))
  const isSound = found === null && note === undefined
  const survivors = await runAll(chosen, jobs, first, plant)
  console.log(`\n${chosen.length - survivors.length} of ${chosen.length} found within ${values.seeds} seeds`)
  if (survivors.length > 0) console.log(`survived: ${survivors.join(', ')}`)
  if (!isSound) console.log('the sources as they are fail too: correct that first')
  return survivors.length === 0 && isSound ? 0 : 1
}

/** Each job has a copy of the sources, and takes one mutant after the other. */
async function runAll(mutants, jobs, first, plant) {
  const waiting = [...mutants]
  const survivors = []
  const work = async (copy) => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const path = join(copy, mutant.file)
      const source = readFileSync(path, 'utf8')
      writeFileSync(path, plant(source, mutant))
      await compile(copy)
      if (tell(mutant, await search(copy, 1)).found === null) survivors.push(mutant.name)
      writeFileSync(path, source)
    }
  }
  const copies = [first]
  while (copies.length < Math.min(jobs, mutants.length)) copies.push(await copySources(copies.length))
  await Promise.all(copies.map(work))
  return survivors
}

/** What `test/mutants` exports, compiled. */
async function loadMutants() {
  const target = join(scratch, 'mutants')
  const flags = ['--ignoreConfig', '--module', 'nodenext', '--target', 'es2023', '--rewriteRelativeImportExtensions', '--skipLibCheck']
  const sources = ['mutants', 'mutant'].map((name) => join(ROOT, 'test', 'mutants', `${name}.ts`))
  await run(process.execPath, [COMPILER, ...flags, '--types', 'node', '--outDir', target, ...sources], ROOT)
  // Compiled files are modules by the package that they lie in.
  writeFileSync(join(target, 'package.json'), '{"type":"module"}')
  const load = (name) => import(pathToFileURL(join(target, `${name}.js`)).href)
  return { ...(await load('mutants')), ...(await load('mutant')) }
}

async function copySources(number) {
  const copy = join(scratch, `copy-${number}`)
  const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8'))
  const kept = [...include, 'dist', 'package.json', 'tsconfig.json', 'tsconfig.build.json']
  for (const name of kept) if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(copy, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  await compile(copy)
  return copy
}

/** Builds what changed. A mutant may leave a name unused: the compiler says so, and builds all the same. */
async function compile(copy) {
  await run(process.execPath, [COMPILER, '-p', 'tsconfig.build.json', '--pretty', 'false'], copy)
}

/** The first seed that fails, and what noticed it; `found` is null if none does. */
async function search(copy, jobs) {
  const { seeds, from, minutes, workload } = values
  const what = ['--seeds', seeds, '--from', from, '--minutes', minutes, '--workload', workload]
  const args = ['sim', 'search', '--json', '--fail-fast', ...what, '--jobs', String(jobs)]
  const startedAt = performance.now()
  const { code, stdout, stderr } = await run(process.execPath, [join(copy, 'dist', 'cli', 'main.js'), ...args], ROOT, SEARCH_SECONDS_MAX)
  const seconds = (performance.now() - startedAt) / MS_PER_SECOND
  if (code === 0) return { found: null, seconds }
  if (code === null) return { found: null, seconds, note: `no end within ${SEARCH_SECONDS_MAX} s` }
  const failure = readFailure(stdout)
  if (failure !== null) return { found: { seeds: failure.seed - Number(from) + 1, invariant: failure.violations[0].invariant }, seconds }
  // The search itself ended: a bug that breaks an assertion outside of what a run catches.
  const crashed = /seed (\d+)/.exec(stderr)
  if (crashed === null) throw new Error(`the search ended with ${code}:\n${stderr || stdout}`)
  return { found: { seeds: Number(crashed[1]) - Number(from) + 1, invariant: 'a crash' }, seconds }
}

/** The first line about a seed that failed. */
function readFailure(stdout) {
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('{')) continue
    const value = JSON.parse(line)
    if (value.passed === false && Array.isArray(value.violations)) return value
  }
  return null
}

function tell({ name, rule }, result) {
  const { found, seconds, note } = result
  const count = found === null ? `> ${values.seeds}` : String(found.seeds)
  const by = found?.invariant ?? note ?? (name === '(none)' ? 'passes' : 'SURVIVED')
  print([
    name.padEnd(WIDTHS.name),
    rule.padEnd(WIDTHS.rule),
    count.padStart(WIDTHS.seeds),
    by.padEnd(WIDTHS.invariant),
    `${seconds.toFixed(1)} s`,
  ])
  return result
}

function print(cells) {
  console.log(cells.join('  ').trimEnd())
}

function fail(message) {
  console.error(`skein: ${message}`)
  return 2
}

function run(command, args, cwd, secondsMax = SEARCH_SECONDS_MAX) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  const timer = setTimeout(() => child.kill('SIGKILL'), secondsMax * MS_PER_SECOND)
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8')
    child[name].on('data', (chunk) => {
      text[name] = (text[name] + chunk).slice(0, OUTPUT_LENGTH)
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      children.delete(child)
      resolve({ code, ...text })
    })
  })
}
