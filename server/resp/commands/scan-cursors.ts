/**
 * Where the scans of a door stand. A cursor of SCAN is a number for its clients and here the key
 * at which the next page begins: keys come in their order, so what is there during the whole scan
 * is returned, whatever comes and goes around it.
 *
 * A number of 64 bits can't hold a key, so the keys are kept, a bounded number of them. They are
 * kept by scan and not by page: however fast one client scans, it takes one place, and only more
 * scans at once than there are places push out the one that has been left alone longest. The page
 * before the last is kept, too, so that a client which lost an answer can ask again. Connections
 * share the table, as clients with a pool send each page over another connection.
 */

import { randomInt } from 'node:crypto'
import type { Key } from '../../../base/index.ts'

/** Scans under way, each with two keys: 20 MB at most. */
export const SCANS_MAX = 10_000
/** Scans, and pages of a scan, that cursors tell apart. Together below 2^53, which every client can hold. */
const SCAN_NUMBERS = 2 ** 32
const STEPS = 2 ** 20

interface Scan {
  /** The number of the latest page. */
  readonly step: number
  /** Where it begins. */
  readonly next: Key
  /** Where the page before began: null for the first. */
  readonly previous: Key | null
}

/** A page that is being read: which one of which scan. */
export interface ScanPage {
  /** Null for the first page: most scans have no other and need no number. */
  readonly scan: number | null
  readonly step: number
  /** Its first key, or null for the beginning. */
  readonly start: Key | null
}

export class ScanCursors {
  /** Those used longest ago first. */
  readonly #scans = new Map<number, Scan>()
  /** Begins anywhere, so that a cursor of an earlier process is not taken for one of this. */
  #latest = randomInt(SCAN_NUMBERS)

  /** The page that a cursor stands for, or null if its scan is not known (any more). */
  open(cursor: number): ScanPage | null {
    if (cursor === 0) return { scan: null, step: 0, start: null }
    const scan = Math.floor(cursor / STEPS)
    const step = cursor % STEPS
    const found = this.#scans.get(scan)
    if (found === undefined) return null
    if (step === found.step) return { scan, step, start: found.next }
    const isBefore = step === (found.step + STEPS - 1) % STEPS
    return isBefore && found.previous !== null ? { scan, step, start: found.previous } : null
  }

  /** The cursor of the page after `page`, which begins at `next`; 0 if there is none. */
  advance(page: ScanPage, next: Key | null): number {
    // A scan at its end stays until others push it out: its last page may be asked for again.
    if (next === null) return 0
    const scan = page.scan ?? this.#newScan()
    const step = (page.step + 1) % STEPS
    this.#scans.delete(scan)
    this.#scans.set(scan, { step, next, previous: page.start })
    if (this.#scans.size > SCANS_MAX) this.#forgetOldest()
    return scan * STEPS + step
  }

  /** From 1 up: no cursor but that of the beginning is 0. */
  #newScan(): number {
    this.#latest = (this.#latest % SCAN_NUMBERS) + 1
    return this.#latest
  }

  #forgetOldest(): void {
    for (const oldest of this.#scans.keys()) {
      this.#scans.delete(oldest)
      return
    }
  }
}
