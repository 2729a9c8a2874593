/**
 * Makes what the hypercore store has accepted durable (JR6). RocksDB hands its write-ahead log to
 * the kernel and never syncs it, so the barrier does: data of every `*.log`, and the directory when
 * a name in it is new. All of them, and opened afresh each time: around a rotation the newest
 * blocks may sit in the older file, and a descriptor kept over one syncs a deleted file.
 *
 * It is a group commit: whoever arrives while a sync runs shares the next one. A sync that fails is
 * never tried again (JR4), because the kernel may have dropped the pages that it could not write.
 *
 * Rejected: `db.flush()`, which writes all of the tables that are in memory (10 to 500 ms).
 */

import { open, readdir } from 'node:fs/promises'
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
  /** Log files whose names are durable. Numbers of files are never used again. */
  #syncedNames: ReadonlySet<string> = new Set()

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
    const names = (await readdir(this.#directory)).filter((name) => name.endsWith('.log'))
    await Promise.all(names.map((name) => syncData(join(this.#directory, name))))
    if (names.every((name) => this.#syncedNames.has(name))) return
    await syncDirectory(this.#directory)
    this.#syncedNames = new Set(names)
  }
}

async function syncData(path: string): Promise<void> {
  try {
    const file = await open(path, 'r')
    try {
      await file.datasync()
    } finally {
      await file.close()
    }
  } catch (error) {
    // Gone: its data has moved to a table, which RocksDB synced before it removed the log.
    if (systemErrorCode(error) !== 'ENOENT') throw error
  }
}
