import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  binaryFromBytes,
  binaryFromText,
  bytesEqual,
  bytesFromBinary,
  fromBase64,
  fromHex,
  fromUtf8,
  isBinary,
  textFromBinary,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from '../../base/index.ts'

const wellFormed = fc.string({ unit: 'binary' })

describe('bytes', () => {
  it('text becomes a binary string of its UTF-8 and comes back', () => {
    fc.assert(
      fc.property(wellFormed, (text) => {
        const binary = binaryFromText(text)
        expect(isBinary(binary)).toBe(true)
        expect(textFromBinary(binary)).toBe(text)
        expect(bytesEqual(bytesFromBinary(binary), utf8(text))).toBe(true)
      }),
    )
  })

  it('binary strings compare in the order of their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (left, right) => {
        const order = Math.sign(Buffer.compare(left, right))
        const [first, second] = [binaryFromBytes(left, 0, left.length), binaryFromBytes(right, 0, right.length)]
        expect(first === second ? 0 : first < second ? -1 : 1).toBe(order)
      }),
    )
  })

  it('hexadecimal and base64 come back as the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        for (const decoded of [fromHex(toHex(bytes)), fromBase64(toBase64(bytes)), fromBase64(toBase64Url(bytes))]) {
          expect(decoded !== null && bytesEqual(decoded, bytes)).toBe(true)
        }
      }),
    )
  })

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['an end inside a character', [0xf0, 0x9f, 0x98]],
  ])('%s is no UTF-8', (_, bytes) => {
    expect(fromUtf8(new Uint8Array(bytes))).toBeNull()
    expect(textFromBinary(String.fromCharCode(...bytes))).toBeNull()
  })

  it.each(['abc', 'zz', 'AB'])('%s is no lower-case hexadecimal', (text) => expect(fromHex(text)).toBeNull())
})
