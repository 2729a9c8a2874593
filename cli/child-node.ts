/**
 * A node in a child process: the same program, `skein start`, with a log file of its own. It is
 * the leader of its own process group, so that Ctrl-C reaches the parent alone, which then stops
 * it in good order; and it watches its channel to the parent, so that it ends with a parent that
 * was killed.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { MIB, SECOND_MS, SkeinError } from '../base/index.ts'
import { waitFor } from './waiting.ts'

export interface ChildNodeOptions {
  readonly name: string
  readonly url: string
  readonly logFile: string
  /** Of `skein start`. */
  readonly args: readonly string[]
}

const READY_TIMEOUT_MS = 60 * SECOND_MS
const READY_INTERVAL_MS = 25
/** A graceful stop takes up to 5 s for requests in flight. */
const STOP_TIMEOUT_MS = 8 * SECOND_MS
const LOG_LINES_SHOWN = 6
/** A log that is larger is begun anew. */
const LOG_BYTES_MAX = 16 * MIB

export class ChildNode {
  readonly name: string
  readonly url: string
  readonly #logFile: string
  readonly #process: ChildProcess

  private constructor(options: ChildNodeOptions, process: ChildProcess) {
    this.name = options.name
    this.url = options.url
    this.#logFile = options.logFile
    this.#process = process
  }

  /** Starts the process; `ready` tells when the node serves. */
  static async spawn(options: ChildNodeOptions): Promise<ChildNode> {
    const log = await open(options.logFile, (await sizeOf(options.logFile)) > LOG_BYTES_MAX ? 'w' : 'a')
    try {
      const args = [fileURLToPath(new URL('./main.js', import.meta.url)), 'start', '--stop-with-parent', ...options.args]
      const child = spawn(process.execPath, args, { stdio: ['ignore', log.fd, log.fd, 'ipc'], env: plainEnvironment(), detached: true })
      await once(child, 'spawn')
      return new ChildNode(options, child)
    } finally {
      await log.close()
    }
  }

  /** Settles when the process has ended, with how. */
  get ended(): Promise<string> {
    const { exitCode, signalCode } = this.#process
    if (!this.#isRunning) return Promise.resolve(describeEnd(exitCode, signalCode))
    return once(this.#process, 'exit').then(([code, signal]) => describeEnd(code, signal))
  }

  /** Waits until the node serves. @throws UNAVAILABLE with the end of its log if it ends or takes too long */
  async ready(signal: AbortSignal): Promise<void> {
    const isUp = await waitFor(async () => (this.#isRunning ? ((await this.#isReady()) ? true : null) : false), {
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: READY_INTERVAL_MS,
      signal,
    })
    if (isUp === true || signal.aborted) return
    const what = isUp === null ? `is not ready after ${READY_TIMEOUT_MS / SECOND_MS} s` : `did not start (${await this.ended})`
    throw new SkeinError('UNAVAILABLE', `${this.name} ${what}. The end of ${this.#logFile}:\n${await this.#logEnd()}`)
  }

  /** Stops the node in good order, by force if that takes too long. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return
    const { ended } = this
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  get #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  async #isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`).then(
      async (response) => {
        await response.body?.cancel()
        return response.ok
      },
      // Nobody listens yet.
      () => false,
    )
  }

  async #logEnd(): Promise<string> {
    const text = await readFile(this.#logFile, 'utf8').catch(() => '(no log)')
    return text
      .trimEnd()
      .split('\n')
      .slice(-LOG_LINES_SHOWN)
      .map((line) => `  ${line}`)
      .join('\n')
  }
}

/** Without variables that are meant for this process: SKEIN_DATA would send three nodes to one directory. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SKEIN_')))
}

/** Bytes of a file; 0 if there is none. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

function describeEnd(code: number | null, signal: string | null): string {
  return signal === null ? `exit code ${code}` : `ended by ${signal}`
}
