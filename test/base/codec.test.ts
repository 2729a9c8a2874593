import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter, binaryFromText, MalformedError } from '../../base/index.ts'

describe('codec', () => {
  it('[LG4] whatever was written is read back, and nothing is left over', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array(), fc.string(), (number, bytes, text) => {
        const binary = binaryFromText(text)
        const encoded = new ByteWriter().uint(number).bytes(bytes).binary(binary).byte(7).finish()
        const reader = new ByteReader(encoded)
        expect([reader.uint(), reader.bytes(1000), reader.binary(1000), reader.byte()]).toEqual([number, new Uint8Array(bytes), binary, 7])
        reader.end()
      }),
    )
  })

  it.each([0, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER])('[LG4] %d survives', (value) => {
    expect(new ByteReader(new ByteWriter().uint(value).finish()).uint()).toBe(value)
  })

  it.each([
    ['a padded integer', [0x80, 0x00], (reader: ByteReader) => reader.uint()],
    ['an integer past 53 bits', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], (reader: ByteReader) => reader.uint()],
    ['an integer over its limit', [0x09], (reader: ByteReader) => reader.uint(8)],
    ['an end inside an integer', [0x80], (reader: ByteReader) => reader.uint()],
    ['bytes longer than what is left', [0x05, 1, 2], (reader: ByteReader) => reader.bytes(100)],
    ['bytes longer than their limit', [0x03, 1, 2, 3], (reader: ByteReader) => reader.bytes(2)],
    ['a text longer than what is left', [0x05, 1, 2], (reader: ByteReader) => reader.binary(100)],
    ['left-over bytes', [0x00], (reader: ByteReader) => reader.end()],
  ])('[LG4] %s is malformed', (_, bytes, read) => {
    expect(() => read(new ByteReader(new Uint8Array(bytes)))).toThrow(MalformedError)
  })

  it('a writer is used again for the next message', () => {
    const writer = new ByteWriter()
    expect(writer.uint(1).finish()).toEqual(new Uint8Array([1]))
    expect(writer.uint(2).finish()).toEqual(new Uint8Array([2]))
  })
})
