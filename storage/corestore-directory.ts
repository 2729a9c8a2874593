/**
 * Opens the corestore of a data directory as the only process that uses it. Corestore keeps a
 * *device file* (`CORESTORE`) that names its own inode and is locked while the store is open. So a
 * second process is refused, and so is a directory that was copied or restored: run beside the
 * original, it would sign other blocks at lengths that the original's peers hold, and those logs
 * would be dead for good.
 *
 * Two holes are closed here: a directory whose device file was taken away looks new to corestore,
 * and a power cut while the file is made leaves an empty one that it takes for a copy.
 */

import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import Corestore from 'corestore'
import { SkeinError } from '../base/index.ts'
import { syncDirectory, systemErrorCode } from './durable-file.ts'

const DEVICE_FILE = 'CORESTORE'
/** Every RocksDB database has it. */
const DATABASE_FILE = join('db', 'CURRENT')
/** An empty device file younger than this may belong to a process that is just starting. */
const EMPTY_DEVICE_FILE_AGE_MS = 5_000
const ADVICE =
  'A copy must never run, not even after the original is gone: start the node with an empty data directory, and it fetches everything from its peers'

/**
 * @param seed 32 secret bytes from which the store derives its key pairs
 * @throws DIRECTORY_IN_USE, DIRECTORY_COPIED, CORRUPT
 */
export async function openCorestore(directory: string, seed: Uint8Array): Promise<Corestore> {
  await checkDeviceFile(directory)
  // Unsafe only for whoever loses the seed: it lies beside the store, in `node.json`.
  const store = new Corestore(directory, { primaryKey: Buffer.from(seed), unsafe: true })
  try {
    await store.ready()
  } catch (error) {
    // What failed to open has nothing to lose; its own failure says nothing new.
    await store.close().catch(() => {})
    throw explain(directory, error)
  }
  // The store is recognised again after a power cut only if its device file survives.
  await syncFile(join(directory, DEVICE_FILE))
  await syncDirectory(directory)
  return store
}

async function checkDeviceFile(directory: string): Promise<void> {
  const device = await statOrNull(join(directory, DEVICE_FILE))
  if (device === null) {
    if ((await statOrNull(join(directory, DATABASE_FILE))) === null) return
    throw copied(directory, `its file ${DEVICE_FILE} is missing`)
  }
  // It never got as far as its content, so no log had been written.
  if (device.size === 0 && Date.now() - device.mtimeMs > EMPTY_DEVICE_FILE_AGE_MS) await rm(join(directory, DEVICE_FILE))
}

function explain(directory: string, error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error)
  if (systemErrorCode(error) === 'DEVICE_FILE') return copied(directory, message, error)
  if (message.includes('Another corestore')) {
    return new SkeinError('CORRUPT', `${directory} and the node.json above it belong to different directories. ${ADVICE}`, {
      details: { directory },
      cause: error,
    })
  }
  if (!message.includes('could not be locked') && !message.includes('lock file')) return error
  return new SkeinError(
    'DIRECTORY_IN_USE',
    `another process uses ${directory}: stop it, or start this node with a data directory of its own`,
    {
      details: { directory },
      cause: error,
    },
  )
}

function copied(directory: string, reason: string, cause?: unknown): SkeinError {
  return new SkeinError('DIRECTORY_COPIED', `${directory} was copied or restored from a copy (${reason}). ${ADVICE}`, {
    details: { directory },
    cause,
  })
}

async function statOrNull(path: string): Promise<{ size: number; mtimeMs: number } | null> {
  try {
    return await stat(path)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null
    throw error
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
