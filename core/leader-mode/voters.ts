/**
 * Who votes (MB1): a name and the directory that it is bound to. A directory that was wiped has a
 * new id and so is no voter until an entry of the chain names it. Before the first leader nobody
 * is bound; its header binds those that elected it.
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

export function encodeVoters(output: ByteWriter, voters: readonly Voter[]): void {
  assert(voters.length <= VOTERS_MAX, 'a group has a bounded number of voters')
  output.uint(voters.length)
  for (const { node, directory } of voters) {
    output.binary(node).byte(directory === null ? 0 : 1)
    if (directory !== null) output.fixed(present(fromHex(directory), 'a directory id is hexadecimal'))
  }
}

/** @throws MalformedError */
export function decodeVoters(input: ByteReader): readonly Voter[] {
  const voters: Voter[] = []
  const count = input.uint(VOTERS_MAX)
  for (let i = 0; i < count; i++) {
    const node = input.binary(NODE_NAME_LENGTH_MAX)
    if (!isNodeName(node) || voters.some((voter) => voter.node === node))
      throw new MalformedError('a list of voters names no node, or one twice')
    const flag = input.byte()
    if (flag > 1) throw new MalformedError(`a flag is ${flag}`)
    const directory = flag === 0 ? null : toHex(input.fixed(DIRECTORY_BYTES))
    if (directory !== null && !isDirectoryId(directory)) throw new MalformedError('a voter has no directory id')
    voters.push({ node, directory })
  }
  return voters
}
