import { describe, expect, it } from 'vitest'
import { FIRST_EPOCH, keyFromText, makeWriterId, Prng, parseNodeName, present, type Timestamp, type WriterId } from '../../../base/index.ts'
import { compareRank, Dependencies, type Dot, type Value, type Version, VersionVector } from '../../../crdt/index.ts'
import { checkCausalApply, checkCausalSessions, type SessionAnswer, type WrittenVersion } from '../../../sim/checkers/index.ts'

const K = keyFromText('k')
const OTHER = keyFromText('other')
const A = makeWriterId(parseNodeName('a'), 1)
const B = makeWriterId(parseNodeName('b'), 1)
const TEXT: Value = { type: 'text', data: 'x' }

function version(writer: WriterId, sequence: number, timestamp: number, value: Value | null = TEXT): Version {
  return {
    dot: { writer, sequence },
    epoch: FIRST_EPOCH,
    timestamp: timestamp as Timestamp,
    value,
    deadlineMs: null,
    dependencies: Dependencies.none(),
  }
}

function wrote(session: number, dot: Dot, ...context: [WriterId, number][]): SessionAnswer {
  return { session, kind: 'wrote', version: dot, context: new VersionVector(context) }
}

function reads(session: number, dot: Dot | null, ...context: [WriterId, number][]): SessionAnswer {
  return { session, kind: 'read', key: K, version: dot, context: new VersionVector(context) }
}

const a1 = version(A, 1, 10)
const b1 = version(B, 1, 20)
const written: readonly WrittenVersion[] = [
  { key: K, version: a1 },
  { key: K, version: b1 },
]

function kinds(answers: readonly SessionAnswer[], writes: readonly WrittenVersion[] = written): string[] {
  return checkCausalSessions(writes, answers).violations.map(({ kind }) => kind)
}

