import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Epoch, type Key, keyFromText, type Timestamp, type WriterId } from '../../base/index.ts'
import { Digest } from '../../core/digest.ts'
import { Dependencies, type ValueType, type Version } from '../../crdt/index.ts'

const EMPTY = '0000000000000000'

interface Written {
  readonly key: Key
  readonly version: Version
}

/** Any bytes, as a binary string. */
const binaries = fc.uint8Array({ maxLength: 12 }).map((bytes) => String.fromCharCode(...bytes))

const written: fc.Arbitrary<Written> = fc
  .record({
    key: fc.constantFrom('a', 'b', 'user:1', 'ü'),
    sequence: fc.integer({ min: 1, max: 2 ** 40 }),
    timestamp: fc.integer({ min: 1, max: 2 ** 50 }),
    type: fc.constantFrom<ValueType>('json', 'text', 'bytes'),
    data: binaries,
  })
  .map(({ key, sequence, timestamp, type, data }) => ({ key: keyFromText(key), version: versionOf({ sequence, timestamp, type, data }) }))

function versionOf(fields: {
  sequence?: number
  timestamp?: number
  type?: ValueType
  data?: string
  writer?: string
  epoch?: number
}): Version {
  return {
    dot: { writer: (fields.writer ?? 'n1.00000001') as WriterId, sequence: fields.sequence ?? 1 },
    epoch: (fields.epoch ?? 1) as Epoch,
    timestamp: (fields.timestamp ?? 1) as Timestamp,
    value: { type: fields.type ?? 'text', data: fields.data ?? 'abcd' },
    deadlineMs: null,
    dependencies: Dependencies.none(),
  }
}

function digestOf(items: readonly Written[]): string {
  const digest = new Digest()
  for (const { key, version } of items) digest.add(digest.fingerprint(key, version))
  return digest.toString()
}

describe('digest', () => {
  it('[CA5] does not depend on the order of writes, and what is removed leaves no trace', () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 10 }), fc.array(written, { maxLength: 5 }), (items, others) => {
        const digest = new Digest()
        for (const { key, version } of [...others, ...[...items].reverse()]) digest.add(digest.fingerprint(key, version))
        for (const { key, version } of others) digest.remove(digest.fingerprint(key, version))
        expect(digest.toString()).toBe(digestOf(items))
      }),
    )
  })

  it.each([
    ['the value', { data: 'abce' }],
    ['a zero byte at the end', { data: 'abcd\0' }],
    ['its type', { type: 'bytes' as const }],
    ['the sequence', { sequence: 2 }],
    ['the sequence past 32 bits', { sequence: 1 + 2 ** 32 }],
    ['the writer', { writer: 'n2.00000001' }],
    ['the timestamp', { timestamp: 2 }],
    ['the timestamp past 32 bits', { timestamp: 1 + 2 ** 32 }],
    ['the epoch', { epoch: 3 }],
  ])('[CA5] changes with %s', (_, fields) => {
    const key = keyFromText('k')
    expect(digestOf([{ key, version: versionOf(fields) }])).not.toBe(digestOf([{ key, version: versionOf({}) }]))
  })

  it('[CA5] changes with the key', () => {
    const version = versionOf({})
    expect(digestOf([{ key: keyFromText('a'), version }])).not.toBe(digestOf([{ key: keyFromText('b'), version }]))
  })

  it('[CA5] leaves out tombstones and versions with a deadline, which nodes drop at moments of their own', () => {
    const key = keyFromText('k')
    expect(digestOf([{ key, version: { ...versionOf({}), value: null } }])).toBe(EMPTY)
    expect(digestOf([{ key, version: { ...versionOf({}), deadlineMs: 5 } }])).toBe(EMPTY)
  })

  it('[CA5] no two of 20,000 different versions look alike', () => {
    const key = keyFromText('k')
    const digests = new Set(Array.from({ length: 20_000 }, (_, index) => digestOf([{ key, version: versionOf({ sequence: index + 1 }) }])))
    expect(digests.size).toBe(20_000)
  })
})
