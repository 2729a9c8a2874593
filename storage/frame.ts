/**
 * A frame of the journal (JR1): what one append wrote. It is the unit that a crash keeps whole or
 * loses, so the records of one append share a frame.
 *
 *     magic 4 · checksum of the header 4 · number 8 · payload length 4 · records 4 · checksum of the payload 4 · 0 4
 *     payload · zeros up to 8
 *     a record: kind 1 · group length 1 · writer length 1 · flags 1 · bytes length 4 · index 8 · group · writer · bytes
 *     the bytes of a signed block: signature length 1 · signature · block
 *
 * A frame for each record was rejected: a disk may keep the later pages of a torn write and lose
 * the earlier ones, and then a valid frame behind an invalid one would look like corruption.
 *
 * The checksums are CRC-32C and start from the salt of the segment, which never leaves the disk. So
 * bytes that a client had stored as a value can't pass for a frame, and neither can what a segment
 * held before it was recycled. The header has its own, so that a place that only looks like a frame
 * costs 24 bytes to refuse, however long it claims to be. Integers are little-endian; frames start
 * at multiples of 8.
 */

import { crc32c } from '@node-rs/crc32'
import { ENTRY_BYTES_MAX, isWriterId, KIB, MalformedError, MIB, unreachable } from '../base/index.ts'
import { type JournalRecord, parseGroupName } from '../core/index.ts'

/** What one frame may take: a header block, the largest entry and the facts of all groups. */
export const FRAME_BYTES_MAX = ENTRY_BYTES_MAX + 8 * MIB
export const FRAME_ALIGNMENT = 8

const MAGIC = Buffer.from('JSKF', 'latin1')
const HEADER_BYTES = 32
const HEADER_CHECKSUM_OFFSET = 4
const NUMBER_OFFSET = 8
const LENGTH_OFFSET = 16
const COUNT_OFFSET = 20
const PAYLOAD_CHECKSUM_OFFSET = 24
const RECORD_HEADER_BYTES = 16
const BLOCK = 1
const FACTS = 2
/** Flags of a block: it continues the one of the record before; nothing joins it. */
const JOINS = 1
const WHOLE = 2
/** It was pushed by another node, so it is whole: the length of the signature in one byte and the signature come before it. */
const SIGNED = 4
const RECORDS_MAX = 64 * KIB
const UINT32_SIZE = 2 ** 32

export interface Frame {
  /** One more than that of the frame before it, over all segments. */
  readonly number: number
  /** Where the next frame starts. */
  readonly end: number
  /** Their bytes are views of what was decoded. */
  readonly records: readonly JournalRecord[]
}

/** Bytes of a frame that holds `records`, its padding included. */
export function frameBytes(records: readonly JournalRecord[]): number {
  let length = HEADER_BYTES
  for (const record of records) length += recordBytes(record)
  return align(length)
}

/**
 * Writes the frame to the start of `target`, which has room for it.
 * @param seed from `checksumSeed`
 */
export function encodeFrame(target: Buffer, number: number, records: readonly JournalRecord[], seed: number): void {
  let offset = HEADER_BYTES
  for (const record of records) offset = encodeRecord(target, offset, record)
  const end = align(offset)
  target.fill(0, offset, end)
  target.fill(0, 0, HEADER_BYTES)
  target.set(MAGIC, 0)
  writeUint64(target, NUMBER_OFFSET, number)
  target.writeUInt32LE(offset - HEADER_BYTES, LENGTH_OFFSET)
  target.writeUInt32LE(records.length, COUNT_OFFSET)
  target.writeUInt32LE(crc32c(target.subarray(HEADER_BYTES, end), seed), PAYLOAD_CHECKSUM_OFFSET)
  target.writeUInt32LE(crc32c(target.subarray(NUMBER_OFFSET, HEADER_BYTES), seed), HEADER_CHECKSUM_OFFSET)
}

/**
 * The frame at `offset`, or null if there is none or a checksum is wrong.
 * @throws MalformedError if the checksums are right and the content has no meaning to this version
 */
export function decodeFrame(source: Buffer, offset: number, seed: number): Frame | null {
  const payloadStart = offset + HEADER_BYTES
  if (payloadStart > source.length || MAGIC.compare(source, offset, offset + MAGIC.length) !== 0) return null
  const headerChecksum = source.readUInt32LE(offset + HEADER_CHECKSUM_OFFSET)
  if (crc32c(source.subarray(offset + NUMBER_OFFSET, payloadStart), seed) !== headerChecksum) return null
  const payloadEnd = payloadStart + source.readUInt32LE(offset + LENGTH_OFFSET)
  const end = align(payloadEnd)
  if (end > source.length) return null
  if (crc32c(source.subarray(payloadStart, end), seed) !== source.readUInt32LE(offset + PAYLOAD_CHECKSUM_OFFSET)) return null
  const records = decodeRecords(source.subarray(payloadStart, payloadEnd), source.readUInt32LE(offset + COUNT_OFFSET))
  return { number: readUint64(source, offset + NUMBER_OFFSET), end, records }
}

/** What the checksums of a segment with this salt start from. */
export function checksumSeed(salt: Uint8Array): number {
  return crc32c(salt)
}

