import { describe, expect, it } from 'vitest'
import { isWriterId, keyFromText } from '../../../base/index.ts'
import { formatToken, VersionVector } from '../../../crdt/index.ts'
import { SessionTokens } from '../../../server/api/session-tokens.ts'
import { conditionsOf, idempotencyKeyOf } from '../../../server/http/request-headers.ts'

function vectorOf(entries: Record<string, number>): VersionVector {
  const vector = new VersionVector()
  for (const [writer, sequence] of Object.entries(entries)) if (isWriterId(writer)) vector.advance(writer, sequence)
  return vector
}

const KEY = keyFromText('a')
const LEFT = formatToken(vectorOf({ 'n1.00000001': 5, 'n2.00000002': 1 }))
const RIGHT = formatToken(vectorOf({ 'n1.00000001': 3, 'n2.00000002': 9 }))
const BAD = expect.objectContaining({ code: 'BAD_REQUEST' })

describe('request headers', () => {
  it('[SS1] several session tokens are joined', () => {
    const joined = new SessionTokens().sessionOf(`${LEFT}, ${RIGHT}`, 'session')
    expect(joined).toEqual(vectorOf({ 'n1.00000001': 5, 'n2.00000002': 9 }))
  })

  it('[SS1] a token that is known is the very session it stands for', () => {
    const tokens = new SessionTokens()
    const session = vectorOf({ 'n1.00000001': 5 })
    const text = tokens.textOf(session)
    expect(tokens.sessionOf(text, 'session')).toBe(session)
    expect(tokens.textOf(session)).toBe(text)
  })

  it('[SS1] joining tokens changes none of them', () => {
    const tokens = new SessionTokens()
    const session = vectorOf({ 'n1.00000001': 5, 'n2.00000002': 1 })
    const text = tokens.textOf(session)
    tokens.sessionOf(`${text},${RIGHT}`, 'session')
    expect(tokens.sessionOf(text, 'session')).toEqual(vectorOf({ 'n1.00000001': 5, 'n2.00000002': 1 }))
  })

  it('[Bounded] tokens past what is remembered are still read', () => {
    const tokens = new SessionTokens()
    for (let i = 1; i <= 1000; i++) tokens.textOf(vectorOf({ 'n1.00000001': i }))
    expect(tokens.sessionOf(formatToken(vectorOf({ 'n1.00000001': 1 })), 'session')).toEqual(vectorOf({ 'n1.00000001': 1 }))
  })

  it('[SS1] no header is no session', () => {
    expect(new SessionTokens().sessionOf(undefined, 'session')).toBeNull()
  })

  it.each(['', 'x', '!!!', `${LEFT},`, `${LEFT},x`, 'AgA', 'AQEA', `${LEFT}AA`, Array(17).fill(LEFT).join()])(
    '[SS1] the session %j is refused',
    (header) => {
      expect(() => new SessionTokens().sessionOf(header, 'session')).toThrow(BAD)
    },
  )

  it.each(['"n1.0a1b2c3d:17"', 'n1.0a1b2c3d:17'])('[RG5] If-Match: %s is a version', (header) => {
    expect(conditionsOf({ 'if-match': header }, KEY)).toEqual([
      { kind: 'version', key: KEY, version: { writer: 'n1.0a1b2c3d', sequence: 17 } },
    ])
  })

  it('[RG5] If-None-Match: * asks for absence', () => {
    expect(conditionsOf({ 'if-none-match': '*' }, KEY)).toEqual([{ kind: 'absent', key: KEY }])
  })

  it.each([
    { 'if-match': '*' },
    { 'if-match': '""' },
    { 'if-match': 'W/"n1.0a1b2c3d:17"' },
    { 'if-match': '"n1.0a1b2c3d:0"' },
    { 'if-match': '"n1.0a1b2c3d:01"' },
    { 'if-match': '"n1.0a1b2c3d:1", "n1.0a1b2c3d:2"' },
    { 'if-match': '"N1.0a1b2c3d:1"' },
    { 'if-none-match': '"n1.0a1b2c3d:17"' },
    { 'if-match': '"n1.0a1b2c3d:17"', 'if-none-match': '*' },
  ])('[RG5] %o is refused', (headers) => {
    expect(() => conditionsOf(headers, KEY)).toThrow(BAD)
  })

  it.each(['a', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', '~'.repeat(64)])('[ExactlyOnce] the idempotency key %s is taken', (key) => {
    expect(idempotencyKeyOf({ 'idempotency-key': key })).toBe(key)
  })

  it.each(['', 'a b', 'é', '\x7f', 'x'.repeat(65)])('[ExactlyOnce] the idempotency key %j is refused', (key) => {
    expect(() => idempotencyKeyOf({ 'idempotency-key': key })).toThrow(BAD)
  })
})
