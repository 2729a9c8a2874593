import { describe, expect, it } from 'vitest'
import { parseBatchLines } from '../../cli/batch-lines.ts'
import { inlineValue, parseTypedValue } from '../../cli/value-text.ts'

describe('values as typed', () => {
  it.each([
    ['{"name":"Alice"}', { name: 'Alice' }, 'json'],
    ['[1,2]', [1, 2], 'json'],
    ['42', 42, 'json'],
    ['-1.5', -1.5, 'json'],
    ['true', true, 'json'],
    ['null', null, 'json'],
    ['"quoted"', 'quoted', 'json'],
    ['hello', 'hello', 'text'],
    ['', '', 'text'],
    ['{"open"', '{"open"', 'text'],
    // Numbers that would come back otherwise than they were typed.
    ['007', '007', 'text'],
    ['1.10', '1.10', 'text'],
    ['1e3', '1e3', 'text'],
    ['12345678901234567890', '12345678901234567890', 'text'],
  ])('[CLI] %s is stored as it is meant', (typed, value, as) => {
    expect(parseTypedValue(typed, false)).toEqual({ value, as })
  })

  it('[CLI] --text stores JSON as text', () => {
    expect(parseTypedValue('{"a":1}', true)).toEqual({ value: '{"a":1}', as: 'text' })
  })

  it('[CLI] a member named __proto__ is an ordinary one', () => {
    expect(JSON.stringify(parseTypedValue('{"__proto__":1}', false).value)).toBe('{"__proto__":1}')
  })

  it('[CLI] what the shell handed over in broken UTF-8 is refused', () => {
    expect(() => parseTypedValue('a\ufffd', false)).toThrow('UTF-8')
  })
})

describe('values as shown', () => {
  it.each([
    ['hello', 'hello'],
    ['two\nlines', '"two\\nlines"'],
    ['\u001b[31mred', '"\\u001b[31mred"'],
    ['\u009b31m', '"\\u009b31m"'],
    [{ a: '\u007f' }, '{"a":"\\u007f"}'],
    [new Uint8Array([0, 255]), 'base64:AP8='],
    [undefined, '(deleted)'],
  ])('[CLI] a value takes one line and no control characters: %j', (value, line) => {
    expect(inlineValue(value)).toBe(line)
  })
})

describe('batch lines', () => {
  it('[CLI] each line is an operation, blank ones are skipped', () => {
    const text =
      '{"op":"set","key":"a","value":1}\n\n{"op":"set","key":"b","value":"AP8=","encoding":"base64","ttl":"1s"}\n{"op":"del","key":"c"}\n'
    expect(parseBatchLines(text)).toEqual([
      { op: 'set', key: 'a', value: 1, as: 'json', ttl: undefined },
      { op: 'set', key: 'b', value: Buffer.from([0, 255]), as: 'json', ttl: 1000 },
      { op: 'del', key: 'c' },
    ])
  })

  it.each([
    ['', 'the batch is empty'],
    ['x', 'line 1 is not JSON'],
    ['{"op":"del","key":"a"}\n{', 'line 2 is not JSON'],
    ['[]', 'line 1 is no object'],
    ['{"op":"put","key":"a"}', 'line 1 has the op "put"'],
    ['{"key":"a"}', 'line 1 has the op nothing'],
    ['{"op":"set","key":"a"}', 'line 1 sets no "value"'],
    ['{"op":"set","value":1}', 'line 1 has no "key"'],
    ['{"op":"del","key":""}', 'the key is empty'],
    ['{"op":"del","key":7}', 'line 1 has no "key" that is text'],
    ['{"op":"del","key":"a","value":1}', 'unknown field "value"'],
    ['{"op":"del","key":"a","__proto__":1}', 'unknown field "__proto__"'],
    ['{"op":"set","key":"a","value":1,"type":"text"}', 'the type "text"'],
    ['{"op":"set","key":"a","value":"!","encoding":"base64"}', 'base64'],
    ['{"op":"set","key":"a","value":"AA==","encoding":"hex"}', 'base64'],
    ['{"op":"set","key":"a","value":1,"ttl":"soon"}', 'the ttl of line 1'],
    ['{"op":"set","key":"a","value":1,"ttl":{}}', 'the ttl {}'],
  ])('[CLI] %j is refused', (text, message) => {
    expect(() => parseBatchLines(text)).toThrow(message)
  })
})
