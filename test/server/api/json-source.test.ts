import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isDeeperThan, present } from '../../../base/index.ts'
import { elementsOf, membersOf } from '../../../server/api/json-source.ts'

/** Depth by the parsed value: what the scan has to agree with. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

describe('depth of a JSON text', () => {
  it('[HTTP] a scalar nests no level', () => {
    expect(isDeeperThan('1', 0)).toBe(false)
    expect(isDeeperThan('"[[["', 0)).toBe(false)
  })

  it.each([
    ['[]', 1],
    ['{"a":[{}]}', 3],
    ['["\\"[[["]', 1],
    ['["\\\\",[1]]', 2],
    ['{"]":"}","[":1}', 1],
    ['[[1],[2],[3]]', 2],
  ])('[HTTP] %s nests %i levels', (text, depth) => {
    expect(isDeeperThan(text, depth)).toBe(false)
    expect(isDeeperThan(text, depth - 1)).toBe(true)
  })

  it('[HTTP] it agrees with the parsed value', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 6 })), (value) => {
        const text = JSON.stringify(value, null, 1)
        const depth = depthOf(JSON.parse(text))
        expect(isDeeperThan(text, depth)).toBe(false)
        expect(isDeeperThan(text, depth - 1)).toBe(true)
      }),
    )
  })

  it('[HTTP] a million levels are refused at the first that is too deep', () => {
    expect(isDeeperThan('['.repeat(1_000_000), 128)).toBe(true)
  })

  it('[HTTP] a string of backslashes and quotes takes linear time', () => {
    const text = `"${'\\\\'.repeat(200_000)}${'\\"'.repeat(200_000)}"`
    expect(isDeeperThan(text, 0)).toBe(false)
  })
})

describe('sources of a JSON text', () => {
  it('[HTTP] each member and element is where its own text is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t\n'), (object, indent) => {
        const text = JSON.stringify(object, null, indent)
        const members = membersOf(text, 0)
        const parsed: Record<string, unknown> = JSON.parse(text)
        expect([...members.keys()].sort()).toEqual(Object.keys(parsed).sort())
        for (const [name, { start, end }] of members) {
          expect(JSON.stringify(JSON.parse(text.slice(start, end)))).toBe(JSON.stringify(parsed[name]))
        }
      }),
    )
  })

  it('[HTTP] elements are found in order', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (array) => {
        const text = ` ${JSON.stringify(array, null, 1)} `
        expect(elementsOf(text, 0).map(({ start, end }) => JSON.stringify(JSON.parse(text.slice(start, end))))).toEqual(
          array.map((element) => JSON.stringify(element)),
        )
      }),
    )
  })

  it('[HTTP] of a name given twice the last counts, also with escapes', () => {
    const text = '{"a": 1, "\\u0061" : [2] }'
    const { start, end } = present(membersOf(text, 0).get('a'), 'the member is there')
    expect(text.slice(start, end)).toBe('[2]')
  })
})
