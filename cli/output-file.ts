/**
 * A file that a command is going to write. It is opened before the work begins: a path that can't
 * be written is said at once, and not after half an hour. What was in it stays until there is
 * something to write.
 */

import { writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { SkeinError } from '../base/index.ts'

export class OutputFile {
  readonly path: string
  readonly #file: FileHandle
  #isEmptied = false

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  /** @throws BAD_REQUEST if it can't be written */
  static async open(path: string): Promise<OutputFile> {
    return new OutputFile(path, await attempt(path, () => open(path, 'a')))
  }

  /** As `open`; null for no path. */
  static async openIf(path: string | null): Promise<OutputFile | null> {
    return path === null ? null : OutputFile.open(path)
  }

  /** Empties it for what is written next. @throws BAD_REQUEST */
  async begin(): Promise<void> {
    this.#isEmptied = true
    // A pipe or a terminal has nothing to be emptied of.
    const isFile = (await attempt(this.path, () => this.#file.stat())).isFile()
    if (isFile) await attempt(this.path, () => this.#file.truncate(0))
  }

  /** Writes at once, for code that knows no promise; after `begin`. @throws BAD_REQUEST */
  writeNow(text: string): void {
    try {
      const bytes = Buffer.from(text)
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file.fd, bytes, written)
    } catch (error) {
      throw failure(this.path, error)
    }
  }

  /** Writes the whole content and closes it. @throws BAD_REQUEST */
  async finish(text: string): Promise<void> {
    if (!this.#isEmptied) await this.begin()
    await attempt(this.path, () => this.#file.writeFile(text))
    await this.close()
  }

  async close(): Promise<void> {
    await attempt(this.path, () => this.#file.close())
  }
}

async function attempt<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    throw failure(path, error)
  }
}

function failure(path: string, error: unknown): SkeinError {
  const reason = error instanceof Error ? error.message : String(error)
  return new SkeinError('BAD_REQUEST', `${path} can't be written: ${reason}`, { cause: error })
}
