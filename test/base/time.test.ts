import { describe, expect, it } from 'vitest'
import { parseDuration, parseSize, type SkeinError } from '../../base/index.ts'

describe('durations and sizes', () => {
  it.each`
    text       | ms
    ${'0'}     | ${0}
    ${'1500'}  | ${1500}
    ${'500ms'} | ${500}
    ${'30s'}   | ${30_000}
    ${'1.5s'}  | ${1500}
    ${'5m'}    | ${300_000}
    ${'2h'}    | ${7_200_000}
    ${'7d'}    | ${604_800_000}
  `('$text is $ms ms', ({ text, ms }) => expect(parseDuration(text, 'ttl')).toBe(ms))

  it.each(['', 's', '-1s', '1w', '1e3', 'Infinity', '1..2s', '9'.repeat(40), '99999999d', '1toString', '1__proto__'])(
    '%j is no duration',
    (text) => {
      expect(() => parseDuration(text, 'ttl')).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }) as SkeinError)
    },
  )

  it.each`
    text       | bytes
    ${'4096'}  | ${4096}
    ${'64kb'}  | ${65_536}
    ${'1MB'}   | ${1_048_576}
    ${'1.5mb'} | ${1_572_864}
    ${'2gb'}   | ${2_147_483_648}
  `('$text is $bytes bytes', ({ text, bytes }) => expect(parseSize(text, 'size')).toBe(bytes))
})
