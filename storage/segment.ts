/**
 * The files that the journal's frames live in. A segment is written full of zeros before it is
 * used, so that a durable write into it changes data alone: no file length, no block map. It is
 * named after the number of its first frame, so a gap between two segments shows, and it begins
 * with a header:
 *
 *     magic 8 · format 4 · 0 4 · salt 8 · zeros · CRC-32C 4
 *
 * A segment is built under the name `preparing`, becomes `spare` when all of it is durable, and
 * takes its number when the journal turns to it. So whatever a crash leaves half-built is never
 * read. A recycled segment keeps its old frames and gets a new salt, under which they are invalid:
 * writing zeros over all of it again would cost as much as a new one.
 */

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c } from '@node-rs/crc32'
import { MIB } from '../base/index.ts'
import { syncDirectory, systemErrorCode } from './durable-file.ts'
import { checksumSeed } from './frame.ts'

export const SEGMENT_HEADER_BYTES = 64

const FORMAT = 1
const MAGIC = Buffer.from('SKEINJNL', 'latin1')
const FORMAT_OFFSET = 8
const SALT_OFFSET = 16
const SALT_BYTES = 8
const CHECKSUM_OFFSET = 60
/** What is written at a time when a segment is filled with zeros: long enough to be fast, short enough not to hold up a commit. */
const ZEROS_BYTES = 1 * MIB
const NUMBER_DIGITS = 16
const SUFFIX = '.segment'
const PREPARING = 'preparing'
const SPARE = 'spare'
const DURABLE_WRITES = constants.O_RDWR | constants.O_DSYNC
const FILE_MODE = 0o600

/** A segment that is ready to be used. */
export interface Spare {
  readonly bytes: number
  /** What the checksums of its frames start from. */
  readonly seed: number
}

/** Fills a new file with `bytes` zeros from its start. Stops early once `isCancelled`. */
export type Preallocate = (file: FileHandle, bytes: number, isCancelled: () => boolean) => Promise<void>

export async function writeZeros(file: FileHandle, bytes: number, isCancelled: () => boolean): Promise<void> {
  const zeros = Buffer.alloc(Math.min(ZEROS_BYTES, bytes))
  let offset = 0
  while (offset < bytes && !isCancelled()) {
    const { bytesWritten } = await file.write(zeros, 0, Math.min(zeros.length, bytes - offset), offset)
    offset += bytesWritten
  }
}

/** Builds the spare segment; null if cancelled. Rejects with the system's error, and gives the room back. */
export async function prepareSpare(
  directory: string,
  bytes: number,
  preallocate: Preallocate,
  isCancelled: () => boolean,
): Promise<Spare | null> {
  const path = join(directory, PREPARING)
  // Durable chunk by chunk: one large sync at the end would hold up the commits beside it.
  const file = await open(path, DURABLE_WRITES | constants.O_CREAT | constants.O_TRUNC, FILE_MODE)
  try {
    await preallocate(file, bytes, isCancelled)
    if (isCancelled()) return null
    return await finishSpare(directory, file, bytes)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** Turns a segment that is not needed any more into the spare one. */
export async function recycleSegment(directory: string, firstNumber: number): Promise<Spare | null> {
  const path = join(directory, PREPARING)
  try {
    await rename(segmentPath(directory, firstNumber), path)
  } catch (error) {
    // An earlier try got this far: the segment is gone, which is what matters.
    if (systemErrorCode(error) === 'ENOENT') return null
    throw error
  }
  const file = await open(path, DURABLE_WRITES)
  try {
    return await finishSpare(directory, file, (await file.stat()).size)
  } finally {
    await file.close()
  }
}

/** The spare segment that an earlier life left, or null. */
export async function findSpare(directory: string): Promise<Spare | null> {
  let file: FileHandle
  try {
    file = await open(join(directory, SPARE), 'r')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null
    throw error
  }
  try {
    const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
    await file.read(header, 0, header.length, 0)
    const seed = decodeSegmentHeader(header)
    return seed === null ? null : { bytes: (await file.stat()).size, seed }
  } finally {
    await file.close()
  }
}

/** Gives the spare segment its number and opens it for durable writes. */
export async function takeSpare(directory: string, firstNumber: number): Promise<FileHandle> {
  const path = segmentPath(directory, firstNumber)
  await rename(join(directory, SPARE), path)
  await syncDirectory(directory)
  return open(path, DURABLE_WRITES)
}

export async function openSegment(directory: string, firstNumber: number): Promise<FileHandle> {
  return open(segmentPath(directory, firstNumber), DURABLE_WRITES)
}

export async function removeSegment(directory: string, firstNumber: number): Promise<void> {
  await rm(segmentPath(directory, firstNumber), { force: true })
  await syncDirectory(directory)
}

export async function removeSpare(directory: string): Promise<void> {
  await rm(join(directory, SPARE), { force: true })
}

export function segmentPath(directory: string, firstNumber: number): string {
  return join(directory, `${String(firstNumber).padStart(NUMBER_DIGITS, '0')}${SUFFIX}`)
}

/** The number of the first frame of the segment with this file name, or null if it is no segment's. */
export function parseSegmentName(name: string): number | null {
  const digits = name.slice(0, -SUFFIX.length)
  const number = Number(digits)
  const isSegment = name.endsWith(SUFFIX) && digits.length === NUMBER_DIGITS && Number.isSafeInteger(number) && number > 0
  return isSegment ? number : null
}

/** What the checksums of a segment start from, or null if its header is damaged or of another format. */
export function decodeSegmentHeader(segment: Buffer): number | null {
  if (segment.length < SEGMENT_HEADER_BYTES || MAGIC.compare(segment, 0, MAGIC.length) !== 0) return null
  if (crc32c(segment.subarray(0, CHECKSUM_OFFSET)) !== segment.readUInt32LE(CHECKSUM_OFFSET)) return null
  if (segment.readUInt32LE(FORMAT_OFFSET) !== FORMAT) return null
  return checksumSeed(segment.subarray(SALT_OFFSET, SALT_OFFSET + SALT_BYTES))
}

/** Writes the header under a new salt, makes everything durable, and puts the file into its place. */
async function finishSpare(directory: string, file: FileHandle, bytes: number): Promise<Spare> {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
  header.set(MAGIC, 0)
  header.writeUInt32LE(FORMAT, FORMAT_OFFSET)
  header.set(randomBytes(SALT_BYTES), SALT_OFFSET)
  header.writeUInt32LE(crc32c(header.subarray(0, CHECKSUM_OFFSET)), CHECKSUM_OFFSET)
  await file.write(header, 0, header.length, 0)
  await file.sync()
  await rename(join(directory, PREPARING), join(directory, SPARE))
  await syncDirectory(directory)
  return { bytes, seed: checksumSeed(header.subarray(SALT_OFFSET, SALT_OFFSET + SALT_BYTES)) }
}
