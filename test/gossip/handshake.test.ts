import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseNodeName } from '../../base/index.ts'
import { drawLife, type Endpoint, type Hello, openHello, SEALED_HELLO_BYTES, sealHello } from '../../gossip/handshake.ts'
import { ClusterSecret, deriveKeyPair } from '../../gossip/index.ts'
import { directoryOf } from '../contract/transport.ts'
import { A, B } from './loopback.ts'

const secret = ClusterSecret.generate()
const handshakeHash = randomBytes(64)
const initiator: Endpoint = { isInitiator: true, handshakeHash }
const responder: Endpoint = { isInitiator: false, handshakeHash }
const hello: Hello = { node: A, directory: directoryOf(1), life: drawLife() }
const keyOfA = deriveKeyPair(secret, A).publicKey

describe('a sealed hello', () => {
  it('[ID2] is verified at the other end of its connection', () => {
    expect(openHello(secret, responder, keyOfA, sealHello(secret, initiator, hello))).toEqual({ kind: 'verified', hello })
    expect(openHello(secret, initiator, keyOfA, sealHello(secret, responder, hello))).toEqual({ kind: 'verified', hello })
  })

  it('[ID2] with the key of another name is refused', () => {
    const keyOfB = deriveKeyPair(secret, B).publicKey
    expect(openHello(secret, responder, keyOfB, sealHello(secret, initiator, hello))).toEqual({ kind: 'refused', reason: 'wrong-name' })
  })

  it.each<[string, Endpoint, ClusterSecret]>([
    ['on another connection', { isInitiator: false, handshakeHash: randomBytes(64) }, secret],
    ['sent back to its sender', initiator, secret],
    ['with another secret', responder, ClusterSecret.generate()],
  ])('[ID2] %s says nothing', (_, endpoint, key) => {
    expect(openHello(key, endpoint, keyOfA, sealHello(secret, initiator, hello))).toEqual({ kind: 'refused', reason: 'wrong-secret' })
  })

  it('has one length for all names', () => {
    const longest = sealHello(secret, initiator, { ...hello, node: parseNodeName('z'.repeat(64)) })
    expect([longest.length, sealHello(secret, initiator, hello).length]).toEqual([SEALED_HELLO_BYTES, SEALED_HELLO_BYTES])
  })

  it('that is any other bytes is refused without an error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.uint8Array({ minLength: SEALED_HELLO_BYTES, maxLength: SEALED_HELLO_BYTES })), (bytes) => {
        expect(openHello(secret, responder, keyOfA, bytes).kind).toBe('refused')
      }),
    )
  })
})
