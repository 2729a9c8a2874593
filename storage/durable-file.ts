/**
 * Changes to files that survive a power cut. A new name is durable only once its directory is
 * synced, and a file that is replaced in place can be lost whole; so contents go to a second file,
 * which is synced, takes the name, and then the directory is synced.
 */

import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Gives `path` new contents: after a crash it has the old ones or these, whole. */
export async function replaceFile(path: string, contents: string, mode: number): Promise<void> {
  const temporary = `${path}.tmp`
  const handle = await open(temporary, 'w', mode)
  try {
    await handle.writeFile(contents)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

/** The code of a system error (`ENOENT`, `ENOSPC`, …), or null. */
export function systemErrorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
