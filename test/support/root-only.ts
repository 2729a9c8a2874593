/** Proofs that change the machine: namespaces, mounts. They fail without the rights for it; a proof that skips itself proves nothing. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs a command that needs root, and returns what it printed. */
export async function runAsRoot(command: string, ...args: readonly string[]): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error(`${command} ${args.join(' ')} needs root: run this proof as root`)
  const { stdout } = await run(command, args)
  return stdout
}
