/**
 * Where a command writes. What was asked for goes to stdout, readable or, under `--json`, as one
 * JSON value a line; everything said about it (notes, failures) goes to stderr, so that a pipe
 * carries data alone.
 */

import { AssertionError, SkeinError } from '../base/index.ts'
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts'
import { choosePalette, type Palette } from './palette.ts'

/** The parts of a stream that the commands use; `process.stdout` is one. */
export interface TextSink {
  write(chunk: string | Uint8Array): boolean
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: TextSink
  readonly stderr: TextSink
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Runs the same command line in a process with these options of Node, on the same streams; left out where that can't be. */
  readonly again?: (nodeOptions: readonly string[]) => Promise<ExitCode>
}

const COLUMNS_DEFAULT = 100
const ROWS_DEFAULT = 50

export class Output {
  readonly #terminal: Terminal
  readonly isJson: boolean
  readonly isTerminal: boolean
  readonly palette: Palette
  readonly #errorPalette: Palette

  constructor(terminal: Terminal, isJson: boolean) {
    const { environment } = terminal
    this.#terminal = terminal
    this.isJson = isJson
    this.isTerminal = terminal.stdout.isTTY === true
    this.palette = choosePalette({ isTerminal: this.isTerminal, environment })
    this.#errorPalette = choosePalette({ isTerminal: terminal.stderr.isTTY === true, environment })
  }

  get columns(): number {
    return this.#terminal.stdout.columns ?? COLUMNS_DEFAULT
  }

  get rows(): number {
    return this.#terminal.stdout.rows ?? ROWS_DEFAULT
  }

  /** A readable line. */
  line(text = ''): void {
    this.#terminal.stdout.write(`${text}\n`)
  }

  /** A JSON value on a line of its own. */
  json(value: unknown): void {
    this.#terminal.stdout.write(`${JSON.stringify(value)}\n`)
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#terminal.stdout.write(bytes)
  }

  /** Something worth knowing that is no part of the answer. */
  note(text: string): void {
    this.#terminal.stderr.write(`${this.#errorPalette.quiet(`skein: ${text}`)}\n`)
  }

  warning(text: string): void {
    this.#terminal.stderr.write(`skein: ${this.#errorPalette.warning(text)}\n`)
  }

  /** Says what failed, and what to do if the message does not say it itself; answers the exit code. */
  failure(error: unknown, hint: string | null = null): ExitCode {
    if (!(error instanceof SkeinError)) return this.#bug(error)
    this.#terminal.stderr.write(`skein: ${this.#errorPalette.bad(error.message)}\n`)
    if (hint !== null) this.#terminal.stderr.write(`       ${this.#errorPalette.quiet(hint)}\n`)
    if (this.isJson) this.json(error.toJSON())
    return exitCodeOf(error)
  }

  #bug(error: unknown): ExitCode {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const kind = error instanceof AssertionError ? 'a broken assertion' : 'an unexpected error'
    this.#terminal.stderr.write(
      `skein: ${this.#errorPalette.bad(`${kind}: this is a bug, please report it with the lines below`)}\n${text}\n`,
    )
    return EXIT.bug
  }
}
