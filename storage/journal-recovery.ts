/**
 * Reading a journal back (JR3). Valid means: checksum right and number next in line. The first
 * invalid frame is a torn tail if no later frame is valid: it was never acknowledged, it is
 * dropped, and what comes next is written over it. With a valid frame behind it, it is corruption:
 * one write is in flight at a time, so a later frame proves that it had been durable, and may have
 * been acknowledged. Then nothing is changed, and the node does not start.
 *
 * Cutting the journal at the first bad frame, as many logs do, was rejected: it loses acknowledged
 * writes without a word.
 */

import { readdir, readFile } from 'node:fs/promises'
import { MalformedError, SkeinError, type WriterId } from '../base/index.ts'
import type { JournalRecord } from '../core/index.ts'
import { decodeFrame, type Frame, findMagic } from './frame.ts'
import { decodeSegmentHeader, parseSegmentName, SEGMENT_HEADER_BYTES, segmentPath } from './segment.ts'

/** A segment as the journal keeps it in mind. */
export interface Segment {
  readonly firstNumber: number
  /** Bytes of its file. */
  readonly capacity: number
  readonly seed: number
  /** Where the next frame goes. Invariant: everything before it is durable. */
  end: number
  /** The highest block of each log in it. */
  readonly highest: Map<WriterId, number>
}

export interface RecoveredJournal {
  /** Oldest first. */
  readonly segments: readonly Segment[]
  /** Their bytes are views of the segments as read. */
  readonly records: readonly JournalRecord[]
  /** The number that the next frame gets. */
  readonly nextNumber: number
  /** The number in the name of a last file that holds nothing at all, or null. */
  readonly blank: number | null
  /** The last frame of the last segment, or null if that has none. */
  readonly tail: JournalTail | null
}

/** A frame as it stands in its segment. */
export interface JournalTail {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** @throws CORRUPT with file and offset */
export async function recoverJournal(directory: string): Promise<RecoveredJournal> {
  const numbers = (await readdir(directory))
    .map(parseSegmentName)
    .filter((number) => number !== null)
    .sort((left, right) => left - right)
  const segments: Segment[] = []
  const records: JournalRecord[] = []
  let nextNumber = numbers[0] ?? 1
  let tail: JournalTail | null = null
  for (const [position, firstNumber] of numbers.entries()) {
    const path = segmentPath(directory, firstNumber)
    const previous = segments.at(-1)
    if (previous !== undefined && firstNumber !== nextNumber) {
      // Each segment starts where the one before it ended, so this one's end, or a whole file, is damaged.
      throw corrupt(segmentPath(directory, previous.firstNumber), previous.end, `frame ${nextNumber} is damaged or its file is missing`)
    }
    const isLast = position === numbers.length - 1
    const source = await readFile(path)
    const seed = decodeSegmentHeader(source)
    if (seed === null) {
      if (isLast && isBlank(source)) return { segments, records, nextNumber, blank: firstNumber, tail: null }
      throw corrupt(path, 0, 'the header of the segment is damaged, or a newer version wrote it')
    }
    tail = null
    const segment: Segment = { firstNumber, capacity: source.length, seed, end: SEGMENT_HEADER_BYTES, highest: new Map() }
    for (const frame of readFrames(path, source, seed, nextNumber)) {
      for (const record of frame.records) {
        records.push(record)
        noteBlock(segment, record)
      }
      tail = { offset: segment.end, bytes: source.subarray(segment.end, frame.end) }
      segment.end = frame.end
      nextNumber = frame.number + 1
    }
    if (isLast) refuseValidFrameAfter(path, source, segment, nextNumber)
    segments.push(segment)
  }
  return { segments, records, nextNumber, blank: null, tail }
}

/** Remembers how far the log of a block reaches in its segment. */
export function noteBlock(segment: Segment, record: JournalRecord): void {
  if (record.kind !== 'block') return
  const highest = segment.highest.get(record.writer)
  if (highest === undefined || record.index > highest) segment.highest.set(record.writer, record.index)
}

function* readFrames(path: string, source: Buffer, seed: number, firstNumber: number): Generator<Frame> {
  let offset = SEGMENT_HEADER_BYTES
  for (let number = firstNumber; ; number++) {
    const frame = readFrame(path, source, offset, seed)
    if (frame === null || frame.number !== number) return
    yield frame
    offset = frame.end
  }
}

function readFrame(path: string, source: Buffer, offset: number, seed: number): Frame | null {
  try {
    return decodeFrame(source, offset, seed)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw corrupt(path, offset, `${error.message}, or a newer version wrote it`)
  }
}

function refuseValidFrameAfter(path: string, source: Buffer, segment: Segment, expected: number): void {
  for (let at = findMagic(source, segment.end); at !== null; at = findMagic(source, at + 1)) {
    const frame = readFrame(path, source, at, segment.seed)
    if (frame === null || frame.number <= expected) continue
    throw corrupt(path, segment.end, `frame ${expected} is damaged, and frame ${frame.number} after it is not`)
  }
}

/** True for a file that never got as far as its header. */
function isBlank(source: Buffer): boolean {
  return source.length < SEGMENT_HEADER_BYTES || source.every((byte) => byte === 0)
}

function corrupt(file: string, offset: number, what: string): SkeinError {
  return new SkeinError(
    'CORRUPT',
    `the journal is damaged in ${file} at offset ${offset}: ${what}. Nothing was changed. ` +
      'Keep the directory for a look, start this node on an empty one, and its peers refill it',
    { details: { file, offset } },
  )
}
