import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter, MalformedError, makeWriterId, type NodeName, type WriterId } from '../../base/index.ts'
import { compareVectors, Dependencies, VersionVector } from '../../crdt/index.ts'

const OWN = 'me.00000000' as WriterId
const writers = Array.from({ length: 5 }, (_, index) => makeWriterId(`n${index}` as NodeName, index))

/** How a frontier grows from one entry to the next. */
const growth = fc.array(fc.array(fc.tuple(fc.constantFrom(...writers, OWN), fc.integer({ min: 1, max: 9 })), { maxLength: 4 }), {
  minLength: 1,
  maxLength: 12,
})

describe('dependencies', () => {
  it('[CA1] along a log, each entry is coded as what changed and read back as the whole frontier', () => {
    fc.assert(
      fc.property(growth, (entries) => {
        const frontier = new VersionVector()
        let written = Dependencies.none()
        let read = Dependencies.none()
        for (const raises of entries) {
          for (const [writer, by] of raises) frontier.advance(writer, frontier.get(writer) + by)
          const next = written.advance(frontier, OWN)
          const output = new ByteWriter()
          next.encodeSince(written, output)
          written = next
          const input = new ByteReader(output.finish())
          read = read.decodeNext(input)
          input.end()
          const expected = new VersionVector([...frontier.entries()].filter(([writer]) => writer !== OWN))
          expect(compareVectors(read.toVector(), expected)).toBe('equal')
          expect(read.coveredBy(frontier)).toBe(true)
        }
      }),
    )
  })

  it('[CA1] after many restarts, writers that nobody hears of any more cost nothing, and none is mistaken for another', () => {
    const many = Array.from({ length: 70 }, (_, index) => makeWriterId('n1' as NodeName, index))
    const raise = fc.tuple(fc.nat(many.length - 1), fc.integer({ min: 1, max: 3 }))
    fc.assert(
      fc.property(fc.array(fc.array(raise, { maxLength: 8 }), { minLength: 1, maxLength: 20 }), fc.nat(19), (entries, abandoned) => {
        const frontier = new VersionVector()
        let written = Dependencies.none()
        let read = Dependencies.none()
        for (const [place, raises] of entries.entries()) {
          for (const [index, by] of raises) frontier.advance(many[index] ?? OWN, frontier.get(many[index] ?? OWN) + by)
          // A draft that is never written leaves its writers in the table.
          if (place === abandoned) written.advance(new VersionVector(many.map((writer) => [writer, 1])), OWN)
          const next = written.advance(frontier, OWN)
          const output = new ByteWriter()
          next.encodeSince(written, output)
          const input = new ByteReader(output.finish())
          const decoded = read.decodeNext(input)
          input.end()
          expect(next.firstMissing(frontier, written)).toBe(null)
          expect(decoded.firstMissing(frontier, read)).toBe(null)
          expect(compareVectors(decoded.toVector(), frontier)).toBe('equal')
          for (const writer of many) expect(decoded.get(writer)).toBe(frontier.get(writer))
          written = next
          read = decoded
        }
      }),
    )
  })

  it('[CA1] entries on an unchanged frontier share one object and take two bytes', () => {
    const frontier = new VersionVector([[writers[0] ?? OWN, 3]])
    const first = Dependencies.none().advance(frontier, OWN)
    frontier.advance(OWN, 1)
    const second = first.advance(frontier, OWN)
    expect(second).toBe(first)
    const output = new ByteWriter()
    second.encodeSince(first, output)
    expect(output.finish()).toEqual(new Uint8Array([0, 0]))
  })

  it('[CA1] the order in which a frontier names its writers does not matter', () => {
    const entries = writers.map((writer, index) => [writer, index + 1] as const)
    const first = Dependencies.none().advance(new VersionVector(entries), OWN)
    expect(first.advance(new VersionVector([...entries].reverse()), OWN)).toBe(first)
    const raised = new VersionVector([...entries].reverse().map(([writer, sequence]) => [writer, sequence + 1] as const))
    expect(compareVectors(first.advance(raised, OWN).toVector(), raised)).toBe('equal')
  })

  it('[CA3] dependencies are uncovered as long as one dot is missing', () => {
    const [first = OWN, second = OWN] = writers
    const dependencies = Dependencies.none().advance(
      new VersionVector([
        [first, 2],
        [second, 1],
      ]),
      OWN,
    )
    expect(dependencies.coveredBy(new VersionVector([[first, 2]]))).toBe(false)
    expect(
      dependencies.coveredBy(
        new VersionVector([
          [first, 1],
          [second, 9],
        ]),
      ),
    ).toBe(false)
    expect(
      dependencies.coveredBy(
        new VersionVector([
          [first, 2],
          [second, 1],
        ]),
      ),
    ).toBe(true)
  })

  it.each<[string, ...Uint8Array[]]>([
    ['a slot that was never named', new ByteWriter().uint(1).uint(0).uint(1).uint(0).finish()],
    [
      'a raise by nothing',
      new ByteWriter().uint(0).uint(1).binary('n1.00000001').uint(1).finish(),
      new ByteWriter().uint(1).uint(0).uint(0).uint(0).finish(),
    ],
    ['a writer with two slots', new ByteWriter().uint(0).uint(2).binary('n1.00000001').uint(1).binary('n1.00000001').uint(1).finish()],
    ['a text that is no writer', new ByteWriter().uint(0).uint(1).binary('NOBODY').uint(1).finish()],
    ['an end in the middle', new Uint8Array([0, 2, 3])],
  ])('[LG4] %s is malformed', (_, ...blocks) => {
    expect(() => blocks.reduce((read, block) => read.decodeNext(new ByteReader(block)), Dependencies.none())).toThrow(MalformedError)
  })
})
