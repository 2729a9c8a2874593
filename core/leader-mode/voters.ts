/**
 * Who votes (MB1): a name and the directory that it is bound to. A directory that was wiped has a
 * new id and so is no voter until an entry of the chain names it. Before the first leader nobody
 * is bound; its header binds those that elected it. Two lists that follow each other differ in one
 * name, so a majority of the one meets every majority of the other.
 */

import {
  assert,
  type ByteReader,
  type ByteWriter,
  type DirectoryId,
  fromHex,
  isDirectoryId,
  isNodeName,
  MalformedError,
  NODE_NAME_LENGTH_MAX,
  type NodeName,
  present,
  toHex,
} from '../../base/index.ts'

/** Members of one group. */
export const VOTERS_MAX = 64
/** Directories that one change removes: the one that the name is bound to, and the one that is there. */
const REMOVED_MAX = 2
const DIRECTORY_BYTES = 16

export interface Voter {
  readonly node: NodeName
  /** Null: no directory of this name votes yet. */
  readonly directory: DirectoryId | null
}

/** How many of `voters` are a majority. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1
}

/** True if this directory speaks for the voter of its name. */
export function isBound(voters: readonly Voter[], node: NodeName, directory: DirectoryId | null): boolean {
  return directory !== null && voters.some((voter) => voter.node === node && voter.directory === directory)
}

/** The list with those that elected the first leader bound to their directories; the others stay as they were first met. */
export function bindVoters(voters: readonly Voter[], grants: ReadonlyMap<NodeName, DirectoryId>): readonly Voter[] {
  return voters.map(({ node, directory }) => ({ node, directory: grants.get(node) ?? directory }))
}

/** The list with `node` bound to `directory`, or to none. */
export function rebindVoter(voters: readonly Voter[], node: NodeName, directory: DirectoryId | null): readonly Voter[] {
  return voters.map((voter) => (voter.node === node ? { node, directory } : voter))
}

/** The list without `node`. */
export function withoutVoter(voters: readonly Voter[], node: NodeName): readonly Voter[] {
  return voters.filter((voter) => voter.node !== node)
}

/** The names of a list. */
export function namesOf(voters: readonly Voter[]): readonly NodeName[] {
  return voters.map(({ node }) => node)
}

export function encodeVoters(output: ByteWriter, voters: readonly Voter[]): ByteWriter {
  assert(voters.length <= VOTERS_MAX, 'a group has a bounded number of voters')
  output.uint(voters.length)
  for (const { node, directory } of voters) {
    output.binary(node).byte(directory === null ? 0 : 1)
    if (directory !== null) encodeDirectory(output, directory)
  }
  return output
}

/** @throws MalformedError */
export function decodeVoters(input: ByteReader): readonly Voter[] {
  const voters: Voter[] = []
  const count = input.uint(VOTERS_MAX)
  for (let i = 0; i < count; i++) {
    const node = decodeName(input)
    if (voters.some((voter) => voter.node === node)) throw new MalformedError('a list of voters names a node twice')
    const flag = input.byte()
    if (flag > 1) throw new MalformedError(`a flag is ${flag}`)
    voters.push({ node, directory: flag === 0 ? null : decodeDirectory(input) })
  }
  return voters
}

export function encodeNames(output: ByteWriter, names: readonly NodeName[]): void {
  assert(names.length <= VOTERS_MAX, 'a group has a bounded number of voters')
  output.uint(names.length)
  for (const name of names) output.binary(name)
}

/** @throws MalformedError */
export function decodeNames(input: ByteReader): readonly NodeName[] {
  const count = input.uint(VOTERS_MAX)
  return Array.from({ length: count }, () => decodeName(input))
}

export function encodeDirectories(output: ByteWriter, directories: readonly DirectoryId[]): void {
  assert(directories.length <= REMOVED_MAX, 'a change removes one name')
  output.uint(directories.length)
  for (const directory of directories) encodeDirectory(output, directory)
}

/** @throws MalformedError */
export function decodeDirectories(input: ByteReader): readonly DirectoryId[] {
  const count = input.uint(REMOVED_MAX)
  return Array.from({ length: count }, () => decodeDirectory(input))
}

function decodeName(input: ByteReader): NodeName {
  const name = input.binary(NODE_NAME_LENGTH_MAX)
  if (!isNodeName(name)) throw new MalformedError('a list of members names no node')
  return name
}

function encodeDirectory(output: ByteWriter, directory: DirectoryId): void {
  output.fixed(present(fromHex(directory), 'a directory id is hexadecimal'))
}

function decodeDirectory(input: ByteReader): DirectoryId {
  const directory = toHex(input.fixed(DIRECTORY_BYTES))
  if (!isDirectoryId(directory)) throw new MalformedError('a voter has no directory id')
  return directory
}
