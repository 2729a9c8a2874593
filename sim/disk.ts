/**
 * A simulated disk: what outlives a process. It holds a data directory (its id, the journal, the
 * logs), knows which of it is on the platter and which only in the operating system's cache, and
 * keeps copies of earlier moments, for directories that are put back.
 *
 * What is written to the logs goes through one write-ahead file, as in the real store: so a loss
 * of power leaves a prefix of all writes since the last sync, in their order, whatever log they
 * belong to.
 */

import { assert, type DirectoryId, isDirectoryId, type Prng, present, type WriterId } from '../base/index.ts'
import { DEFAULT_GROUP, type DurablePromise, decodeFacts } from '../core/index.ts'
import { drawDurationUs, drawExponentialUs, drawHex } from './chance.ts'
import { DiskJournal, type JournalCopy } from './disk-journal.ts'
import type { DiskLog } from './disk-log.ts'
import type { DiskWeather } from './weather.ts'

/** How far back a directory can be put, in copies; one is taken every `COPY_INTERVAL_MS`. */
const COPIES_MAX = 120
export const COPY_INTERVAL_MS = 1000
const DIRECTORY_WORDS = 4
/** However slow the disk: what takes longer is a disk that has failed. */
const APPEND_US_MAX = 10_000_000
const GATHER_US_MAX = 20_000

/** A data directory at one moment. */
interface DirectoryCopy {
  readonly atMs: number
  readonly directory: DirectoryId
  readonly logSeed: number
  readonly journal: JournalCopy
  readonly logs: readonly { readonly log: DiskLog; readonly length: number }[]
}

export class SimulatedDisk {
  readonly #random: Prng
  readonly #weather: DiskWeather
  #directory: DirectoryId
  #logSeed: number
  #journal = new DiskJournal()
  #logs = new Map<WriterId, DiskLog>()
  /** For each block that was written to a log and not synced: its log, in the order of writing. */
  #unsynced: DiskLog[] = []
  /** Blocks written and synced, ever. */
  #syncedCount = 0
  #copies: DirectoryCopy[] = []
  /** Everything takes so many times as long. */
  slowFactor = 1
  /** Bytes that the journal, and the logs, can still write. Infinite unless the disk is filling up. */
  #journalRoom = Number.POSITIVE_INFINITY
  #logRoom = Number.POSITIVE_INFINITY
  /** The next durable write of the journal fails, or the next sync of the logs: whichever comes first. */
  isFailing = false

  constructor(weather: DiskWeather, random: Prng) {
    this.#weather = weather
    this.#random = random
    this.#directory = mintDirectory(random)
    this.#logSeed = random.uint32()
  }

  get directory(): DirectoryId {
    return this.#directory
  }

  /** Secret of the directory from which the keys of its own logs are derived. */
  get logSeed(): number {
    return this.#logSeed
  }

  get journal(): DiskJournal {
    return this.#journal
  }

