/** Cursors of SCAN. */

import { describe, expect, it } from 'vitest'
import { keyFromText, present } from '../../../../base/index.ts'
import { SCANS_MAX, ScanCursors } from '../../../../server/resp/commands/scan-cursors.ts'

const K = ['a', 'b', 'c', 'd'].map(keyFromText)
const [A = present(K[0], 'there'), B = A, C = A] = K

/** The cursor after the page that `cursor` stands for. */
function step(cursors: ScanCursors, cursor: number, next = A): number {
  return cursors.advance(present(cursors.open(cursor), 'the cursor is known'), next)
}

describe('a cursor of SCAN', () => {
  it('[RESP] leads to where the next page begins, and is 0 at the end', () => {
    const cursors = new ScanCursors()
    expect(cursors.open(0)?.start).toBeNull()
    const first = step(cursors, 0, A)
    const second = step(cursors, first, B)
    expect(new Set([0, first, second]).size).toBe(3)
    expect(cursors.open(second)?.start).toBe(B)
    expect(cursors.advance(present(cursors.open(second), 'it is known'), null)).toBe(0)
  })

  it('[RESP] can be used again until the page after its next is asked for', () => {
    const cursors = new ScanCursors()
    const first = step(cursors, 0, A)
    const second = step(cursors, first, B)
    expect(cursors.open(first)?.start).toBe(A)
    expect(step(cursors, first, B)).toBe(second)
    step(cursors, second, C)
    expect(cursors.open(first)).toBeNull()
  })

  it('[RESP] is a number that every client can hold, and never that of another scan', () => {
    const cursors = new ScanCursors()
    const given = Array.from({ length: 1000 }, () => step(cursors, 0))
    expect(given.every((cursor) => Number.isSafeInteger(cursor) && cursor > 0)).toBe(true)
    expect(new Set(given).size).toBe(1000)
  })

  it('[RESP] a scan in use outlives any number of others; one that is left alone does not', () => {
    const cursors = new ScanCursors()
    const left = step(cursors, 0, A)
    let used = step(cursors, 0, B)
    for (let i = 0; i < SCANS_MAX; i++) {
      step(cursors, 0)
      if (i % 1000 === 0) used = step(cursors, used, B)
    }
    expect(cursors.open(left)).toBeNull()
    expect(cursors.open(used)?.start).toBe(B)
  })

  it('[RESP] that was made up is refused', () => {
    const cursors = new ScanCursors()
    const cursor = step(cursors, 0)
    expect([1, 7, cursor + 1, cursor * 2, 2 ** 63].map((made) => cursors.open(made))).toEqual([null, null, null, null, null])
  })
})
