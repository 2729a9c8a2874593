/** Patterns of names. */

import { describe, expect, it } from 'vitest'
import { KEY_BYTES_MAX } from '../../../../base/index.ts'
import { Glob, PATTERN_BYTES_MAX } from '../../../../server/resp/commands/glob.ts'

const COMPARISONS_MAX = 2_000_000

describe('a pattern', () => {
  it.each([
    // pattern      matches                        does not match
    ['*', ['', 'a', 'abc'], []],
    ['', [''], ['a']],
    ['?', ['a'], ['', 'ab']],
    ['a*', ['a', 'abc'], ['', 'ba']],
    ['*a', ['a', 'cba'], ['', 'ab']],
    ['*a*b*', ['ab', 'xaxbx'], ['ba', 'a']],
    ['h?llo', ['hello', 'hxllo'], ['hllo', 'heello']],
    ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'h[ae]llo']],
    ['h[^e]llo', ['hallo'], ['hello']],
    ['[a-c]', ['a', 'b', 'c'], ['d', '-']],
    ['[c-a]', ['a', 'b', 'c'], ['d']],
    ['[\\]]', [']'], ['\\', '[']],
    ['[a', ['a'], ['[a', '']],
    ['[]', [], ['', ']', '[]']],
    ['[^]', ['a', ']'], ['']],
    ['\\*', ['*'], ['a', '\\*']],
    ['a\\', ['a\\'], ['a']],
    ['**', ['', 'abc'], []],
    ['\xff*', ['\xff\x00'], ['y']],
  ])('[RESP] %j', (pattern, matching, others) => {
    const glob = Glob.parse(pattern)
    expect(matching.filter((name) => !glob.matches(name))).toEqual([])
    expect(others.filter((name) => glob.matches(name))).toEqual([])
  })

  it.each([
    ['user:*', 'user:'],
    ['user', 'user'],
    ['\\[x\\]?', '[x]'],
    ['*a', ''],
    ['[a]b', ''],
  ])('[RESP] %j begins with %j', (pattern, prefix) => {
    expect(Glob.parse(pattern).prefix).toBe(prefix)
  })

  it('[RESP] is matched in a bounded number of comparisons, whatever it is', () => {
    const name = 'a'.repeat(1024)
    const glob = Glob.parse(`${'a*'.repeat(500)}b`)
    expect(glob.costOf(name)).toBeLessThan(COMPARISONS_MAX)
    expect(glob.matches(name)).toBe(false)
    expect(glob.matches(`${name}b`)).toBe(true)
  })

  it('[RESP] is refused if it is too long', () => {
    expect(Glob.parse('a'.repeat(PATTERN_BYTES_MAX)).prefix).toHaveLength(KEY_BYTES_MAX)
    expect(() => Glob.parse('a'.repeat(PATTERN_BYTES_MAX + 1))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })
})
