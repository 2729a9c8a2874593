/**
 * The journal as it lies on a simulated disk: frames in segments. One append is one frame, which
 * is there whole or not at all (the checksum of a torn one does not hold, JR3); the oldest
 * segments are given up when their blocks are durable elsewhere, and each begins with the latest
 * facts (JR7). Frames are kept as records: their encoding has tests of its own, and reading it
 * back would only slow a run.
 *
 * Segments are small, a few frames, so that recycling happens in every run and often ends within
 * the blocks that the logs do not have yet.
 */

import type { WriterId } from '../base/index.ts'
import type { GroupName, JournalRecord } from '../core/index.ts'

const SEGMENT_BYTES = 512

type Frame = readonly JournalRecord[]

interface Segment {
  readonly frames: readonly Frame[]
  readonly bytes: number
  /** The highest block of each log in it. */
  readonly highest: ReadonlyMap<WriterId, number>
  /** Blocks of other nodes that were pushed here. */
  readonly pushed: ReadonlyMap<WriterId, ReadonlySet<number>>
}

/** What is being written to; it becomes a `Segment` when it is full. */
interface OpenSegment {
  readonly frames: Frame[]
  bytes: number
  readonly highest: Map<WriterId, number>
  readonly pushed: Map<WriterId, Set<number>>
}

/** The journal at one moment. */
export interface JournalCopy {
  readonly sealed: readonly Segment[]
  readonly openFrames: readonly Frame[]
  readonly openCount: number
}

export class DiskJournal {
  /** Full, oldest first. */
  #sealed: readonly Segment[]
  #open: OpenSegment
  #facts = new Map<string, JournalRecord>()
  /** The last frame is in the cache of the operating system, and maybe nowhere else. */
  #isTailDoubtful = false

  constructor(copy: JournalCopy | null = null) {
    this.#sealed = copy?.sealed ?? []
    this.#open = emptySegment()
    for (const segment of this.#sealed) for (const frame of segment.frames) this.#noteFacts(frame)
    if (copy !== null) for (let i = 0; i < copy.openCount; i++) this.#addFrame(copy.openFrames[i] ?? [])
  }

  /** One durable frame. The records are kept: the caller copied them. */
  append(records: Frame): void {
    this.#isTailDoubtful = false
    if (this.#open.bytes >= SEGMENT_BYTES) {
      this.#sealed = [...this.#sealed, this.#open]
      this.#open = emptySegment()
    }
    this.#addFrame(this.#open.frames.length === 0 ? [...this.#facts.values(), ...records] : records)
  }

  /** A frame whose write nobody waited for, or that failed: it is there for whoever reads, until the power goes. */
  appendDoubtful(records: Frame): void {
    this.append(records)
    this.#isTailDoubtful = true
  }

  /** Whoever opens the journal writes its last frame again before anybody believes it (JR3). */
  writeTailAgain(): void {
    this.#isTailDoubtful = false
  }

  loseDoubtful(): void {
    if (this.#isTailDoubtful) this.tearTail()
  }

  /** All of it, oldest first. */
  records(): JournalRecord[] {
    const records: JournalRecord[] = []
    for (const segment of this.#sealed) for (const frame of segment.frames) records.push(...frame)
    for (const frame of this.#open.frames) records.push(...frame)
    return records
  }

  /** How long another node's log is with the blocks from `length` on that were pushed here. */
  lengthWithPushed(writer: WriterId, length: number): number {
    const segments = [...this.#sealed, this.#open]
    let end = length
    while (segments.some(({ pushed }) => pushed.get(writer)?.has(end))) end += 1
    return end
  }

  /** The latest facts of a group, or null. */
  facts(group: GroupName): Uint8Array | null {
    return this.#facts.get(group)?.bytes ?? null
  }

  /** Gives up the oldest segments whose blocks are all durable in the logs. The open one stays, and the one before an unused one. */
  release(durable: ReadonlyMap<WriterId, number>): void {
    let count = 0
    for (const segment of this.#sealed) {
      const isLastInUse = count === this.#sealed.length - 1 && this.#open.frames.length === 0
      if (isLastInUse || !isCovered(segment, durable)) break
      count += 1
    }
    if (count > 0) this.#sealed = this.#sealed.slice(count)
  }

  /** Loses the last frame, which is damaged. False if there is none that could be. */
  tearTail(): boolean {
    const frames = this.#open.frames.slice(0, -1)
    if (this.#open.frames.length === 0) return false
    this.#isTailDoubtful = false
    this.#facts = new Map()
    this.#open = emptySegment()
    for (const segment of this.#sealed) for (const frame of segment.frames) this.#noteFacts(frame)
    for (const frame of frames) this.#addFrame(frame)
    return true
  }

  copy(): JournalCopy {
    return { sealed: this.#sealed, openFrames: this.#open.frames, openCount: this.#open.frames.length }
  }

  #addFrame(frame: Frame): void {
    const segment = this.#open
    segment.frames.push(frame)
    for (const record of frame) {
      segment.bytes += record.bytes.length
      if (record.kind === 'block') {
        const highest = segment.highest.get(record.writer)
        if (highest === undefined || record.index > highest) segment.highest.set(record.writer, record.index)
        if (record.signature !== undefined)
          segment.pushed.set(record.writer, (segment.pushed.get(record.writer) ?? new Set()).add(record.index))
      }
    }
    this.#noteFacts(frame)
  }

  #noteFacts(frame: Frame): void {
    for (const record of frame) if (record.kind === 'facts') this.#facts.set(record.group, record)
  }
}

function emptySegment(): OpenSegment {
  return { frames: [], bytes: 0, highest: new Map(), pushed: new Map() }
}

function isCovered(segment: Segment, durable: ReadonlyMap<WriterId, number>): boolean {
  for (const [writer, index] of segment.highest) if (index >= (durable.get(writer) ?? 0)) return false
  return true
}
