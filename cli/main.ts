#!/usr/bin/env node
/** The command `skein`: this process's streams and exit code around `runProgram`. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { runProgram } from './program.ts'

// A reader that has seen enough (`skein scan | head`) closes the pipe: that ends the work, and is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const { stdin, stdout, stderr, env: environment } = process
const code = await runProgram(process.argv.slice(2), { stdin, stdout, stderr, environment, again })
// Sockets that are kept alive for a next request would hold the process; the streams are written out first.
stdout.write('', () => stderr.write('', () => process.exit(code)))

/** A child that a signal ended is ended by a signal that this process got, too, and passes on. */
async function again(nodeOptions: readonly string[]): Promise<ExitCode> {
  const child = spawn(process.execPath, [...process.execArgv, ...nodeOptions, ...process.argv.slice(1)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  const [exitCode, signal] = (await once(child, 'exit')) as [ExitCode | null, NodeJS.Signals | null]
  if (signal !== null) {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }
  return exitCode ?? EXIT.bug
}
