/**
 * A node's data directory:
 *
 *     node.json   who it belongs to
 *     journal/    the commit journal
 *     logs/       the hypercores of all nodes
 *
 * `node.json` binds the directory to a node's name and carries its directory id, which is minted
 * once and never copied: peers tell by it a directory that comes back from one that only has the
 * same name (ID5, MB1). It also holds the seed of the logs' key pairs, so that a node whose logs/
 * are lost writes the ends of its logs again under the same keys. The lock is the log store's: open the logs before the journal.
 */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { assert, type DirectoryId, fromHex, isDirectoryId, isNodeName, type NodeName, SkeinError, toHex } from '../base/index.ts'
import { replaceFile, syncDirectory, systemErrorCode } from './durable-file.ts'

export interface DataDirectory {
  readonly node: NodeName
  readonly directory: DirectoryId
  /** ISO 8601. */
  readonly createdAt: string
  /** The 32 secret bytes from which the key pairs of this node's logs are derived. */
  readonly logSeed: Uint8Array
  readonly journalPath: string
  readonly logsPath: string
}

const FORMAT = 1
const DIRECTORY_ID_BYTES = 16
const SEED_BYTES = 32
/** The owner's alone: values are stored as they are written. */
const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600

type Identity = Pick<DataDirectory, 'node' | 'directory' | 'createdAt' | 'logSeed'>

/**
 * Opens the data directory of `node`, or creates it.
 * @throws DIRECTORY_MISMATCH if it belongs to another node
 * @throws CORRUPT if `node.json` can't be understood
 */
export async function openDataDirectory(path: string, node: NodeName): Promise<DataDirectory> {
  const file = join(path, 'node.json')
  const paths = { journalPath: join(path, 'journal'), logsPath: join(path, 'logs') }
  await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
  const identity = (await readIdentity(file)) ?? (await createIdentity(file, node, paths))
  if (identity.node !== node) {
    throw new SkeinError(
      'DIRECTORY_MISMATCH',
      `${path} belongs to the node ${identity.node}, not to ${node}: start it as ${identity.node}, or give ${node} a data directory of its own`,
      { details: { path, found: identity.node, expected: node } },
    )
  }
  return { ...identity, ...paths }
}

async function readIdentity(file: string): Promise<Identity | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null
    throw new SkeinError(
      'CORRUPT',
      `${file} can't be read (${systemErrorCode(error) ?? String(error)}): look at its rights and at the disk`,
      {
        details: { file },
        cause: error,
      },
    )
  }
  return decodeIdentity(file, text)
}

function decodeIdentity(file: string, text: string): Identity {
  const fields = parseFields(text)
  if (fields === null) throw damaged(file, 'damaged')
  const { format, node, directory, createdAt, logSeed: seedText } = fields
  if (typeof format === 'number' && format > FORMAT) {
    throw new SkeinError(
      'CORRUPT',
      `${file} has format ${format}, this version knows ${FORMAT}: start the version of Skein that wrote it, or a newer one`,
      {
        details: { file, format },
      },
    )
  }
  const logSeed = typeof seedText === 'string' ? fromHex(seedText) : null
  const isWhole =
    logSeed?.length === SEED_BYTES &&
    format === FORMAT &&
    typeof node === 'string' &&
    isNodeName(node) &&
    typeof directory === 'string' &&
    isDirectoryId(directory) &&
    typeof createdAt === 'string'
  if (!isWhole) throw damaged(file, 'damaged')
  return { node, directory, createdAt, logSeed }
}

function parseFields(text: string): Partial<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

async function createIdentity(file: string, node: NodeName, paths: Pick<DataDirectory, 'journalPath' | 'logsPath'>): Promise<Identity> {
  // It is the first thing made in a directory: without it the data beside it is of nobody knows whom.
  if (existsSync(paths.journalPath) || existsSync(paths.logsPath)) throw damaged(file, 'missing, and there is data beside it')
  const directory = toHex(randomBytes(DIRECTORY_ID_BYTES))
  assert(isDirectoryId(directory), 'sixteen bytes make a directory id')
  const identity: Identity = { node, directory, createdAt: new Date().toISOString(), logSeed: new Uint8Array(randomBytes(SEED_BYTES)) }
  const fields = { format: FORMAT, ...identity, logSeed: toHex(identity.logSeed) }
  await replaceFile(file, `${JSON.stringify(fields, null, 2)}\n`, FILE_MODE)
  await syncDirectory(dirname(dirname(file)))
  return identity
}

function damaged(file: string, how: string): SkeinError {
  return new SkeinError(
    'CORRUPT',
    `${file} is ${how}: it should name the node, its directory id, the seed of its logs and when it was created. ` +
      'Put back the file, or start the node on an empty data directory and let its peers refill it',
    { details: { file } },
  )
}
