/**
 * The journal over a simulated disk. It keeps the promises of the real one (`test/contract/`), and
 * the moments in which a process or the power dies are its own: an append in flight is on the disk
 * whole or not at all, and only `done` says which.
 *
 * On a full disk it writes into what was set aside while there was room; an append that does not fit
 * waits for room, as the real one does that turns to a segment which can't be made.
 */

import { assert, SkeinError, type WriterId } from '../base/index.ts'
import type { Journal, JournalRecord } from '../core/index.ts'
import type { SimulatedDisk } from './disk.ts'
import type { Action, EventQueue, Lane } from './event-queue.ts'
import type { KillSwitch } from './kill-switch.ts'

/** As the real one tries a full disk again. */
const ROOM_RETRY_US = 1_000_000

export interface JournalTwinOptions {
  readonly queue: EventQueue
  readonly lane: Lane
  readonly disk: SimulatedDisk
  readonly kill: KillSwitch
  /** Told when records are on their way to the disk. */
  readonly onSealed: (records: readonly JournalRecord[]) => void
  /** Told when they are durable, before anybody else. */
  readonly onPersisted: () => void
}

type Done = (failure: SkeinError | null) => void

interface Append {
  readonly records: readonly JournalRecord[]
  readonly done: Done
  /** Nothing of it is on the disk: there is no room. */
  isWaiting: boolean
}

export class JournalTwin implements Journal {
  readonly #options: JournalTwinOptions
  #recovered: readonly JournalRecord[]
  #inFlight: Append | null = null
  #failure: SkeinError | null = null
  #isClosing = false
  #onIdle: Action | null = null
  readonly #land = (): void => this.#onWritten()
  readonly #tryAgain = (): void => this.#write()

  private constructor(options: JournalTwinOptions) {
    this.#options = options
    options.disk.journal.writeTailAgain()
    this.#recovered = options.disk.journal.records()
  }

  static open(options: JournalTwinOptions): JournalTwin {
    return new JournalTwin(options)
  }

  /** Given up with the first append, as by the real one. */
  get recovered(): readonly JournalRecord[] {
    return this.#recovered
  }

  get hasRoom(): boolean {
    return !this.#options.disk.isFull
  }

  append(records: readonly JournalRecord[], done: Done): void {
    const { kill, onSealed } = this.#options
    if (kill('before', 'persist')) return
    assert(this.#inFlight === null, 'one append is in flight at a time')
    assert(!this.#isClosing, 'a closed journal takes no append')
    assert(records.length > 0, 'an append has a record')
    this.#recovered = []
    this.#inFlight = { records: records.map(copyRecord), done, isWaiting: true }
    onSealed(records)
    this.#write()
    kill('after', 'persist')
  }

  release(durable: ReadonlyMap<WriterId, number>): void {
    if (!this.#options.lane.isOver) this.#options.disk.journal.release(durable)
  }

  close(done: () => void): void {
    assert(!this.#isClosing, 'a journal is closed once')
    this.#isClosing = true
    const { queue, lane } = this.#options
    this.#onIdle = () => queue.schedule(0, lane, done)
    if (this.#inFlight?.isWaiting === true) queue.schedule(0, lane, () => this.#giveUp())
    else this.#closeIfIdle()
  }

  /** The process or the power died: what was in flight is there whole, or not at all. */
  crash(): void {
    const append = this.#inFlight
    this.#inFlight = null
    if (append === null || append.isWaiting) return
    const { disk } = this.#options
    if (disk.drawSurvivesCrash()) disk.journal.appendDoubtful(append.records)
  }

  /** Begins the write of the append at hand, as soon as there is room for it. */
  #write(): void {
    const { queue, lane, disk } = this.#options
    const append = this.#inFlight
    if (append === null || !append.isWaiting) return
    append.isWaiting = !disk.takeJournalRoom(bytesOf(append.records))
    if (append.isWaiting) queue.schedule(ROOM_RETRY_US, lane, this.#tryAgain)
    else queue.schedule(disk.drawWriteUs(), lane, this.#land)
  }

  /** It is closed while an append waits for room. */
  #giveUp(): void {
    const append = this.#inFlight
    if (append === null || !append.isWaiting) return
    this.#inFlight = null
    append.done(new SkeinError('DISK_FULL', 'the journal was closed while a write waited for room: nothing of it was kept'))
    this.#closeIfIdle()
  }

  #onWritten(): void {
    const { disk, kill, onPersisted } = this.#options
    const append = this.#inFlight
    assert(append !== null, 'a write lands once')
    this.#inFlight = null
    if (disk.isFailing) this.#fail(append)
    if (this.#failure === null) {
      disk.journal.append(append.records)
      onPersisted()
      if (kill('before', 'persisted')) return
    }
    append.done(this.#failure)
    if (kill('after', 'persisted')) return
    this.#closeIfIdle()
  }

  /** A failed write is final (JR4). Nobody knows whether it reached the platter. */
  #fail({ records }: Append): void {
    const { disk } = this.#options
    disk.isFailing = false
    if (disk.drawSurvivesCrash()) disk.journal.appendDoubtful(records)
    this.#failure = new SkeinError('INTERNAL', 'the journal could not be written (EIO): the node takes no more writes; look at the disk')
  }

  #closeIfIdle(): void {
    if (this.#inFlight !== null || this.#onIdle === null) return
    this.#onIdle()
    this.#onIdle = null
  }
}

function bytesOf(records: readonly JournalRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/** The disk shares no memory with the process. */
function copyRecord(record: JournalRecord): JournalRecord {
  const bytes = record.bytes.slice()
  return record.kind === 'block' && record.signature !== undefined
    ? { ...record, bytes, signature: record.signature.slice() }
    : { ...record, bytes }
}