  /** What its member must not forget, as the journal has it. */
  get promise(): DurablePromise {
    return decodeFacts(this.#journal.facts(DEFAULT_GROUP)).promise
  }

  get logs(): ReadonlyMap<WriterId, DiskLog> {
    return this.#logs
  }

  // Time

  /** A durable write, or a sync. */
  drawWriteUs(): number {
    return Math.round(drawDurationUs(this.#random, this.#weather.writeMinMs, this.#weather.writeMeanMs) * this.slowFactor)
  }

  drawAppendUs(): number {
    const us = drawDurationUs(this.#random, this.#weather.appendMinMs, this.#weather.appendMeanMs) * this.slowFactor
    return Math.min(Math.round(us), APPEND_US_MAX)
  }

  /** How long blocks that are pushed wait for others, to be appended together. */
  drawGatherUs(): number {
    return this.#random.below(GATHER_US_MAX)
  }

  drawReadUs(): number {
    return Math.round(drawExponentialUs(this.#random, this.#weather.readMeanMs) * this.slowFactor)
  }

  // Room

  /** True from the moment at which a process can find out that it should write no more. */
  get isFull(): boolean {
    return this.#logRoom !== Number.POSITIVE_INFINITY
  }

  /** Only so much more fits, of the journal and of the logs each: the journal's space is set aside. */
  fillUp(roomBytes: number): void {
    this.#journalRoom = roomBytes
    this.#logRoom = roomBytes
  }

  freeUp(): void {
    this.#journalRoom = Number.POSITIVE_INFINITY
    this.#logRoom = Number.POSITIVE_INFINITY
  }

  /** False if that does not fit (ENOSPC): nothing of it is written. */
  takeJournalRoom(bytes: number): boolean {
    if (bytes > this.#journalRoom) return false
    this.#journalRoom -= bytes
    return true
  }

  /** False if that does not fit (ENOSPC): nothing of it is written. */
  takeLogRoom(bytes: number): boolean {
    if (bytes > this.#logRoom) return false
    this.#logRoom -= bytes
    return true
  }

  // Logs

  /** Adds a log that is not there. */
  createLog(log: DiskLog): void {
    assert(!this.#logs.has(log.writer), 'a log is created once')
    this.#logs.set(log.writer, log)
  }

  /** A block was added to one of the logs: it is in the cache of the operating system. */
  noteWritten(log: DiskLog): void {
    this.#unsynced.push(log)
  }

  /** Blocks written, ever: what a sync that starts now covers. */
  get writtenCount(): number {
    return this.#syncedCount + this.#unsynced.length
  }

  /** All that was written up to a count is on the platter. */
  noteSynced(count: number): void {
    const fresh = count - this.#syncedCount
    if (fresh <= 0) return
    for (let i = 0; i < fresh; i++) present(this.#unsynced[i], 'what is synced was written').durable += 1
    this.#unsynced = fresh === this.#unsynced.length ? [] : this.#unsynced.slice(fresh)
    this.#syncedCount = count
  }

  // What happens to it

  /** The process is gone. Logs without their first block are not found again: it names their writer. */
  closeLogs(): void {
    for (const [writer, log] of this.#logs) if (log.length === 0) this.#logs.delete(writer)
  }

  /**
   * The power is gone: only the platter is left. Of what a process left behind that died before, too;
   * the operating system may have written it since, or not.
   */
  losePower(): void {
    this.loseUnsynced()
    if (!this.drawSurvivesCrash()) this.#journal.loseDoubtful()
    this.closeLogs()
  }

  /** Of what was not synced a prefix survives, maybe none, maybe all. */
  loseUnsynced(): void {
    this.noteSynced(this.#syncedCount + this.#random.below(this.#unsynced.length + 1))
    this.#unsynced = []
    for (const [writer, log] of this.#logs) if (log.durable < log.length) this.#logs.set(writer, log.cutTo(log.durable))
  }

  /** True if the write in flight at a crash is there, whole; else nothing of it is. */
  drawSurvivesCrash(): boolean {
    return this.#random.below(2) === 0
  }

  /** Remembers the directory as it is, the cache of the operating system included. */
  keepCopy(nowMs: number): void {
    this.#copies.push(this.#copyAt(nowMs))
    if (this.#copies.length > COPIES_MAX) this.#copies.shift()
  }

  /** Everything is gone, and the directory is another one. */
  wipe(): void {
    this.#directory = mintDirectory(this.#random)
    this.#logSeed = this.#random.uint32()
    this.#journal = new DiskJournal()
    this.#logs = new Map()
    this.#unsynced = []
    this.#copies = []
  }

  /** Puts the directory back as it was at least `ageMs` ago, as far as copies go. @returns when that was, in ms */
  restore(ageMs: number, nowMs: number): number {
    const copy = this.#copyBefore(ageMs, nowMs)
    this.#directory = copy.directory
    this.#logSeed = copy.logSeed
    this.#journal = new DiskJournal(copy.journal)
    this.#putBackLogs(copy)
    this.#copies = this.#copies.filter(({ atMs }) => atMs <= copy.atMs)
    return copy.atMs
  }

  /** Puts the store of the logs back as it was at least `ageMs` ago, beside the journal of today. @returns when that was, in ms */
  rollBackLogs(ageMs: number, nowMs: number): number {
    const copy = this.#copyBefore(ageMs, nowMs)
    this.#putBackLogs(copy)
    return copy.atMs
  }

  #putBackLogs(copy: DirectoryCopy): void {
    this.#logs = new Map()
    this.#unsynced = []
    for (const { log, length } of copy.logs) if (length > 0) this.#logs.set(log.writer, log.cutTo(length))
  }

  /** The latest copy that is old enough, or the oldest there is; one of now if there is none. */
  #copyBefore(ageMs: number, nowMs: number): DirectoryCopy {
    return this.#copies.findLast(({ atMs }) => atMs <= nowMs - ageMs) ?? this.#copies[0] ?? this.#copyAt(nowMs)
  }

  #copyAt(atMs: number): DirectoryCopy {
    const logs = []
    for (const log of this.#logs.values()) logs.push({ log, length: log.length })
    return { atMs, directory: this.#directory, logSeed: this.#logSeed, journal: this.#journal.copy(), logs }
  }
}

function mintDirectory(random: Prng): DirectoryId {
  const id = drawHex(random, DIRECTORY_WORDS)
  assert(isDirectoryId(id), 'a directory id has 32 hexadecimal digits')
  return id
}
