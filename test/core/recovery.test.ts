import { describe, expect, it } from 'vitest'
import { type LogKey, utf8, type WriterId } from '../../base/index.ts'
import { DEFAULT_GROUP, type JournalRecord, planRecovery } from '../../core/index.ts'

const WRITER = 'n1.00000001' as WriterId
const KEY = 'a'.repeat(64) as LogKey

function block(index: number, text = `block ${index}`): JournalRecord {
  return { kind: 'block', group: DEFAULT_GROUP, writer: WRITER, index, bytes: utf8(text) }
}

function tailOf(length: number, indexes: readonly number[]): string[] {
  const plan = planRecovery(
    DEFAULT_GROUP,
    length === 0 ? [] : [{ writer: WRITER, key: KEY, length }],
    indexes.map((index) => block(index)),
  )
  return (plan.logs[0]?.tail ?? []).map((bytes) => new TextDecoder().decode(bytes))
}

describe('recovery plan', () => {
  it.each`
    stored | journal         | tail
    ${4}   | ${[0, 1, 2, 3]} | ${[]}
    ${2}   | ${[0, 1, 2, 3]} | ${['block 2', 'block 3']}
    ${2}   | ${[2, 3]}       | ${['block 2', 'block 3']}
    ${0}   | ${[0, 1]}       | ${['block 0', 'block 1']}
    ${2}   | ${[3, 4]}       | ${[]}
    ${1}   | ${[1, 2, 4, 5]} | ${['block 1', 'block 2']}
    ${0}   | ${[3, 4]}       | ${[]}
  `('[JR5] $stored blocks stored, $journal in the journal: $tail is appended, never across a gap', ({ stored, journal, tail }) => {
    expect(tailOf(stored, journal)).toEqual(tail)
  })

  it('[JR7] the latest facts replace all earlier ones', () => {
    const facts = (text: string): JournalRecord => ({ kind: 'facts', group: DEFAULT_GROUP, bytes: utf8(text) })
    expect(planRecovery(DEFAULT_GROUP, [], [facts('old'), block(0), facts('new')]).facts).toEqual(utf8('new'))
    expect(planRecovery(DEFAULT_GROUP, [], [block(0)]).facts).toBeNull()
  })

  it('a log that only the log store has is followed as it is', () => {
    expect(planRecovery(DEFAULT_GROUP, [{ writer: WRITER, key: KEY, length: 7 }], [])).toEqual({
      logs: [{ writer: WRITER, key: KEY, length: 7, tail: [] }],
      facts: null,
    })
  })
})