/** The next place, from `offset` on, where a frame may start; null if there is none. */
export function findMagic(source: Buffer, offset: number): number | null {
  let at = source.indexOf(MAGIC, offset)
  while (at >= 0 && at % FRAME_ALIGNMENT !== 0) at = source.indexOf(MAGIC, at + 1)
  return at < 0 ? null : at
}

function recordBytes(record: JournalRecord): number {
  const writerBytes = record.kind === 'block' ? record.writer.length : 0
  return RECORD_HEADER_BYTES + record.group.length + writerBytes + signatureBytes(record) + record.bytes.length
}

function signatureBytes(record: JournalRecord): number {
  return record.kind === 'block' && record.signature !== undefined ? 1 + record.signature.length : 0
}

function encodeRecord(target: Buffer, start: number, record: JournalRecord): number {
  const isBlock = record.kind === 'block'
  const writer = isBlock ? record.writer : ''
  target[start] = isBlock ? BLOCK : FACTS
  target[start + 1] = record.group.length
  target[start + 2] = writer.length
  target[start + 3] = isBlock ? flagOf(record) : 0
  target.writeUInt32LE(signatureBytes(record) + record.bytes.length, start + 4)
  writeUint64(target, start + 8, isBlock ? record.index : 0)
  let offset = start + RECORD_HEADER_BYTES
  offset += target.write(record.group, offset, 'latin1')
  offset += target.write(writer, offset, 'latin1')
  if (isBlock && record.signature !== undefined) {
    target[offset] = record.signature.length
    target.set(record.signature, offset + 1)
    offset += 1 + record.signature.length
  }
  target.set(record.bytes, offset)
  return offset + record.bytes.length
}

function decodeRecords(payload: Buffer, count: number): JournalRecord[] {
  if (count > RECORDS_MAX) throw new MalformedError(`a frame has ${count} records, at most ${RECORDS_MAX} are allowed`)
  const records: JournalRecord[] = []
  let offset = 0
  for (let i = 0; i < count; i++) {
    if (offset + RECORD_HEADER_BYTES > payload.length) throw new MalformedError('the records of a frame end early')
    const groupEnd = offset + RECORD_HEADER_BYTES + payload.readUInt8(offset + 1)
    const writerEnd = groupEnd + payload.readUInt8(offset + 2)
    const end = writerEnd + payload.readUInt32LE(offset + 4)
    if (end > payload.length) throw new MalformedError('a record is longer than its frame')
    const group = parseGroupName(payload.toString('latin1', offset + RECORD_HEADER_BYTES, groupEnd))
    if (group === null) throw new MalformedError('a record names no group')
    const writer = payload.toString('latin1', groupEnd, writerEnd)
    const flags = payload.readUInt8(offset + 3)
    const kind = recordKind(payload.readUInt8(offset))
    switch (kind) {
      case 'block':
        if (!isWriterId(writer)) throw new MalformedError('a block names no writer')
        records.push({
          kind,
          group,
          writer,
          index: readUint64(payload, offset + 8),
          ...(flags === SIGNED
            ? signedBlock(payload.subarray(writerEnd, end))
            : { bytes: payload.subarray(writerEnd, end), ...flagsOf(flags) }),
        })
        break
      case 'facts':
        records.push({ kind, group, bytes: payload.subarray(writerEnd, end) })
        break
      default:
        unreachable(kind)
    }
    offset = end
  }
  if (offset !== payload.length) throw new MalformedError('a frame holds more than its records')
  return records
}

function flagOf({ joins, whole, signature }: Extract<JournalRecord, { kind: 'block' }>): number {
  if (signature !== undefined) return SIGNED
  return (joins === true ? JOINS : 0) | (whole === true ? WHOLE : 0)
}

function signedBlock(content: Buffer): { bytes: Buffer; whole: true; signature: Buffer } {
  const start = 1 + (content[0] ?? 0)
  if (start > content.length) throw new MalformedError('a signature is longer than its record')
  return { bytes: content.subarray(start), whole: true, signature: content.subarray(1, start) }
}

function flagsOf(flags: number): { joins?: true; whole?: true } {
  if (flags > WHOLE) throw new MalformedError(`a block has the unknown flags ${flags}`)
  return { ...(flags === JOINS ? { joins: true } : {}), ...(flags === WHOLE ? { whole: true } : {}) }
}

function recordKind(tag: number): JournalRecord['kind'] {
  if (tag === BLOCK) return 'block'
  if (tag === FACTS) return 'facts'
  throw new MalformedError(`a record has the unknown kind ${tag}`)
}

function align(offset: number): number {
  return Math.ceil(offset / FRAME_ALIGNMENT) * FRAME_ALIGNMENT
}

function writeUint64(target: Buffer, offset: number, value: number): void {
  target.writeUInt32LE(value % UINT32_SIZE, offset)
  target.writeUInt32LE(Math.floor(value / UINT32_SIZE), offset + 4)
}

function readUint64(source: Buffer, offset: number): number {
  return source.readUInt32LE(offset + 4) * UINT32_SIZE + source.readUInt32LE(offset)
}
