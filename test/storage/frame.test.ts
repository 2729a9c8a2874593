import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_GROUP, type JournalRecord } from '../../core/index.ts'
import { checksumSeed, decodeFrame, encodeFrame, findMagic, frameBytes } from '../../storage/frame.ts'
import { block, facts, WRITER } from '../contract/journal.ts'

const SEED = checksumSeed(Buffer.from('salt'))

describe('a frame', () => {
  it('[JR1] is decoded to what was encoded', () => {
    const anyBytes = fc.uint8Array({ maxLength: 300 })
    const anyIndex = fc.nat({ max: Number.MAX_SAFE_INTEGER })
    const anyBlock = {
      kind: fc.constant('block' as const),
      group: fc.constant(DEFAULT_GROUP),
      writer: fc.constant(WRITER),
      index: anyIndex,
      bytes: anyBytes,
    }
    const anyRecord: fc.Arbitrary<JournalRecord> = fc.oneof(
      fc.record(anyBlock),
      fc.record({ ...anyBlock, whole: fc.constant(true as const), signature: fc.uint8Array({ maxLength: 128 }) }),
      fc.record({ kind: fc.constant('facts' as const), group: fc.constant(DEFAULT_GROUP), bytes: anyBytes }),
    )
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 5 }), anyIndex, (records, number) => {
        const frame = decodeFrame(encoded(number, records), 0, SEED)
        expect(frame?.number).toBe(number)
        expect(frame?.records.map(plain)).toEqual(records.map(plain))
      }),
    )
  })

  it('[JR1] is not valid with any one of its bits flipped', () => {
    const bytes = encoded(7, [block(3, 'some bytes'), facts('f')])
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes)
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(decodeFrame(damaged, 0, SEED)).toBeNull()
    }
  })

  it('[JR1] is not valid when it ends early', () => {
    const bytes = encoded(7, [block(3, 'some bytes')])
    for (let length = 0; length < bytes.length; length++) expect(decodeFrame(bytes.subarray(0, length), 0, SEED)).toBeNull()
  })

  it('[JR3] is not valid in a segment with another salt', () => {
    expect(decodeFrame(encoded(7, [block(3, 'x')]), 0, checksumSeed(Buffer.from('other')))).toBeNull()
  })

  it('[JR3] is looked for at aligned places alone', () => {
    const bytes = encoded(1, [block(0, 'x')])
    expect(findMagic(Buffer.concat([Buffer.alloc(24), bytes]), 0)).toBe(24)
    expect(findMagic(Buffer.concat([Buffer.alloc(23), bytes]), 0)).toBeNull()
  })
})

function encoded(number: number, records: readonly JournalRecord[]): Buffer {
  const bytes = Buffer.alloc(frameBytes(records), 0xee)
  encodeFrame(bytes, number, records, SEED)
  return bytes
}

function plain(record: JournalRecord): object {
  const signature = record.kind === 'block' && record.signature !== undefined ? { signature: [...record.signature] } : {}
  return { ...record, bytes: [...record.bytes], ...signature }
}
