import { describe, expect, it } from 'vitest'
import { binaryFromText } from '../../../base/index.ts'
import { valueFields } from '../../../server/api/value-json.ts'

describe('values inside JSON answers', () => {
  it.each([
    ['json', '{"__proto__": 1.0}', '{"value":{"__proto__": 1.0},"type":"json"}'],
    ['text', 'a"\n\u2028', '{"value":"a\\"\\n\u2028","type":"text"}'],
    ['bytes', 'é', '{"value":"é","type":"bytes"}'],
  ] as const)('[HTTP] %s %j', (type, text, expected) => {
    expect(`{${valueFields({ type, data: binaryFromText(text) })}}`).toBe(expected)
  })

  it('[HTTP] bytes that are not UTF-8 are base64, and said to be', () => {
    expect(valueFields({ type: 'bytes', data: '\xff\0' })).toBe('"value":"/wA=","type":"bytes","encoding":"base64"')
  })
})
