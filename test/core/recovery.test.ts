import { describe, expect, it } from 'vitest'
import { type LogKey, utf8, type WriterId } from '../../base/index.ts'
import { DEFAULT_GROUP, type JournalRecord, planRecovery } from '../../core/index.ts'

const WRITER = 'n1.00000001' as WriterId
const KEY = 'a'.repeat(64) as LogKey

function block(index: number, text = `${index}`): JournalRecord {
  return { kind: 'block', group: DEFAULT_GROUP, writer: WRITER, index, bytes: utf8(text) }
}

/** What is appended, then what is carried, behind a bar. */
function endOf(length: number, indexes: readonly number[]): string {
  const plan = planRecovery(
    DEFAULT_GROUP,
    length === 0 ? [] : [{ writer: WRITER, key: KEY, length }],
    indexes.map((index) => block(index)),
  )
  const text = (parts: readonly Uint8Array[] = []): string => parts.map((bytes) => new TextDecoder().decode(bytes)).join(' ')
  return `${text(plan.logs[0]?.tail.map(({ bytes }) => bytes))} | ${text(plan.logs[0]?.open)}`.trim()
}

describe('recovery plan', () => {
  it.each`
    stored | journal                  | end
    ${4}   | ${[0, 1, 2, 3]}          | ${'|'}
    ${2}   | ${[0, 1, 2, 3]}          | ${'2 | 3'}
    ${2}   | ${[2, 3]}                | ${'2 | 3'}
    ${2}   | ${[1, 1, 2, 2, 3, 3, 3]} | ${'22 | 3 3 3'}
    ${3}   | ${[2, 3, 3]}             | ${'| 3 3'}
    ${0}   | ${[0, 1]}                | ${'0 | 1'}
    ${0}   | ${[0]}                   | ${'0 |'}
    ${2}   | ${[3, 4]}                | ${'| 4'}
    ${1}   | ${[1, 2, 4, 5]}          | ${'1 2 | 5'}
    ${0}   | ${[3, 4]}                | ${'| 4'}
  `(
    '[JR5] [JR8] $stored blocks stored, $journal in the journal: $end (appended | carried), never across a gap',
    ({ stored, journal, end }) => {
      expect(endOf(stored, journal)).toEqual(end)
    },
  )

  it('[JR8] a block whose beginning was given up with its segment is none', () => {
    const joining = (index: number): JournalRecord => ({ ...block(index), joins: true }) as JournalRecord
    const plan = (records: readonly JournalRecord[]) =>
      planRecovery(DEFAULT_GROUP, [{ writer: WRITER, key: KEY, length: 3 }], records).logs[0]
    expect(plan([joining(3), joining(3)])).toMatchObject({ tail: [], open: [] })
    expect(plan([joining(3), block(4), joining(4), block(5)])).toMatchObject({ tail: [], open: [utf8('5')], openIndex: 5 })
    expect(plan([block(3), joining(3), block(4)])).toMatchObject({ tail: [{ bytes: utf8('33'), signature: null }], open: [utf8('4')] })
  })

  it('[JR5] [LG5] blocks that were pushed here follow on what the log store has of their log, with their signatures', () => {
    const pushed = (index: number): JournalRecord => ({ ...block(index), whole: true, signature: utf8(`s${index}`) }) as JournalRecord
    const plan = (length: number, records: readonly JournalRecord[]) =>
      planRecovery(DEFAULT_GROUP, [{ writer: WRITER, key: KEY, length }], records).logs
    const tail = [4, 5].map((index) => ({ bytes: utf8(`${index}`), signature: utf8(`s${index}`) }))
    expect(plan(4, [pushed(3), pushed(4), pushed(5)])).toMatchObject([{ tail, open: [] }])
    expect(plan(2, [pushed(3), pushed(4)])).toMatchObject([{ tail: [], open: [] }])
    expect(planRecovery(DEFAULT_GROUP, [], [pushed(3), pushed(4)]).logs).toEqual([])
  })

  it('[JR5] takes a journal with more blocks of one log than a call has arguments', () => {
    const records = Array.from({ length: 200_000 }, (_, index): JournalRecord => ({ ...block(index), whole: true }) as JournalRecord)
    expect(planRecovery(DEFAULT_GROUP, [], records).logs[0]?.tail).toHaveLength(200_000)
  })

  it('[JR7] the latest facts replace all earlier ones', () => {
    const facts = (text: string): JournalRecord => ({ kind: 'facts', group: DEFAULT_GROUP, bytes: utf8(text) })
    expect(planRecovery(DEFAULT_GROUP, [], [facts('old'), block(0), facts('new')]).facts).toEqual(utf8('new'))
    expect(planRecovery(DEFAULT_GROUP, [], [block(0)]).facts).toBeNull()
  })

  it('a log that only the log store has is followed as it is', () => {
    expect(planRecovery(DEFAULT_GROUP, [{ writer: WRITER, key: KEY, length: 7 }], [])).toEqual({
      logs: [{ writer: WRITER, key: KEY, length: 7, tail: [], open: [], openIndex: 0 }],
      facts: null,
    })
  })
})
