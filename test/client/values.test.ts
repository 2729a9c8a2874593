import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JSON_DEPTH_MAX, SkeinError, VALUE_BYTES_MAX } from '../../base/index.ts'
import { decodeValue, encodeValue } from '../../client/values.ts'

function codeOf(encode: () => unknown): string {
  try {
    encode()
    return 'nothing thrown'
  } catch (error) {
    return error instanceof SkeinError ? error.code : `another error: ${String(error)}`
  }
}

describe('values', () => {
  it('everything that JSON has comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const encoded = encodeValue(value)
        expect(encoded.type).toBe('json')
        expect(decodeValue(encoded)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('bytes come back as the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const encoded = encodeValue(bytes)
        expect(encoded.type).toBe('bytes')
        expect(decodeValue(encoded)).toEqual(bytes)
      }),
    )
  })

  it('text comes back as the same text, also with a byte order mark or NUL in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        for (const written of [text, `\ufeff${text}\0`]) {
          const encoded = encodeValue(written, 'text')
          expect(encoded.type).toBe('text')
          expect(decodeValue(encoded)).toBe(written)
        }
      }),
    )
  })

  it('a string with half of a surrogate pair survives as json', () => {
    expect(decodeValue(encodeValue('a\ud800b'))).toBe('a\ud800b')
  })

  it('a member named __proto__ is a member like any other', () => {
    const value: unknown = JSON.parse('{"__proto__": {"admin": true}}')
    expect(JSON.stringify(decodeValue(encodeValue(value)))).toBe('{"__proto__":{"admin":true}}')
  })

  it('neither what went in nor what came out shares memory with the stored bytes', () => {
    const written = Buffer.from([1, 2, 3])
    const encoded = encodeValue(written)
    written[0] = 9
    const read = decodeValue(encoded)
    if (read instanceof Uint8Array) read[1] = 9
    expect(decodeValue(encoded)).toEqual(new Uint8Array([1, 2, 3]))
  })

  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  it.each<[name: string, value: unknown, as: 'json' | 'text']>([
    ['undefined', undefined, 'json'],
    ['a function', () => 1, 'json'],
    ['a symbol', Symbol('s'), 'json'],
    ['a bigint', 1n, 'json'],
    ['a bigint inside', { count: 1n }, 'json'],
    ['NaN', Number.NaN, 'json'],
    ['infinity', Number.POSITIVE_INFINITY, 'json'],
    ['a cycle', cycle, 'json'],
    ['a Map', new Map(), 'json'],
    ['a Set', new Set(), 'json'],
    ['other numbers than bytes', new Float32Array(1), 'json'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'json'],
    ['a toJSON without a result', { toJSON: () => undefined }, 'json'],
    ['a toJSON that throws', { toJSON: () => Number.NaN.toFixed(1000) }, 'json'],
    ['a number as text', 1, 'text'],
    ['bytes as text', new Uint8Array(1), 'text'],
    ['half of a surrogate pair as text', 'a\ud800', 'text'],
  ])('%s is refused with BAD_REQUEST', (_name, value, as) => {
    expect(codeOf(() => encodeValue(value, as))).toBe('BAD_REQUEST')
  })

  it.each([
    ['at the bound', JSON_DEPTH_MAX, 'nothing thrown'],
    ['past it', JSON_DEPTH_MAX + 1, 'BAD_REQUEST'],
    ['far past it', 100_000, 'BAD_REQUEST'],
  ])('nesting %s', (_name, levels, outcome) => {
    let value: unknown = 'a "quoted" [bracket'
    for (let i = 0; i < levels; i++) value = [value]
    expect(codeOf(() => encodeValue(value))).toBe(outcome)
  })

  it('brackets inside strings are no nesting', () => {
    expect(codeOf(() => encodeValue('[\\"{'.repeat(1000)))).toBe('nothing thrown')
  })

  it('a value over the limit is refused with TOO_LARGE', () => {
    expect(codeOf(() => encodeValue(new Uint8Array(VALUE_BYTES_MAX)))).toBe('nothing thrown')
    expect(codeOf(() => encodeValue(new Uint8Array(VALUE_BYTES_MAX + 1)))).toBe('TOO_LARGE')
  })

  it('the message names what was given', () => {
    expect(() => encodeValue(new Map())).toThrow('a Map has no JSON form')
  })
})
