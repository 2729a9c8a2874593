/**
 * The cluster's secret (ID2): 32 random bytes from which everything is derived that members of a
 * cluster know and nobody else does: each node's Noise key pair, the topic of the cluster on a
 * DHT, the keys that seal a hello. Whoever has it is a member, so it shows itself to nobody: in a
 * log line, a JSON body or an error it reads as `[cluster secret]`.
 *
 * The text carries a checksum. Without one a mistyped secret would be a valid other secret, and
 * its node would look for its peers for ever without a word.
 */

import { createHash, hkdfSync, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import type { KeyPair } from 'hypercore'
import HyperDHT from 'hyperdht'
import { type NodeName, SkeinError } from '../base/index.ts'

const SECRET_BYTES = 32
const CHECKSUM_BYTES = 4
const PREFIX = 'skein1_'
const TEXT_LENGTH = PREFIX.length + ((SECRET_BYTES + CHECKSUM_BYTES) / 3) * 4
const REDACTED = '[cluster secret]'
const NO_SALT = new Uint8Array(0)

export class ClusterSecret {
  readonly #bytes: Uint8Array

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  static generate(): ClusterSecret {
    return new ClusterSecret(randomBytes(SECRET_BYTES))
  }

  /**
   * A secret from the line that `reveal` gave; white space around it is left out.
   *
   * @throws BAD_REQUEST, without a word of what the text was
   */
  static parse(text: string): ClusterSecret {
    const line = text.trim()
    if (!line.startsWith(PREFIX)) {
      throw new SkeinError(
        'BAD_REQUEST',
        `a cluster secret starts with "${PREFIX}": make one with "skein secret" and give it to every node`,
      )
    }
    const bytes = Buffer.from(line.slice(PREFIX.length), 'base64url')
    const secret = bytes.subarray(0, SECRET_BYTES)
    if (line.length !== TEXT_LENGTH || textOf(secret) !== line) {
      throw new SkeinError('BAD_REQUEST', 'the cluster secret is damaged: copy the whole line that "skein secret" printed')
    }
    return new ClusterSecret(secret)
  }

  /** The secret as one line of text, for the file that nodes read it from. */
  reveal(): string {
    return textOf(this.#bytes)
  }

  /** 32 bytes that only members can compute: HKDF-SHA256 (RFC 5869) of the secret for `purpose` and `salt`. */
  derive(purpose: string, salt: Uint8Array = NO_SALT): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#bytes, salt, purpose, SECRET_BYTES))
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}

/** The Noise key pair of the node `node` in this cluster (ID2). */
export function deriveKeyPair(secret: ClusterSecret, node: NodeName): KeyPair {
  return HyperDHT.keyPair(secret.derive(`skein node ${node}`))
}

/** Where the members of this cluster find each other on a DHT: 32 bytes. */
export function deriveTopic(secret: ClusterSecret): Buffer {
  return secret.derive('skein topic')
}

function textOf(secret: Uint8Array): string {
  const checksum = createHash('sha256').update(PREFIX).update(secret).digest().subarray(0, CHECKSUM_BYTES)
  return PREFIX + Buffer.concat([secret, checksum]).toString('base64url')
}
