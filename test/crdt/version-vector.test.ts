import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter, MalformedError, makeWriterId, type NodeName, type WriterId } from '../../base/index.ts'
import { compareVectors, countMissing, decodeVector, encodeVector, formatToken, parseToken, VersionVector } from '../../crdt/index.ts'

const writers: WriterId[] = Array.from({ length: 6 }, (_, index) => makeWriterId(`node-${index}` as NodeName, index * 7919))

const vectors = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...writers), fc.integer({ min: 1, max: 2 ** 53 - 1 })), { selector: ([writer]) => writer })
  .map((entries) => new VersionVector(entries))

/** The dots that a vector stands for, as far as a small sequence goes. */
function dotsOf(vector: VersionVector): Set<string> {
  const dots = new Set<string>()
  for (const [writer, sequence] of vector.entries()) for (let i = 1; i <= sequence; i++) dots.add(`${writer}:${i}`)
  return dots
}

const smallVectors = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...writers), fc.integer({ min: 1, max: 4 })), { selector: ([writer]) => writer })
  .map((entries) => new VersionVector(entries))

describe('version vector', () => {
  it('[CA1] covers what the sets of dots contain', () => {
    fc.assert(
      fc.property(smallVectors, smallVectors, (left, right) => {
        const [mine, theirs] = [dotsOf(left), dotsOf(right)]
        const covers = [...theirs].every((dot) => mine.has(dot))
        const isCovered = [...mine].every((dot) => theirs.has(dot))
        expect(left.covers(right)).toBe(covers)
        expect(compareVectors(left, right)).toBe(covers ? (isCovered ? 'equal' : 'after') : isCovered ? 'before' : 'concurrent')
        expect(countMissing(left, right)).toBe([...mine].filter((dot) => !theirs.has(dot)).length)
      }),
    )
  })

  it('[CA1] a join is the least vector that covers both', () => {
    fc.assert(
      fc.property(smallVectors, smallVectors, (left, right) => {
        expect(dotsOf(left.copy().join(right))).toEqual(new Set([...dotsOf(left), ...dotsOf(right)]))
      }),
    )
  })

  it('[CA1] equal vectors have equal bytes, whatever the order in which they grew', () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        const bytes = encode(vector)
        expect(encode(new VersionVector([...vector.entries()].reverse()))).toEqual(bytes)
        const decoded = decodeVector(new ByteReader(bytes))
        expect(compareVectors(decoded, vector)).toBe('equal')
      }),
    )
  })

  it('[SS1] a session token is a vector that anybody can carry', () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        const token = formatToken(vector)
        expect(token).toMatch(/^[A-Za-z0-9_-]+$/)
        const parsed = parseToken(token)
        expect(parsed !== null && compareVectors(parsed, vector)).toBe('equal')
      }),
    )
  })

  it('[SS1] whatever is no token is found out and harms nothing', () => {
    fc.assert(
      fc.property(vectors, fc.nat(), fc.constantFrom(...'Az09-_=! '), (vector, at, character) => {
        const token = formatToken(vector)
        const index = at % token.length
        const parsed = parseToken(token.slice(0, index) + character + token.slice(index + 1))
        if (parsed !== null) expect(parseToken(formatToken(parsed))).toEqual(parsed)
      }),
    )
    for (const text of ['', '!', 'AQ', formatToken(new VersionVector([['n1.00000001' as WriterId, 1]])).slice(0, -2)])
      expect(parseToken(text)).toBeNull()
  })

  it('[LG4] a vector that names a writer twice or with 0 is malformed', () => {
    const twice = new ByteWriter().uint(2).binary('n1.00000001').uint(1).binary('n1.00000001').uint(2).finish()
    const zero = new ByteWriter().uint(1).binary('n1.00000001').uint(0).finish()
    for (const bytes of [twice, zero]) expect(() => decodeVector(new ByteReader(bytes))).toThrow(MalformedError)
  })
})

function encode(vector: VersionVector): Uint8Array {
  const writer = new ByteWriter()
  encodeVector(writer, vector)
  return writer.finish()
}
