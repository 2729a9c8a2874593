/**
 * Keeps the journal in segments: one spare is made ahead of need, from a segment that was given
 * back or from new space, and taken when the journal turns to it.
 *
 * Room is made while half a segment is still free, so a full disk shows before a write needs it:
 * `hasRoom` turns false, and what was admitted before still finds its place. Then it is tried again
 * every second. Whoever takes a segment while none is ready waits for it.
 *
 * Only one change of the files `preparing` and `spare` is under way at a time.
 */

import type { FileHandle } from 'node:fs/promises'
import { assert, SECOND_MS, SkeinError } from '../base/index.ts'
import { systemErrorCode } from './durable-file.ts'
import {
  findSpare,
  type Preallocate,
  prepareSpare,
  recycleSegment,
  removeSegment,
  removeSpare,
  type Spare,
  takeSpare,
  writeZeros,
} from './segment.ts'

/** How often a full disk is tried again. */
const ROOM_RETRY_MS = 1 * SECOND_MS

export interface SegmentSupplyOptions {
  readonly directory: string
  /** Of a segment, unless more is asked for. */
  readonly segmentBytes: number
  /** Told when `hasRoom` changes. */
  readonly onRoomChange?: (hasRoom: boolean) => void
  /** Fills a new segment; tests fill the disk here. */
  readonly preallocate?: Preallocate
}

/** A segment with its number, open for durable writes. */
export interface TakenSegment {
  readonly firstNumber: number
  readonly capacity: number
  readonly seed: number
  readonly file: FileHandle
}

interface Taker {
  readonly firstNumber: number
  readonly bytes: number
  readonly onTaken: (taken: TakenSegment) => void
  readonly onError: (error: unknown) => void
}

export class SegmentSupply {
  readonly #directory: string
  readonly #segmentBytes: number
  readonly #preallocate: Preallocate
  readonly #onRoomChange: (hasRoom: boolean) => void
  #spare: Spare | null
  #isChanging = false
  #hasRoom = true
  #retryTimer: NodeJS.Timeout | null = null
  #taker: Taker | null = null
  /** Segments given back and still to be removed, oldest first. */
  readonly #givenBack: { readonly firstNumber: number; readonly capacity: number }[] = []
  #onClosed: (() => void) | null = null
  #isClosed = false

  private constructor(options: SegmentSupplyOptions, spare: Spare | null) {
    this.#directory = options.directory
    this.#segmentBytes = options.segmentBytes
    this.#preallocate = options.preallocate ?? writeZeros
    this.#onRoomChange = options.onRoomChange ?? (() => {})
    this.#spare = spare
  }

  static async open(options: SegmentSupplyOptions): Promise<SegmentSupply> {
    return new SegmentSupply(options, await findSpare(options.directory))
  }

  get hasRoom(): boolean {
    return this.#hasRoom
  }

  get spareBytes(): number {
    return this.#spare?.bytes ?? 0
  }

  /** The journal's very first segment. @throws DISK_FULL */
  async takeFirst(firstNumber: number): Promise<TakenSegment> {
    try {
      this.#spare ??= await prepareSpare(this.#directory, this.#segmentBytes, this.#preallocate, () => false)
    } catch (error) {
      if (!isDiskFull(error)) throw error
      throw new SkeinError(
        'DISK_FULL',
        `there is no room for the journal in ${this.#directory}: it needs ${this.#segmentBytes} bytes; free some and start again`,
        { cause: error },
      )
    }
    return this.#name(firstNumber)
  }

  /** Sees to it that a spare segment will be there. */
  stock(): void {
    this.#prepare(this.#segmentBytes)
  }

  /** Takes a segment of at least `bytes`, as soon as there is one. One taker at a time. */
  take(firstNumber: number, bytes: number, onTaken: (taken: TakenSegment) => void, onError: (error: unknown) => void): void {
    assert(this.#taker === null, 'one segment is taken at a time')
    this.#taker = { firstNumber, bytes, onTaken, onError }
    this.#goOn()
  }

  /** Takes back a segment whose content is not needed any more. Called with the oldest first. */
  giveBack(segment: { readonly firstNumber: number; readonly capacity: number }): void {
    this.#givenBack.push(segment)
    this.#goOn()
  }

  /** Waits for the change under way. Who still waits for a segment gets an error. */
  close(done: () => void): void {
    this.#onClosed = done
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer)
    this.#retryTimer = null
    if (!this.#isChanging) this.#goOn()
  }

  /** The single decision about what comes next, made whenever no file is being changed. */
  #goOn(): void {
    if (this.#isChanging || this.#isClosed) return
    const taker = this.#taker
    if (this.#onClosed !== null) {
      this.#isClosed = true
      this.#taker = null
      taker?.onError(new SkeinError('DISK_FULL', 'the journal was closed while a write waited for room: nothing of it was kept'))
      this.#onClosed()
    } else if (taker !== null && this.spareBytes >= taker.bytes) {
      this.#serve(taker)
    } else if (!this.#cleanUp()) {
      if (taker !== null) this.#prepare(Math.max(taker.bytes, this.#segmentBytes))
      else if (!this.#hasRoom) this.#prepare(this.#segmentBytes)
    }
  }

  #serve(taker: Taker): void {
    this.#taker = null
    this.#isChanging = true
    this.#name(taker.firstNumber).then(
      (taken) => {
        this.#isChanging = false
        taker.onTaken(taken)
        this.#goOn()
      },
      (error: unknown) => {
        this.#isChanging = false
        taker.onError(error)
        this.#goOn()
      },
    )
  }

  async #name(firstNumber: number): Promise<TakenSegment> {
    const spare = this.#spare
    assert(spare !== null, 'a segment is taken when there is one')
    this.#spare = null
    const file = await takeSpare(this.#directory, firstNumber)
    return { firstNumber, capacity: spare.bytes, seed: spare.seed, file }
  }

  #prepare(bytes: number): void {
    if (this.#isChanging || this.#retryTimer !== null || this.#onClosed !== null || this.spareBytes >= bytes) return
    this.#change(async () => {
      if (this.#spare !== null) await removeSpare(this.#directory)
      this.#spare = null
      return prepareSpare(this.#directory, bytes, this.#preallocate, () => this.#onClosed !== null)
    })
  }

  /** Removes one segment that was given back, or makes it the spare one. False if there is none. */
  #cleanUp(): boolean {
    // Strictly the oldest first, and forgotten only once it is gone: a hole among the files looks like damage.
    const segment = this.#givenBack[0]
    if (segment === undefined || this.#retryTimer !== null) return false
    this.#change(async () => {
      let spare = this.#spare
      if (spare === null && segment.capacity >= this.#segmentBytes) spare = await recycleSegment(this.#directory, segment.firstNumber)
      else await removeSegment(this.#directory, segment.firstNumber)
      this.#givenBack.shift()
      return spare
    })
    return true
  }

  /** Carries out one change. Nothing durable is concerned, so any failure means: no room yet, try again. */
  #change(change: () => Promise<Spare | null>): void {
    this.#isChanging = true
    change().then(
      (spare) => {
        this.#isChanging = false
        this.#spare = spare
        if (spare !== null) this.#setRoom(true)
        this.#goOn()
      },
      () => {
        this.#isChanging = false
        if (this.#spare === null) this.#setRoom(false)
        if (this.#onClosed === null) this.#retryTimer ??= setTimeout(() => this.#retry(), ROOM_RETRY_MS)
        this.#goOn()
      },
    )
  }

  #retry(): void {
    this.#retryTimer = null
    this.#goOn()
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
}

export function isDiskFull(error: unknown): boolean {
  const code = systemErrorCode(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}
