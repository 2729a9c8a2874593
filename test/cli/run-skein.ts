/**
 * The program, run in two ways: as a process, as a shell would, from what was built of it; and
 * inside the test's process, from its sources, where a table of a hundred command lines takes a
 * second instead of a minute.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../../cli/program.ts'

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

const DEADLINE_MS = 60_000

export interface Ran {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What is piped in; nothing by default. */
  readonly stdin?: string | Uint8Array
}

export interface RunningSkein {
  readonly process: ChildProcess
  readonly ended: Promise<Ran>
}

/** Runs a command line inside this process. */
export async function runInside(args: readonly string[], { env = {}, stdin = '' }: RunOptions = {}): Promise<Ran> {
  const stdout: Uint8Array[] = []
  const stderr: Uint8Array[] = []
  const sink = (chunks: Uint8Array[]): { write: (chunk: string | Uint8Array) => boolean } => ({
    write: (chunk) => chunks.push(Buffer.from(chunk)) > 0,
  })
  const code = await runProgram(args, {
    stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]),
    stdout: sink(stdout),
    stderr: sink(stderr),
    environment: env,
  })
  return { code, signal: null, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

/** Runs a process to its end. */
export function skein(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return startSkein(args, options).ended
}

/** Starts and goes on; a process that outlives the deadline is killed. */
export function startSkein(args: readonly string[], { env = {}, stdin = '' }: RunOptions = {}): RunningSkein {
  if (!existsSync(MAIN)) throw new Error('dist/cli/main.js is missing: run "npm run build" first')
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SKEIN_')))
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: tmpdir(), env: { ...inherited, ...env }, stdio: 'pipe' })
  const ended = new Promise<Ran>((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout, stderr })
    })
  })
  // A command that does not read its input closes the pipe early.
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin)
  return { process: child, ended }
}

/** The first of `count` TCP and UDP ports in a row that are free now. */
export async function freePortsInARow(count: number): Promise<number> {
  const { checkPortsFree } = await import('../../cli/ports.ts')
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 12_000)
    const uses = Array.from({ length: count }, (_, index) => first + index).flatMap((port) => [
      { protocol: 'tcp', host: '127.0.0.1', port, purpose: 'a test' } as const,
      { protocol: 'udp', host: '127.0.0.1', port, purpose: 'a test' } as const,
    ])
    const areFree = await checkPortsFree(uses, '').then(
      () => true,
      () => false,
    )
    if (areFree) return first
  }
  throw new Error('no free ports in a row')
}
