import { describe, expect, it } from 'vitest'
import { isWriterId, keyFromText, makeWriterId, nodeOfWriter, parseNodeName, type SkeinError } from '../../base/index.ts'

describe('ids', () => {
  it.each(['n1', 'a', 'eu-west-1', '0', 'x'.repeat(64)])('[ID1] %s is a node name', (name) => expect(parseNodeName(name)).toBe(name))

  it.each(['', 'N1', 'n_1', 'n.1', 'ü', 'x'.repeat(65), 'a b', '../etc'])('[ID1] %j is no node name', (name) => {
    expect(() => parseNodeName(name)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }) as SkeinError)
  })

  it('[ID3] a writer is a name and 32 random bits, and names its node', () => {
    const writer = makeWriterId(parseNodeName('eu-west-1'), 0xdeadbeef)
    expect(writer).toBe('eu-west-1.deadbeef')
    expect(isWriterId(writer)).toBe(true)
    expect(nodeOfWriter(writer)).toBe('eu-west-1')
    expect(makeWriterId(parseNodeName('a'), 7)).toBe('a.00000007')
  })

  it.each(['n1', 'n1.', 'n1.0000000', 'n1.0000000g', 'N1.00000000', '.00000000', 'n1.00000000.'])('[ID3] %s is no writer', (text) => {
    expect(isWriterId(text)).toBe(false)
  })

  it.each(['__proto__', 'constructor', '\u0000', '🦢', 'k'.repeat(1024), ' '])('%j is an ordinary key', (key) => {
    expect(keyFromText(key).length).toBeGreaterThan(0)
  })

  it.each([
    ['an empty key', '', 'BAD_REQUEST'],
    ['1025 bytes', 'k'.repeat(1025), 'TOO_LARGE'],
    ['1026 bytes in 342 characters', '€'.repeat(342), 'TOO_LARGE'],
    ['half of a surrogate pair', '\ud800', 'BAD_REQUEST'],
  ])('%s is refused', (_, key, code) => expect(() => keyFromText(key)).toThrow(expect.objectContaining({ code }) as SkeinError))
})
