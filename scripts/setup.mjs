/**
 * Makes a checkout ready to run: packages installed, sources built. `npm start` and `npm test`
 * call it first, so that a fresh clone needs nothing but Node and npm; when all is up to date it
 * takes some hundredths of a second and says nothing.
 *
 * What is up to date is decided by content, never by file times: a clone, a checkout of another
 * branch and a restored cache all have times that say nothing. This file is plain JavaScript
 * without packages, for it runs before there are any.
 */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const DIST = join(ROOT, 'dist')
const INSTALL_STAMP = join(ROOT, 'node_modules', '.skein-install')
const BUILD_STAMP = join(DIST, '.skein-build')
const NODE_MIN = [20, 19]
/** Of a failed command's output the end is shown: so many characters. */
const OUTPUT_LENGTH = 8192
const MS_PER_SECOND = 1000
/** The program that `bin` in package.json names. */
const PROGRAM = join(DIST, 'cli', 'main.js')
const EXECUTABLE = 0o755

await main()

async function main() {
  checkNode()
  await installPackages()
  await build()
  linkProgram()
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [neededMajor = 0, neededMinor = 0] = NODE_MIN
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return
  fail(`Skein needs Node ${NODE_MIN.join('.')} or newer, this is ${process.versions.node}: install a newer one from https://nodejs.org`)
}

async function installPackages() {
  // Packages with native parts belong to a version of Node, too.
  const wanted = hash([readText('package-lock.json'), process.versions.modules, process.platform, process.arch])
  if (readStamp(INSTALL_STAMP) === wanted) return
  if (!areInstalled()) {
    const command = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    await run('installing packages', command, ['ci', '--no-audit', '--no-fund'], 'check the network and the registry, then run it again')
  }
  writeFileSync(INSTALL_STAMP, wanted)
}

/** True if npm's own record of what it installed agrees with the lock file: somebody ran `npm ci` by hand. */
function areInstalled() {
  const record = join(ROOT, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const locked = JSON.parse(readText('package-lock.json')).packages
  return Object.entries(locked).every(([path, entry]) => {
    if (path === '') return true
    const found = installed[path]
    // Packages for other platforms are left out.
    return found === undefined ? entry.optional === true : found.version === entry.version && found.integrity === entry.integrity
  })
}

async function build() {
  const sources = listSources()
  const wanted = hash(['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', ...sources].flatMap((path) => [path, readText(path)]))
  if (readStamp(BUILD_STAMP) === wanted) return
  // An interrupted build leaves no stamp that vouches for it.
  rmSync(BUILD_STAMP, { force: true })
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  await run('building', process.execPath, [compiler, '-p', 'tsconfig.build.json', '--pretty', 'false'], 'correct the lines above')
  removeOrphans(sources)
  mkdirSync(DIST, { recursive: true })
  chmodSync(PROGRAM, EXECUTABLE)
  writeFileSync(BUILD_STAMP, wanted)
}

/** The files that `tsconfig.build.json` names, in a fixed order. */
function listSources() {
  const { include } = JSON.parse(readText('tsconfig.build.json'))
  return include
    .filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) => listFiles(join(ROOT, folder)))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => relative(ROOT, path))
    .sort()
}

/** What was built of a source that is gone would still be found by whoever imports it. */
function removeOrphans(sources) {
  const built = new Set(sources.map((path) => path.replace(/\.ts$/, '')))
  for (const path of listFiles(DIST)) {
    const source = relative(DIST, path).replace(/(\.d\.ts|\.js)(\.map)?$/, '')
    if (/\.(js|ts|map)$/.test(path) && !built.has(source)) rmSync(path)
  }
}

function listFiles(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Makes `npx skein` work in this checkout: npm links the programs of packages it installs, never the project's own. */
function linkProgram() {
  const link = join(ROOT, 'node_modules', '.bin', 'skein')
  if (process.platform === 'win32' || existsSync(link)) return
  mkdirSync(dirname(link), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync(relative(dirname(link), PROGRAM), link)
}

/** Runs a command with one line about it; its own output is shown only if it fails. */
async function run(what, command, args, advice) {
  const startedAt = performance.now()
  process.stderr.write(`skein: ${what} … `)
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text) => {
      output = (output + text).slice(-OUTPUT_LENGTH)
    })
  }
  const code = await new Promise((done) => {
    child.on('error', (error) => {
      output += error.message
      done(1)
    })
    child.on('close', done)
  })
  const seconds = ((performance.now() - startedAt) / MS_PER_SECOND).toFixed(1)
  if (code === 0) {
    process.stderr.write(`${seconds} s\n`)
    return
  }
  process.stderr.write(`failed after ${seconds} s\n${output.trim()}\n`)
  fail(`${what} failed: ${advice}`)
}

function readText(path) {
  return readFileSync(join(ROOT, path), 'utf8')
}

function readStamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}

function hash(texts) {
  const digest = createHash('sha256')
  for (const text of texts) digest.update(`${text.length}:`).update(text)
  return digest.digest('hex')
}

function fail(message) {
  process.stderr.write(`skein: ${message}\n`)
  process.exit(1)
}
