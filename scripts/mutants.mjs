/**
 * Shows that the simulator finds bugs: plants each mutant of `test/mutants` into a copy of the
 * sources, builds that copy, and lets its `skein sim search` look for the bug, seed by seed. The
 * seed that fails is run on the sources as they are as well, and must pass there: else the mutant
 * that it found would prove nothing.
 *
 *     npm run sim:mutants                              all of them
 *     npm run sim:mutants -- clock no-tie-break        those with such a name, or such a part of one
 *     npm run sim:mutants -- --after no-tie-break      those that come after it: to go on where a pass was ended
 *     npm run sim:mutants -- --seeds 50 --jobs 1 --minutes 0.5 --seconds 300 --list
 *
 * A row is printed as each is done, and the table of all at the end. What takes longer than
 * `--seconds` counts as survived, so a pass ends. `--nodes` says how large the clusters are: small ones fail sooner.
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
const COMPILE_SECONDS_MAX = 300
/** Of what a search prints: a line for its failure, and one with the totals. */
const OUTPUT_LENGTH_MAX = 4_194_304
const COLUMNS = [
  { title: 'mutant', width: 33 },
  { title: 'rule', width: 6 },
  { title: 'seeds', width: 7, isNumber: true },
  { title: 'virtual', width: 9, isNumber: true },
  { title: 'time', width: 8, isNumber: true },
  { title: 'found by' },
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '0.5' },
    workload: { type: 'string', default: 'mixed' },
    nodes: { type: 'string', default: '5' },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    seconds: { type: 'string', default: '600' },
    after: { type: 'string' },
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
    for (const { name, rule, what } of MUTANTS) console.log(`${name.padEnd(33)}  ${rule.padEnd(6)}  ${what}`)
    return 0
  }
  const known = (part) => MUTANTS.some(({ name }) => name.includes(part))
  const unknown = positionals.filter((part) => !known(part))
  if (unknown.length > 0) return fail(`there is no mutant ${unknown.join(', ')}: --list names them`)
  const start = MUTANTS.findIndex(({ name }) => name === values.after) + 1
  if (values.after !== undefined && start === 0) return fail(`there is no mutant ${values.after}: --list names them`)
  // A whole name means that one alone, though it may be a part of others.
  const isMeant = (name, part) => name === part || (name.includes(part) && MUTANTS.every((mutant) => mutant.name !== part))
  const chosen = MUTANTS.slice(start).filter(({ name }) => positionals.length === 0 || positionals.some((part) => isMeant(name, part)))
  return hunt(chosen, Math.max(1, Number(values.jobs)), plant)
}

async function hunt(mutants, jobs, plant) {
  printRow(COLUMNS.map(({ title }) => title))
  const outcomes = await runAll(mutants, jobs, plant)
  // In the order of the list, whoever was done first.
  outcomes.sort((left, right) => mutants.indexOf(left.mutant) - mutants.indexOf(right.mutant))
  console.log('\nin order:\n')
  printRow(COLUMNS.map(({ title }) => title))
  for (const outcome of outcomes) printRow(cellsOf(outcome))
  const survivors = outcomes.filter(({ found }) => found === null).map(({ mutant }) => mutant.name)
  console.log(`\n${outcomes.length - survivors.length} of ${outcomes.length} found within ${values.seeds} seeds`)
  if (survivors.length > 0) console.log(`survived: ${survivors.join(', ')}`)
  return survivors.length === 0 ? 0 : 1
}

/** Each job has a copy of the sources, and takes one mutant after the other. */
async function runAll(mutants, jobs, plant) {
  const waiting = [...mutants]
  const outcomes = []
  const sound = await copySources('sound')
  const work = async (copy) => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const path = join(copy, mutant.file)
      const source = readFileSync(path, 'utf8')
      writeFileSync(path, plant(source, mutant))
      await compile(copy)
      const outcome = { mutant, ...(await hunted(copy, sound, mutant)) }
      outcomes.push(outcome)
      printRow(cellsOf(outcome))
      writeFileSync(path, source)
    }
  }
  const copies = []
  while (copies.length < Math.min(jobs, mutants.length)) copies.push(await copySources(copies.length))
  await Promise.all(copies.map(work))
  return outcomes
}

