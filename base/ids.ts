/**
 * Branded identities. A brand is put on at a gate (a parser here, a decoder of the protocol)
 * and nowhere else, so that code which holds a `WriterId` holds a well-formed one.
 */

import { binaryFromText, isBinary } from './bytes.ts'
import { SkeinError } from './error.ts'
import { KEY_BYTES_MAX } from './limits.ts'

declare const brand: unique symbol
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }

/** A node's name (ID1): 1–64 of `a-z 0-9 -`, unique in its cluster, chosen by the operator. */
export type NodeName = Brand<string, 'NodeName'>

/** The identity of a log (ID3): `name.xxxxxxxx`, eight random hexadecimal digits. */
export type WriterId = Brand<string, 'WriterId'>

/** Sixteen random bytes in hexadecimal, minted with a data directory (ID5, MB1). */
export type DirectoryId = Brand<string, 'DirectoryId'>

/** The public key of a log's hypercore: 32 bytes in hexadecimal. */
export type LogKey = Brand<string, 'LogKey'>

/** A key of the store: 1–1024 bytes as a binary string. */
export type Key = Brand<string, 'Key'>

/** Number of an epoch (EP1): even ones are leader epochs, odd ones multi. */
export type Epoch = Brand<number, 'Epoch'>

/** A hybrid timestamp (HL1): milliseconds since 2020-01-01 UTC × 4096 + counter. */
export type Timestamp = Brand<number, 'Timestamp'>

export const NODE_NAME_LENGTH_MAX = 64
const SUFFIX_LENGTH = 8
export const WRITER_ID_LENGTH_MAX = NODE_NAME_LENGTH_MAX + 1 + SUFFIX_LENGTH

const NODE_NAME_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789-'
const HEX_ALPHABET = '0123456789abcdef'

export function isNodeName(text: string): text is NodeName {
  return text.length >= 1 && text.length <= NODE_NAME_LENGTH_MAX && consistsOf(text, NODE_NAME_ALPHABET)
}

/** @throws BAD_REQUEST */
export function parseNodeName(text: string): NodeName {
  if (isNodeName(text)) return text
  throw new SkeinError(
    'BAD_REQUEST',
    `node name ${JSON.stringify(text.slice(0, 80))} is not 1–64 of a-z, 0-9 and "-": choose a name such as n1`,
  )
}

export function isWriterId(text: string): text is WriterId {
  const dot = text.length - SUFFIX_LENGTH - 1
  return text.charAt(dot) === '.' && isNodeName(text.slice(0, dot)) && consistsOf(text.slice(dot + 1), HEX_ALPHABET)
}

/** Name and 32 random bits make a writer. */
export function makeWriterId(node: NodeName, random: number): WriterId {
  return `${node}.${(random >>> 0).toString(16).padStart(SUFFIX_LENGTH, '0')}` as WriterId
}

export function nodeOfWriter(writer: WriterId): NodeName {
  return writer.slice(0, writer.length - SUFFIX_LENGTH - 1) as NodeName
}

export function isDirectoryId(text: string): text is DirectoryId {
  return text.length === 32 && consistsOf(text, HEX_ALPHABET)
}

export function isLogKey(text: string): text is LogKey {
  return text.length === 64 && consistsOf(text, HEX_ALPHABET)
}

/** A key from text, which stands for its UTF-8. @throws BAD_REQUEST, TOO_LARGE */
export function keyFromText(text: string): Key {
  if (!text.isWellFormed()) throw new SkeinError('BAD_REQUEST', 'the key is not valid Unicode text: it has half of a surrogate pair')
  return keyFromBinary(binaryFromText(text))
}

/** A key from a binary string. @throws BAD_REQUEST, TOO_LARGE */
export function keyFromBinary(binary: string): Key {
  if (binary.length === 0) throw new SkeinError('BAD_REQUEST', 'the key is empty: a key has 1 to 1024 bytes')
  if (binary.length > KEY_BYTES_MAX) {
    throw new SkeinError('TOO_LARGE', `the key has ${binary.length} bytes: a key has 1 to ${KEY_BYTES_MAX} bytes`)
  }
  return binary as Key
}

export function isKey(binary: string): binary is Key {
  return binary.length >= 1 && binary.length <= KEY_BYTES_MAX && isBinary(binary)
}

export function isLeaderEpoch(epoch: Epoch): boolean {
  return epoch % 2 === 0
}

/** Every cluster begins in multi epoch 1 (EP1). */
export const FIRST_EPOCH = 1 as Epoch

function consistsOf(text: string, alphabet: string): boolean {
  for (let i = 0; i < text.length; i++) if (!alphabet.includes(text.charAt(i))) return false
  return true
}
