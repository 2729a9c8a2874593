#!/usr/bin/env node
/** The command `skein`: this process's streams and exit code around `runProgram`. */

import process from 'node:process'
import { runProgram } from './program.ts'

// A reader that has seen enough (`skein scan | head`) closes the pipe: that ends the work, and is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const { stdin, stdout, stderr, env: environment } = process
const code = await runProgram(process.argv.slice(2), { stdin, stdout, stderr, environment })
// Sockets that are kept alive for a next request would hold the process; the streams are written out first.
stdout.write('', () => stderr.write('', () => process.exit(code)))
