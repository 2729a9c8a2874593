import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Epoch, keyFromText, type Timestamp, type WriterId } from '../../base/index.ts'
import { Deadlines, DUE_STEP_MS } from '../../core/deadlines.ts'
import { type Burial, Expiry } from '../../core/expiry.ts'
import { decodeChainBlock, encodeChainAct } from '../../core/leader-mode/chain-block.ts'
import { Dependencies, type Version } from '../../crdt/index.ts'

const KEY = keyFromText('k')
const writer = 'n1.00000001' as WriterId

function version(epoch: number, timestamp: number, deadlineMs: number | null): Version {
  const value = { type: 'text' as const, data: 'v' }
  return {
    dot: { writer, sequence: 1 },
    epoch: epoch as Epoch,
    timestamp: timestamp as Timestamp,
    value,
    deadlineMs,
    dependencies: Dependencies.none(),
  }
}

function burial(epoch: number, timestamp: number, untilMs: number): Burial {
  return { epoch: epoch as Epoch, timestamp, untilMs }
}

describe('[RG6] a version with a deadline', () => {
  const isThere = (expiry: Expiry, what: Version, wallMs: number): boolean => expiry.itemAt(KEY, what, wallMs) !== null

  it('goes by the clock in a multi epoch', () => {
    const expiry = new Expiry()
    expect(isThere(expiry, version(1, 1, 1000), 999)).toBe(true)
    expect(isThere(expiry, version(1, 1, 1000), 1000)).toBe(false)
    expect(isThere(expiry, version(1, 1, null), 1e15)).toBe(true)
  })

  it('goes by burials alone in a leader epoch, each of which buries what it outranks', () => {
    const expiry = new Expiry()
    expiry.goByClock(false)
    expect(isThere(expiry, version(2, 50, 1000), 5000)).toBe(true)
    expiry.bury(burial(2, 60, 1000))
    expect(isThere(expiry, version(2, 50, 1000), 0)).toBe(false)
    expect(isThere(expiry, version(1, 99, 1000), 0)).toBe(false)
    expect(isThere(expiry, version(2, 50, 1001), 0)).toBe(true)
    expect(isThere(expiry, version(2, 60, 1000), 0)).toBe(true)
  })

  it('stays gone in the multi epoch that follows, whatever the clock says', () => {
    const expiry = new Expiry()
    expiry.goByClock(false)
    expiry.bury(burial(2, 0, 1000))
    expiry.goByClock(true)
    expect(isThere(expiry, version(1, 1, 1000), 10)).toBe(false)
    expect(isThere(expiry, version(3, 1, 1000), 10)).toBe(true)
  })

  it('is gone exactly if some burial of a higher rank reaches its deadline', () => {
    const ranks = fc.record({ epoch: fc.integer({ min: 1, max: 4 }), timestamp: fc.integer({ min: 0, max: 9 }) })
    const burials = fc.array(fc.tuple(ranks, fc.integer({ min: 0, max: 20 })), { maxLength: 12 })
    const asked = fc.tuple(ranks, fc.integer({ min: 0, max: 20 }))
    fc.assert(
      fc.property(burials, asked, (unsorted, [rank, deadlineMs]) => {
        const rankOf = ([{ epoch, timestamp }]: (typeof unsorted)[number]): number => epoch * 10 + timestamp
        const sorted = unsorted.toSorted((left, right) => rankOf(left) - rankOf(right))
        const expiry = new Expiry()
        expiry.goByClock(false)
        for (const [{ epoch, timestamp }, untilMs] of sorted) expiry.bury(burial(epoch, timestamp, untilMs))
        const isGone = sorted.some((by) => rankOf(by) > rank.epoch * 10 + rank.timestamp && deadlineMs <= by[1])
        expect(isThere(expiry, version(rank.epoch, rank.timestamp, deadlineMs), 0)).toBe(!isGone)
      }),
    )
  })

  it('is gone for good also when leaders with clocks ever further behind bury more often than is kept', () => {
    const expiry = new Expiry()
    expiry.goByClock(false)
    for (let turn = 1; turn <= 200; turn++) expiry.bury(burial(2 * turn, 0, 1000 - turn))
    for (let turn = 1; turn <= 200; turn++) expect(isThere(expiry, version(2 * turn - 1, 0, 1000 - turn), 0)).toBe(false)
    expect(isThere(expiry, version(401, 0, 1), 0)).toBe(true)
  })

  it('is due until it is buried, and not again if it comes back', () => {
    const expiry = new Expiry()
    expiry.goByClock(false)
    expiry.note(version(2, 5, 1001))
    expect(expiry.dueMs).toBe(1250)
    expiry.bury(burial(2, 6, 1250))
    expect(expiry.dueMs).toBeNull()
    expiry.note(version(1, 5, 1001))
    expect(expiry.dueMs).toBeNull()
    expiry.note(version(2, 7, 1001))
    expect(expiry.dueMs).toBe(1250)
  })

  it('passes over a wire as it was, and nothing else does', () => {
    const context = { writer, epoch: 2 as Epoch, sequence: 0, timestamp: 0, dependencies: Dependencies.none() }
    const act = { kind: 'expire', untilMs: 1_800_000_000_000, timestamp: 77 as Timestamp } as const
    const bytes = encodeChainAct(act)
    expect(decodeChainBlock(bytes, context)).toEqual(act)
    expect(() => decodeChainBlock(bytes.subarray(0, -1), context)).toThrow()
    expect(() => decodeChainBlock(Uint8Array.from([...bytes, 0]), context)).toThrow()
  })
})

describe('Deadlines', () => {
  it('gives the moments in order, each once, rounded up', () => {
    const moments = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 60 })
    fc.assert(
      fc.property(moments, (added) => {
        const deadlines = new Deadlines()
        for (const ms of added) deadlines.add(ms)
        const wanted = [...new Set(added.map((ms) => Math.ceil(ms / DUE_STEP_MS) * DUE_STEP_MS))].toSorted((left, right) => left - right)
        const found: number[] = []
        for (let next = deadlines.nextMs; next !== null; next = deadlines.nextMs) {
          found.push(next)
          deadlines.forgetThrough(next)
        }
        expect(found).toEqual(wanted)
      }),
    )
  })

  it('keeps the last of those that nobody has to act on, and all that lie ahead', () => {
    const deadlines = new Deadlines()
    for (const ms of [1000, 2000, 3000, 9000]) deadlines.add(ms)
    deadlines.mergeThrough(3500)
    expect(deadlines.nextMs).toBe(3000)
    deadlines.mergeThrough(3500)
    expect(deadlines.nextMs).toBe(3000)
    deadlines.forgetThrough(3000)
    expect(deadlines.nextMs).toBe(9000)
  })
})
