import { describe, expect, it } from 'vitest'
import { textFromBinary, utf8 } from '../../../base/index.ts'
import { mediaTypeOf, valueOfBody, valueTypeOf } from '../../../server/http/value-body.ts'

const MAX = 64

describe('content types', () => {
  it.each([
    ['application/json', 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['Application/JSON;charset=UTF-8', 'json'],
    ['text/plain', 'text'],
    ['text/plain;charset="utf-8"', 'text'],
    ['text/plain; format=flowed', 'text'],
    ['application/octet-stream', 'bytes'],
    [undefined, 'bytes'],
  ])('[HTTP] %s is %s', (contentType, type) => {
    expect(valueTypeOf(contentType)).toBe(type)
  })

  it.each(['application/x-www-form-urlencoded', 'text/html', 'text/plain; charset=latin1', 'json', ''])(
    '[HTTP] %j is refused',
    (contentType) => {
      expect(() => valueTypeOf(contentType)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
    },
  )

  it('[HTTP] a type is answered by what it was announced as', () => {
    for (const type of ['json', 'text', 'bytes'] as const) expect(valueTypeOf(mediaTypeOf(type))).toBe(type)
  })
})

describe('bodies', () => {
  it.each([
    ['{"a":12345678901234567890}', 'a large integer'],
    ['{"a":1,"a":2}', 'a repeated name'],
    ['{"__proto__":{"x":1},"constructor":1}', 'names of prototypes'],
    ['[1.0, 1e2]', 'numbers as written'],
    ['"\\ud800"', 'half of a surrogate pair, escaped'],
    [`${'['.repeat(30)}${']'.repeat(30)}`, 'nesting'],
  ])('[HTTP] JSON is stored as it was sent: %s (%s)', (text) => {
    expect(textFromBinary(valueOfBody(utf8(text), 'json', MAX).data)).toBe(text)
  })

  it('[HTTP] spaces around JSON are not stored', () => {
    expect(textFromBinary(valueOfBody(utf8(' \n{"a": 1}\t'), 'json', MAX).data)).toBe('{"a": 1}')
  })

  it.each([
    ['', 'nothing'],
    ['  ', 'only spaces'],
    ['{a:1}', 'an unquoted name'],
    ['\ufeff1', 'a byte order mark'],
    ['1 2', 'two values'],
    ['NaN', 'no JSON number'],
    [`${'['.repeat(129)}${']'.repeat(129)}`, '129 levels'],
    ['['.repeat(10_000), '10,000 levels'],
  ])('[HTTP] %j is no JSON value: %s', (text) => {
    expect(() => valueOfBody(utf8(text), 'json', 100_000)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })

  it('[HTTP] 128 levels are taken', () => {
    expect(valueOfBody(utf8('['.repeat(128) + ']'.repeat(128)), 'json', 256).data).toHaveLength(256)
  })

  it.each(['json', 'text'] as const)('[HTTP] %s that is not UTF-8 is refused', (type) => {
    expect(() => valueOfBody(Uint8Array.of(0x22, 0xff, 0x22), type, MAX)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })

  it.each(['json', 'text', 'bytes'] as const)('[HTTP] a %s over the limit is TOO_LARGE', (type) => {
    const body = utf8(`"${'x'.repeat(MAX)}"`)
    expect(() => valueOfBody(body, type, MAX)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })

  it('[HTTP] an empty body is an empty value, but for JSON', () => {
    expect(valueOfBody(undefined, 'bytes', MAX)).toEqual({ type: 'bytes', data: '' })
    expect(valueOfBody(undefined, 'text', MAX)).toEqual({ type: 'text', data: '' })
  })

  it('[HTTP] a stored value shares no memory with the buffer it arrived in', () => {
    const body = Buffer.from('abc')
    const { data } = valueOfBody(body, 'text', MAX)
    body.fill(0)
    expect(data).toBe('abc')
  })
})
