/** A directory that is gone afterwards: on the disk under the checkout, since `/tmp` may be memory. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

export async function inScratchDirectory<T>(action: (directory: string) => Promise<T>): Promise<T> {
  const parent = join(process.cwd(), 'data')
  await mkdir(parent, { recursive: true })
  const directory = await mkdtemp(join(parent, 'bench-'))
  try {
    return await action(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
