/**
 * The commit journal (JR1–JR4, JR7): segments of frames, each append one frame, each frame one
 * durable write (`O_DSYNC`) into space that was allocated before. A completion costs one trip to
 * the thread pool: no promise, no buffer and no file-system metadata for each append.
 *
 * Rejected: `write` and then `fdatasync`, two trips for one; appending to a growing file, where
 * each durable write makes the file system commit the new length too.
 */

import { write } from 'node:fs'
import { type FileHandle, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { assert, KIB, MIB, present, SkeinError, type WriterId } from '../base/index.ts'
import type { GroupName, Journal, JournalRecord } from '../core/index.ts'
import { syncDirectory, systemErrorCode } from './durable-file.ts'
import { encodeFrame, FRAME_BYTES_MAX, frameBytes } from './frame.ts'
import { type JournalTail, noteBlock, type RecoveredJournal, recoverJournal, type Segment } from './journal-recovery.ts'
import { openSegment, type Preallocate, removeSegment, SEGMENT_HEADER_BYTES, segmentPath } from './segment.ts'
import { isDiskFull, SegmentSupply, type TakenSegment } from './segment-supply.ts'

/** Space taken from the disk at a time. Larger: fewer changes of file; smaller: less to read at the start. */
export const SEGMENT_BYTES_DEFAULT = 64 * MIB
const BUFFER_BYTES_INITIAL = 128 * KIB

export interface JournalOptions {
  /** Created if it isn't there. */
  readonly directory: string
  /** An append that doesn't fit into this gets a segment of its own size. */
  readonly segmentBytes?: number
  /** Told when `hasRoom` changes. */
  readonly onRoomChange?: (hasRoom: boolean) => void
  /** Fills a new segment; tests fill the disk here. */
  readonly preallocate?: Preallocate
}

type Done = (failure: SkeinError | null) => void

export class SegmentJournal implements Journal {
  readonly #directory: string
  readonly #supply: SegmentSupply
  /** Oldest first; the last one is written to. */
  readonly #segments: Segment[]
  #file: FileHandle
  #nextNumber: number
  #recovered: readonly JournalRecord[]
  /** The latest of each group: every segment begins with them (JR7). */
  readonly #facts = new Map<GroupName, Uint8Array>()
  /** Reused from append to append. */
  #buffer = Buffer.alloc(BUFFER_BYTES_INITIAL)
  #inFlight: Done | null = null
  #failure: SkeinError | null = null
  #onClosed: (() => void) | null = null
  #isSupplyClosed = false

  private constructor(directory: string, supply: SegmentSupply, recovered: RecoveredJournal, segments: Segment[], file: FileHandle) {
    this.#directory = directory
    this.#supply = supply
    this.#segments = segments
    this.#file = file
    this.#nextNumber = recovered.nextNumber
    this.#recovered = recovered.records
    // Copied: a view would keep a whole segment in memory.
    for (const record of recovered.records) if (record.kind === 'facts') this.#facts.set(record.group, record.bytes.slice())
  }

  /**
   * Opens the journal and reads what it holds. Whoever opens it holds the lock of the data directory
   * already (`HypercoreLogStore.open` takes it): two journals on one directory destroy each other.
   * @throws CORRUPT, DISK_FULL
   */
  static async open(options: JournalOptions): Promise<SegmentJournal> {
    const { directory, segmentBytes = SEGMENT_BYTES_DEFAULT } = options
    assert(segmentBytes > SEGMENT_HEADER_BYTES, 'a segment has room for more than its header')
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const recovered = await recoverJournal(directory)
    if (recovered.blank !== null) await removeSegment(directory, recovered.blank)
    const supply = await SegmentSupply.open({ ...options, segmentBytes })
    const segments = [...recovered.segments]
    let file: FileHandle
    const last = segments.at(-1)
    if (last === undefined) {
      const taken = await supply.takeFirst(recovered.nextNumber)
      segments.push(newSegment(taken))
      file = taken.file
    } else {
      file = await openSegment(directory, last.firstNumber)
      if (recovered.tail !== null) await writeAgain(file, recovered.tail)
    }
    await syncDirectory(directory)
    await syncDirectory(dirname(directory))
    const journal = new SegmentJournal(directory, supply, recovered, segments, file)
    journal.#stockIfHalfFull()
    return journal
  }

  /** Everything found at the opening. Given up with the first append: whoever wants it has taken it by then. */
  get recovered(): readonly JournalRecord[] {
    return this.#recovered
  }

  get hasRoom(): boolean {
    return this.#supply.hasRoom
  }

  get segmentCount(): number {
    return this.#segments.length
  }

  /** Bytes on disk, the spare segment included. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.capacity, this.#supply.spareBytes)
  }

  /** `done` gets INTERNAL or DISK_FULL if the write failed; so does every later append (JR4). */
  append(records: readonly JournalRecord[], done: Done): void {
    assert(this.#inFlight === null, 'one append is in flight at a time')
    assert(this.#onClosed === null, 'a closed journal takes no append')
    assert(records.length > 0, 'an append has a record')
    assert(frameBytes(records) <= FRAME_BYTES_MAX, 'an append is within the size of a frame')
    this.#recovered = []
    const failure = this.#failure
    if (failure !== null) {
      setImmediate(() => done(failure))
      return
    }
    this.#inFlight = done
    const segment = this.#current()
    const all = isUnused(segment) ? this.#withFacts(records) : records
    if (segment.end + frameBytes(all) <= segment.capacity) this.#write(all)
    else this.#turnSegment(this.#withFacts(records))
  }

  /**
   * Gives up the oldest segments whose blocks are all durable in the log store. The segment being
   * written stays, and so does the one before it until its successor holds a durable frame.
   */
  release(durable: ReadonlyMap<WriterId, number>): void {
    while (this.#segments.length > 1) {
      const [oldest, next] = this.#segments
      if (oldest === undefined || next === undefined || isUnused(next)) break
      if ([...oldest.highest].some(([writer, index]) => index >= (durable.get(writer) ?? 0))) break
      this.#segments.shift()
      this.#supply.giveBack(oldest)
    }
  }

  /** Waits for the append in flight, unless that one waits for room: then it fails. */
  close(done: () => void): void {
    assert(this.#onClosed === null, 'a journal is closed once')
    this.#onClosed = done
    this.#supply.close(() => {
      this.#isSupplyClosed = true
      this.#closeIfIdle()
    })
  }

  /** A segment begins with the latest facts, in one frame with its first append. */
  #withFacts(records: readonly JournalRecord[]): readonly JournalRecord[] {
    return [...[...this.#facts].map(([group, bytes]): JournalRecord => ({ kind: 'facts', group, bytes })), ...records]
  }

  #turnSegment(records: readonly JournalRecord[]): void {
    const bytes = SEGMENT_HEADER_BYTES + frameBytes(records)
    const onTaken = (taken: TakenSegment): void => {
      // Nothing is left to be written through the file before, so closing it can lose nothing.
      this.#file.close().catch(() => {})
      this.#file = taken.file
      // The new file took the name of one that is still unused.
      if (isUnused(this.#current())) this.#segments.pop()
      this.#segments.push(newSegment(taken))
      this.#write(records)
    }
    this.#supply.take(this.#nextNumber, bytes, onTaken, (error) => this.#fail(error))
  }

  #write(records: readonly JournalRecord[]): void {
    const bytes = frameBytes(records)
    if (this.#buffer.length < bytes) this.#buffer = Buffer.alloc(Math.max(bytes, this.#buffer.length * 2))
    const segment = this.#current()
    encodeFrame(this.#buffer, this.#nextNumber, records, segment.seed)
    this.#writeFrom(0, bytes, segment.end, () => {
      this.#nextNumber += 1
      segment.end += bytes
      for (const record of records) {
        noteBlock(segment, record)
        if (record.kind === 'facts') this.#facts.set(record.group, record.bytes)
      }
      this.#stockIfHalfFull()
      this.#settle(null)
    })
  }

  /** Writes the buffer from `start` to `end`; a short write is gone on with, the frame is valid only once whole. */
  #writeFrom(start: number, end: number, position: number, onDurable: () => void): void {
    write(this.#file.fd, this.#buffer, start, end - start, position + start, (error, written) => {
      if (error !== null) this.#fail(error)
      else if (start + written < end) this.#writeFrom(start + written, end, position, onDurable)
      else onDurable()
    })
  }

  #fail(error: unknown): void {
    const { firstNumber, end } = this.#current()
    const path = segmentPath(this.#directory, firstNumber)
    this.#failure =
      error instanceof SkeinError
        ? error
        : new SkeinError(
            isDiskFull(error) ? 'DISK_FULL' : 'INTERNAL',
            `the journal could not be written (${systemErrorCode(error) ?? String(error)}) in ${path} at offset ${end}: ` +
              'the node takes no more writes; look at the disk, then start it again',
            { cause: error },
          )
    this.#settle(this.#failure)
  }

  #settle(failure: SkeinError | null): void {
    const done = present(this.#inFlight, 'only an append in flight is settled')
    this.#inFlight = null
    done(failure)
    this.#closeIfIdle()
  }

  #stockIfHalfFull(): void {
    const segment = this.#current()
    if (segment.end * 2 > segment.capacity) this.#supply.stock()
  }

  #closeIfIdle(): void {
    const done = this.#onClosed
    if (done === null || !this.#isSupplyClosed || this.#inFlight !== null) return
    // Every append that was answered is durable, so a failure to close can lose nothing.
    this.#file.close().then(done, done)
  }

  #current(): Segment {
    return present(this.#segments.at(-1), 'a journal has a segment')
  }
}

/**
 * The process before may have died in the write of the last frame, or of its failure: then the frame
 * is in the page cache and maybe nowhere else. One write was in flight, so it is the only one in
 * doubt, and it is made durable before anybody believes it.
 */
async function writeAgain(file: FileHandle, { offset, bytes }: JournalTail): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done)
    done += bytesWritten
  }
}

/** True until its first frame is durable. */
function isUnused(segment: Segment): boolean {
  return segment.end === SEGMENT_HEADER_BYTES
}

function newSegment({ firstNumber, capacity, seed }: TakenSegment): Segment {
  return { firstNumber, capacity, seed, end: SEGMENT_HEADER_BYTES, highest: new Map() }
}
