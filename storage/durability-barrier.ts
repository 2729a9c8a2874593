/**
 * Makes what the hypercore store has accepted durable (JR6). RocksDB hands its write-ahead log to
 * the kernel and never syncs it, so the barrier does: data of every `*.log`, and the directory when
 * a name in it is new. All of them: around a rotation the newest blocks may sit in the older file.
 * The files stay open, so a sync is one hop to the disk, with a look at the directory beside it;
 * what is new there is opened and synced too. A name is never used for another file.
 *
 * It is a group commit: whoever arrives while a sync runs shares the next one. A sync that fails is
 * never tried again (JR4), because the kernel may have dropped the pages that it could not write.
 *
 * Rejected: `db.flush()`, which writes all of the tables that are in memory (10 to 500 ms).
 */

import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '../base/index.ts'
import { syncDirectory, systemErrorCode } from './durable-file.ts'

export interface DurabilityBarrierOptions {
  /** The RocksDB folder of the store. */
  readonly directory: string
  /** Told once, with INTERNAL. No sync succeeds after it. */
  readonly onFatal: (failure: SkeinError) => void
}

interface Waiting {
  readonly resolve: () => void
  readonly reject: (failure: SkeinError) => void
}

export class DurabilityBarrier {
  readonly #directory: string
  readonly #onFatal: (failure: SkeinError) => void
  /** For the sync that starts when the one that runs has ended. */
  #waiting: Waiting[] = []
  #isRunning = false
  #failure: SkeinError | null = null
  /** Log files by name, whose names are durable. */
  readonly #files = new Map<string, FileHandle>()

  constructor(options: DurabilityBarrierOptions) {
    this.#directory = options.directory
    this.#onFatal = options.onFatal
  }

  /** Resolves when all that was written before the call is durable; rejects with what `onFatal` was told. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (!this.#isRunning) void this.#run()
    })
  }

  /** Lets go of the files. Nothing is synced after it. */
  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close()
    this.#files.clear()
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      const served = this.#waiting
      this.#waiting = []
      const failure = this.#failure ?? (await this.#trySync())
      for (const { resolve, reject } of served) {
        if (failure === null) resolve()
        else reject(failure)
      }
    }
    this.#isRunning = false
  }

  async #trySync(): Promise<SkeinError | null> {
    try {
      await this.#syncFiles()
      return null
    } catch (error) {
      this.#failure = new SkeinError(
        'INTERNAL',
        `the logs in ${this.#directory} could not be made durable (${systemErrorCode(error) ?? String(error)}): ` +
          'the node stops; look at the disk, then start it again',
        { cause: error },
      )
      this.#onFatal(this.#failure)
      return this.#failure
    }
  }

  async #syncFiles(): Promise<void> {
    const [names] = await Promise.all([this.#logNames(), ...[...this.#files.values()].map((file) => file.datasync())])
    for (const [name, file] of [...this.#files]) {
      if (names.includes(name)) continue
      this.#files.delete(name)
      await file.close()
    }
    const added = names.filter((name) => !this.#files.has(name))
    if (added.length === 0) return
    await Promise.all(added.map((name) => this.#addFile(name)))
    await syncDirectory(this.#directory)
  }

  async #logNames(): Promise<string[]> {
    return (await readdir(this.#directory)).filter((name) => name.endsWith('.log'))
  }

  async #addFile(name: string): Promise<void> {
    try {
      const file = await open(join(this.#directory, name), 'r')
      this.#files.set(name, file)
      await file.datasync()
    } catch (error) {
      // Gone: its data has moved to a table, which RocksDB synced before it removed the log.
      if (systemErrorCode(error) !== 'ENOENT') throw error
    }
  }
}
