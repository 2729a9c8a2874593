/**
 * The embedded write path beside what it stands on: the journal alone with the same group commit,
 * and a bare durable write of the same size. All three in one process, in alternating rounds.
 */

import { constants } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WriterId } from '../base/index.ts'
import { DEFAULT_GROUP } from '../core/index.ts'
import { open } from '../server/index.ts'
import { SegmentJournal } from '../storage/index.ts'
import { alternate, closedLoop, latencyOf, type Row, rateOf, type Sample, showLatency, showMs, showRate } from './measure.ts'
import { inScratchDirectory } from './scratch.ts'

const VALUE = 'v'.repeat(100)
/** A frame's bytes around one such value. */
const FRAME_BYTES = 192
const PREALLOCATED_BYTES = 16 * 1024 * 1024
const KEYS = 10_000

export async function benchEmbedded(rounds: number, roundMs: number): Promise<Row[]> {
  return inScratchDirectory(async (scratch) => {
    const database = await open({ data: join(scratch, 'node'), minFreeBytes: 0 })
    const journal = await SegmentJournal.open({ directory: join(scratch, 'journal') })
    const append = groupedAppend(journal)
    const bare = await bareDurableWrite(join(scratch, 'bare'))
    const set = (index: number) => database.set(`key:${index % KEYS}`, VALUE)
    try {
      const one = await alternate(rounds, {
        bare: () => closedLoop(1, roundMs, bare.write),
        journal: () => closedLoop(1, roundMs, append),
        set: () => closedLoop(1, roundMs, set),
      })
      const fifty = await alternate(rounds, {
        journal: () => closedLoop(50, roundMs, append),
        set: () => closedLoop(50, roundMs, set),
      })
      const get = await alternate(rounds, { get: () => getLoop((index) => database.get(`key:${index % 100}`), roundMs) })
      return [
        {
          what: 'embedded set, 1 in flight',
          figure: showLatency(one.set),
          peer: `one durable write: ${showLatency(one.bare)}`,
          ratio: `p50 ${(latencyOf(one.set, 0.5) / latencyOf(one.bare, 0.5)).toFixed(2)} ×`,
          target: '≤ 2 ×',
        },
        {
          what: 'journal alone, 1 in flight',
          figure: showLatency(one.journal),
          peer: `one durable write: p50 ${showMs(latencyOf(one.bare, 0.5))}`,
        },
        {
          what: 'embedded set, 50 in flight',
          figure: showRate(fifty.set),
          peer: `journal alone: ${showRate(fifty.journal)}`,
          ratio: `${(rateOf(fifty.set) / rateOf(fifty.journal)).toFixed(2)} ×`,
          target: '≥ 0.6 ×',
        },
        { what: 'P5 embedded get, hot', figure: showRate(get.get), target: '≥ 1,000,000/s' },
      ]
    } finally {
      await bare.close()
      await new Promise<void>((resolve) => journal.close(resolve))
      await database.close()
    }
  })
}

/** Reads take under a microsecond: the clock is read once in a hundred. */
async function getLoop(get: (index: number) => Promise<unknown>, ms: number): Promise<Sample> {
  const start = performance.now()
  let count = 0
  while (performance.now() - start < ms) {
    for (let i = 0; i < 100; i++) await get(count++)
  }
  return { rate: (count / (performance.now() - start)) * 1000, latencies: [] }
}

/** Appends through the journal as the replica does: what arrives during a write goes with the next one. */
function groupedAppend(journal: SegmentJournal): (index: number) => Promise<void> {
  const payload = new Uint8Array(FRAME_BYTES).fill(0x76)
  let waiting: (() => void)[] = []
  let isWriting = false
  let index = 0
  const writeGroup = (): void => {
    const group = waiting
    waiting = []
    isWriting = true
    const bytes = new Uint8Array(payload.length * group.length)
    for (let i = 0; i < group.length; i++) bytes.set(payload, i * payload.length)
    journal.append([{ kind: 'block', group: DEFAULT_GROUP, writer: 'bench.00000000' as WriterId, index: index++, bytes }], (failure) => {
      if (failure !== null) throw failure
      isWriting = false
      for (const resolve of group) resolve()
      setImmediate(() => {
        if (!isWriting && waiting.length > 0) writeGroup()
      })
    })
  }
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (!isWriting && waiting.length === 1) setImmediate(() => (isWriting || waiting.length === 0 ? undefined : writeGroup()))
    })
}

/** One `O_DSYNC` write at a time into a preallocated file. */
async function bareDurableWrite(path: string): Promise<{ write: () => Promise<void>; close: () => Promise<void> }> {
  const filler = await openFile(path, 'w')
  await filler.write(Buffer.alloc(PREALLOCATED_BYTES))
  await filler.sync()
  await filler.close()
  const file = await openFile(path, constants.O_RDWR | constants.O_DSYNC)
  const payload = Buffer.alloc(FRAME_BYTES, 0x76)
  let offset = 0
  return {
    write: async () => {
      await file.write(payload, 0, payload.length, offset)
      offset = (offset + payload.length) % (PREALLOCATED_BYTES - payload.length)
    },
    close: () => file.close(),
  }
}
