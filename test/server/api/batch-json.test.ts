import { describe, expect, it } from 'vitest'
import { BATCH_BYTES_MAX, textFromBinary, utf8 } from '../../../base/index.ts'
import { BATCH_DEPTH_MAX, BATCH_FIELDS, batchOf } from '../../../server/api/batch-json.ts'
import { objectOf } from '../../../server/api/json-object.ts'
import { type JsonCarrier, parseJson } from '../../../server/api/json-text.ts'

const MAX = 1024 * 1024

const BODY: JsonCarrier = { name: 'the body', plain: 'text', advice: 'look at it' }

function parse(body: unknown) {
  const { text, parsed } = parseJson(utf8(typeof body === 'string' ? body : JSON.stringify(body)), BATCH_DEPTH_MAX, BODY)
  return batchOf(objectOf(parsed, BODY.name, '', BATCH_FIELDS, text, 0), MAX, BODY)
}

const set = (fields: object) => ({ ops: [{ op: 'set', key: 'a', ...fields }] })

describe('batch bodies', () => {
  it('[WR3] operations, conditions and concern are read', () => {
    const body = {
      ops: [
        { op: 'set', key: 'a', value: { x: 1 }, ttl: '2s' },
        { op: 'set', key: 'b', value: 'hi', type: 'text', ttl: 1500 },
        { op: 'set', key: 'c', value: '/wA=', encoding: 'base64' },
        { op: 'set', key: 'd', value: 'é', type: 'bytes' },
        { op: 'del', key: '__proto__' },
        { op: 'restore', key: 'e', version: 'n1.0a1b2c3d:7' },
      ],
      if: [
        { key: 'a', absent: true },
        { key: 'b', version: 'n1.0a1b2c3d:3' },
      ],
      w: 'majority',
    }
    expect(parse(body)).toEqual({
      operations: [
        { kind: 'set', key: 'a', value: { type: 'json', data: '{"x":1}' }, ttlMs: 2000 },
        { kind: 'set', key: 'b', value: { type: 'text', data: 'hi' }, ttlMs: 1500 },
        { kind: 'set', key: 'c', value: { type: 'bytes', data: '\xff\0' }, ttlMs: null },
        { kind: 'set', key: 'd', value: { type: 'bytes', data: '\xc3\xa9' }, ttlMs: null },
        { kind: 'delete', key: '__proto__' },
        { kind: 'restore', key: 'e', version: { writer: 'n1.0a1b2c3d', sequence: 7 } },
      ],
      conditions: [
        { kind: 'absent', key: 'a' },
        { kind: 'version', key: 'b', version: { writer: 'n1.0a1b2c3d', sequence: 3 } },
      ],
      concern: 'majority',
    })
  })

  it.each(['12345678901234567890', '{"a": 1, "a": 2}', '{"__proto__":{"x":1}}', '[1.0,  2]', '"}],"', 'null'])(
    '[HTTP] the value %s is stored as it was written',
    (source) => {
      const { operations } = parse(`{"w":1, "ops" : [ {"value":"decoy","op":"set","key":"a", "value" : ${source} } ]}`)
      const [operation] = operations
      expect(operation?.kind === 'set' && textFromBinary(operation.value.data)).toBe(source)
    },
  )

  it.each([
    ['no object', '[]', 'the body'],
    ['null', 'null', 'the body'],
    ['an unknown field', '{"ops":[{"op":"del","key":"a"}],"foo":1}', 'foo'],
    ['__proto__ as a field', '{"__proto__":{"ops":[]},"ops":[{"op":"del","key":"a"}]}', '__proto__'],
    ['no operations', '{"ops":[]}', 'ops'],
    ['operations of a wrong type', '{"ops":{"0":1}}', 'ops'],
    ['an operation of a wrong type', '{"ops":[null]}', 'ops[0].op'],
    ['an unknown operation', '{"ops":[{"op":"incr","key":"a"}]}', 'ops[0].op'],
    ['an inherited operation', '{"ops":[{"__proto__":{"op":"del"},"key":"a"}]}', 'ops[0].op'],
    ['a number as key', '{"ops":[{"op":"del","key":1}]}', 'ops[0].key'],
    ['an unknown field of a delete', '{"ops":[{"op":"del","key":"a"},{"op":"del","key":"a","value":1}]}', 'ops[1]'],
    ['a missing value', set({}), 'ops[0].value'],
    ['an unknown type', set({ value: 'x', type: 'xml' }), 'ops[0].type'],
    ['a type from the prototype', set({ value: 'x', type: 'constructor' }), 'ops[0].type'],
    ['text that is no string', set({ value: 1, type: 'text' }), 'ops[0].value'],
    ['an unknown encoding', set({ value: 'x', encoding: 'hex' }), 'ops[0].encoding'],
    ['base64 of JSON', set({ value: 'MQ==', type: 'json', encoding: 'base64' }), 'ops[0].encoding'],
    ['broken base64', set({ value: '%%%', encoding: 'base64' }), 'ops[0].value'],
    ['text that is not UTF-8', set({ value: '/w==', type: 'text', encoding: 'base64' }), 'ops[0].value'],
    ['half of a surrogate pair', set({ value: '\ud800', type: 'text' }), 'ops[0].value'],
    ['a ttl of zero', set({ value: 1, ttl: 0 }), 'ops[0].ttl'],
    ['a negative ttl', set({ value: 1, ttl: -5 }), 'ops[0].ttl'],
    ['a fraction as ttl', set({ value: 1, ttl: 1.5 }), 'ops[0].ttl'],
    ['a ttl of nonsense', set({ value: 1, ttl: 'soon' }), 'ops[0].ttl'],
    ['a ttl of a wrong type', set({ value: 1, ttl: [] }), 'ops[0].ttl'],
    ['a broken version', { ops: [{ op: 'restore', key: 'a', version: 'x' }] }, 'ops[0].version'],
    ['a condition without a question', { ...set({ value: 1 }), if: [{ key: 'a' }] }, 'if[0]'],
    ['a condition with two', { ...set({ value: 1 }), if: [{ key: 'a', absent: true, version: 'n1.0a1b2c3d:1' }] }, 'if[0]'],
    ['absent that is not true', { ...set({ value: 1 }), if: [{ key: 'a', absent: false }] }, 'if[0].absent'],
    ['conditions of a wrong type', { ...set({ value: 1 }), if: 'a' }, 'if'],
    ['a concern of zero', { ...set({ value: 1 }), w: 0 }, 'w'],
    ['a concern of a wrong type', { ...set({ value: 1 }), w: '2' }, 'w'],
  ])('[HTTP] %s is refused by name', (_name, body, culprit) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringContaining(culprit) }))
  })

  it('[HTTP] a value may nest 128 levels, not 129', () => {
    const nested = (levels: number): string => `{"ops":[{"op":"set","key":"a","value":${'['.repeat(levels)}${']'.repeat(levels)}}]}`
    expect(parse(nested(128)).operations).toHaveLength(1)
    expect(() => parse(nested(129))).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }))
  })

  it('[HTTP] more than 10,000 operations are TOO_LARGE', () => {
    const ops = Array.from({ length: 10_001 }, () => ({ op: 'del', key: 'a' }))
    expect(() => parse({ ops })).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
    expect(parse({ ops: ops.slice(1) }).operations).toHaveLength(10_000)
  })

  it('[HTTP] more bytes than a batch may have are TOO_LARGE', () => {
    const value = 'x'.repeat(MAX - 2)
    const ops = Array.from({ length: BATCH_BYTES_MAX / MAX }, (_, i) => ({ op: 'set', key: `${i}`, value }))
    expect(() => parse({ ops })).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
    expect(parse({ ops: ops.slice(1) }).operations).toHaveLength(3)
  })

  it('[HTTP] a value over its own limit is TOO_LARGE', () => {
    expect(() => parse(set({ value: 'x'.repeat(MAX) }))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
  })
})
