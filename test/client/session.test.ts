import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeWriterId, parseNodeName } from '../../base/index.ts'
import { Session } from '../../client/session.ts'
import { formatToken, parseToken, VersionVector } from '../../crdt/index.ts'

const WRITERS = ['n1', 'n2', 'n3'].map((name, i) => makeWriterId(parseNodeName(name), i))

/** The vector with these sequences; 0 leaves a writer out. */
function vectorOf(sequences: readonly number[]): VersionVector {
  const vector = new VersionVector()
  for (const [i, writer] of WRITERS.entries()) vector.advance(writer, sequences[i] ?? 0)
  return vector
}

function tokenOf(...sequences: readonly number[]): string {
  return formatToken(vectorOf(sequences))
}

describe('session', () => {
  it('[SS1] a reply to a call that carried the current token takes its place', () => {
    const session = new Session()
    session.absorb(null, tokenOf(1))
    session.absorb(tokenOf(1), tokenOf(1, 2))
    expect(session.token).toBe(tokenOf(1, 2))
  })

  it('[SS1] replies that crossed each other are joined', () => {
    const session = new Session()
    session.absorb(null, tokenOf(3, 0, 1))
    session.absorb(null, tokenOf(0, 2, 4))
    expect(session.token).toBe(tokenOf(3, 2, 4))
  })

  it('[SS1] a reply that knows less changes nothing', () => {
    const session = new Session()
    session.absorb(null, tokenOf(3, 2))
    session.absorb(null, tokenOf(3, 1))
    expect(session.token).toBe(tokenOf(3, 2))
  })

  it('[SS1] whatever the order of replies, the token covers all of them and says no more', () => {
    const sequences = fc.array(fc.nat(5), { minLength: 3, maxLength: 3 })
    // Each call carries the token of the moment at which it left; its reply covers that.
    const calls = fc.array(fc.record({ learns: sequences, leavesBefore: fc.nat(3) }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(calls, (script) => {
        const session = new Session()
        const expected = vectorOf([])
        const tokens: (string | null)[] = [null]
        for (const { learns, leavesBefore } of script) {
          const carried = tokens[Math.max(0, tokens.length - 1 - leavesBefore)] ?? null
          const reply = vectorOf(learns)
          if (carried !== null) reply.join(parseToken(carried) ?? vectorOf([]))
          expected.join(reply)
          session.absorb(carried, formatToken(reply))
          tokens.push(session.token)
        }
        expect(session.token).toBe(formatToken(expected))
      }),
    )
  })

  it('[SS1] an adopted token is added to what is known, and null forgets it all', () => {
    const session = new Session()
    session.absorb(null, tokenOf(1))
    session.adopt(tokenOf(0, 1))
    expect(session.token).toBe(tokenOf(1, 1))
    session.adopt(null)
    expect(session.token).toBeNull()
  })

  it('what is no token is refused, and changes nothing', () => {
    const session = new Session()
    session.adopt(tokenOf(1))
    expect(() => session.adopt('no token')).toThrow('session token')
    expect(session.token).toBe(tokenOf(1))
  })

  it('a reply without a token says nothing', () => {
    const session = new Session()
    session.absorb(null, tokenOf(1))
    session.absorb(tokenOf(1), '')
    expect(session.token).toBe(tokenOf(1))
  })
})