describe('causal sessions', () => {
  it('[SS1] reads of the highest version seen pass', () => {
    const answers = [wrote(1, a1.dot, [A, 1]), reads(1, a1.dot, [A, 1]), reads(1, b1.dot, [A, 1], [B, 1]), reads(2, null)]
    expect(checkCausalSessions(written, answers)).toEqual({ verdict: 'passed', violations: [], sessions: 2, reads: 3 })
  })

  it('[SS1] a session reads its own write', () => {
    expect(kinds([wrote(1, a1.dot, [A, 1]), reads(1, null)])).toEqual(['stale-read'])
  })

  it('[SS1] reads are monotonic, also over two nodes', () => {
    expect(kinds([reads(1, b1.dot, [A, 1], [B, 1]), reads(1, a1.dot, [A, 1])])).toEqual(['stale-read'])
  })

  it('[SS1] a session that saw a write by its frontier alone must read it or a higher one', () => {
    const elsewhere: SessionAnswer = { session: 1, kind: 'read', key: OTHER, version: null, context: new VersionVector([[B, 1]]) }
    expect(kinds([elsewhere, reads(1, a1.dot, [A, 1], [B, 1])])).toEqual(['stale-read'])
  })

  it('[RG3] a read older than what its own frontier has is stale', () => {
    const result = checkCausalSessions(written, [reads(1, a1.dot, [A, 1], [B, 1])])
    expect(result.violations).toMatchObject([{ kind: 'stale-read', missed: { dot: b1.dot } }])
  })

  it('[RG3] a lower version that came later is no violation: the winner is by rank', () => {
    expect(kinds([reads(1, b1.dot, [B, 1]), reads(1, b1.dot, [A, 1], [B, 1])])).toEqual([])
  })

  it('[RG6] nothing is a right answer after a tombstone or a deadline, and a wrong one after a value', () => {
    const tombstone = version(B, 2, 30, null)
    const expiring: Version = { ...version(B, 3, 40), deadlineMs: 1 }
    const all = [...written, { key: K, version: tombstone }, { key: K, version: expiring }]
    expect(kinds([reads(1, null, [A, 1], [B, 2])], all)).toEqual([])
    expect(kinds([reads(1, null, [A, 1], [B, 3])], all)).toEqual([])
    expect(kinds([reads(1, null, [A, 1], [B, 1])], all)).toEqual(['stale-read'])
  })

  it('a version that nobody wrote to the key is out of thin air', () => {
    expect(kinds([reads(1, { writer: A, sequence: 9 }, [A, 9])])).toEqual(['thin-air'])
    expect(kinds([reads(1, a1.dot, [A, 1])], [{ key: OTHER, version: a1 }])).toEqual(['thin-air'])
  })

  it('[WR2] an answer reflects what it names', () => {
    expect(kinds([reads(1, a1.dot)])).toEqual(['outside-frontier'])
    expect(kinds([wrote(1, a1.dot)])).toEqual(['outside-frontier'])
  })

  it('[SS1] a frontier behind the session is a violation even if nothing was missed', () => {
    expect(kinds([wrote(1, a1.dot, [A, 1]), wrote(1, b1.dot, [B, 1])])).toEqual(['frontier-behind'])
  })

  it('sessions are judged apart', () => {
    expect(kinds([wrote(1, a1.dot, [A, 1]), reads(2, null)])).toEqual([])
  })

  it('agrees with looking at every write, in 2,000 random histories', () => {
    const random = new Prng(71)
    const counts = { passed: 0, failed: 0 }
    for (let round = 0; round < 2000; round++) {
      const writes = [A, B].flatMap((writer) =>
        [1, 2, 3].map((sequence) => ({ key: K, version: version(writer, sequence, 100 * sequence + random.below(300)) })),
      )
      const contexts = Array.from(
        { length: 1 + random.below(4) },
        () =>
          new VersionVector([
            [A, 1 + random.below(3)],
            [B, 1 + random.below(3)],
          ]),
      )
      const seen = new VersionVector()
      let isRight = true
      const answers = contexts.map((context): SessionAnswer => {
        isRight &&= context.covers(seen)
        seen.join(context)
        const covered = writes.filter(({ version: { dot } }) => seen.has(dot)).map((each) => each.version)
        const highest = present(
          covered.reduce((left, right) => (compareRank(left, right) > 0 ? left : right)),
          'something is covered',
        )
        const returned = random.below(6) === 0 ? present(covered[random.below(covered.length)], 'inside') : highest
        isRight &&= returned === highest && context.has(returned.dot)
        return { session: 1, kind: 'read', key: K, version: returned.dot, context }
      })
      const expected = isRight ? 'passed' : 'failed'
      expect(checkCausalSessions(writes, answers).verdict).toBe(expected)
      counts[expected] += 1
    }
    expect(counts.passed).toBeGreaterThan(300)
    expect(counts.failed).toBeGreaterThan(300)
  })
})

describe('causal apply', () => {
  const apply = (node: number, writer: WriterId, sequence: number, ...dependencies: [WriterId, number][]) => ({
    node,
    dot: { writer, sequence },
    dependencies: Dependencies.none().advance(new VersionVector(dependencies), writer),
  })

  it('[CA3] a transaction is applied after all that its writer knew', () => {
    expect(checkCausalApply([apply(1, A, 1), apply(1, B, 1, [A, 1]), apply(2, A, 1), apply(2, B, 1, [A, 1])]).verdict).toBe('passed')
    expect(checkCausalApply([apply(1, B, 1, [A, 1]), apply(1, A, 1)]).violations).toMatchObject([{ kind: 'missing-dependency' }])
  })

  it('[CA2] a log is applied without gaps', () => {
    expect(checkCausalApply([apply(1, A, 1), apply(1, A, 3)]).violations).toMatchObject([
      { kind: 'gap', applied: { dot: { sequence: 3 } } },
    ])
  })

  it('[CA4] nothing is applied twice', () => {
    expect(checkCausalApply([apply(1, A, 1), apply(1, A, 1)]).violations).toMatchObject([{ kind: 'applied-twice' }])
  })
})
