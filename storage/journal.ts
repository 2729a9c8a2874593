/**
 * The commit journal (JR1–JR4, JR7): segments of frames, each append one frame, each frame one
 * durable write (`O_DSYNC`) into space that was allocated before. A completion costs one trip to
 * the thread pool: no promise, no buffer and no file-system metadata for each append.
 *
 * Room is made ahead of need. When a segment is half full the next one is prepared beside it, so a
 * full disk shows while half a segment is still free: `hasRoom` turns false, and nothing that was
 * admitted before fails. An append that outruns the preparation waits for it.
 *
 * Rejected: `write` and then `fdatasync`, two trips for one; appending to a growing file, where
 * each durable write makes the file system commit the new length too.
 */

import { write } from 'node:fs'
import { type FileHandle, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { assert, MIB, present, SECOND_MS, SkeinError, type WriterId } from '../base/index.ts'
import type { GroupName, Journal, JournalRecord } from '../core/index.ts'
import { syncDirectory, systemErrorCode } from './durable-file.ts'
import { encodeFrame, FRAME_BYTES_MAX, frameBytes } from './frame.ts'
import { noteBlock, recoverJournal, type RecoveredJournal, type Segment } from './journal-recovery.ts'
import {
  findSpare,
  openSegment,
  type Preallocate,
  prepareSpare,
  recycleSegment,
  removeSegment,
  removeSpare,
  SEGMENT_HEADER_BYTES,
  segmentPath,
  type Spare,
  takeSpare,
  writeZeros,
} from './segment.ts'

/** Space taken from the disk at a time. Larger: fewer changes of file; smaller: less to read at the start. */
export const SEGMENT_BYTES_DEFAULT = 64 * MIB
/** How often a full disk is tried again. */
const ROOM_RETRY_MS = 1 * SECOND_MS
const BUFFER_BYTES_INITIAL = 128 * 1024

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
  readonly #segmentBytes: number
  readonly #preallocate: Preallocate
  readonly #onRoomChange: (hasRoom: boolean) => void
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

  #spare: Spare | null
  /** True while the files `preparing` and `spare` are being changed. */
  #isPreparing = false
  #retryTimer: NodeJS.Timeout | null = null
  #hasRoom = true
  /** The append that waits for a segment of at least this size. */
  #waiting: { readonly bytes: number; readonly resume: () => void } | null = null
  /** Released segments still to be removed, oldest first. */
  readonly #released: Segment[] = []
  #onClosed: (() => void) | null = null
  #isClosed = false

  private constructor(options: JournalOptions, recovered: RecoveredJournal, segments: Segment[], file: FileHandle, spare: Spare | null) {
    this.#directory = options.directory
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT
    this.#preallocate = options.preallocate ?? writeZeros
    this.#onRoomChange = options.onRoomChange ?? (() => {})
    this.#recovered = recovered.records
    this.#segments = segments
    this.#file = file
    this.#nextNumber = recovered.nextNumber
    this.#spare = spare
    // Copied: a view would keep a whole segment in memory.
    for (const record of recovered.records) if (record.kind === 'facts') this.#facts.set(record.group, record.bytes.slice())
  }

  /**
   * Opens the journal and reads what it holds. Whoever opens it holds the lock of the data directory
   * already (`HypercoreLogStore.open` takes it): two journals on one directory destroy each other.
   * @throws CORRUPT, DISK_FULL
   */
  static async open(options: JournalOptions): Promise<SegmentJournal> {
    const { directory, segmentBytes = SEGMENT_BYTES_DEFAULT, preallocate = writeZeros } = options
    assert(segmentBytes > SEGMENT_HEADER_BYTES, 'a segment has room for more than its header')
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const recovered = await recoverJournal(directory)
    if (recovered.blank !== null) await removeSegment(directory, recovered.blank)
    const segments = [...recovered.segments]
    let spare = await findSpare(directory)
    let file: FileHandle
    const last = segments.at(-1)
    if (last !== undefined) {
      file = await openSegment(directory, last.firstNumber)
    } else {
      spare ??= await prepareFirst(directory, segmentBytes, preallocate)
      file = await takeSpare(directory, recovered.nextNumber)
      segments.push(newSegment(recovered.nextNumber, spare))
      spare = null
    }
    await syncDirectory(directory)
    await syncDirectory(dirname(directory))
    const journal = new SegmentJournal(options, recovered, segments, file, spare)
    journal.#prepareIfHalfFull()
    return journal
  }

  /** Everything found at the opening. Given up with the first append: whoever wants it has taken it by then. */
  get recovered(): readonly JournalRecord[] {
    return this.#recovered
  }

  get hasRoom(): boolean {
    return this.#hasRoom
  }

  get segmentCount(): number {
    return this.#segments.length
  }

  /** Bytes on disk, the spare segment included. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.capacity, this.#spare?.bytes ?? 0)
  }

  /** `done` gets INTERNAL or DISK_FULL if the write failed; so does every later append (JR4). */
  append(records: readonly JournalRecord[], done: Done): void {
    assert(this.#inFlight === null, 'one append is in flight at a time')
    assert(!this.#isClosed && this.#onClosed === null, 'a closed journal takes no append')
    assert(records.length > 0, 'an append has a record')
    this.#recovered = []
    const failure = this.#failure
    if (failure !== null) {
      setImmediate(() => done(failure))
      return
    }
    assert(frameBytes(records) <= FRAME_BYTES_MAX, 'an append is within the size of a frame')
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
      this.#released.push(oldest)
    }
    this.#keepHouse()
  }

  /** Waits for the append in flight. */
  close(done: () => void): void {
    assert(this.#onClosed === null && !this.#isClosed, 'a journal is closed once')
    this.#onClosed = done
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer)
    this.#retryTimer = null
    if (this.#waiting !== null) {
      this.#waiting = null
      this.#settle(new SkeinError('DISK_FULL', 'the journal was closed while a write waited for room: nothing of it was kept'))
    }
    setImmediate(() => this.#closeIfIdle())
  }

  // Writing

  /** A segment begins with the latest facts, in one frame with its first append. */
  #withFacts(records: readonly JournalRecord[]): readonly JournalRecord[] {
    return [...[...this.#facts].map(([group, bytes]): JournalRecord => ({ kind: 'facts', group, bytes })), ...records]
  }

  #turnSegment(records: readonly JournalRecord[]): void {
    this.#awaitSpare(SEGMENT_HEADER_BYTES + frameBytes(records), () => {
      const spare = present(this.#spare, 'the append was resumed because there is a segment')
      this.#spare = null
      this.#isPreparing = true
      takeSpare(this.#directory, this.#nextNumber).then(
        (file) => {
          this.#isPreparing = false
          // Nothing is left to be written through the file before, so closing it can lose nothing.
          this.#file.close().catch(() => {})
          this.#file = file
          // The new file took the name of one that is still unused.
          if (isUnused(this.#current())) this.#segments.pop()
          this.#segments.push(newSegment(this.#nextNumber, spare))
          this.#write(records)
        },
        (error: unknown) => {
          this.#isPreparing = false
          this.#fail(error)
        },
      )
    })
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
      this.#keepHouse()
      this.#prepareIfHalfFull()
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
    const code = systemErrorCode(error)
    this.#failure = new SkeinError(
      code === 'ENOSPC' || code === 'EDQUOT' ? 'DISK_FULL' : 'INTERNAL',
      `the journal could not be written (${code ?? String(error)}) in ${segmentPath(this.#directory, firstNumber)} at offset ${end}: ` +
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

  // Room

  #prepareIfHalfFull(): void {
    const segment = this.#current()
    if (segment.end * 2 > segment.capacity) this.#prepare(this.#segmentBytes)
  }

  #awaitSpare(bytes: number, resume: () => void): void {
    this.#waiting = { bytes, resume }
    if (!this.#resumeWaiting()) this.#prepare(Math.max(bytes, this.#segmentBytes))
  }

  /** True if the append that waited goes on. */
  #resumeWaiting(): boolean {
    const waiting = this.#waiting
    if (waiting === null || this.#isPreparing || this.#spare === null || this.#spare.bytes < waiting.bytes) return false
    this.#waiting = null
    waiting.resume()
    return true
  }

  /** Sees to it that a spare segment of at least `bytes` comes. */
  #prepare(bytes: number): void {
    if (this.#isPreparing || this.#retryTimer !== null || this.#onClosed !== null || this.#isClosed) return
    if (this.#spare !== null && this.#spare.bytes >= bytes) return
    this.#change(async () => {
      if (this.#spare !== null) await removeSpare(this.#directory)
      this.#spare = null
      return prepareSpare(this.#directory, bytes, this.#preallocate, () => this.#onClosed !== null)
    })
  }

  /** Removes one released segment: it becomes the spare one if there is none. */
  #keepHouse(): void {
    if (this.#isPreparing || this.#isClosed) return
    const segment = this.#released.shift()
    if (segment === undefined) return
    this.#change(async () => {
      if (this.#spare === null && segment.capacity >= this.#segmentBytes) return recycleSegment(this.#directory, segment.firstNumber)
      await removeSegment(this.#directory, segment.firstNumber)
      return this.#spare
    })
  }

  /** Carries out one change to the spare segment; a failure means no room, and is tried again. */
  #change(change: () => Promise<Spare | null>): void {
    this.#isPreparing = true
    change().then(
      (spare) => {
        this.#isPreparing = false
        this.#spare = spare
        if (spare !== null) this.#setRoom(true)
        this.#goOn()
      },
      () => {
        // Nothing durable is concerned: whatever the reason, there is no segment to go on with yet.
        this.#isPreparing = false
        if (this.#spare === null) this.#setRoom(false)
        if (this.#onClosed === null) this.#retryTimer = setTimeout(() => this.#retry(), ROOM_RETRY_MS)
        this.#goOn()
      },
    )
  }

  #retry(): void {
    this.#retryTimer = null
    this.#goOn()
  }

  /** What is next once the files of the spare segment are at rest. */
  #goOn(): void {
    if (this.#onClosed !== null) return this.#closeIfIdle()
    if (this.#resumeWaiting()) return
    this.#keepHouse()
    if (this.#waiting !== null) this.#prepare(Math.max(this.#waiting.bytes, this.#segmentBytes))
    else if (!this.#hasRoom) this.#prepare(this.#segmentBytes)
    else this.#prepareIfHalfFull()
  }

  #setRoom(hasRoom: boolean): void {
    if (hasRoom && this.#retryTimer !== null) {
      clearTimeout(this.#retryTimer)
      this.#retryTimer = null
    }
    if (this.#hasRoom === hasRoom) return
    this.#hasRoom = hasRoom
    this.#onRoomChange(hasRoom)
  }

  #closeIfIdle(): void {
    if (this.#onClosed === null || this.#inFlight !== null || this.#isPreparing || this.#isClosed) return
    this.#isClosed = true
    const done = this.#onClosed
    // Every append that was answered is durable, so a failure to close can lose nothing.
    this.#file.close().then(done, done)
  }

  #current(): Segment {
    return present(this.#segments.at(-1), 'a journal has a segment')
  }
}

/** True until its first frame is durable. */
function isUnused(segment: Segment): boolean {
  return segment.end === SEGMENT_HEADER_BYTES
}

function newSegment(firstNumber: number, spare: Spare): Segment {
  return { firstNumber, capacity: spare.bytes, seed: spare.seed, end: SEGMENT_HEADER_BYTES, highest: new Map() }
}

async function prepareFirst(directory: string, bytes: number, preallocate: Preallocate): Promise<Spare> {
  try {
    return present(await prepareSpare(directory, bytes, preallocate, () => false), 'nobody cancels the first segment')
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOSPC' && systemErrorCode(error) !== 'EDQUOT') throw error
    throw new SkeinError('DISK_FULL', `there is no room for the journal in ${directory}: it needs ${bytes} bytes; free some and start again`, {
      cause: error,
    })
  }
}