/** What finds the mutant in `copy`; nothing does, if it finds the same without it. */
async function hunted(copy, sound, mutant) {
  const outcome = await search(copy, mutant, values.from, values.seeds)
  if (outcome.found === null) return outcome
  const without = await search(sound, mutant, outcome.found.seed, 1)
  if (without.found === null && without.note === null) return outcome
  return { ...outcome, found: null, note: `seed ${outcome.found.seed} fails without it, too: ${without.found?.by ?? without.note}` }
}

/** What `test/mutants` exports, compiled. */
async function loadMutants() {
  const target = join(scratch, 'mutants')
  const flags = ['--ignoreConfig', '--module', 'nodenext', '--target', 'es2023', '--rewriteRelativeImportExtensions', '--skipLibCheck']
  const sources = ['mutants', 'mutant'].map((name) => join(ROOT, 'test', 'mutants', `${name}.ts`))
  await run([COMPILER, ...flags, '--types', 'node', '--outDir', target, ...sources], ROOT, COMPILE_SECONDS_MAX)
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
  await run([COMPILER, '-p', 'tsconfig.build.json', '--pretty', 'false'], copy, COMPILE_SECONDS_MAX)
}

/** The first seed that fails, and what noticed it; `found` is null if none does, `note` says why a search proves nothing. */
async function search(copy, { mode = 'multi', faults = 'all', nodes = values.nodes }, from, seeds) {
  const { minutes, workload } = values
  const what = [
    '--seeds',
    String(seeds),
    '--from',
    String(from),
    '--minutes',
    minutes,
    '--nodes',
    String(nodes),
    '--workload',
    workload,
    '--mode',
    mode,
    '--faults',
    faults,
    '--jobs',
    '1',
  ]
  const args = ['sim', 'search', '--json', '--fail-fast', ...what]
  const startedAt = performance.now()
  const { code, stdout, stderr } = await run([join(copy, 'dist', 'cli', 'main.js'), ...args], ROOT, Number(values.seconds))
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
  const totals = lines.find(({ virtualMs }) => virtualMs !== undefined)
  const outcome = {
    found: null,
    note: null,
    virtualMs: totals?.virtualMs ?? null,
    seconds: (performance.now() - startedAt) / MS_PER_SECOND,
  }
  if (code === 0) return outcome
  if (code === null) return { ...outcome, note: `no end within ${values.seconds} s` }
  const failure = lines.find(({ passed, violations }) => passed === false && Array.isArray(violations))
  if (failure !== undefined) return { ...outcome, found: { seed: failure.seed, by: failure.violations[0].invariant } }
  // The search itself ended: a bug that breaks an assertion outside of what a run catches.
  const crashed = /seed (\d+)/.exec(stderr)
  if (crashed === null) throw new Error(`the search ended with ${code}:\n${stderr || stdout}`)
  return { ...outcome, found: { seed: Number(crashed[1]), by: 'a crash' } }
}

function cellsOf({ mutant, found, note, virtualMs, seconds }) {
  const count = found === null ? `> ${values.seeds}` : String(found.seed - Number(values.from) + 1)
  const virtual = virtualMs === null ? '' : `${(virtualMs / MS_PER_SECOND).toFixed(0)} s`
  const by = found?.by ?? note ?? 'SURVIVED'
  return [mutant.name, mutant.rule, count, virtual, `${seconds.toFixed(1)} s`, by]
}

function printRow(cells) {
  const padded = cells.map((cell, place) => {
    const { width = 0, isNumber } = COLUMNS[place]
    return isNumber ? cell.padStart(width) : cell.padEnd(width)
  })
  console.log(padded.join('  ').trimEnd())
}

function fail(message) {
  console.error(`skein: ${message}`)
  return 2
}

/** Runs Node on a script, for so long. `code` is null if it had to be ended. */
function run(args, cwd, secondsMax) {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  const timer = setTimeout(() => child.kill('SIGKILL'), secondsMax * MS_PER_SECOND)
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8')
    child[name].on('data', (chunk) => {
      if (text[name].length < OUTPUT_LENGTH_MAX) text[name] += chunk
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
