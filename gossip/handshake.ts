/**
 * The hello: what each end of a connection says first, and how the other end checks it (ID2).
 *
 * Noise proves that the remote holds a private key, not that the key belongs to the cluster: that
 * is known only once a name is claimed, for the key is derived from the secret and the name. And
 * both hellos cross, so each leaves before the other end has proved anything. Therefore a hello
 * is sealed with a key derived from the secret and the connection's handshake hash: a stranger
 * receives 120 bytes that look random, always as many, and can neither read nor replay nor
 * reflect them. Rejected: waiting for the client's hello before sending the server's, which
 * costs a round trip and still tells a client that lies about its name who answers.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import {
  ByteReader,
  ByteWriter,
  bytesEqual,
  type DirectoryId,
  fromHex,
  isDirectoryId,
  isNodeName,
  MalformedError,
  NODE_NAME_LENGTH_MAX,
  type NodeName,
  present,
  toHex,
} from '../base/index.ts'
import { type ClusterSecret, deriveKeyPair } from './cluster-secret.ts'
import type { RefusalReason } from './refusals.ts'

/** Raised by every change that older nodes can't read. */
export const PROTOCOL_VERSION = 1

export interface Hello {
  readonly node: NodeName
  /** Tells two processes of one name apart (ID5). */
  readonly directory: DirectoryId
  /** Drawn at each start, 16 hexadecimal digits: tells a process that came back from one that never left. */
  readonly life: string
}

/** The end of a connection that a hello speaks for. */
export interface Endpoint {
  readonly isInitiator: boolean
  /** 64 bytes, the same at both ends and different for every connection. */
  readonly handshakeHash: Uint8Array
}

export type HelloOutcome =
  | { readonly kind: 'verified'; readonly hello: Hello }
  | { readonly kind: 'refused'; readonly reason: Extract<RefusalReason, 'wrong-secret' | 'wrong-name' | 'malformed' | 'wrong-version'> }

const CIPHER = 'aes-256-gcm'
const NONCE = new Uint8Array(12)
const TAG_BYTES = 16
const DIRECTORY_BYTES = 16
const LIFE_BYTES = 8
/** Room for the longest name, and a little more: every hello is as long, for the length of a name is nobody's business. */
const PLAIN_BYTES = 104
export const SEALED_HELLO_BYTES = PLAIN_BYTES + TAG_BYTES

/** The life of a process that starts now. */
export function drawLife(): string {
  return toHex(randomBytes(LIFE_BYTES))
}

/** The hello of the local end `from`, readable by members at the other end of the same connection. */
export function sealHello(secret: ClusterSecret, from: Endpoint, hello: Hello): Uint8Array {
  const plain = new Uint8Array(PLAIN_BYTES)
  plain.set(encodeHello(hello))
  // Each key seals one hello only, so the nonce need not vary.
  const cipher = createCipheriv(CIPHER, sealingKey(secret, from.isInitiator, from.handshakeHash), NONCE)
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/**
 * Checks a hello that arrived at the local end `at` from the holder of `remotePublicKey`. Never
 * throws: it is called with a stranger's bytes.
 */
export function openHello(secret: ClusterSecret, at: Endpoint, remotePublicKey: Uint8Array, sealed: Uint8Array): HelloOutcome {
  if (sealed.length !== SEALED_HELLO_BYTES) return { kind: 'refused', reason: 'malformed' }
  const plain = unseal(sealingKey(secret, !at.isInitiator, at.handshakeHash), sealed)
  if (plain === null) return { kind: 'refused', reason: 'wrong-secret' }
  if (plain[0] !== PROTOCOL_VERSION) return { kind: 'refused', reason: 'wrong-version' }
  const hello = decodeHello(plain)
  if (hello === null) return { kind: 'refused', reason: 'malformed' }
  const expected = deriveKeyPair(secret, hello.node).publicKey
  return bytesEqual(expected, remotePublicKey) ? { kind: 'verified', hello } : { kind: 'refused', reason: 'wrong-name' }
}

/** The two ends seal with different keys, so that a hello can't be sent back to its sender. */
function sealingKey(secret: ClusterSecret, byInitiator: boolean, handshakeHash: Uint8Array): Buffer {
  return secret.derive(byInitiator ? 'skein hello of the initiator' : 'skein hello of the responder', handshakeHash)
}

function unseal(key: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv(CIPHER, key, NONCE, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(PLAIN_BYTES))
  const plain = decipher.update(sealed.subarray(0, PLAIN_BYTES))
  try {
    decipher.final()
    return plain
  } catch {
    // The tag is wrong: this is the only way in which `final` fails here.
    return null
  }
}

function encodeHello(hello: Hello): Uint8Array {
  return new ByteWriter()
    .byte(PROTOCOL_VERSION)
    .binary(hello.node)
    .fixed(present(fromHex(hello.directory), 'a directory id is hexadecimal'))
    .fixed(present(fromHex(hello.life), 'a life is hexadecimal'))
    .finish()
}

function decodeHello(plain: Uint8Array): Hello | null {
  try {
    const reader = new ByteReader(plain.subarray(1))
    const node = reader.binary(NODE_NAME_LENGTH_MAX)
    const directory = toHex(reader.fixed(DIRECTORY_BYTES))
    const life = toHex(reader.fixed(LIFE_BYTES))
    // The rest is padding.
    return isNodeName(node) && isDirectoryId(directory) ? { node, directory, life } : null
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}
