/**
 * Where a node's cluster secret comes from: the file it is told, or one that it keeps in its data
 * directory. A node by itself makes that one at its first start, so that it can get peers later
 * without being set up anew; a node with peers never does, for its own secret would be no one
 * else's, and it would wait for its peers for ever.
 */

import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SkeinError } from '../base/index.ts'
import { ClusterSecret } from '../gossip/index.ts'

export interface SecretSource {
  /** The file named by --secret-file, or null. */
  readonly file: string | null
  readonly data: string
  /** True for a node without peers. */
  readonly mayMake: boolean
  readonly note: (text: string) => void
}

const FILE_NAME = 'cluster.secret'
const OWNER_ONLY = 0o600
const OTHERS = 0o077

/** @throws BAD_REQUEST if there is none to be had, or it is damaged */
export async function obtainSecret({ file, data, mayMake, note }: SecretSource): Promise<ClusterSecret> {
  if (file !== null) return readSecret(file, note)
  const kept = join(data, FILE_NAME)
  if (await exists(kept)) return readSecret(kept, note)
  if (!mayMake) {
    throw new SkeinError(
      'BAD_REQUEST',
      'a node with peers needs the secret of its cluster: make one with "skein secret", and give it to each node with --secret-file',
    )
  }
  await mkdir(data, { recursive: true, mode: 0o700 })
  const secret = await makeSecret(kept)
  note(`made a cluster secret in ${kept}: nodes that are to join need a copy of it`)
  return secret
}

/** A new secret in a new file that only its owner can read. */
export async function makeSecret(path: string): Promise<ClusterSecret> {
  const secret = ClusterSecret.generate()
  const handle = await open(path, 'wx', OWNER_ONLY)
  try {
    await handle.writeFile(`${secret.reveal()}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return secret
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function readSecret(path: string, note: (text: string) => void): Promise<ClusterSecret> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SkeinError('BAD_REQUEST', `the cluster secret can't be read (${reason}): check --secret-file`)
  })
  if (((await stat(path)).mode & OTHERS) !== 0) note(`${path} can be read by other users of this machine: chmod 600 it`)
  return ClusterSecret.parse(text)
}
